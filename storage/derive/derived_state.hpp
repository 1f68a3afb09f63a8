// Inside of Derived; include only from storage/derive/*.cpp.
#pragma once

#include "storage/derive/event_source.hpp"
#include "storage/derive/index.hpp"
#include "storage/derive/record_table.hpp"

#include <atomic>
#include <map>
#include <shared_mutex>

namespace safar {

// What a chunk may hold, so that it amortises its locks and look-ups and its memory stays bounded.
constexpr std::size_t chunk_batches = 64;
constexpr std::size_t chunk_raw_bytes = 16u << 20;
constexpr std::uint64_t checkpoint_events = 512u
                                            << 10; // a crash costs following at most so many again
constexpr std::size_t checkpoint_write_bytes = 8u << 20;
constexpr std::size_t fold_records = 2048; // folded at a time: about 4 KB each

class DerivedState final : public Derived {
public:
    DerivedState(Log& log, std::shared_ptr<const Schema> schema, WordsOf words);

    [[nodiscard]] Result<std::size_t> follow(std::size_t batches_max) override;
    [[nodiscard]] Position position() const override;
    [[nodiscard]] std::uint64_t generation() const override;
    [[nodiscard]] Result<> checkpoint() override;
    [[nodiscard]] Result<>
    rebuild(const std::function<void(Position, Position)>& progress) override;
    void set_schema(std::shared_ptr<const Schema> schema) override;
    [[nodiscard]] std::shared_ptr<const Schema> schema() const override;

    [[nodiscard]] Result<std::optional<RecordEntry>> entry(const RecordId& id) const override;
    [[nodiscard]] Result<std::vector<std::optional<RecordEntry>>>
    entries(std::span<const RecordId> ids) const override;
    [[nodiscard]] Result<std::vector<HeldEvent>> events(const RecordEntry& entry) const override;
    [[nodiscard]] Result<Folded> record(const RecordId& id) const override;
    [[nodiscard]] Result<std::vector<RecordId>> find(const StatisticsQuery& query,
                                                     std::size_t limit) const override;
    [[nodiscard]] Result<std::vector<RecordId>> mentions(const RecordId& record, std::size_t limit,
                                                         const RecordId& after) const override;
    [[nodiscard]] Result<> alike(const Kind& kind, std::string_view word,
                                 const Alike& visit) const override;
    [[nodiscard]] std::uint64_t records(std::string_view kind) const override;
    [[nodiscard]] Result<std::vector<Conflict>>
    conflicts(std::size_t limit, const WantedConflict& wanted) const override;
    [[nodiscard]] std::uint64_t conflict_count() const override;
    [[nodiscard]] std::uint64_t not_understood() const override;
    [[nodiscard]] Result<StatisticsTable> count(const StatisticsQuery& query) const override;
    [[nodiscard]] Result<Hash>
    state_digest(std::string_view compartment,
                 const std::function<void(std::uint64_t, std::uint64_t)>& progress) const override;

    // Everything below is of the one who holds work_; what only reads may also be called under
    // state_.

    [[nodiscard]] std::optional<RowPlace> locate(const RecordId& id) const;
    [[nodiscard]] Columns& columns(std::uint16_t kind);       // state_ held exclusively
    [[nodiscard]] Kind pinned_kind(std::uint16_t kind) const; // without fields: not known
    // Makes room in the table for so many more records.
    void make_room(std::size_t records);
    [[nodiscard]] Result<> write(std::span<const KeyValue::Write> writes); // notes damage
    // Under the rules that are pinned.
    [[nodiscard]] Hash stamp_of(const Mark& mark) const;

    Log& log_;
    KeyValue& store_;
    LogNames names_;
    EventSource source_;
    const WordsOf words_;
    std::mutex work_; // follow, checkpoint, rebuild: one at a time
    // The rules under which everything is derived and mark_.stamp is made. What is in force may be
    // ahead of them: a charter may come at any time.
    std::shared_ptr<const Authority> authority_;
    std::shared_ptr<const Schema> pinned_schema_;
    Hash pinned_print_;
    // Up to here keys may be ahead of the mark that was loaded: records that the table does not
    // know may be in the index.
    Position recover_until_ = 0;
    bool damaged_ = false; // the index, or it contradicts the columns: begin again

    mutable std::shared_mutex state_;          // guards the rest
    std::shared_ptr<const Schema> schema_;     // in force: under which readers ask
    std::map<std::uint16_t, Columns> columns_; // by kind; 0: records of no known kind
    RecordTable table_;
    Mark mark_; // as of now; `rows` is filled in when it is written
    std::uint64_t conflicts_ = 0;
    std::uint64_t generation_ = 0; // of everything derived: a reset begins another

    // Reads what was persisted; what does not fit together is thrown away, to be followed again.
    [[nodiscard]] Result<> load();

private:
    [[nodiscard]] Result<> prepare();
    void pin_rules();
    [[nodiscard]] Result<> reset();
    [[nodiscard]] bool still_true();
    [[nodiscard]] Result<bool> load_persisted();
    [[nodiscard]] Result<std::map<std::uint16_t, Columns>> load_columns(const Mark& mark) const;
    void fill_table(RecordTable& table, std::size_t room) const;
    [[nodiscard]] Result<std::size_t> follow_chunk(std::size_t batches_max);
    [[nodiscard]] Result<> persist();
    [[nodiscard]] Result<std::optional<RecordEntry>> whole(const RecordId& id, RecordEntry entry,
                                                           const std::optional<Bytes>& index) const;

    // Up to here batches are taken one by one, as several at once failed: what comes before the one
    // that hinders is derived, and a chunk so small seldom fails after it has changed something.
    Position careful_until_ = 0;
    std::uint64_t events_since_checkpoint_ = 0;
    bool loaded_ = false;
    Position persisted_ = 0; // position of the last mark written and flushed
};

// Identity of what of a schema decides derived state (not the code lists: they matter when asked).
[[nodiscard]] Hash schema_print(const Schema& schema);

} // namespace safar

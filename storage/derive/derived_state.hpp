// Inside of Derived; include only from storage/derive/*.cpp.
#pragma once

#include "storage/derive/event_source.hpp"
#include "storage/derive/id_filter.hpp"
#include "storage/derive/index.hpp"

#include <atomic>
#include <map>
#include <shared_mutex>

namespace safar {

// What a chunk may hold, so that its index entries come in sorted runs and its memory stays bounded.
constexpr std::size_t chunk_batches = 64;
constexpr std::size_t chunk_raw_bytes = 16u << 20;
constexpr std::uint64_t checkpoint_events = 512u << 10; // a crash costs at most so many to set again
constexpr std::size_t checkpoint_write_bytes = 8u << 20;
constexpr std::size_t fold_records = 2048; // folded at a time: about 4 KB each

class DerivedState final : public Derived {
public:
    DerivedState(Log& log, std::shared_ptr<const Schema> schema);

    [[nodiscard]] Result<std::size_t> follow(std::size_t batches_max) override;
    [[nodiscard]] Position position() const override;
    [[nodiscard]] Result<> checkpoint() override;
    [[nodiscard]] Result<> rebuild(const std::function<void(Position, Position)>& progress) override;
    void set_schema(std::shared_ptr<const Schema> schema) override;
    [[nodiscard]] std::shared_ptr<const Schema> schema() const override;

    [[nodiscard]] Result<std::optional<RecordEntry>> entry(const RecordId& id) const override;
    [[nodiscard]] Result<std::vector<std::optional<RecordEntry>>>
    entries(std::span<const RecordId> ids) const override;
    [[nodiscard]] Result<std::vector<HeldEvent>> events(const RecordEntry& entry) const override;
    [[nodiscard]] Result<Folded> record(const RecordId& id) const override;
    [[nodiscard]] Result<std::vector<RecordId>> find(const StatisticsQuery& query,
                                                     std::size_t limit) const override;
    [[nodiscard]] std::uint64_t records(std::string_view kind) const override;
    [[nodiscard]] Result<std::vector<Conflict>> conflicts(std::size_t limit) const override;
    [[nodiscard]] std::uint64_t conflict_count() const override;
    [[nodiscard]] std::uint64_t not_understood() const override;
    [[nodiscard]] Result<StatisticsTable> count(const StatisticsQuery& query) const override;
    [[nodiscard]] Result<Hash>
    state_digest(std::string_view compartment,
                 const std::function<void(std::uint64_t, std::uint64_t)>& progress) const override;

    // Everything below: work_ held.

    // Reads what was persisted and brings the columns up to the index. What does not fit together is
    // thrown away, to be followed again.
    [[nodiscard]] Result<> load();
    [[nodiscard]] Result<> reset();
    [[nodiscard]] Columns& columns(std::uint16_t kind); // the exclusive state_ lock held
    void remember(const RecordId& id);

    Log& log_;
    KeyValue& store_;
    LogNames names_;
    EventSource source_;
    std::mutex work_; // follow, checkpoint, rebuild: one at a time
    std::shared_ptr<const Authority> authority_; // under which progress_.stamp was made
    IdFilter known_;
    std::uint64_t events_since_checkpoint_ = 0;
    bool loaded_ = false;
    bool flushed_ = false; // everything written is durable

    mutable std::shared_mutex state_; // guards the rest
    std::shared_ptr<const Schema> schema_;
    Hash schema_print_;
    std::map<std::uint16_t, Columns> columns_; // by kind; 0: records of no known kind
    Progress progress_;
    ColumnsMark mark_;
    std::uint64_t generation_ = 0; // of everything derived: a reset begins another

    [[nodiscard]] std::shared_ptr<const Schema> schema_now() const { return schema(); }
    [[nodiscard]] Hash stamp_of(const Authority& authority, const Progress& progress) const;

private:
    [[nodiscard]] Result<> prepare();
    [[nodiscard]] bool still_true();
    [[nodiscard]] Result<> load_columns();
    [[nodiscard]] Result<> heal();
    void forget_moved(std::span<const RecordId> ids, std::span<const RecordEntry> entries);
    void fill_filter();
    [[nodiscard]] Result<std::size_t> follow_chunk(std::size_t batches_max);
    [[nodiscard]] Result<> checkpoint_columns();
    [[nodiscard]] std::optional<RecordEntry> entry_of(const RecordId& id, IndexEntry index) const;
};

// Identity of what of a schema decides derived state (not the code lists: they matter when asked).
[[nodiscard]] Hash schema_print(const Schema& schema);

} // namespace safar

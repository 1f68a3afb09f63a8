// Derived state: the record index, the conflict list and the columns, kept up with the log's
// journal. All of it can be thrown away and derived again with the same result.
//
// Threads: follow() from one thread at a time; the rest from any thread.
#pragma once

#include "storage/column/columns.hpp"
#include "storage/log/log.hpp"
#include "storage/record/fold.hpp"

#include <functional>
#include <memory>

namespace safar {

struct RecordEntry {
    std::uint16_t kind = 0; // 0: no event states a kind that the schema knows
    Row row = 0;
    // In order of arrival. A fold depends on one compartment only: of a record with events in
    // several these are the ones of its own (log_names.hpp, keep_home).
    std::vector<EventPlace> events;
};

struct Conflict {
    RecordId record;
    std::uint16_t kind = 0;
    std::uint16_t field = 0;
    std::vector<std::string> agencies; // ascending
    ClaimedTime since; // earliest claimed time among the values that differ from the first
};

// Words by which a text or a date is looked up among those of the same kind, whatever its field: a
// name's by how they sound, say. Must always answer the same. Any thread.
using WordsOf = std::function<std::vector<std::string>(const Field& field, std::string_view shown)>;

class Derived {
public:
    // Loads what was persisted. `log` must outlive it. What is damaged, or was derived under
    // another schema or by another format, is thrown away: position() is then 0 and follow()
    // derives it again. After a crash the columns are brought up to the index: at most 1 to 2 s.
    // `words`: for alike(); without it nothing is found there.
    [[nodiscard]] static Result<std::unique_ptr<Derived>>
    open(Log& log, std::shared_ptr<const Schema> schema, WordsOf words = {});
    virtual ~Derived() = default;

    // Takes at most `batches_max` batches after position(); returns how many. The bulk path sorts a
    // chunk's records before it touches the index. Where the log took batches back (a fork, a cut)
    // or a charter changed owners or ranks, everything is derived again from position 0. An event
    // that does not decode or whose kind the schema does not know is passed over and counted.
    // Errors: those of the log and its key-value store. The next call goes on, or begins again
    // where derived state is damaged. Cost: about 2 us an event of ten fields that begins a record;
    // 10 us and more where it joins one.
    [[nodiscard]] virtual Result<std::size_t> follow(std::size_t batches_max) = 0;
    [[nodiscard]] virtual Position position() const = 0;
    // Another number whenever everything begins again. Who reads in several steps compares it
    // before and after: what is read in between may be of the half that is derived by then.
    [[nodiscard]] virtual std::uint64_t generation() const = 0;
    // Persists columns and index so that a restart continues from here. follow() does so by itself
    // about every 512 k events.
    [[nodiscard]] virtual Result<> checkpoint() = 0;
    // Throws everything away and derives it again up to the log's last position.
    [[nodiscard]] virtual Result<>
    rebuild(const std::function<void(Position, Position)>& progress) = 0;
    // A new charter epoch may bring another schema or authority: everything is derived again.
    virtual void set_schema(std::shared_ptr<const Schema> schema) = 0;
    [[nodiscard]] virtual std::shared_ptr<const Schema> schema() const = 0;

    // --- records ---
    [[nodiscard]] virtual Result<std::optional<RecordEntry>> entry(const RecordId& id) const = 0;
    // One answer for each id; ids ascending is fastest. Errors: busy, if everything began again
    // meanwhile: ask again.
    [[nodiscard]] virtual Result<std::vector<std::optional<RecordEntry>>>
    entries(std::span<const RecordId> ids) const = 0;
    // The events held of a record, in order of arrival. Errors: not_found.
    [[nodiscard]] virtual Result<std::vector<HeldEvent>> events(const RecordEntry& entry) const = 0;
    [[nodiscard]] virtual Result<Folded> record(const RecordId& id) const = 0; // not_found
    // Records of `query.kind` that match `where`, `since` and `until`, in order of derivation. A
    // filter may name any field: dimensions are answered from the columns; for other fields every
    // candidate that passed them is folded (about 10 us each) until `limit` match, so give
    // dimensions or a small limit. Texts are compared exactly, other values as parse_value reads
    // them.
    [[nodiscard]] virtual Result<std::vector<RecordId>> find(const StatisticsQuery& query,
                                                             std::size_t limit) const = 0;
    // Records that have, or once had, a reference to `record`, ascending by id, from after `after`
    // on: read them to know which still do. Errors: those of the store.
    [[nodiscard]] virtual Result<std::vector<RecordId>>
    mentions(const RecordId& record, std::size_t limit, const RecordId& after = {}) const = 0;
    // Records of the kind that say, or once said, in a field listed under [similar] something with
    // this word; and how many words that text had. A record may come several times. Until `visit`
    // returns false. Cost: one key a text that has the word.
    using Alike = std::function<bool(const RecordId& record, std::size_t words)>;
    [[nodiscard]] virtual Result<> alike(const Kind& kind, std::string_view word,
                                         const Alike& visit) const = 0;
    [[nodiscard]] virtual std::uint64_t records(std::string_view kind) const = 0;

    // The oldest `limit` of those that `wanted` takes (none given: of all), oldest first.
    using WantedConflict = std::function<bool(const Conflict&)>;
    [[nodiscard]] virtual Result<std::vector<Conflict>>
    conflicts(std::size_t limit, const WantedConflict& wanted = {}) const = 0;
    [[nodiscard]] virtual std::uint64_t conflict_count() const = 0;
    // Events held that have no effect: their body is absent, does not decode, or is of an unknown
    // kind.
    [[nodiscard]] virtual std::uint64_t not_understood() const = 0;

    // --- statistics ---
    [[nodiscard]] virtual Result<StatisticsTable> count(const StatisticsQuery& query) const = 0;

    // --- digests ---
    // Over the folded records of a compartment, independent of order of arrival. Reads everything
    // that was taken when the call began; follow() may go on meanwhile. Memory: 32 bytes a record.
    // Errors: busy, if what it reads was thrown away meanwhile: ask again.
    [[nodiscard]] virtual Result<Hash> state_digest(
        std::string_view compartment,
        const std::function<void(std::uint64_t done, std::uint64_t total)>& progress) const = 0;
};

} // namespace safar

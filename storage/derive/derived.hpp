// Derived state: the record index, the conflict list and the columns, kept up with the log's journal.
// All of it can be thrown away and derived again with the same result.
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
    std::uint16_t kind = 0;
    Row row = 0;
    std::vector<EventPlace> events; // in order of arrival
};

struct Conflict {
    RecordId record;
    std::uint16_t kind = 0;
    std::uint16_t field = 0;
    std::vector<std::string> agencies; // ascending
    ClaimedTime since; // earliest claimed time among the values that differ from the first
};

class Derived {
public:
    // Loads what was persisted. `log` must outlive it. Errors: storage_corrupt is healed by rebuild().
    [[nodiscard]] static Result<std::unique_ptr<Derived>> open(Log& log, std::shared_ptr<const Schema> schema);
    virtual ~Derived() = default;

    // Takes at most `batches_max` batches after position(); returns how many. The bulk path sorts a
    // chunk's records before it touches the index.
    [[nodiscard]] virtual Result<std::size_t> follow(std::size_t batches_max) = 0;
    [[nodiscard]] virtual Position position() const = 0;
    // Persists columns and index so that a restart continues from here.
    [[nodiscard]] virtual Result<> checkpoint() = 0;
    // Throws everything away and derives it again up to the log's last position.
    [[nodiscard]] virtual Result<> rebuild(const std::function<void(Position, Position)>& progress) = 0;
    // A new charter epoch may bring another schema or authority: everything is derived again.
    virtual void set_schema(std::shared_ptr<const Schema> schema) = 0;
    [[nodiscard]] virtual std::shared_ptr<const Schema> schema() const = 0;

    // --- records ---
    [[nodiscard]] virtual Result<std::optional<RecordEntry>> entry(const RecordId& id) const = 0;
    // One answer for each id; ids ascending is fastest.
    [[nodiscard]] virtual Result<std::vector<std::optional<RecordEntry>>>
    entries(std::span<const RecordId> ids) const = 0;
    // The events held of a record, in order of arrival. Errors: not_found.
    [[nodiscard]] virtual Result<std::vector<HeldEvent>> events(const RecordEntry& entry) const = 0;
    [[nodiscard]] virtual Result<Folded> record(const RecordId& id) const = 0; // not_found
    [[nodiscard]] virtual Result<std::vector<RecordId>>
    find(const StatisticsQuery& query, std::size_t limit) const = 0;
    [[nodiscard]] virtual std::uint64_t records(std::string_view kind) const = 0;

    [[nodiscard]] virtual Result<std::vector<Conflict>> conflicts(std::size_t limit) const = 0;
    [[nodiscard]] virtual std::uint64_t conflict_count() const = 0;

    // --- statistics ---
    [[nodiscard]] virtual Result<StatisticsTable> count(const StatisticsQuery& query) const = 0;

    // --- digests ---
    // Over the folded records of a compartment, independent of order of arrival. Reads everything.
    [[nodiscard]] virtual Result<Hash>
    state_digest(std::string_view compartment,
                 const std::function<void(std::uint64_t done, std::uint64_t total)>& progress) const = 0;
};

} // namespace safar

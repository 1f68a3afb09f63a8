// Columns: the non-personal fields of the records of one kind, laid out for counting. Dimensions are
// dictionary-coded, measures are 64-bit; one row a record. Derived: a row is a pure function of the
// folded record. In memory, persisted in segments of rows.
#pragma once

#include "storage/record/fold.hpp"
#include "storage/log/key_value.hpp"

namespace safar {

using Row = std::uint32_t;

struct StatisticsQuery {
    std::string kind;
    // Dimensions, or year, quarter, month of the kind's time field.
    std::vector<std::string> by;
    struct Filter {
        std::string dimension;
        std::vector<std::string> values; // any of; codes, labels or variants
    };
    std::vector<Filter> where;
    std::string sum;                    // a measure; empty: count records only
    std::optional<std::int32_t> since;  // days since 1970-01-01, inclusive, on the time field
    std::optional<std::int32_t> until;  // inclusive
};
struct StatisticsRow {
    std::vector<std::string> key; // one for each `by`; "" where not stated
    std::uint64_t count = 0;
    std::int64_t sum = 0;
};
struct StatisticsTable {
    std::vector<StatisticsRow> rows; // ascending by key
    std::uint64_t count = 0;         // records counted
    std::int64_t sum = 0;
};

// The columns of one kind. Not thread-safe: `Derived` guards them with a shared mutex.
class Columns {
public:
    explicit Columns(const Kind& kind);

    // Sets row `row` (growing to it) from a folded record. Cost: about 1 us.
    void set(Row row, const Folded& record);
    // The same for a record of a single event, without a fold: the bulk path.
    void set_single(Row row, const RecordId& id, const EventBody& body);
    [[nodiscard]] Row rows() const;
    [[nodiscard]] const RecordId& id(Row row) const;

    // Errors: invalid_argument naming the unknown dimension or measure and those that exist.
    // A multi-valued dimension counts a record once for each of its values.
    [[nodiscard]] Result<StatisticsTable> count(const Schema& schema, const StatisticsQuery& query) const;
    // Rows whose dimensions match, ascending, at most `limit`.
    [[nodiscard]] Result<std::vector<Row>> find(const Schema& schema,
                                                std::span<const StatisticsQuery::Filter> where,
                                                std::size_t limit) const;

    // Writes what changed since the last call; `prefix` is this kind's key prefix.
    [[nodiscard]] std::vector<KeyValue::Write> take_dirty(ByteView prefix);
    // Errors: storage_corrupt, after which the caller rebuilds.
    [[nodiscard]] Result<> load(const KeyValue& store, ByteView prefix);

private:
    struct State;
    std::shared_ptr<State> state_;
};

} // namespace safar

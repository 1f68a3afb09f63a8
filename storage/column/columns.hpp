// Columns: the non-personal fields of the records of one kind, laid out for counting. Dimensions
// are dictionary-coded, measures are 64-bit; one row a record. Derived: a row is a pure function of
// the folded record. In memory, persisted in segments of rows.
//
// What a column holds is the field's reading: of a single field in conflict the preferred value; of
// a field with several values (set, each, ledger) all of them. Personal and sensitive fields never
// enter.
#pragma once

#include "storage/event/body_reader.hpp"
#include "storage/log/key_value.hpp"
#include "storage/record/fold.hpp"

namespace safar {

using Row = std::uint32_t;

struct StatisticsQuery {
    std::string kind;
    // Dimensions, or year, quarter, month of the kind's time field.
    std::vector<std::string> by;
    struct Filter {
        std::string dimension;
        std::vector<std::string> values; // any of; codes, labels or variants; "": not stated
    };
    std::vector<Filter> where;
    std::string sum; // a measure; empty: count records only
    // Days since 1970-01-01, both inclusive, on the time field. A date that is known to the month,
    // quarter or year counts where all of it lies within.
    std::optional<std::int32_t> since, until;
};
struct StatisticsRow {
    std::vector<std::string> key; // one for each `by`; "" where not stated
    std::uint64_t count = 0;
    std::int64_t sum = 0;
    std::string currency; // of the sum, in its minor units; "": no money, or none stated
};
struct StatisticsTable {
    std::vector<StatisticsRow> rows; // ascending by key
    std::uint64_t count = 0;         // records counted
    std::int64_t sum = 0;
    // The sum is of money. "" for its currency where the rows have several: then it is no sum.
    bool money = false;
    std::string currency;
};

// What a question may be answered with: some 300 MB as JSON. Records whose dimensions hold many
// values count in each combination of them, so that a few can make more groups than memory holds.
constexpr std::size_t answer_cells_max = 2u << 20;

// Where the only event of a row's record lies. Opaque to the columns: they keep it beside the id so
// that such a record needs no entry of its own in an index.
struct Origin {
    std::uint32_t log = 0;
    std::uint64_t at = 0; // 0: none; the record has several events
    friend bool operator==(const Origin&, const Origin&) = default;
};

// The columns of one kind. Not thread-safe: `Derived` guards them with a shared mutex.
class Columns {
public:
    explicit Columns(const Kind& kind);

    // Sets row `row` (growing to it) from a folded record. Cost: about 1 us.
    void set(Row row, const Folded& record);
    // The same for a record of a single event, without a fold: the bulk path, about 0.2 us. False,
    // and nothing set, where only a fold can tell: the event asserts one field twice.
    [[nodiscard]] bool set_single(Row row, const RecordId& id, const BodyView& body);
    // Takes a row out of every count; its number is not given again.
    void clear(Row row);

    [[nodiscard]] Row rows() const;              // cleared ones included
    [[nodiscard]] std::uint64_t records() const; // without them
    // The record of a row; nullptr: cleared, or never set.
    [[nodiscard]] const RecordId* id(Row row) const;
    [[nodiscard]] Origin origin(Row row) const;
    void set_origin(Row row, Origin origin); // of a row that was set

    // Year, quarter and month are "" where the date's precision does not tell them. Besides its
    // dimensions a kind has "<measure>.currency" for each measure of type money.
    // Errors: invalid_argument naming the unknown dimension or measure and those that exist, a
    // dimension named twice, a sum over several currencies, or one beyond 64 bits; limit_exceeded:
    // groups times their parts (dimensions and count) are above answer_cells_max.
    // A multi-valued dimension counts a record once for each of its values.
    // Cost: about 1 ns a row and dimension while the groups number a few thousand.
    [[nodiscard]] Result<StatisticsTable> count(const Schema& schema,
                                                const StatisticsQuery& query) const;
    // Rows from `from` on that match the query's `where`, `since` and `until`, ascending, at most
    // `limit`.
    [[nodiscard]] Result<std::vector<Row>> find(const Schema& schema, const StatisticsQuery& query,
                                                Row from, std::size_t limit) const;
    // Can `where` name it? (Any other field must be compared by folding.)
    [[nodiscard]] bool has_dimension(std::string_view name) const;

    // About `bytes_max` bytes of what changed since it was last taken, ascending by key; empty:
    // nothing is left. `prefix` is this kind's key prefix. Written in this order, any prefix of the
    // writes is consistent: dictionaries come before the rows that use them.
    [[nodiscard]] std::vector<KeyValue::Write> take_dirty(ByteView prefix, std::size_t bytes_max);
    // Into fresh columns, the first `rows` rows; what was written beyond them is left out.
    // Errors: storage_corrupt, after which the caller rebuilds.
    [[nodiscard]] Result<> load(const KeyValue& store, ByteView prefix, Row rows);

    struct State;

private:
    std::shared_ptr<State> state_;
};

} // namespace safar

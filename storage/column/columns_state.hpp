// Inside of Columns; include only from storage/column/*.cpp.
#pragma once

#include "storage/column/code_vector.hpp"
#include "storage/column/columns.hpp"
#include "storage/column/dictionary.hpp"

#include <limits>

namespace safar {

// Rows written as one value: small enough to rewrite when one row changes, large enough to read
// fast.
constexpr Row segment_rows = 65536;
constexpr Code32 page_codes = 8192; // of a dictionary, written as one value
constexpr std::int64_t measure_absent = std::numeric_limits<std::int64_t>::min();

// Days and how much of them is known, as one number of a dictionary.
[[nodiscard]] constexpr std::int64_t pack_date(std::int64_t days, Date::Precision precision) {
    return days * 4 + static_cast<std::int64_t>(precision);
}
[[nodiscard]] constexpr Date unpack_date(std::int64_t packed) {
    return {static_cast<std::int32_t>(packed >> 2), static_cast<Date::Precision>(packed & 3)};
}

struct Dimension {
    std::string name;
    const Field* field = nullptr; // of the kind's copy
    bool named = true;            // false: the time field, kept only for year, quarter, month
    bool currency = false;        // of a measure of type money
    Dictionary values;
    CodeVector codes;
    std::vector<std::uint8_t> dirty; // by segment
    Code32 pages_taken = 1;          // codes below it are written
    // Rule status: what a state that is asserted alone reads as, by the state's code in `said`.
    Dictionary said{/*numbers=*/false};
    std::vector<Code32> reads_as;
};

struct Measure {
    std::string name;
    const Field* field = nullptr;
    std::vector<std::int64_t> values; // measure_absent: not stated
    std::vector<std::uint8_t> dirty;
    std::uint64_t magnitude_max = 0; // of any value ever set: tells whether a sum can overflow
    int currency = -1;               // its dimension
};

struct Columns::State {
    explicit State(const Kind& from);

    Kind kind;
    std::vector<Dimension> dimensions;
    std::vector<Measure> measures;
    int time = -1; // dimension of the time field
    std::vector<RecordId> ids;
    std::vector<std::uint8_t> alive; // by row
    std::vector<std::uint32_t> origin_log;
    std::vector<std::uint64_t> origin_at;
    std::vector<std::uint8_t> dirty; // of ids, alive and origins, by segment
    std::uint64_t records = 0;

    struct Slot {
        const Field* field = nullptr;
        int dimension = -1, measure = -1;
    };
    std::vector<Slot> slots; // by field tag

    // The row being set: one value for each dimension and measure.
    std::vector<Code32> staged;
    std::vector<std::int64_t> staged_measures;
    std::vector<std::uint8_t> asserted;       // by dimension, then by measure
    std::vector<std::vector<Code32>> several; // by dimension: the values of a field with many

    void begin();
    void store(Row row, const RecordId& id);
    [[nodiscard]] Code32 code_of(Dimension& dimension, const AssertionView& value);
    [[nodiscard]] Code32 read_status(Dimension& dimension, std::string_view state);
    [[nodiscard]] bool stage(const Slot& slot, const AssertionView& value);
    void stage_reading(const Slot& slot, const std::vector<Value>& reading);
    void stage_measure(const Slot& slot, const AssertionView& value);
    void grow(Row rows);
    [[nodiscard]] const Dimension* dimension(std::string_view name) const;
};

} // namespace safar

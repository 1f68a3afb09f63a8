// What a question names, resolved against the columns: axes to group by and filters to pass. Both
// are tables over a column's codes, so that the scan itself knows no value. Include only from
// storage/column/*.cpp.
#pragma once

#include "storage/column/columns_state.hpp"

namespace safar {

// One `by`: each code of the column is a *digit* of the group's number.
struct Axis {
    const Dimension* dimension = nullptr;
    std::vector<Code32> digit_of;    // by code; empty: the code itself
    std::vector<std::string> labels; // by digit; empty: what the code says
    Code32 digits = 0;               // how many there are

    [[nodiscard]] std::string label(Code32 digit) const;
    // True, and `out` the distinct digits for which a record counts, where `digit` is a
    // combination.
    [[nodiscard]] bool expand(Code32 digit, std::vector<Code32>& out) const;
};
// Errors: invalid_argument naming what there is.
[[nodiscard]] Result<Axis> make_axis(const Columns::State& state, const std::string& name);

struct Pass {
    const Dimension* dimension = nullptr;
    std::vector<std::uint8_t> allowed; // by code, 1 or 0
};
// One for each column that the query restricts. Errors: invalid_argument.
[[nodiscard]] Result<std::vector<Pass>>
make_passes(const Schema& schema, const Columns::State& state, const StatisticsQuery& query);

// What a code that is no combination is shown as.
[[nodiscard]] std::string label_of(const Dimension& dimension, Code32 code);

} // namespace safar

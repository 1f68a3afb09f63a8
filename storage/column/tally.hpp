// The scan: counts and sums rows by group. Works column by column on blocks of rows that stay in
// the first-level cache, so that each inner loop is a table look-up and an addition. Include only
// from storage/column/*.cpp.
#pragma once

#include "storage/column/axis.hpp"

namespace safar {

struct Group {
    std::uint64_t count = 0;
    std::int64_t sum = 0;
};

// The groups that have rows. `digits` holds axes.size() digits for each group.
struct Tally {
    std::vector<Code32> digits;
    std::vector<Group> groups;
    bool overflow = false; // a sum left 64 bits
    bool too_many = false; // more groups than groups_max(); those that are there are not all
};
// How many groups of so many dimensions an answer holds at most.
[[nodiscard]] constexpr std::size_t groups_max(std::size_t dimensions) {
    return answer_cells_max / (dimensions + 1);
}
// `measure` null: count only.
[[nodiscard]] Tally tally(const Columns::State& state, std::span<const Axis> axes,
                          std::span<const Pass> passes, const Measure* measure);

// Rows of a block.
constexpr std::size_t block_rows = 4096;

// For each row of the block 1 where it counts, else 0. False: none does.
[[nodiscard]] bool passing(const Columns::State& state, std::span<const Pass> passes,
                           std::size_t first, std::size_t count, std::uint8_t* out);

} // namespace safar

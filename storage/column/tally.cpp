#include "storage/column/tally.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace safar {
namespace {

// Above these a table costs more to clear and walk than hashing the groups that occur.
constexpr std::uint64_t dense_cells_max = 4u << 20;
constexpr std::uint64_t dense_cells_a_row = 4;

using Block = std::array<std::uint32_t, block_rows>;

// What one axis adds to a row's cell, by code.
struct Step {
    const Dimension* dimension;
    std::vector<std::uint32_t> adds; // empty: code * stride
    std::uint32_t stride;
};

void add_step(const Step& step, std::size_t first, std::size_t count, Block& cells) {
    step.dimension->codes.with([&](const auto* codes) {
        codes += first;
        if (step.adds.empty()) {
            for (std::size_t i = 0; i < count; ++i) cells[i] += codes[i] * step.stride;
        } else {
            const std::uint32_t* adds = step.adds.data();
            for (std::size_t i = 0; i < count; ++i) cells[i] += adds[codes[i]];
        }
    });
}

bool can_overflow(const Measure& measure, std::size_t rows) {
    std::uint64_t product = 0;
    return __builtin_mul_overflow(measure.magnitude_max, static_cast<std::uint64_t>(rows),
                                  &product) ||
           product > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
}

void add_value(Group& group, std::int64_t value, bool& overflow) {
    if (value == measure_absent) return;
    if (__builtin_add_overflow(group.sum, value, &group.sum)) overflow = true;
}

// Counts into a table with one cell for each combination of digits.
class DenseTally {
public:
    DenseTally(const Columns::State& state, std::span<const Axis> axes, std::uint64_t cells)
        : state_(state), axes_(axes), cells_(cells) {
        std::uint64_t stride = 1;
        for (const Axis& axis : axes) {
            Step step{axis.dimension, {}, static_cast<std::uint32_t>(stride)};
            for (Code32 digit : axis.digit_of) step.adds.push_back(digit * step.stride);
            steps_.push_back(std::move(step));
            stride *= axis.digits;
        }
    }

    // Two tables taken in turn, so that a run of rows of one group does not wait for its own
    // stores.
    void count(std::span<const Pass> passes, bool all) {
        counts_.assign(2 * (cells_ + 1), 0);
        for_each_block(passes, all, [&](const Block& cells, std::size_t, std::size_t count) {
            std::uint32_t* even = counts_.data();
            std::uint32_t* odd = even + cells_ + 1;
            std::size_t i = 0;
            for (; i + 1 < count; i += 2) {
                ++even[cells[i]];
                ++odd[cells[i + 1]];
            }
            if (i < count) ++even[cells[i]];
        });
        for (std::size_t cell = 0; cell < cells_; ++cell)
            counts_[cell] += counts_[cells_ + 1 + cell];
    }
    void sum(std::span<const Pass> passes, bool all, const Measure& measure, bool& overflow) {
        sums_.assign(cells_ + 1, 0);
        bool checked = can_overflow(measure, state_.ids.size());
        for_each_block(passes, all, [&](const Block& cells, std::size_t first, std::size_t count) {
            const std::int64_t* values = measure.values.data() + first;
            for (std::size_t i = 0; i < count; ++i) {
                std::int64_t value = values[i] == measure_absent ? 0 : values[i];
                std::int64_t& sum = sums_[cells[i]];
                if (!checked)
                    sum += value;
                else if (cells[i] < cells_ && __builtin_add_overflow(sum, value, &sum))
                    overflow = true;
            }
        });
    }
    void collect(Tally& out) const {
        for (std::size_t cell = 0; cell < cells_; ++cell) {
            if (counts_[cell] == 0) continue;
            if (out.groups.size() == groups_max(axes_.size())) {
                out.too_many = true;
                return;
            }
            std::uint64_t rest = cell;
            for (const Axis& axis : axes_) {
                out.digits.push_back(static_cast<Code32>(rest % axis.digits));
                rest /= axis.digits;
            }
            out.groups.push_back({counts_[cell], sums_.empty() ? 0 : sums_[cell]});
        }
    }

private:
    // Cells of the rows; those that do not pass have the cell after the last.
    template <class Use>
    void for_each_block(std::span<const Pass> passes, bool all, const Use& use) const {
        Block cells;
        std::array<std::uint8_t, block_rows> pass;
        auto beyond = static_cast<std::uint32_t>(cells_);
        for (std::size_t first = 0; first < state_.ids.size(); first += block_rows) {
            std::size_t count = std::min(block_rows, state_.ids.size() - first);
            if (!all && !passing(state_, passes, first, count, pass.data())) continue;
            std::memset(cells.data(), 0, count * sizeof cells[0]);
            for (const Step& step : steps_) add_step(step, first, count, cells);
            if (!all)
                for (std::size_t i = 0; i < count; ++i) cells[i] = pass[i] != 0 ? cells[i] : beyond;
            use(cells, first, count);
        }
    }

    const Columns::State& state_;
    std::span<const Axis> axes_;
    std::size_t cells_;
    std::vector<Step> steps_;
    std::vector<std::uint32_t> counts_;
    std::vector<std::int64_t> sums_;
};

// Numbers pairs in order of first sight.
class PairTable {
public:
    [[nodiscard]] std::uint32_t number(std::uint32_t left, std::uint32_t right) {
        std::uint64_t pair = (static_cast<std::uint64_t>(left) << 32) | right;
        std::uint64_t hash = pair * 0x9e3779b97f4a7c15;
        hash ^= hash >> 32;
        hash *= 0x9e3779b97f4a7c15;
        hash ^= hash >> 29;
        auto known = table_.find(hash, [&](Code32 at) { return pairs_[at] == pair; });
        if (known) return *known;
        auto at = static_cast<Code32>(pairs_.size());
        pairs_.push_back(pair);
        table_.add(hash, at);
        return at;
    }
    [[nodiscard]] std::uint32_t left(std::uint32_t at) const {
        return static_cast<std::uint32_t>(pairs_[at] >> 32);
    }
    [[nodiscard]] std::uint32_t right(std::uint32_t at) const {
        return static_cast<std::uint32_t>(pairs_[at]);
    }

private:
    CodeTable table_;
    std::vector<std::uint64_t> pairs_;
};

// Any number of digits: axis by axis, (group so far, digit) becomes a new group number.
Tally hash_tally(const Columns::State& state, std::span<const Axis> axes,
                 std::span<const Pass> passes, const Measure* measure) {
    Tally out;
    std::vector<PairTable> tables(axes.size());
    std::array<std::uint8_t, block_rows> pass;
    Block group;
    for (std::size_t first = 0; first < state.ids.size(); first += block_rows) {
        std::size_t count = std::min(block_rows, state.ids.size() - first);
        if (!passing(state, passes, first, count, pass.data())) continue;
        std::memset(group.data(), 0, sizeof group);
        for (std::size_t a = 0; a < axes.size(); ++a) {
            const Axis& axis = axes[a];
            axis.dimension->codes.with([&](const auto* codes) {
                for (std::size_t i = 0; i < count; ++i) {
                    if (pass[i] == 0) continue;
                    Code32 code = codes[first + i];
                    group[i] = tables[a].number(group[i],
                                                axis.digit_of.empty() ? code : axis.digit_of[code]);
                }
            });
        }
        for (std::size_t i = 0; i < count; ++i) {
            if (pass[i] == 0) continue;
            if (out.groups.size() <= group[i]) out.groups.resize(group[i] + 1u);
            ++out.groups[group[i]].count;
            if (measure != nullptr)
                add_value(out.groups[group[i]], measure->values[first + i], out.overflow);
        }
        if (out.groups.size() > groups_max(axes.size())) {
            out.too_many = true;
            return out;
        }
    }
    out.digits.resize(out.groups.size() * axes.size());
    for (std::size_t g = 0; g < out.groups.size(); ++g) {
        auto at = static_cast<std::uint32_t>(g);
        for (std::size_t a = axes.size(); a-- > 0; at = tables[a].left(at))
            out.digits[g * axes.size() + a] = tables[a].right(at);
    }
    return out;
}

} // namespace

bool passing(const Columns::State& state, std::span<const Pass> passes, std::size_t first,
             std::size_t count, std::uint8_t* out) {
    std::memcpy(out, state.alive.data() + first, count);
    for (const Pass& each : passes)
        each.dimension->codes.with([&](const auto* codes) {
            codes += first;
            const std::uint8_t* allowed = each.allowed.data();
            for (std::size_t i = 0; i < count; ++i) out[i] &= allowed[codes[i]];
        });
    return std::memchr(out, 1, count) != nullptr;
}

Tally tally(const Columns::State& state, std::span<const Axis> axes, std::span<const Pass> passes,
            const Measure* measure) {
    std::uint64_t cells = 1;
    std::uint64_t cells_max = std::min(
        dense_cells_max, 1024 + dense_cells_a_row * static_cast<std::uint64_t>(state.ids.size()));
    for (const Axis& axis : axes) cells = std::min(cells * axis.digits, dense_cells_max + 1);
    if (cells > cells_max) return hash_tally(state, axes, passes, measure);
    Tally out;
    DenseTally dense(state, axes, cells);
    bool all = passes.empty() && state.records == state.ids.size();
    dense.count(passes, all);
    if (measure != nullptr) dense.sum(passes, all, *measure, out.overflow);
    dense.collect(out);
    return out;
}

} // namespace safar

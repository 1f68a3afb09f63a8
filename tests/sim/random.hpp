// The simulator's randomness: one generator of its own for each concern, so that a change in one
// does not shift the others, and distributions of its own, since those of <random> differ between
// libraries.
#pragma once

#include "storage/base/time.hpp"

#include <bit>
#include <cstdint>
#include <span>
#include <string_view>

namespace safar::sim {

// SplitMix64 (Steele, Lea, Flood 2014).
class Random {
public:
    Random(std::uint64_t seed, std::string_view concern) : state_(seed) {
        for (char c : concern) state_ = next() ^ static_cast<unsigned char>(c);
    }

    std::uint64_t next() {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
    }
    // 0 to bound - 1; bound above zero.
    std::uint64_t below(std::uint64_t bound) { return next() % bound; }
    std::uint64_t between(std::uint64_t low, std::uint64_t high) {
        return low + below(high - low + 1);
    }
    bool one_in(std::uint64_t n) { return below(n) == 0; }
    bool permille(std::uint64_t p) { return below(1000) < p; }
    NodeTime between(NodeTime low, NodeTime high) {
        return low + NodeTime(static_cast<std::int64_t>(
                         below(static_cast<std::uint64_t>((high - low).count()) + 1)));
    }
    // Exponential with about that mean, in whole numbers: leading zeros make the halvings.
    NodeTime about(NodeTime mean) {
        const std::uint64_t drawn = next() | 1;
        const auto halvings = static_cast<std::uint64_t>(std::countl_zero(drawn));
        const std::uint64_t rest = ((drawn << halvings) >> 47) & 0xffff; // of one halving
        const std::uint64_t parts = (halvings << 16) + (0xffff - rest);  // of 65536 halvings
        const std::uint64_t scaled = parts * 45426 >> 16;                // times ln 2
        return NodeTime(mean.count() * static_cast<std::int64_t>(scaled) >> 16);
    }
    template <class Item> Item& of(std::span<Item> items) { return items[below(items.size())]; }
    template <class List> auto& any(List& list) { return list[below(list.size())]; }

private:
    std::uint64_t state_;
};

} // namespace safar::sim

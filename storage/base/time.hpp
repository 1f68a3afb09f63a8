// Two times that must never mix: what an author claims, and how long this node has run.
#pragma once

#include <chrono>
#include <cstdint>

namespace safar {

inline constexpr std::int64_t day_us = 86'400'000'000; // a day in microseconds

// Microseconds since 1970-01-01T00:00:00Z as claimed by an author: data for display and search,
// never for order. Any value is accepted.
struct ClaimedTime {
    std::int64_t microseconds = 0;
    friend auto operator<=>(const ClaimedTime&, const ClaimedTime&) = default;
};

// Monotonic time since an arbitrary start; comes from the shell, drives deadlines only.
using NodeTime = std::chrono::nanoseconds;

} // namespace safar

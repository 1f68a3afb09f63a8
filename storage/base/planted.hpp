// Bugs that are planted to see whether the tests would notice (tests/negative). In every build but
// the one of tests/negative planted() is constant and false, so nothing of it is left in the
// program.
#pragma once

namespace safar {

enum class Plant : int {
    none = 0,
    acknowledge_before_sync,
    skip_previous_hash,
    verify_reencoded,
    merge_by_arrival,
    order_by_claimed_time,
    drop_on_rate_limit,
    freeze_at_first_seen_fork,
    forget_witness,
    ignore_scan_status,
    trust_count,
    never_ask_the_last,
    ban_the_relay,
    compare_31_bytes,
    unsorted_frontier,
    wall_clock_timer,
    count
};

#ifdef SAFAR_PLANTED
extern Plant planted_bug; // chosen before main() by tests/negative/planted.cpp
inline bool planted(Plant bug) { return planted_bug == bug; }
#else
constexpr bool planted(Plant) { return false; }
#endif

} // namespace safar

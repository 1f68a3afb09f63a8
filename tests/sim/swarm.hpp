// What kinds of fault exist in one seed, and how often they come: drawn once. A run without a kind
// shows what the others hide behind it.
#pragma once

#include "tests/sim/disk.hpp"
#include "tests/sim/network.hpp"

namespace safar::sim {

struct Swarm {
    std::size_t honest = 3, hostile = 0;
    NodeTime length{std::chrono::minutes(10)}; // the last fifth without faults
    bool real_signatures = false;

    LinkRates link;
    DiskRates disk;
    NodeTime log_call_max{1'000'000}; // what one call of the log takes
    // Mean time between two of a kind over all nodes; zero: the kind does not exist.
    NodeTime append{0}, cut{0}, takeover{0}, partition{0}, partition_max{0}, crash{0}, down_max{0},
        crash_all{0}, copy{0}, pause{0}, pause_max{0}, slow_disk{0}, clock{0}, govern{0},
        hostile_fork{0}, release{0};
    std::uint64_t power_permille = 0, rollback_permille = 0, tamper_permille = 0,
                  statement_permille = 0, loose_permille = 0;
    std::size_t large_one_in = 0; // appends
    bool rights = false;          // some relay and some observe
    bool walls = false;           // some never reach each other
};

// `hostile`: so many, instead of what the seed draws.
[[nodiscard]] Swarm draw_swarm(std::uint64_t seed, std::optional<std::size_t> hostile = {});

} // namespace safar::sim

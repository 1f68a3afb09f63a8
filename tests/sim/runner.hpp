// Plays many seeds in several processes, so that one that crashes names itself.
#pragma once

#include "tests/sim/world.hpp"

namespace safar::sim {

struct RunnerOptions {
    std::uint64_t first = 1, last = 1;
    std::size_t jobs = 1;
    bool check_determinism = false, json = false, fail_fast = false;
    RunOptions run;
};

constexpr int exit_crash = 127, exit_liveness = 128, exit_correctness = 129;

[[nodiscard]] bool parse_seeds(const std::string& text, std::uint64_t& first, std::uint64_t& last);
// Prints what is found as it comes; returns the exit code of the program.
[[nodiscard]] int run_seeds(const RunnerOptions& options);
[[nodiscard]] int replay_seed(std::uint64_t seed, RunnerOptions options);

} // namespace safar::sim

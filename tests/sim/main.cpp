// safar-sim: plays seeds and says which promise broke in which.
#include "tests/sim/runner.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace {

using namespace safar::sim;

constexpr const char* examples = R"(
Examples:
  safar-sim --seeds 1:1000              a thousand seeds of ten simulated minutes each
  safar-sim --replay 42                 one seed, with a transcript of what happened
  safar-sim --seeds 1:50 --check-determinism
  safar-sim --seeds 1:100 --nodes 4 --hostile 8

Exit code: 0 all held, 127 a crash, 128 nodes that did not become equal in time, 129 a broken promise,
64 wrong usage.)";

} // namespace

int main(int argc, char** argv) {
    RunnerOptions options;
    std::string seeds;
    std::uint64_t replay = 0;
    std::size_t nodes = 0, hostile = 0;
    double hours = 0;
    CLI::App app{
        "Plays the production storage, sync and charter code in a simulated network of faults.",
        "safar-sim"};
    app.footer(examples);
    auto* seeds_option = app.add_option("--seeds", seeds, "first and last seed, FIRST:LAST");
    auto* replay_option = app.add_option("--replay", replay, "play one seed and tell what happens")
                              ->excludes(seeds_option);
    app.add_option("--nodes", nodes, "honest nodes (1 to 40) instead of what the seed draws")
        ->check(CLI::Range(1, 40));
    auto* hostile_option = app.add_option("--hostile", hostile,
                                          "hostile nodes (0 to 20) instead of what the seed draws")
                               ->check(CLI::Range(0, 20));
    app.add_option("--hours", hours, "simulated hours of each seed instead of ten minutes")
        ->check(CLI::Range(0.01, 1000.0));
    app.add_option("--jobs", options.jobs, "processes")->check(CLI::Range(1, 64));
    app.add_flag("--check-determinism", options.check_determinism,
                 "play each seed twice and compare");
    app.add_flag("--frames", options.run.frames, "with --replay: tell every frame")
        ->needs(replay_option);
    app.add_flag("--fail-fast", options.fail_fast, "stop at the first seed that breaks a promise");
    app.add_flag("--json", options.json, "one JSON object on standard output");
    app.add_flag("--canary", options.run.canary, "damage one seed in a hundred: the run must fail");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 64;
    }
    if (nodes > 0) options.run.nodes = nodes;
    if (*hostile_option) options.run.hostile = hostile;
    if (hours > 0)
        options.run.length =
            safar::NodeTime(static_cast<std::int64_t>(hours * 3600) * 1'000'000'000);
    if (*replay_option) return replay_seed(replay, options);
    if (!parse_seeds(seeds, options.first, options.last)) {
        fmt::print(stderr,
                   "safar-sim: --seeds {}: give the first and the last seed, as in --seeds "
                   "1:1000; or --replay SEED\n",
                   seeds);
        return 64;
    }
    return run_seeds(options);
}

// One run of one seed: N production cores, a network, a workload, faults, hostile peers, and the
// promises that are checked while it runs and when it has healed.
#pragma once

#include "tests/sim/hostile.hpp"
#include "tests/sim/swarm.hpp"

#include <optional>

namespace safar::sim {

enum class Outcome { ok, liveness, correctness }; // exit codes 0, 128, 129; a crash is 127

struct RunResult {
    Outcome outcome = Outcome::ok;
    std::vector<std::string> problems; // the first of each promise
    std::uint64_t trace = 0;
    Statistics statistics;
};

struct RunOptions {
    std::optional<std::size_t> nodes; // honest
    std::optional<NodeTime> length;
    bool canary = false; // one seed in a hundred is damaged on purpose: a check must notice
    std::function<void(const std::string&)> say; // the transcript, where one is wanted
    bool frames = false;                         // with every frame
};

class World {
public:
    World(std::uint64_t seed, const RunOptions& options);
    ~World();
    [[nodiscard]] RunResult run();

private:
    // world.cpp: phases
    void step_checks();
    void heal();
    [[nodiscard]] bool level();
    [[nodiscard]] std::string why_not_level();
    void finish();
    void say(const std::string& what);
    void complain(Outcome kind, const std::string& what);
    // faults.cpp
    void schedule_faults();
    void every(NodeTime mean, std::function<void()> fault);
    void start(Core& core);
    void crash(Core& core, bool power);
    void restart_later(Core& core, NodeTime wait);
    void fault_partition();
    void fault_pause();
    void fault_clock();
    void fault_slow_disk();
    void fault_copy();
    void new_epoch();
    void suspend();
    // workload.cpp
    void schedule_appends(Core& core);
    void append(Core& core);
    [[nodiscard]] EventDraft draft(Core& core, const std::string& compartment);
    [[nodiscard]] ClaimedTime wall(const Core& core);
    // checks.cpp
    void check_node(Core& core);
    void check_acknowledged(Core& core);
    void check_prefixes(Core& core);
    void check_forks();
    void check_equal_sets();
    void check_batches(Core& core);
    void check_model(Core& core);
    void check_reopened(Core& core);
    [[nodiscard]] bool held_by_anybody(const Acknowledged& what) const;
    void plant_canary();

    [[nodiscard]] Core& any_up(Random& random);
    [[nodiscard]] bool honest(const Core& core) const { return !core.member.hostile; }

    std::uint64_t seed_;
    RunOptions options_;
    Swarm swarm_;
    Statistics statistics_;
    Random fault_random_, work_random_;
    Founding founding_;
    Timeline time_;
    std::vector<std::unique_ptr<Core>> cores_;
    Hostile hostile_;
    std::unique_ptr<Network> network_;
    NodeTime began_, heals_at_;
    bool healed_ = false;
    RunResult result_;

    struct Clock {
        std::int64_t offset_us = 0, drift_permille = 0;
        std::optional<std::int64_t> frozen_us;
    };
    std::vector<Clock> clocks_;
    std::vector<NodeTime> log_call_max_;
    std::vector<std::vector<Core::Copy>> copies_;
    std::map<std::string, std::vector<RecordId>> records_; // by compartment
    std::vector<std::map<LogName, Head>> seen_;            // by node, at the last look
    std::map<Hash, Bytes> verified_;                       // stored bytes, by header hash
};

} // namespace safar::sim

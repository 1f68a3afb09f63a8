// One run of one seed: N production cores, a network, a workload, faults, hostile peers, and the
// promises that are checked while it runs and when it has healed.
#pragma once

#include "node/charter/amend.hpp"
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
    std::optional<std::size_t> nodes, hostile; // nodes: honest
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
    [[nodiscard]] NodeTime
    disks_quiet() const; // when slow disks have done what they have to do now
    void finish();
    void say(const std::string& what);
    void complain(Outcome kind, const std::string& what);
    // faults.cpp
    void schedule_faults();
    void every(NodeTime mean, std::function<void()> fault);
    void start(Core& core);
    void crash(Core& core, bool power);
    void replace_disk(Core& core);
    void restart_later(Core& core, NodeTime wait);
    void fault_partition();
    void fault_pause();
    void fault_clock();
    void fault_slow_disk();
    void fault_copy();
    void fault_release();
    void install(Core& core, Release release, Fault what);
    // governance.cpp
    void govern();
    [[nodiscard]] Core* any_steward();
    [[nodiscard]] std::optional<Amendment> amendment(Core& by, Fault& what);
    [[nodiscard]] std::string draft_epoch(Core& by, Amendment change);
    void publish_epoch(Core& by, std::string text, Fault what);
    void publish_notice(Core& by, const Notice& notice, Fault what);
    void rival_epochs(Core& by);
    void suspend(Core& by);
    void delegate(Core& by);
    void end_delegation(Core& by);
    [[nodiscard]] std::vector<KnownHead> known_heads(const Core& core, bool lowered);
    [[nodiscard]] std::vector<CharterCut> cuts_of(const Core& by, const NodeId& node);
    void forget_published(const Core& core);
    // walls.cpp
    void build_walls();
    [[nodiscard]] bool everybody_reached() const;
    void lift_walls_that_part();
    // statements.cpp
    void schedule_statements(Core& core);
    void statement_turn(Core& core);
    void look_for_splits();
    void check_splits();
    // workload.cpp
    void schedule_appends(Core& core);
    void append(Core& core);
    [[nodiscard]] EventDraft draft(Core& core, std::uint16_t kind);
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
    // check_governance.cpp
    void check_counted();
    void check_published();
    void check_bodies(Core& core);
    [[nodiscard]] bool shares(const Core& core, const Acknowledged& what) const;
    [[nodiscard]] const Core* holder_of(const Acknowledged& what) const;
    void plant_canary();

    [[nodiscard]] Core& any_up(Random& random);
    [[nodiscard]] bool honest(const Core& core) const { return !core.member.hostile; }
    // Honest, and listed by the charter as the first steward holds it: it must become equal to the
    // others.
    [[nodiscard]] bool takes_part(const Core& core) const;

    std::uint64_t seed_;
    RunOptions options_;
    Swarm swarm_;
    Statistics statistics_;
    Random fault_random_, work_random_, govern_random_, release_random_;
    Founding founding_;
    Timeline time_;
    std::vector<std::unique_ptr<Core>> cores_;
    Hostile hostile_;
    std::unique_ptr<Network> network_;
    NodeTime began_, heals_at_;
    bool healed_ = false;
    NodeTime walls_lifted_{0};
    std::set<LogName> splits_due_; // told in two ways when the last fault was over
    RunResult result_;

    struct Clock {
        std::int64_t offset_us = 0, drift_permille = 0;
        std::optional<std::int64_t> frozen_us;
    };
    std::vector<Clock> clocks_;
    std::vector<NodeTime> log_call_max_;
    std::vector<std::vector<Core::Copy>> copies_;
    std::map<std::uint16_t, std::vector<RecordId>> records_; // by kind
    struct Seen {
        Head head;
        bool bodies = false; // it was to hold them
        Hash charter;        // in force
    };
    std::vector<std::map<LogName, Seen>> seen_; // by node, at the last look
    std::map<Hash, Bytes> verified_;            // stored bytes, by header hash
    // What somebody has made public, and by whose word: gone where that node was put back.
    struct Published {
        Hash name, previous; // of an epoch with the one before it, or of a notice
        std::size_t by = 0;
        bool epoch = false, excused = false;
    };
    std::vector<Published> published_;
};

} // namespace safar::sim

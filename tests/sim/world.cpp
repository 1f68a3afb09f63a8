#include "tests/sim/world.hpp"

#include "tests/sim/signatures.hpp"

#include <algorithm>
#include <spdlog/spdlog.h>

namespace safar::sim {

using namespace std::chrono_literals;

namespace {

// After the last fault, or the last wall, everybody is equal within this time.
constexpr NodeTime converge_within = 30s;

std::string difference(const Core& a, const Core& b, const std::string& compartment) {
    std::string out;
    for (const auto& [one, other] : {std::pair(&a, &b), std::pair(&b, &a)})
        for (const FrontierEntry& entry : one->log().frontier(compartment)) {
            const Head there = other->log().head(entry.log).value_or(Head{});
            if (there == entry.head) continue;
            const LogOwner* owner = one->log().authority()->owner(entry.log.id);
            out += "; " + one->agency + " has " + std::to_string(entry.head.number) +
                   (entry.head.forked ? "!" : "") + " of log " + entry.log.brief() + " of " +
                   (owner ? owner->agency : "?");
        }
    return out;
}

// Who only observes may know of batches whose bodies went with their author's disk.
bool same_frontier(const Core& carrier, const Core& core, const std::string& compartment) {
    if (core.carries(compartment))
        return frontier_digest(core.log().frontier(compartment)) ==
               frontier_digest(carrier.log().frontier(compartment));
    return std::ranges::all_of(carrier.log().frontier(compartment),
                               [&](const FrontierEntry& entry) {
                                   const Head here = core.log().head(entry.log).value_or(Head{});
                                   return here == entry.head || here.number > entry.head.number;
                               });
}

Swarm swarm_of(std::uint64_t seed, const RunOptions& options) {
    Swarm out = draw_swarm(seed, options.hostile);
    if (options.nodes) out.honest = std::clamp<std::size_t>(*options.nodes, 1, 40);
    if (options.length) out.length = *options.length;
    use_stand_in_signatures(!out.real_signatures); // before the first key signs
    return out;
}

} // namespace

World::World(std::uint64_t seed, const RunOptions& options)
    : seed_(seed), options_(options), swarm_(swarm_of(seed, options)),
      fault_random_(seed, "faults"), work_random_(seed, "workload"),
      govern_random_(seed, "governance"), release_random_(seed, "releases"), founding_([&] {
          Random random(seed, "founding");
          return found(random, swarm_.honest, swarm_.hostile, swarm_.rights);
      }()),
      hostile_(seed, swarm_.tamper_permille, statistics_), began_(time_.now),
      heals_at_(time_.now + swarm_.length * 4 / 5) {
    for (std::size_t i = 0; i < founding_.members.size(); ++i) {
        cores_.push_back(
            std::make_unique<Core>(i, founding_.members[i], founding_, seed, statistics_));
        cores_.back()->disk().rates = swarm_.disk;
        if (swarm_.release > NodeTime{0} && honest(*cores_.back()) && release_random_.one_in(3))
            cores_.back()->release = Release::next;
    }
    spdlog::set_level(spdlog::level::off); // what the shell tells operators
    clocks_.resize(cores_.size());
    for (Clock& clock : clocks_)
        clock.offset_us =
            static_cast<std::int64_t>(fault_random_.below(1'200'000'000)) - 600'000'000;
    log_call_max_.assign(cores_.size(), swarm_.log_call_max);
    copies_.resize(cores_.size());
    seen_.resize(cores_.size());
    hostile_.statement_permille = swarm_.statement_permille;
    hostile_.loose_permille = swarm_.loose_permille;
    hostile_.fork_permille = swarm_.hostile_fork == NodeTime{0} ? 0 : 20;
    network_ = std::make_unique<Network>(time_, cores_, statistics_, seed);
    network_->rates = swarm_.link;
    network_->tamper = &hostile_;
    network_->tell_frames = options.frames;
    network_->complain = [this](const std::string& what) { complain(Outcome::correctness, what); };
    network_->takes_part = [this](const Core& core) { return takes_part(core); };
    network_->say = [this](const std::string& what) { say(what); };
    network_->died = [this](Core& core) { crash(core, fault_random_.one_in(2)); };
    network_->log_time = [this](Core& core) {
        return fault_random_.between(NodeTime(20'000), log_call_max_[core.index]);
    };
}

// Sessions, also those that actions hold, end before the cores that they are of.
World::~World() {
    time_.clear();
    network_.reset();
    use_stand_in_signatures(false);
}

void World::say(const std::string& what) {
    if (!options_.say) return;
    const auto ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(time_.now - began_).count();
    options_.say(std::to_string(ms / 1000) + "." + std::to_string(1000 + ms % 1000).substr(1) +
                 " " + what);
}

void World::complain(Outcome kind, const std::string& what) {
    say("BROKEN: " + what);
    result_.outcome = std::max(result_.outcome, kind);
    if (result_.problems.size() < 8) result_.problems.push_back(what);
}

RunResult World::run() {
    for (auto& core : cores_) start(*core);
    for (auto& core : cores_)
        if (honest(*core) || work_random_.one_in(2)) schedule_appends(*core);
    for (auto& core : cores_) schedule_statements(*core);
    build_walls();
    schedule_faults();
    while (time_.now < heals_at_ && result_.problems.empty()) {
        time_.run(std::min(time_.now + 30s, heals_at_));
        step_checks();
    }
    if (result_.problems.empty()) heal();
    if (result_.problems.empty()) finish();
    statistics_.seeds = 1;
    statistics_.actions = time_.played;
    statistics_.real_signatures = swarm_.real_signatures;
    statistics_.simulated_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(time_.now - began_).count();
    result_.trace = time_.trace.value();
    result_.statistics = statistics_;
    return std::move(result_);
}

void World::step_checks() {
    for (auto& core : cores_)
        if (honest(*core) && core->up() && !core->disk().died) check_prefixes(*core);
    check_forks();
}

void World::heal() {
    say("the last fault is over");
    healed_ = true;
    hostile_.quiet = true;
    network_->rates = {};
    network_->heal();
    for (auto& core : cores_) {
        core->paused_until = time_.now;
        core->disk().rates = {};
        log_call_max_[core->index] = 5ms;
        if (!honest(*core)) {
            network_->went_down(*core, false);
            if (core->up()) core->end(false);
            continue;
        }
        if (core->release == Release::far) install(*core, Release::ours, Fault::downgrade);
        if (core->disk().damaged) {
            if (core->up()) crash(*core, false);
            replace_disk(*core);
        }
        if (!core->up()) restart_later(*core, 1ms);
    }
    network_->call_all();
    look_for_splits();
    const NodeTime healed_at = time_.now;
    NodeTime quiet = disks_quiet();
    // What came of the last faults may also have two nodes rest from each other.
    // A range that a read error kept from being served is asked for again after a minute: of
    // another peer at once, where there is one.
    if (swarm_.walls) quiet = std::max(quiet, healed_at + 60s);
    // An epoch that waited behind a slow disk until after the last fault makes more for it to do.
    const auto until = [&] {
        quiet = std::max(quiet, std::min(disks_quiet(), healed_at + 180s));
        return std::max({quiet, network_->rest_ends(), walls_lifted_}) + converge_within;
    };
    while (time_.now < until() && !level() && result_.problems.empty()) {
        time_.run(time_.now + 200ms);
        lift_walls_that_part();
    }
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(time_.now - healed_at);
    statistics_.converge_ms_max = statistics_.converge_ms_sum = took.count();
    if (!level())
        complain(Outcome::liveness, "not level 30 s after the last fault: " + why_not_level());
    say("level after " + std::to_string(took.count()) + " ms");
    if (options_.canary) plant_canary();
}

NodeTime World::disks_quiet() const {
    NodeTime out = time_.now;
    for (const auto& core : cores_)
        if (honest(*core)) out = std::max(out, core->log_busy_until);
    return out;
}

bool World::takes_part(const Core& core) const {
    return honest(core) && cores_[0]->state().ruling().charter->node(core.id) != nullptr;
}

bool World::level() { return why_not_level().empty(); }

std::string World::why_not_level() {
    const Core* first = nullptr;
    for (auto& core : cores_) {
        if (!takes_part(*core)) continue;
        if (!core->up()) return core->agency + " is down";
        if (first == nullptr) first = core.get();
        if (core->charter_digest() != first->charter_digest())
            return core->agency + " and " + first->agency + " know different charters";
    }
    for (const std::string& compartment : all_compartments) {
        const Core* other = nullptr;
        for (auto& core : cores_) {
            const auto shown = core->shown();
            if (!takes_part(*core) || core->state().suspended(core->id) ||
                std::ranges::find(shown, compartment) == shown.end())
                continue;
            if (other != nullptr && !same_frontier(*other, *core, compartment))
                return core->agency + " and " + other->agency + " hold different batches of " +
                       compartment + difference(*core, *other, compartment);
            if (other == nullptr) other = core.get(); // the first steward, who writes everywhere
        }
    }
    return network_->unsettled();
}

void World::finish() {
    // What the last write of unknown fate left is found by the next one.
    for (auto& core : cores_)
        if (takes_part(*core) && core->up())
            network_->on_log_thread(*core, [raw = core.get()] {
                static_cast<void>(raw->writable().put_setting("looked", {}));
            });
    // Nothing may come apart again by itself, nor by what was still to be written when all were
    // equal.
    time_.run(disks_quiet() + 20s);
    if (!splits_due_.empty()) time_.run(time_.now + 40s); // a statement is passed on once a turn
    if (!level()) complain(Outcome::liveness, "20 s after all were equal: " + why_not_level());
    check_forks();
    check_equal_sets();
    check_counted();
    check_published();
    check_splits();
    for (auto& core : cores_) {
        if (!takes_part(*core) || !core->up() || !result_.problems.empty()) continue;
        check_node(*core);
        check_batches(*core);
        check_bodies(*core);
        check_model(*core);
        check_reopened(*core);
        for (const auto& compartment : core->shown())
            time_.trace.add(frontier_digest(core->log().frontier(compartment)).view());
        statistics_.logs_max =
            std::max<std::uint64_t>(statistics_.logs_max, seen_[core->index].size());
    }
}

} // namespace safar::sim

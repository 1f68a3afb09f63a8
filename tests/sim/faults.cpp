// When faults happen, and to whom.
#include "tests/sim/world.hpp"

#include <algorithm>

namespace safar::sim {

using namespace std::chrono_literals;

void World::every(NodeTime mean, std::function<void()> fault) {
    if (mean == NodeTime{0}) return;
    time_.later(fault_random_.about(mean) + 1ms, [this, mean, fault = std::move(fault)] {
        if (healed_) return;
        fault();
        every(mean, fault);
    });
}

Core& World::any_up(Random& random) {
    Core* out = cores_[random.below(cores_.size())].get();
    for (int i = 0; i < 8 && !out->up(); ++i) out = cores_[random.below(cores_.size())].get();
    return *out;
}

void World::schedule_faults() {
    every(swarm_.cut, [this] { network_->cut_any(); });
    every(swarm_.takeover, [this] { network_->takeover_any(); });
    every(swarm_.partition, [this] { fault_partition(); });
    every(swarm_.crash, [this] {
        Core& core = any_up(fault_random_);
        if (core.up()) crash(core, fault_random_.permille(swarm_.power_permille));
    });
    every(swarm_.crash_all, [this] {
        statistics_.count(Fault::crash_of_all);
        for (auto& core : cores_)
            if (core->up()) crash(*core, true);
    });
    every(swarm_.copy, [this] { fault_copy(); });
    every(swarm_.pause, [this] { fault_pause(); });
    every(swarm_.slow_disk, [this] { fault_slow_disk(); });
    every(swarm_.clock, [this] { fault_clock(); });
    every(swarm_.govern, [this] { govern(); });
    every(swarm_.release, [this] { fault_release(); });
}

void World::start(Core& core) {
    if (core.up()) return;
    core.disk().now = time_.now;
    auto started = core.start();
    if (!started) {
        say(core.agency + " does not start: " + describe(started.error()));
        if (started.error().code == ErrorCode::storage_corrupt) {
            if (!core.disk().damaged)
                complain(Outcome::correctness,
                         core.agency + " refuses its own store: " + started.error().detail);
            replace_disk(core);
        }
        core.end(false);
        return restart_later(core, 1s);
    }
    ++statistics_.restarts;
    for (const std::string& note : core.start_notes) say(core.agency + " starts: " + note);
    if (honest(core)) check_node(core);
    if (core.disk().died) return crash(core, false);
    network_->came_up(core);
}

void World::crash(Core& core, bool power) {
    statistics_.count(power ? Fault::power_loss : Fault::kill);
    say(core.agency + (power ? " loses power" : " is killed"));
    if (honest(core) && core.up() && !core.disk().died) check_prefixes(core);
    network_->went_down(core, power);
    core.end(power);
    auto& copies = copies_[core.index];
    if (!healed_ && !copies.empty() && fault_random_.permille(swarm_.rollback_permille)) {
        const Core::Copy& copy = fault_random_.any(copies);
        const bool whole = fault_random_.one_in(2);
        core.put_back(copy, whole);
        seen_[core.index].clear();
        if (whole) forget_published(core);
        statistics_.count(whole ? Fault::rollback_whole : Fault::rollback_store);
        say(core.agency + (whole ? " is put back to an older copy, witness and all"
                                 : " gets an older copy of its store"));
    }
    if (!healed_) restart_later(core, fault_random_.between(NodeTime{1'000'000}, swarm_.down_max));
}

void World::replace_disk(Core& core) {
    statistics_.count(Fault::disk_replaced);
    core.replace_disk();
    seen_[core.index].clear();
}

void World::restart_later(Core& core, NodeTime wait) {
    time_.later(wait, [this, &core, life = core.life] {
        if (core.life == life && !(healed_ && !honest(core))) start(core);
    });
}

void World::fault_partition() {
    const std::size_t n = cores_.size();
    if (n < 2) return;
    Random& random = fault_random_;
    std::vector<std::uint8_t> side(n);
    const auto split = [&](auto&& cut) {
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j < n; ++j)
                if (i != j && cut(i, j)) network_->block(i, j);
    };
    switch (random.below(5)) {
    case 0:
        for (auto& each : side) each = random.one_in(2);
        split([&](auto i, auto j) { return side[i] != side[j]; });
        statistics_.count(Fault::partition_uniform);
        break;
    case 1: {
        const std::size_t alone = random.below(n);
        split([&](auto i, auto j) { return i == alone || j == alone; });
        statistics_.count(Fault::partition_single);
        break;
    }
    case 2: { // two halves that only one node reaches both of
        const std::size_t bridge = random.below(n);
        for (auto& each : side) each = random.one_in(2);
        split([&](auto i, auto j) { return i != bridge && j != bridge && side[i] != side[j]; });
        statistics_.count(Fault::partition_bridge);
        break;
    }
    case 3:
        split([&](auto i, auto j) { return (i + 1) % n != j && (j + 1) % n != i; });
        statistics_.count(Fault::partition_ring);
        break;
    default: {
        const std::size_t from = random.below(n);
        split([&](auto i, auto) { return i == from; });
        statistics_.count(Fault::partition_one_way);
    }
    }
    say("a partition begins");
    time_.later(random.between(1s, std::max<NodeTime>(1s, swarm_.partition_max)), [this] {
        say("partitions heal");
        network_->heal();
    });
}

void World::fault_pause() {
    Core& core = any_up(fault_random_);
    statistics_.count(Fault::pause);
    core.paused_until =
        std::min(time_.now + fault_random_.between(1s, swarm_.pause_max), heals_at_);
    say(core.agency + " is paused");
}

void World::fault_slow_disk() {
    const std::size_t which = fault_random_.below(cores_.size());
    statistics_.count(Fault::slow_disk);
    log_call_max_[which] = fault_random_.between(10ms, 5s);
    time_.later(fault_random_.between(5s, 60s),
                [this, which] { log_call_max_[which] = swarm_.log_call_max; });
}

void World::fault_clock() {
    const std::size_t which = fault_random_.below(cores_.size());
    Clock& clock = clocks_[which];
    constexpr std::uint64_t ten_years_us = 315'360'000'000'000;
    switch (fault_random_.below(3)) {
    case 0:
        statistics_.count(Fault::clock_jump);
        clock.offset_us += static_cast<std::int64_t>(fault_random_.below(2 * ten_years_us)) -
                           static_cast<std::int64_t>(ten_years_us);
        if (fault_random_.one_in(4)) clock.offset_us = -1'700'000'000'000'000; // before 1970
        break;
    case 1:
        statistics_.count(Fault::clock_drift);
        clock.drift_permille = static_cast<std::int64_t>(fault_random_.below(101)) - 50;
        break;
    default:
        statistics_.count(Fault::clock_frozen);
        if (clock.frozen_us)
            clock.frozen_us.reset();
        else
            clock.frozen_us = wall(*cores_[which]).microseconds;
    }
}

// Another release is installed, and the node starts again.
void World::fault_release() {
    Core& core = any_up(release_random_);
    if (!core.up() || !honest(core)) return;
    if (core.release != Release::ours) return install(core, Release::ours, Fault::downgrade);
    if (!release_random_.one_in(4)) return install(core, Release::next, Fault::upgrade);
    install(core, Release::far, Fault::too_late);
    time_.later(release_random_.between(1s, 90s), [this, &core] {
        if (core.release == Release::far) install(core, Release::next, Fault::downgrade);
    });
}

void World::install(Core& core, Release release, Fault what) {
    statistics_.count(what);
    say(core.agency + ": " + std::string(name(what)));
    if (core.up()) crash(core, false);
    core.release = release;
}

void World::fault_copy() {
    Core& core = any_up(fault_random_);
    if (!core.up() || core.disk().died || core.disk().damaged || !honest(core)) return;
    auto& copies = copies_[core.index];
    if (copies.size() == 3) copies.erase(copies.begin());
    copies.push_back(core.copy());
}

} // namespace safar::sim

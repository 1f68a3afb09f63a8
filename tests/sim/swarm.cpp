#include "tests/sim/swarm.hpp"

#include <algorithm>

namespace safar::sim {

using namespace std::chrono_literals;

Swarm draw_swarm(std::uint64_t seed, std::optional<std::size_t> hostile) {
    Random random(seed, "swarm");
    Swarm s;
    // 10 % use 1 or 2; most 3 to 5.
    s.honest = random.one_in(10)  ? random.between(1, 2)
               : random.one_in(6) ? random.between(6, 9)
                                  : random.between(3, 5);
    s.hostile = random.one_in(3) ? random.between(1, std::min<std::size_t>(3, s.honest + 1)) : 0;
    if (hostile) s.hostile = *hostile;
    s.real_signatures = seed % 20 == 0;

    // Each kind exists in about half of the seeds; each is drawn whether it exists or not.
    const auto some = [&](NodeTime low, NodeTime high) {
        const NodeTime drawn = random.between(low, high);
        return random.one_in(2) ? drawn : NodeTime{0};
    };
    const auto rate = [&](std::uint64_t high) {
        const std::uint64_t drawn = random.between(1, high);
        return random.one_in(2) ? drawn : 0;
    };
    s.append = random.between(1s, 8s);
    s.large_one_in = random.one_in(4) ? 12 : 0;

    s.link.delay_min = random.between(NodeTime{0}, 30ms);
    s.link.delay_mean = random.one_in(12) ? random.between(1s, 5s) : random.between(1ms, 300ms);
    s.link.cut_permille = random.one_in(3) ? random.between(1, 20) : 0;
    s.link.clog_permille = rate(10);
    s.link.clog_max = random.between(1s, 60s);
    s.link.slice_permille = random.one_in(2) ? random.between(10, 500) : 0;
    s.link.slice_max = random.one_in(2) ? random.between(1, 16) : random.between(16, 65536);

    s.disk.full = rate(30);
    s.disk.fsync_error = rate(20);
    s.disk.read_error = random.one_in(4) ? random.between(1, 5) : 0;
    s.disk.crash_in_commit = rate(20);
    s.disk.damage_per_million = random.one_in(6) ? random.between(1, 200) : 0;
    s.log_call_max = random.one_in(6) ? random.between(100ms, 5s) : random.between(100us, 50ms);

    s.cut = some(2s, 60s);
    s.takeover = some(10s, 120s);
    s.partition = some(20s, 200s);
    s.partition_max = random.between(5s, 240s);
    s.crash = some(15s, 200s);
    s.down_max = random.one_in(4) ? random.between(30s, 300s) : random.between(1ms, 20s);
    s.power_permille = random.between(0, 1000);
    s.crash_all = random.one_in(6) ? random.between(60s, 400s) : NodeTime{0};
    s.copy = random.one_in(3) ? random.between(20s, 200s) : NodeTime{0};
    s.rollback_permille = random.between(50, 400);
    s.pause = some(20s, 200s);
    s.pause_max = random.between(1s, 60s);
    s.slow_disk = some(30s, 300s);
    s.clock = some(20s, 200s);
    s.govern = some(15s, 150s);
    s.rights = random.one_in(2);
    s.walls = random.one_in(3);
    if (s.hostile > 0) {
        s.tamper_permille = random.between(5, 150);
        s.hostile_fork = some(20s, 200s);
        s.statement_permille = rate(30);
    }
    s.release = some(20s, 200s);
    s.link.unknown_permille = random.between(1, 50);
    if (s.hostile > 0) s.loose_permille = rate(1000);
    return s;
}

} // namespace safar::sim

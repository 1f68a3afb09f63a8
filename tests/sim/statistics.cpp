#include "tests/sim/statistics.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <sstream>
#include <vector>

namespace safar::sim {
namespace {

// clang-format off
constexpr std::string_view fault_names[] = {
    "cut", "clog", "sliced", "takeover", "partition-uniform", "partition-one", "partition-bridge",
    "partition-ring", "partition-one-way", "kill", "power-loss", "crash-in-commit", "crash-of-all",
    "witness-stale", "derived-tail-lost", "rollback-whole", "rollback-store", "disk-replaced",
    "disk-full", "fsync-error", "read-error", "disk-damaged", "slow-disk", "pause", "clock-jump",
    "clock-drift", "clock-frozen", "epoch-field", "epoch-removes", "epoch-readmits", "epoch-grants",
    "epoch-cuts", "epoch-lifts", "epoch-admits", "epoch-rival", "epoch-settles", "suspension",
    "delegation", "delegation-end", "upgrade", "downgrade", "too-late", "unknown-frame",
    "hostile-frame", "hostile-fork", "hostile-loose",
    "hostile-statement"};
// clang-format on
static_assert(std::size(fault_names) == static_cast<std::size_t>(Fault::count));

struct Number {
    std::string_view name;
    std::uint64_t value;
};

std::vector<Number> numbers(const Statistics& s) {
    return {{"seeds", s.seeds},
            {"simulated_ms", static_cast<std::uint64_t>(s.simulated_ms)},
            {"actions", s.actions},
            {"events", s.events},
            {"acknowledged", s.acknowledged},
            {"batches_stored", s.batches_stored},
            {"bytes_sent", s.bytes_sent},
            {"sessions", s.sessions},
            {"restarts", s.restarts},
            {"new_incarnations", s.new_incarnations},
            {"forks_found", s.forks_found},
            {"not_counted", s.not_counted},
            {"frozen", s.frozen},
            {"bare_sent", s.bare_sent},
            {"walls", s.walls},
            {"splits", s.splits},
            {"checks", s.checks},
            {"real_signatures", s.real_signatures},
            {"converge_ms_max", static_cast<std::uint64_t>(s.converge_ms_max)},
            {"converge_ms_sum", static_cast<std::uint64_t>(s.converge_ms_sum)},
            {"queued_bytes_max", s.queued_bytes_max},
            {"logs_max", s.logs_max}};
}

std::string object(const std::map<std::string, std::uint64_t>& map) {
    std::string out = "{";
    for (const auto& [key, value] : map)
        out += fmt::format("{}\"{}\":{}", out.size() > 1 ? "," : "", key, value);
    return out + "}";
}

} // namespace

std::string_view name(Fault fault) { return fault_names[static_cast<std::size_t>(fault)]; }

void Statistics::add(const Statistics& other) {
    for (std::size_t i = 0; i < faults.size(); ++i) faults[i] += other.faults[i];
    for (const auto& [key, value] : other.hostile) hostile[key] += value;
    for (const auto& [key, value] : other.closed) closed[key] += value;
    seeds += other.seeds;
    events += other.events;
    acknowledged += other.acknowledged;
    batches_stored += other.batches_stored;
    actions += other.actions;
    sessions += other.sessions;
    restarts += other.restarts;
    new_incarnations += other.new_incarnations;
    checks += other.checks;
    real_signatures += other.real_signatures;
    forks_found += other.forks_found;
    not_counted += other.not_counted;
    frozen += other.frozen;
    bare_sent += other.bare_sent;
    walls += other.walls;
    splits += other.splits;
    bytes_sent += other.bytes_sent;
    simulated_ms += other.simulated_ms;
    converge_ms_max = std::max(converge_ms_max, other.converge_ms_max);
    converge_ms_sum += other.converge_ms_sum;
    queued_bytes_max = std::max(queued_bytes_max, other.queued_bytes_max);
    logs_max = std::max(logs_max, other.logs_max);
}

std::string Statistics::text() const {
    std::string out = fmt::format(
        "{} seeds, {:.1f} simulated hours, {} actions, {} sessions, {} MB sent\n"
        "{} events said, {} batches acknowledged, {} stored over all nodes, {} checks\n"
        "{} restarts, {} new incarnations, {} forks found, real signatures in {} seeds\n"
        "{} heads at the end that a cut or fork holds back, rival epochs at the end of {} seeds\n"
        "{} batches told without bodies, {} pairs that never meet, {} split views found\n"
        "equal after the last fault: {:.1f} s on average, {:.1f} s at most\n"
        "most bytes in one queue {}, most logs at one node {}\n",
        seeds, static_cast<double>(simulated_ms) / 3.6e6, actions, sessions, bytes_sent >> 20,
        events, acknowledged, batches_stored, checks, restarts, new_incarnations, forks_found,
        real_signatures, not_counted, frozen, bare_sent, walls, splits,
        seeds == 0 ? 0.0
                   : static_cast<double>(converge_ms_sum) / 1000.0 / static_cast<double>(seeds),
        static_cast<double>(converge_ms_max) / 1000.0, queued_bytes_max, logs_max);
    out += "faults:";
    for (std::size_t i = 0; i < faults.size(); ++i)
        out += fmt::format(" {} {}", fault_names[i], faults[i]);
    out += "\nhostile cases:";
    for (const auto& [key, value] : hostile) out += fmt::format(" {} {}", key, value);
    out += "\nsessions closed:";
    for (const auto& [key, value] : closed) out += fmt::format(" {} {}", key, value);
    return out + "\n";
}

std::string Statistics::json() const {
    std::string out = "{";
    for (const Number& number : numbers(*this))
        out += fmt::format("\"{}\":{},", number.name, number.value);
    std::map<std::string, std::uint64_t> named;
    for (std::size_t i = 0; i < faults.size(); ++i) named.emplace(fault_names[i], faults[i]);
    return out + "\"faults\":" + object(named) + ",\"hostile\":" + object(hostile) +
           ",\"closed\":" + object(closed) + "}";
}

std::string Statistics::pack() const {
    std::string out;
    for (const Number& number : numbers(*this)) out += std::to_string(number.value) + " ";
    for (std::uint64_t fault : faults) out += std::to_string(fault) + " ";
    for (const auto* map : {&hostile, &closed}) {
        out += std::to_string(map->size()) + " ";
        for (const auto& [key, value] : *map) out += key + " " + std::to_string(value) + " ";
    }
    return out;
}

Statistics Statistics::parse(std::string_view line) {
    std::istringstream in{std::string(line)};
    Statistics s;
    in >> s.seeds >> s.simulated_ms >> s.actions >> s.events >> s.acknowledged >>
        s.batches_stored >> s.bytes_sent >> s.sessions >> s.restarts >> s.new_incarnations >>
        s.forks_found >> s.not_counted >> s.frozen >> s.bare_sent >> s.walls >> s.splits >>
        s.checks >> s.real_signatures >> s.converge_ms_max >> s.converge_ms_sum >>
        s.queued_bytes_max >> s.logs_max;
    for (std::uint64_t& fault : s.faults) in >> fault;
    for (auto* map : {&s.hostile, &s.closed}) {
        std::size_t size = 0;
        in >> size;
        for (std::size_t i = 0; i < size && in; ++i) {
            std::string key;
            in >> key;
            in >> (*map)[key];
        }
    }
    return s;
}

} // namespace safar::sim

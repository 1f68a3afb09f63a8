#include "node/operate/health.hpp"

#include "storage/log/store.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>

namespace safar {
namespace {

constexpr std::int64_t minute = 60, hour = 60 * minute, day = 24 * hour;
constexpr std::int64_t clock_tolerance = 2 * minute; // more than any clock that NTP keeps
constexpr std::int64_t away_problem = 24 * hour; // a peer that long out of reach is no short fault
constexpr std::int64_t backup_age_max = 7 * day;
constexpr std::uint64_t derived_lag_warning = 10'000; // batches; a second or two of following

std::string span_of(std::int64_t seconds) {
    if (seconds < 2 * minute) return fmt::format("{} s", seconds);
    if (seconds < 2 * hour) return fmt::format("{} min", seconds / minute);
    if (seconds < 2 * day) return fmt::format("{} h", seconds / hour);
    return fmt::format("{} days", seconds / day);
}

Finding keys(const HealthFacts& facts) {
    if (!facts.key_problem) return {"keys", Health::ok, "not looked at", ""};
    if (facts.key_problem->empty())
        return {"keys", Health::ok, "both are readable by this node alone and whole", ""};
    return {"keys", Health::problem, *facts.key_problem,
            "put the key files back from their copy before the next start"};
}

Finding disk(const HealthFacts& facts) {
    if (!facts.disk) return {"disk", Health::ok, "not looked at", ""};
    const auto [free, reserve] = *facts.disk;
    const std::string found =
        fmt::format("{} MiB free, {} MiB are kept in reserve", free >> 20, reserve >> 20);
    if (free < reserve)
        return {"disk", Health::problem, found + ": nothing can be written",
                "free some space or enlarge the disk; writing resumes by itself, nothing is lost"};
    if (free < 3 * reserve)
        return {"disk", Health::warning, found, "free some space or enlarge the disk soon"};
    return {"disk", Health::ok, found, ""};
}

Finding derived(const HealthFacts& facts) {
    const std::uint64_t lag =
        facts.log_position - std::min(facts.log_position, facts.derived_position);
    const std::string found =
        fmt::format("at {} of {} batches", facts.derived_position, facts.log_position);
    if (!facts.derived_hindered.empty())
        return {"derived state", Health::problem,
                found + " and can not follow: " + facts.derived_hindered,
                "safar verify --deep; if the store is damaged" + std::string(lost_store_advice)};
    if (lag > derived_lag_warning)
        return {"derived state", Health::warning, found,
                "answers are behind the log; wait, and if it does not move: safar rebuild"};
    return {"derived state", Health::ok, found, ""};
}

Finding forks(const HealthFacts& facts) {
    if (facts.forked.empty()) return {"forks", Health::ok, "none", ""};
    std::string who;
    bool own = false;
    for (const std::string& agency : facts.forked) {
        who += (who.empty() ? "" : ", ") + agency;
        own |= agency == facts.agency;
    }
    return {"forks", Health::problem,
            fmt::format("two signed batches at one place of a log of {}", who),
            own ? "this node's keys sign in two places: stop the other copy of this node at once; "
                  "this node goes on in "
                  "a new log by itself"
                : "its keys are in two places, or were stolen: call " + who +
                      ", and have stewards suspend the node"};
}

Finding quarantine(const HealthFacts& facts) {
    if (facts.quarantined.empty()) return {"quarantine", Health::ok, "no batch is kept apart", ""};
    return {"quarantine", Health::warning,
            fmt::format("{} batches are kept apart; the first: {}", facts.quarantined.size(),
                        facts.quarantined.front()),
            "they count as soon as a charter epoch admits them; if none is on its way, ask their "
            "author"};
}

Finding conflicts(const HealthFacts& facts) {
    if (facts.conflicts == 0) return {"conflicts", Health::ok, "none is open", ""};
    return {"conflicts", Health::warning, fmt::format("{} are open", facts.conflicts),
            "people decide them: safar conflict list"};
}

Finding clock(const HealthFacts& facts) {
    if (!facts.ahead) return {"clock", Health::ok, "no event of a peer to compare with", ""};
    if (facts.ahead->seconds <= clock_tolerance)
        return {"clock", Health::ok, "no event of a peer lies in the future", ""};
    return {"clock", Health::warning,
            fmt::format("an event of {} lies {} in the future by this machine's clock",
                        facts.ahead->agency, span_of(facts.ahead->seconds)),
            "compare `date -u` here and there; a date typed wrongly looks the same. No merge "
            "depends on clocks"};
}

Finding statements(const HealthFacts& facts) {
    if (facts.split_views.empty() && facts.network_busy)
        return {"statements", Health::ok, "not looked at", ""};
    if (facts.split_views.empty()) return {"statements", Health::ok, "no two contradict", ""};
    return {"statements", Health::problem,
            "what is signed about logs of " +
                fmt::format("{}", fmt::join(facts.split_views, ", ")) +
                " does not fit together: its key runs in two places, or it tells peers different "
                "things",
            "safar gaps; speak with that agency; a steward can stop it: safar charter suspend"};
}

Finding backup(const HealthFacts& facts) {
    const std::string advice = "safar backup /path/on/another/disk/NAME.tar";
    if (!facts.last_backup_seconds) return {"backup", Health::warning, "none was made yet", advice};
    const std::string found = "the last is " + span_of(*facts.last_backup_seconds) + " old";
    if (*facts.last_backup_seconds > backup_age_max)
        return {"backup", Health::warning, found, advice};
    return {"backup", Health::ok, found, ""};
}

Finding peer(const HealthFacts::Peer& peer) {
    const std::string check = "peer " + peer.agency;
    if (peer.state == "connected") {
        if (!peer.compared)
            return {check, Health::ok,
                    "connected since " + peer.since +
                        ", not yet compared: it has not said all "
                        "that it holds",
                    "look again in a moment"};
        if (peer.behind_here == 0 && peer.behind_there == 0)
            return {check, Health::ok, "connected, both hold the same; since " + peer.since, ""};
        return {check, Health::ok,
                fmt::format("connected since {}; {} batches lack here, {} there", peer.since,
                            peer.behind_here, peer.behind_there),
                "they are on their way; if the figures do not fall within minutes, read both logs"};
    }
    if (!peer.maintenance.empty())
        return {check, Health::ok,
                "away for maintenance, as it announced, until " + peer.maintenance, ""};
    std::string found =
        fmt::format("{} for {}, since {}", peer.state, span_of(peer.seconds), peer.since);
    if (!peer.why.empty()) found += ": " + peer.why;
    const Health health =
        peer.seconds >= away_problem || peer.state == "refused" ? Health::problem : Health::warning;
    return {check, health, found, "safar peer test " + peer.agency};
}

} // namespace

std::string_view name(Health health) {
    return health == Health::ok ? "ok" : health == Health::warning ? "warning" : "problem";
}

std::vector<Finding> examine(const HealthFacts& facts) {
    std::vector<Finding> out{keys(facts),      disk(facts),       derived(facts),
                             forks(facts),     statements(facts), quarantine(facts),
                             conflicts(facts), clock(facts),      backup(facts)};
    // A log of one agency lives on with one connected peer; whom nobody reaches is a problem for
    // all.
    const bool alone =
        !facts.peers.empty() &&
        std::none_of(facts.peers.begin(), facts.peers.end(), [](const HealthFacts::Peer& one) {
            return one.state == "connected" || !one.maintenance.empty();
        });
    if (facts.network_busy)
        out.push_back({"peers", Health::warning,
                       "the network thread did not answer within 0.5 s: it is busy with peers",
                       "run this again; if it stays so for minutes, look into the log"});
    else if (facts.peers.empty())
        out.push_back({"peers", Health::ok, "the charter lists no other node", ""});
    if (alone)
        out.push_back(
            {"peers", Health::problem, "no peer is connected: what is written here stays here",
             "check this machine's network and `listen` in safard.toml, then: safar peer test"});
    for (const HealthFacts::Peer& one : facts.peers) out.push_back(peer(one));
    return out;
}

} // namespace safar

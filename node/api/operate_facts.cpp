#include "node/api/operate_facts.hpp"

#include "node/charter/durable_file.hpp"
#include "node/registry/iso_time.hpp"

#include <charconv>
#include <chrono>
#include <sys/statvfs.h>

namespace safar {
namespace {

constexpr std::size_t journal_tail = 64; // batches whose times are compared with the clock

std::int64_t now_seconds() {
    return std::chrono::duration_cast<std::chrono::seconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

// How far the last events of peers lie in the future, by the one that is furthest. An event that
// only states a date is never ahead.
std::optional<HealthFacts::Ahead> clock_facts(Node& node) {
    const Position last = node.log().last_position();
    auto entries =
        node.log().read_journal(last > journal_tail ? last - journal_tail : 0, journal_tail);
    if (!entries.has_value()) return std::nullopt;
    std::optional<HealthFacts::Ahead> out;
    auto authority = node.authority();
    for (const JournalEntry& entry : entries.value()) {
        const LogOwner* owner = authority->owner(entry.name.id);
        if (owner == nullptr || owner->node == node.id()) continue;
        auto batch = open_batch(entry.batch->bytes, LeafCheck::skip);
        if (!batch.has_value() || batch.value().events.empty()) continue;
        auto body = decode_body(batch.value().events.back().clear);
        if (!body.has_value()) continue;
        const std::int64_t ahead = body.value().at.microseconds / 1'000'000 - now_seconds();
        if (!out || ahead > out->seconds) out = HealthFacts::Ahead{owner->agency, ahead};
    }
    return out;
}

// "2026-03-01T20:00:00Z: a new disk"; empty outside the announced time.
std::string maintenance_text(const PeerStatus& peer) {
    if (!in_maintenance(peer, std::chrono::system_clock::now())) return "";
    return show_time({static_cast<std::int64_t>(peer.maintenance->until) * 1'000'000}) + ": " +
           peer.maintenance->why;
}

// nullopt: nobody answered.
std::optional<std::vector<HealthFacts::Peer>> peer_facts(const ApiContext& context) {
    std::vector<HealthFacts::Peer> out;
    if (!context.peers) return out;
    auto peers = context.peers();
    if (!peers.has_value()) return std::nullopt;
    for (const PeerStatus& peer : peers.value()) {
        const auto since =
            std::chrono::duration_cast<std::chrono::seconds>(peer.since.time_since_epoch()).count();
        out.push_back({peer.agency, peer.state, peer.why, show_time({since * 1'000'000}),
                       std::max<std::int64_t>(0, now_seconds() - since), peer.session.behind_here,
                       peer.session.behind_there, maintenance_text(peer), peer.compared});
    }
    return out;
}

// Both keys, too: with another node's in their place the next start is refused.
bool is_running(const ApiContext& context, const Identity& on_disk) {
    const Identity* running = context.operate.identity;
    return on_disk.id == context.registry.node().id() &&
           (running == nullptr || (on_disk.signing.public_key() == running->signing.public_key() &&
                                   on_disk.tls.public_key() == running->tls.public_key()));
}

} // namespace

HealthFacts gather_health(ApiContext& context) {
    HealthFacts out;
    Node& node = context.registry.node();
    out.agency = node.agency();
    if (!context.operate.directory.empty()) {
        auto identity = load_identity(context.operate.directory);
        out.key_problem = identity.has_value() ? "" : identity.error().detail;
        if (identity.has_value() && !is_running(context, identity.value()))
            out.key_problem = "the keys on disk are not those that this node runs with";
    }
    out.disk = disk_facts(context.operate);
    out.log_position = node.log().last_position();
    out.derived_position = node.deriver().position();
    if (auto hindered = node.deriver().hindered()) out.derived_hindered = hindered->detail;
    out.conflicts = node.derived().conflict_count();
    for (const QuarantinedBatch& batch : node.log().quarantined())
        out.quarantined.push_back(batch.reason);
    out.forked = forked_logs(node);
    auto authority = node.authority();
    if (context.statements) {
        auto report = context.statements();
        out.network_busy = !report.has_value();
        if (report.has_value())
            for (const auto& [split, proven] : report.value().splits) {
                const LogOwner* owner = authority->owner(split.first.log.id);
                if (!proven && owner != nullptr) out.split_views.push_back(owner->agency);
            }
    }
    if (auto peers = peer_facts(context))
        out.peers = std::move(*peers);
    else
        out.network_busy = true;
    out.ahead = clock_facts(node);
    if (auto last = last_backup(context.operate))
        out.last_backup_seconds = std::max<std::int64_t>(0, now_seconds() - *last);
    return out;
}

std::vector<std::string> forked_logs(Node& node) {
    std::vector<std::string> out;
    if (node.log().forks().empty()) return out; // as it is nearly always, and metrics ask often
    auto charter = node.charter();
    auto authority = node.authority();
    for (const CharterCompartment& compartment : charter->compartments)
        for (const FrontierEntry& entry : node.log().frontier(compartment.name))
            if (entry.head.forked) {
                const LogOwner* owner = authority->owner(entry.log.id);
                out.push_back(owner == nullptr ? "an unknown node" : owner->agency);
            }
    return out;
}

std::optional<HealthFacts::Disk> disk_facts(const OperateContext& operate) {
    struct statvfs disk {};
    if (operate.directory.empty() || ::statvfs(operate.directory.c_str(), &disk) != 0)
        return std::nullopt;
    return HealthFacts::Disk{static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize,
                             operate.reserve_bytes};
}

std::optional<std::int64_t> last_backup(const OperateContext& operate) {
    if (operate.directory.empty()) return std::nullopt;
    auto text = read_small_file(operate.directory + "/last-backup", 64);
    std::int64_t seconds = 0;
    if (!text.has_value()) return std::nullopt;
    const std::string& digits = text.value();
    if (std::from_chars(digits.data(), digits.data() + digits.size(), seconds).ec != std::errc())
        return std::nullopt;
    return seconds;
}

Result<> remember_backup(const std::string& directory) {
    return write_file_durably(directory + "/last-backup", std::to_string(now_seconds()) + "\n",
                              0600);
}

} // namespace safar

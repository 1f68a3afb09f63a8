// Who dials whom, and what becomes of connections.
#include "tests/sim/network.hpp"

#include "tests/sim/link.hpp"

#include <algorithm>

namespace safar::sim {

using namespace std::chrono_literals;

Network::Network(Timeline& time, std::vector<std::unique_ptr<Core>>& cores, Statistics& statistics,
                 std::uint64_t seed)
    : time_(time), cores_(cores), statistics_(statistics), random_(seed, "network"),
      jitter_(seed, "jitter") {}
Network::~Network() = default;

// --- calls ---

void Network::came_up(Core& core) {
    for (std::size_t other = 0; other < cores_.size(); ++other) {
        if (other == core.index) continue;
        peer(core.index, other) = {};
        call_later(core, other);
    }
}

void Network::call_later(Core& core, std::size_t other) {
    Peer& to = peer(core.index, other);
    if (!core.up() || to.up != nullptr || to.calling) return;
    const NodeTime due = std::max(time_.now + 1ms, to.backoff.call_at());
    if (to.call_at <= due && to.call_at > time_.now) return; // set already
    to.call_at = due;
    time_.at(due, [this, &core, other, due, life = core.life] {
        if (core.life != life || peer(core.index, other).call_at != due) return;
        peer(core.index, other).call_at = NodeTime::max();
        call(core, other);
    });
}

void Network::call_all() {
    for (auto& core : cores_)
        for (std::size_t other = 0; other < cores_.size(); ++other)
            if (other != core->index) call_later(*core, other);
}

void Network::call(Core& core, std::size_t other) {
    Peer& to = peer(core.index, other);
    if (!core.up() || to.up != nullptr || to.calling) return;
    to.calling = true;
    NodeTime wait = 2 * (rates.delay_min + random_.about(rates.delay_mean));
    const bool silent = blocked(core.index, other) || blocked(other, core.index) ||
                        cores_[other]->paused_until > time_.now || wait > 5s; // it gives up
    if (silent) wait = 5s;
    time_.later(wait, [this, &core, other, silent, life = core.life] {
        if (core.life != life) return;
        peer(core.index, other).calling = false;
        if (silent)
            call_failed(core, other);
        else
            called(core, other);
    });
}

void Network::call_failed(Core& core, std::size_t other) {
    peer(core.index, other).backoff.failed(time_.now, jitter_.next());
    call_later(core, other);
}

void Network::called(Core& core, std::size_t other) {
    Core& host = *cores_[other];
    const NodeTime now = time_.now;
    const bool known = host.up() && host.state().ruling().charter->node(core.id) != nullptr &&
                       core.state().ruling().charter->node(host.id) != nullptr;
    if (!known || now < peer(core.index, other).blamed_until ||
        now < peer(other, core.index).blamed_until || blocked(core.index, other) ||
        blocked(other, core.index))
        return call_failed(core, other);
    establish(core, host);
}

void Network::establish(Core& dialler, Core& host) {
    for (const auto& [of, to] : {Pair{dialler.index, host.index}, Pair{host.index, dialler.index}})
        if (Side* old = peer(of, to).up) {
            statistics_.count(Fault::takeover);
            retire(*old);
        }
    auto link = std::make_shared<Connection>();
    link->dialler.core = &dialler;
    link->host.core = &host;
    link->dialler.other = &link->host;
    link->host.other = &link->dialler;
    for (Side* side : {&link->dialler, &link->host}) {
        side->delay_min = rates.delay_min;
        side->delay_mean =
            NodeTime(rates.delay_mean.count() / 2 + random_.about(rates.delay_mean).count() / 2);
        Peer& with = peer(side->core->index, side->other->core->index);
        if (with.up != nullptr && side->core->up()) // as PeerBook::keep()
            side->core->statements().gone(side->other->core->id);
        with.up = side;
        with.up_at = time_.now;
    }
    std::erase_if(links_, [](const auto& each) { return each->dead; });
    links_.push_back(link);
    ++statistics_.sessions;
    for (Side* side : {&link->dialler, &link->host}) {
        Core& core = *side->core;
        side->session =
            std::make_unique<Session>(core.id, side->other->core->id, core, core.plan, time_.now);
        perform(link, *side, side->session->start(time_.now));
    }
}

// --- the end of connections ---

void Network::end_side(Side& side, ErrorCode why, std::chrono::seconds wait) {
    const bool blamed = wait.count() > 0;
    side.session.reset();
    side.stream.clear();
    side.queued = 0;
    side.closed_here = true;
    Core& core = *side.core;
    Peer& with = peer(core.index, side.other->core->index);
    if (with.up != &side) return;
    with.up = nullptr;
    if (core.up()) core.statements().gone(side.other->core->id);
    const NodeTime now = time_.now;
    if (now - with.up_at >= 10min && !blamed) with.backoff.forgive();
    if (blamed) {
        if (blame(why) == Blame::nobody)
            with.backoff.rested(now, wait);
        else
            with.backoff.blamed(now, wait);
        with.blamed_until = with.backoff.call_at();
    } else {
        with.backoff.failed(now, jitter_.next());
    }
    call_later(core, side.other->core->index);
}

// Nothing more comes from `from`; what it sent before still arrives.
void Network::end_of_stream(const std::shared_ptr<Connection>& link, Side& from) {
    Side& to = *from.other;
    if (to.closed_here) {
        link->dead = true;
        return;
    }
    to.last_due = std::max(to.last_due, time_.now + to.delay_min);
    to.stream.push_back({to.last_due, {}, true});
    pump(link, to);
}

void Network::retire(Side& side) {
    for (auto& link : links_) {
        if (&link->dialler != &side && &link->host != &side) continue;
        auto keep = link;
        if (side.session)
            for (Action& action : side.session->stop("retired", time_.now))
                if (auto* last = std::get_if<SendBytes>(&action))
                    send(keep, side, std::move(last->bytes));
        end_side(side, ErrorCode::stopping, 0s);
        return end_of_stream(keep, side);
    }
}

// The network breaks: of what is under way a part still arrives.
void Network::break_connection(const std::shared_ptr<Connection>& link) {
    for (Side* side : {&link->dialler, &link->host}) {
        if (side->closed_here) continue;
        while (!side->stream.empty() && random_.one_in(2)) {
            side->queued -= side->stream.back().bytes.size();
            side->stream.pop_back();
        }
        side->last_due =
            std::max(side->stream.empty() ? time_.now : side->stream.back().due, time_.now);
        side->stream.push_back({side->last_due, {}, true});
        pump(link, *side);
    }
}

void Network::went_down(Core& core, bool silently) {
    for (std::size_t other = 0; other < cores_.size(); ++other) peers_.erase({core.index, other});
    for (const auto& link : std::vector(links_))
        for (Side* side : {&link->dialler, &link->host}) {
            if (side->core != &core || side->closed_here) continue;
            side->session.reset();
            side->closed_here = true;
            side->stream.clear();
            side->queued = 0;
            if (!silently) end_of_stream(link, *side);
        }
}

void Network::charter_changed(Core& core) {
    for (const auto& link : std::vector(links_))
        for (Side* side : {&link->dialler, &link->host})
            if (side->core == &core && side->session) retire(*side);
}

// --- faults ---

void Network::heal() {
    blocked_.clear();
    for (const auto& link : std::vector(links_))
        for (Side* side : {&link->dialler, &link->host}) {
            side->clogged_until = NodeTime{0};
            side->delay_min = std::min(side->delay_min, rates.delay_min);
            side->delay_mean = std::min(side->delay_mean, rates.delay_mean);
            const NodeTime soon = time_.now + side->delay_min + side->delay_mean;
            for (auto& chunk : side->stream) chunk.due = std::min(chunk.due, soon);
            side->last_due = std::min(side->last_due, soon);
            if (!side->closed_here) pump(link, *side);
        }
}

void Network::cut_any() {
    std::erase_if(links_, [](const auto& each) { return each->dead; });
    if (links_.empty()) return;
    statistics_.count(Fault::cut);
    break_connection(std::shared_ptr(random_.any(links_)));
}

void Network::takeover_any() {
    if (cores_.size() < 2) return;
    const std::size_t from = random_.below(cores_.size());
    const std::size_t to = (from + 1 + random_.below(cores_.size() - 1)) % cores_.size();
    if (!cores_[from]->up() || !cores_[to]->up() || !connected(*cores_[from], *cores_[to])) return;
    called(*cores_[from], to);
}

NodeTime Network::rest_ends() const {
    NodeTime last{0};
    for (const auto& [pair, with] : peers_)
        if (!cores_[pair.first]->member.hostile && !cores_[pair.second]->member.hostile)
            last = std::max({last, with.blamed_until});
    return last;
}

bool Network::connected(const Core& a, const Core& b) const {
    auto found = peers_.find({a.index, b.index});
    return found != peers_.end() && found->second.up != nullptr && found->second.up->session;
}

std::uint64_t Network::held_there(const Core& core, const NodeId& peer, const LogName& log) const {
    const auto other = std::ranges::find(cores_, peer, [](const auto& each) { return each->id; });
    if (other == cores_.end()) return 0;
    const auto with = peers_.find({core.index, (*other)->index});
    const bool up = with != peers_.end() && with->second.up != nullptr && with->second.up->session;
    return up ? with->second.up->session->held_there(log) : 0;
}

// Is all that they differ in what one of the two only observes, and so is asked for nothing, or
// what the charter cut and a disk error kept from being cut at once? That is not said again in a
// session.
bool Network::only_bare(const Core& a, const Core& b, const SessionStatus& status) {
    const auto bare = [&](const std::string& compartment) {
        return !a.carries(compartment) || !b.carries(compartment);
    };
    const auto authority = a.log().authority();
    const auto known = [&](const BehindLog& log) {
        const LogOwner* owner = authority->owner(log.log.id);
        return owner != nullptr && (bare(owner->compartment) || authority->restricted(log.log.id));
    };
    const auto shared = a.shared_compartments(b.id);
    const bool there = status.behind_there == 0 || std::ranges::any_of(shared, bare);
    return there && std::ranges::all_of(status.behind, known);
}

std::string Network::unsettled() const {
    for (const auto& a : cores_)
        for (const auto& b : cores_) {
            if (a == b || !takes_part(*a) || !takes_part(*b)) continue;
            if (walled(a->index, b->index)) continue;
            auto found = peers_.find({a->index, b->index});
            const Peer* with = found == peers_.end() ? nullptr : &found->second;
            const std::string pair = a->agency + " with " + b->agency;
            if (with == nullptr || with->up == nullptr || !with->up->session)
                return pair + ": no connection" +
                       (with != nullptr && with->backoff.is_blamed() ? ", blamed" : "");
            const SessionStatus status = with->up->session->status();
            if (!status.ready) return pair + ": no hello";
            if (status.behind_here == 0 && status.behind_there == 0) continue;
            if (only_bare(*a, *b, status)) continue;
            std::string out = pair + ": " + std::to_string(status.behind_here) + " behind here, " +
                              std::to_string(status.behind_there) + " there";
            for (const BehindLog& log : status.behind) {
                const LogOwner* owner = a->log().authority()->owner(log.log.id);
                out += "; log " + log.log.brief() + " of " +
                       (owner != nullptr ? owner->agency : "?") + ": " + std::to_string(log.ours) +
                       " of " + std::to_string(log.theirs);
            }
            return out;
        }
    return {};
}

} // namespace safar::sim

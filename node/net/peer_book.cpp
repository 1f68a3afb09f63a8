#include "node/net/peer_book.hpp"

#include "node/net/dial.hpp"
#include "storage/record/log_text.hpp"
#include "sync/peer/quota.hpp"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace safar {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::minutes good_while{10}; // a session this long forgives earlier blame

std::uint64_t random_number() {
    std::uint64_t out = 0;
    system_entropy().fill(std::as_writable_bytes(std::span(&out, 1)));
    return out;
}

} // namespace

struct PeerBook::Peer {
    Peer(CharterNode node, asio::io_context& io)
        : listed(std::move(node)), alarm(io), since(std::chrono::system_clock::now()) {}

    CharterNode listed;
    Backoff backoff;
    NodeTime blamed_until{0};
    Alarm alarm;                // of the next call
    std::unique_ptr<Dial> dial; // TCP under way
    PeerLink* trying = nullptr; // TLS under way, dialled by us
    PeerLink* up = nullptr;     // the one connection
    PeerLink* former = nullptr; // with a key of an earlier epoch: hears the charter, beside `up`
    NodeTime up_at{0};
    State state = State::waiting;
    std::string why, refused_why; // of now; and when it was last refused
    std::chrono::system_clock::time_point since;
    SessionStatus last;
    std::vector<PeerGap> gaps; // when the last session ended that stated anything
    std::uint64_t gaps_more = 0;
    std::optional<wire::Maintenance> maintenance; // as it last said
    // Coming, going and announcing are a peer's to do as often as it likes: ten lines of the log at
    // once of each, then one a minute.
    TokenBucket comings{1, 540, node_now()}, announcements{1, 540, node_now()}; // in seconds
    bool told_up = false; // what the log says last

    [[nodiscard]] static bool makes_a_line(TokenBucket& of) {
        const NodeTime now = node_now();
        if (of.free_at(now) > now) return false;
        of.charge(60, now);
        return true;
    }
    // Whether it is there, if the log says otherwise; what is not told now is told a turn later.
    void tell() {
        if (told_up == (up != nullptr) || !makes_a_line(comings)) return;
        told_up = up != nullptr;
        if (told_up)
            spdlog::info("peer connected agency={} node={} dialled={}", listed.agency,
                         listed.id.brief(), up->side() == TlsStream::Side::dialled);
        else
            spdlog::info("peer lost agency={} node={} why={}", listed.agency, listed.id.brief(),
                         log_value(why));
    }

    [[nodiscard]] std::vector<PeerLink*> sessions() const {
        std::vector<PeerLink*> out{up, former};
        std::erase(out, nullptr);
        return out;
    }
    // What a session tells; what nothing has come of since an earlier one is as old as there. Of
    // compartments that it has not spoken of yet, what was known stays.
    [[nodiscard]] std::vector<PeerGap> gaps_of(const SessionStatus& status,
                                               const Authority& authority) const {
        const auto wall = std::chrono::system_clock::now();
        const NodeTime now = node_now();
        std::vector<PeerGap> out;
        for (const BehindLog& behind : status.behind) {
            const auto age =
                std::chrono::duration_cast<std::chrono::system_clock::duration>(now - behind.since);
            PeerGap gap{behind.log, behind.theirs, behind.ours, wall - age};
            for (const PeerGap& before : gaps)
                if (before.log == gap.log && before.ours == gap.ours)
                    gap.since = std::min(gap.since, before.since);
            out.push_back(gap);
        }
        for (const PeerGap& before : gaps) {
            const LogOwner* owner = authority.owner(before.log.id);
            if (owner != nullptr && !std::ranges::binary_search(status.stated, owner->compartment))
                out.push_back(before);
        }
        std::ranges::sort(out, {}, &PeerGap::log);
        return out;
    }
};

PeerBook::PeerBook(std::shared_ptr<LinkWorld> world, Door& door)
    : world_(std::move(world)), door_(door),
      statements_(world_->self, world_->host, world_->options.statement_every),
      statement_alarm_(*world_->io) {}
PeerBook::~PeerBook() = default;

PeerBook::Peer* PeerBook::find(const NodeId& node) {
    auto found = peers_.find(node);
    return found == peers_.end() ? nullptr : found->second.get();
}

void PeerBook::set_state(Peer& peer, State state, std::string why) {
    // Not at each call to who is away: what counts is since when.
    if ((peer.state == State::connected) != (state == State::connected))
        peer.since = std::chrono::system_clock::now();
    peer.state = state;
    peer.why = std::move(why);
}

// --- the charter ---

void PeerBook::read_charter() {
    if (stopped_) return;
    auto charter = world_->host.charter();
    bool again = charter_ != nullptr;
    if (!again)
        statement_alarm_.set(node_now() + world_->options.statement_turn,
                             [this] { statement_turn(); });
    charter_ = std::move(charter);
    for (auto& [id, peer] : peers_) {
        const CharterNode* listed = charter_->node(id);
        bool same_key = listed != nullptr && listed->tls_key == peer->listed.tls_key;
        if (!same_key)
            forget(*peer);
        else if (again)
            for (PeerLink* link : peer->sessions())
                link->retire(failure(ErrorCode::stopping, "the charter has changed"));
    }
    std::erase_if(peers_, [&](const auto& entry) {
        const CharterNode* listed = charter_->node(entry.first);
        return listed == nullptr || listed->tls_key != entry.second->listed.tls_key;
    });
    for (const CharterNode& node : charter_->nodes) {
        if (node.id == world_->self.id) continue;
        auto& peer = peers_[node.id];
        if (!peer) peer = std::make_unique<Peer>(node, *world_->io);
        peer->listed = node;
        call_later(*peer);
    }
}

void PeerBook::forget(Peer& peer) {
    peer.dial.reset();
    for (PeerLink* link : {std::exchange(peer.trying, nullptr), std::exchange(peer.up, nullptr),
                           std::exchange(peer.former, nullptr)})
        if (link != nullptr)
            link->retire(failure(ErrorCode::not_permitted, "no longer in the charter"));
}

// --- calling ---

void PeerBook::call_later(Peer& peer) {
    bool idle = peer.up == nullptr && peer.trying == nullptr && !peer.dial;
    if (stopped_ || !idle || !world_->options.dial || peer.listed.address.empty()) return;
    peer.alarm.set(std::max(node_now(), peer.backoff.call_at()), [this, &peer] { call(peer); });
}

void PeerBook::call(Peer& peer) {
    if (stopped_ || peer.up != nullptr || peer.trying != nullptr || peer.dial) return;
    NodeTime now = node_now();
    NodeTime deadline = now + world_->options.handshake_deadline;
    set_state(peer, State::connecting, peer.why);
    peer.dial = std::make_unique<Dial>(world_->io, peer.listed.address,
                                       std::min(deadline, now + world_->options.connect_deadline),
                                       [this, &peer, deadline](Result<int> socket) {
                                           auto finished = std::move(peer.dial);
                                           called(peer, std::move(socket), deadline);
                                       });
}

void PeerBook::called(Peer& peer, Result<int> socket, NodeTime deadline) {
    if (!socket) return call_failed(peer, socket.error());
    auto link = std::make_shared<PeerLink>(world_, *this, TlsStream::Side::dialled, std::string(),
                                           peer.listed.id);
    peer.trying = link.get();
    if (auto begun = begin(link, socket.value(), deadline); !begun) {
        peer.trying = nullptr;
        call_failed(peer, begun.error());
    }
}

void PeerBook::call_failed(Peer& peer, const Error& why) {
    peer.backoff.failed(node_now(), random_number());
    if (peer.up == nullptr) {
        if (peer.why != why.detail)
            spdlog::info("peer not reached agency={} node={} why={}", peer.listed.agency,
                         peer.listed.id.brief(), log_value(why.detail));
        set_state(peer, State::waiting, why.detail);
    }
    call_later(peer);
}

// --- connections ---

Result<> PeerBook::begin(std::shared_ptr<PeerLink> link, int socket, NodeTime deadline) {
    SAFAR_TRY(link->start(socket, deadline));
    links_.emplace(link.get(), link);
    return success();
}

void PeerBook::guest(int socket, const std::string& from) {
    auto link =
        std::make_shared<PeerLink>(world_, *this, TlsStream::Side::accepted, from, std::nullopt);
    if (auto begun = begin(link, socket, node_now() + world_->options.handshake_deadline); !begun) {
        spdlog::warn("connection not served why={}", log_value(begun.error().detail));
        door_.gone(from, /*was_up=*/false);
    }
}

Result<NodeId> PeerBook::recognise(const PublicKey& tls_key, const std::optional<NodeId>& dialled) {
    const CharterNode* node = charter_->node_with_tls_key(tls_key);
    // A node whose keys have changed hears of it with the old ones, and of nothing else
    // (peer_link.cpp).
    if (node == nullptr)
        if (auto former = world_->host.node_with_former_tls_key(tls_key))
            node = charter_->node(*former);
    if (node == nullptr || find(node->id) == nullptr)
        return failure(ErrorCode::not_permitted,
                       node == nullptr ? "TLS: the key of the other side is not in the charter"
                                       : "TLS: the other side has this node's own key");
    if (dialled && node->id != *dialled)
        return failure(ErrorCode::identity_mismatch,
                       fmt::format("TLS: node {} of {} answers at this address", node->id.brief(),
                                   node->agency));
    return node->id;
}

// Of two connections both sides keep the one that the node with the smaller id dialled; of two by
// the same side the newer, since whoever dials again has lost the older.
Result<> PeerBook::keep(PeerLink& link) {
    if (link.side() == TlsStream::Side::accepted) door_.up(link.from());
    Peer* peer = find(link.node());
    if (peer == nullptr) return failure(ErrorCode::not_permitted, "no longer in the charter");
    if (peer->trying == &link) peer->trying = nullptr;
    NodeTime now = node_now();
    if (!link.charter_only() && now < peer->blamed_until)
        return failure(ErrorCode::busy, "is not served yet, after what it did before");
    // Whoever has a former key may have stolen it: it takes the place of none but its like.
    PeerLink*& place = link.charter_only() ? peer->former : peer->up;
    if (PeerLink* other = place; other != nullptr) {
        bool we_call = world_->self.id < link.node();
        TlsStream::Side wanted = we_call ? TlsStream::Side::dialled : TlsStream::Side::accepted;
        if (other->side() != link.side() && link.side() != wanted)
            return failure(ErrorCode::duplicate, "another connection stands");
        place = nullptr;
        other->retire(failure(ErrorCode::duplicate, "another connection took over"));
        if (!link.charter_only()) statements_.gone(link.node());
    }
    place = &link;
    if (link.charter_only()) {
        if (peer->up == nullptr) set_state(*peer, State::waiting, "comes with a former key");
        return success();
    }
    peer->up_at = now;
    peer->alarm.clear();
    set_state(*peer, State::connected, "");
    peer->tell();
    return success();
}

void PeerBook::ready(PeerLink& link) {
    if (link.charter_only()) return;
    if (Peer* peer = find(link.node())) peer->backoff.worked();
    if (own_maintenance_) link.say(*own_maintenance_);
}

// --- maintenance ---

void PeerBook::heard(PeerLink& link, wire::Maintenance notice) {
    Peer* peer = find(link.node());
    if (peer == nullptr || peer->maintenance == notice) return;
    if (!peer->maintenance && notice.withdrawn()) return;
    if (Peer::makes_a_line(peer->announcements))
        spdlog::info("peer maintenance agency={} node={} from={} until={} why={}",
                     peer->listed.agency, peer->listed.id.brief(), notice.from, notice.until,
                     log_value(notice.why));
    peer->maintenance.reset();
    if (!notice.withdrawn()) peer->maintenance = std::move(notice);
}

void PeerBook::announce(std::optional<wire::Maintenance> notice) {
    own_maintenance_ = std::move(notice);
    for (auto& [id, peer] : peers_)
        if (peer->up != nullptr) peer->up->say(own_maintenance_.value_or(wire::Maintenance{}));
}

// --- statements ---

void PeerBook::heard(PeerLink& link, const wire::Statement& statement) {
    statements_.heard(link.node(), statement);
}

void PeerBook::statement_turn() {
    const auto wall = std::chrono::system_clock::now().time_since_epoch();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(wall).count();
    const auto held_there = [this](const NodeId& id, const LogName& log) {
        const Peer* peer = find(id);
        return peer == nullptr || peer->up == nullptr ? 0 : peer->up->held_there(log);
    };
    statements_.turn(node_now(), static_cast<std::uint64_t>(std::max<std::int64_t>(0, seconds)),
                     held_there);
    for (auto& [id, peer] : peers_) {
        peer->tell();
        if (peer->up != nullptr && peer->up->status().ready) peer->up->say(statements_.untold(id));
    }
    statement_alarm_.set(node_now() + world_->options.statement_turn, [this] { statement_turn(); });
}

void PeerBook::ended(PeerLink& link, const LinkEnd& end) {
    if (link.side() == TlsStream::Side::accepted) door_.gone(link.from(), end.was_up);
    if (end.truncated && end.was_up) ++truncated_;
    if (!end.was_up) {
        ++handshakes_failed_;
        spdlog::debug("handshake failed from={} why={}", link.from(), log_value(end.why.detail));
    }
    for (auto& [id, peer] : peers_) {
        if (peer->up == &link)
            peer_lost(*peer, link, end);
        else if (peer->trying == &link) {
            peer->trying = nullptr;
            call_failed(*peer, end.why);
        } else if (peer->former == &link) {
            peer->former = nullptr;
            if (link.side() == TlsStream::Side::dialled) call_failed(*peer, end.why);
        } else if (end.was_up && link.node() == id) { // a duplicate
            if (peer->up == nullptr && link.side() == TlsStream::Side::dialled)
                call_failed(*peer, end.why);
            else
                call_later(*peer);
        }
    }
    // Its stream is still on the stack.
    auto found = links_.find(&link);
    if (found == links_.end()) return;
    asio::post(*world_->io, [gone = std::move(found->second)] {});
    links_.erase(found);
}

void PeerBook::peer_lost(Peer& peer, PeerLink& link, const LinkEnd& end) {
    NodeTime now = node_now();
    peer.up = nullptr;
    statements_.gone(peer.listed.id);
    remember(peer, link.status());
    bool blamed = end.do_not_call_before.count() > 0;
    if (now - peer.up_at >= good_while && !blamed) peer.backoff.forgive();
    if (blamed) {
        if (blame(end.why.code) == Blame::nobody)
            peer.backoff.rested(now, end.do_not_call_before);
        else
            peer.backoff.blamed(now, end.do_not_call_before);
        peer.blamed_until = peer.backoff.call_at();
        if (std::exchange(peer.refused_why, end.why.detail) != end.why.detail)
            spdlog::warn("peer refused agency={} node={} code={} why={} for_s={}",
                         peer.listed.agency, peer.listed.id.brief(), name(end.why.code),
                         log_value(end.why.detail),
                         std::chrono::ceil<std::chrono::seconds>(peer.blamed_until - now).count());
    } else {
        peer.backoff.failed(now, random_number());
    }
    set_state(peer, blamed ? State::refused : State::waiting, end.why.detail);
    if (blamed)
        peer.told_up = false; // a refusal says so
    else
        peer.tell();
    call_later(peer);
}

void PeerBook::remember(Peer& peer, const SessionStatus& last) const {
    peer.last = last;
    peer.gaps = peer.gaps_of(last, *world_->host.authority());
    if (!last.stated.empty()) peer.gaps_more = last.behind_logs - last.behind.size();
}

// --- from outside ---

void PeerBook::log_grew() {
    if (grew_.exchange(true)) return;
    asio::post(*world_->io, [weak = weak_from_this()] {
        auto self = weak.lock();
        if (!self) return;
        self->grew_ = false; // before looking: what comes now is looked at again
        for (auto& [id, peer] : self->peers_)
            for (PeerLink* link : peer->sessions()) link->log_grew();
    });
}

std::vector<PeerStatus> PeerBook::peers() const {
    static constexpr const char* names[] = {"waiting", "connecting", "connected", "refused"};
    std::vector<PeerStatus> out;
    if (!charter_) return out;
    for (const CharterNode& node : charter_->nodes) {
        auto found = peers_.find(node.id);
        if (found == peers_.end()) continue;
        const Peer& peer = *found->second;
        PeerStatus status{node.agency,
                          node.id,
                          node.address,
                          names[static_cast<int>(peer.state)],
                          peer.why,
                          peer.since,
                          peer.up != nullptr ? peer.up->status() : peer.last,
                          peer.gaps,
                          peer.gaps_more,
                          peer.maintenance};
        status.compared =
            peer.up != nullptr && status.session.ready &&
            std::ranges::includes(status.session.stated, world_->host.shared_compartments(node.id));
        if (peer.up != nullptr && !status.session.stated.empty()) {
            status.gaps = peer.gaps_of(status.session, *world_->host.authority());
            status.gaps_more = status.session.behind_logs - status.session.behind.size();
        }
        out.push_back(std::move(status));
    }
    return out;
}

void PeerBook::stop() {
    stopped_ = true;
    statement_alarm_.clear();
    for (auto& [id, peer] : peers_) {
        if (peer->up != nullptr) remember(*peer, peer->up->status());
        if (peer->state == State::connected || peer->state == State::connecting)
            set_state(*peer, State::waiting, "this node stops");
        peer->alarm.clear();
        peer->dial.reset();
        peer->up = peer->trying = peer->former = nullptr;
    }
    for (auto& [link, owned] : links_) link->drop();
    links_.clear();
}

} // namespace safar

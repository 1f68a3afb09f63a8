#include "node/net/peer_link.hpp"

#include "storage/record/text.hpp"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

namespace safar {
namespace {

namespace asio = boost::asio;

// Serving more than this ahead of the socket only moves the queue from the log into memory.
constexpr std::size_t serve_ahead_bytes = 2u << 20;
constexpr std::chrono::milliseconds serve_poll{250};
// Above the session's own window: only a peer that ignores credit is stopped here.
constexpr std::size_t ingest_bytes_max = 32u << 20;

// The node as a peer sees it that came with a key of an earlier epoch: whoever has that key may
// hear the charter, since the rightful owner must, and no compartment.
class CharterOnly final : public SessionView {
public:
    explicit CharterOnly(const SessionView& whole) : whole_(whole) {}
    const Log& log() const override { return whole_.log(); }
    std::shared_ptr<const Authority> authority() const override { return whole_.authority(); }
    std::vector<std::string> shared_compartments(const NodeId&) const override { return {}; }
    std::optional<Bytes> charter_document(std::uint64_t epoch) const override {
        return whole_.charter_document(epoch);
    }
    Hash erasures_digest() const override { return whole_.erasures_digest(); }
    Hash charter_digest() const override { return whole_.charter_digest(); }
    std::vector<Hash> notices() const override { return whole_.notices(); }
    std::optional<Bytes> notice(const Hash& hash) const override { return whole_.notice(hash); }

private:
    const SessionView& whole_;
};

std::size_t bytes_of(const std::vector<EncodedBatch>& batches) {
    std::size_t out = 0;
    for (const EncodedBatch& batch : batches) out += batch.bytes.size();
    return out;
}

// Nobody waits for this answer any more, yet the plan must learn that nothing is on its way.
void settle(RangePlan& plan, const std::vector<IngestOutcome>& outcomes) {
    for (const IngestOutcome& outcome : outcomes)
        plan.settled(outcome.place.log, outcome.place.number, outcome.result.has_value());
}

} // namespace

PeerLink::PeerLink(std::shared_ptr<LinkWorld> world, LinkOwner& owner, TlsStream::Side side,
                   std::string from, std::optional<NodeId> dialled)
    : world_(std::move(world)), owner_(owner), side_(side), from_(std::move(from)),
      dialled_(dialled), tick_(*world_->io) {}
PeerLink::~PeerLink() = default;

Result<> PeerLink::start(int socket, NodeTime deadline) {
    SAFAR_TRY(stream_, TlsStream::make(*world_->io, socket, world_->tls.get(), side_, *this,
                                       world_->options));
    stream_->start(deadline);
    return success();
}

// --- the stream ---

Result<> PeerLink::admit(const PublicKey& tls_key) {
    tls_key_ = tls_key;
    auto node = owner_.recognise(tls_key, dialled_);
    if (!node) {
        refusal_ = node.error();
        return node.error();
    }
    node_ = node.value();
    const CharterNode* listed = world_->host.charter()->node(node_);
    const bool of_now = listed != nullptr && listed->tls_key == tls_key;
    charter_only_ = of_now ? nullptr : std::make_unique<CharterOnly>(world_->host);
    return success();
}

void PeerLink::on_up() {
    // Another charter may have come since the certificate was shown: what its key is worth now.
    if (auto admitted = admit(PublicKey(tls_key_)); !admitted) return retire(admitted.error());
    up_ = true;
    if (auto kept = owner_.keep(*this); !kept) return retire(kept.error());
    NodeTime now = node_now();
    const SessionView& view = charter_only_ ? *charter_only_ : world_->host;
    session_ = std::make_unique<Session>(world_->self.id, node_, view, world_->plan, now);
    perform(session_->start(now));
}

void PeerLink::on_bytes(ByteView chunk) {
    if (!session_) return;
    perform(session_->on_bytes(chunk, node_now()));
}

void PeerLink::on_sent() {
    if (!session_) return;
    set_reading();
    if (!session_ || stream_->queued() > serve_ahead_bytes) return;
    if (std::exchange(change_waits_, false)) perform(session_->on_local_change(node_now()));
    if (session_) set_tick();
}

void PeerLink::on_down(const Error& why, bool truncated) {
    end_session();
    owner_.ended(*this, LinkEnd{refusal_.value_or(why), up_, truncated, do_not_call_before_});
}

// --- the session ---

void PeerLink::log_grew() {
    if (!session_) return;
    if (stream_->queued() > serve_ahead_bytes) {
        change_waits_ = true;
        return;
    }
    perform(session_->on_local_change(node_now()));
}

void PeerLink::perform(std::vector<Action> actions) {
    for (Action& action : actions) {
        std::visit([&](auto& item) { act(item); }, action);
        if (!session_) return; // closed: nothing after it counts
    }
    stream_->flush();
    if (!said_ready_ && session_->status().ready) {
        said_ready_ = true;
        owner_.ready(*this);
    }
    set_reading();
    if (session_) set_tick();
}

void PeerLink::act(SendBytes& action) { stream_->send(std::move(action.bytes)); }

void PeerLink::act(IngestBatches& action) {
    std::size_t bytes = bytes_of(action.batches);
    ingest_bytes_ += bytes;
    // The answer may come when the link, or the whole shell, is gone.
    auto done = [io = world_->io, world = std::weak_ptr(world_), link = weak_from_this(),
                 bytes](std::vector<IngestOutcome> outcomes) {
        asio::post(*io, [world, link, bytes, outcomes = std::move(outcomes)] {
            auto self = link.lock();
            auto shared = world.lock();
            if (self)
                self->ingested(outcomes, bytes);
            else if (shared)
                settle(shared->plan, outcomes);
        });
    };
    world_->host.ingest(std::move(action.batches), std::move(done));
}

void PeerLink::ingested(const std::vector<IngestOutcome>& outcomes, std::size_t bytes) {
    ingest_bytes_ -= bytes;
    bool fresh =
        std::any_of(outcomes.begin(), outcomes.end(), [](const auto& o) { return o.fresh; });
    if (session_)
        perform(session_->on_ingested(outcomes, node_now()));
    else
        settle(world_->plan, outcomes);
    if (fresh) owner_.log_grew();
}

void PeerLink::act(AdoptCharter& action) {
    auto done = [io = world_->io, link = weak_from_this()](Result<> adopted) {
        asio::post(*io, [link, adopted = std::move(adopted)] {
            auto self = link.lock();
            if (self && self->session_)
                self->perform(self->session_->on_charter(adopted, node_now()));
        });
    };
    world_->host.adopt_charter(action.epoch, std::move(action.document), std::move(done));
}

void PeerLink::act(AdoptNotice& action) {
    auto done = [io = world_->io, link = weak_from_this()](Result<> adopted) {
        asio::post(*io, [link, adopted = std::move(adopted)] {
            auto self = link.lock();
            if (self && self->session_)
                self->perform(self->session_->on_notice(adopted, node_now()));
        });
    };
    world_->host.adopt_notice(std::move(action.notice), std::move(done));
}

void PeerLink::act(ConfirmHeads& action) {
    if (!charter_only_) world_->host.confirm_own_heads(node_, std::move(action.held_by_peer));
}

// What does not hold is not heard; it is worth no quarrel. A former key vouches for nothing but its
// charter.
void PeerLink::act(HeardAside& action) {
    if (charter_only_) return;
    if (action.type == static_cast<std::uint8_t>(wire::FrameType::statement)) {
        if (auto statement = wire::decode_statement(action.payload))
            owner_.heard(*this, statement.value());
        return;
    }
    if (action.type != static_cast<std::uint8_t>(wire::FrameType::maintenance)) return;
    auto notice = wire::decode_maintenance(action.payload);
    if (!notice || !check_text(notice.value().why) ||
        notice.value().why.find_first_of("\n\t") != std::string::npos)
        return;
    owner_.heard(*this, std::move(notice.value()));
}

void PeerLink::act(ClosePeer& action) {
    do_not_call_before_ = action.do_not_call_before;
    end_session();
    stream_->finish(failure(action.reason, std::move(action.detail)));
}

void PeerLink::say(const wire::Maintenance& notice) {
    Bytes frame;
    wire::encode(notice, frame);
    send(std::move(frame));
}

void PeerLink::say(std::span<const wire::Statement> statements) {
    if (statements.empty()) return;
    Bytes frames;
    for (const wire::Statement& statement : statements) wire::encode(statement, frames);
    send(std::move(frames));
}

void PeerLink::send(Bytes frames) {
    if (!session_) return;
    stream_->send(std::move(frames));
    stream_->flush();
}

void PeerLink::retire(Error why) {
    say_goodbye(why.detail);
    if (stream_) stream_->finish(std::move(why));
}

void PeerLink::drop() {
    say_goodbye("this node stops");
    if (stream_) stream_->drop();
}

void PeerLink::say_goodbye(const std::string& why) {
    if (session_) {
        for (Action& action : session_->stop(why, node_now()))
            if (auto* last = std::get_if<SendBytes>(&action)) act(*last);
        stream_->flush();
    }
    end_session();
}

void PeerLink::end_session() {
    tick_.clear();
    if (!session_) return;
    status_ = session_->status();
    session_.reset();
}

// --- deadlines and pressure ---

// The alarm is only ever moved forward; a deadline that moved back is found when it rings.
void PeerLink::tick() {
    if (!session_) return;
    if (session_->next_deadline() <= node_now()) return perform(session_->on_tick(node_now()));
    set_reading();
    if (session_) set_tick();
}

void PeerLink::set_tick() {
    NodeTime due = session_->next_deadline();
    // A session that wants to go on serving waits until the socket has taken what it said before.
    if (stream_->queued() > serve_ahead_bytes) due = std::max(due, node_now() + serve_poll);
    if (NodeTime read_at = session_->read_not_before(); read_at > node_now())
        due = std::min(due, read_at);
    if (due < tick_.when()) tick_.set(due, [this] { tick(); });
}

void PeerLink::set_reading() {
    if (stream_->queued() > world_->options.queue_bytes_hard) {
        ClosePeer close{ErrorCode::limit_exceeded, "asks for more than it takes",
                        std::chrono::seconds(0)};
        return act(close);
    }
    stream_->pause(stream_->queued() > world_->options.queue_bytes_soft ||
                   ingest_bytes_ > ingest_bytes_max || session_->read_not_before() > node_now());
}

} // namespace safar

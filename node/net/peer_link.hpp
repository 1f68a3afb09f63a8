// One connection to one peer: a TLS stream and, once it stands and is kept, a sync session.
// Performs what the session asks for, in order. Network thread only.
#pragma once

#include "node/net/alarm.hpp"
#include "node/net/tls_stream.hpp"
#include "sync/wire/maintenance.hpp"
#include "sync/wire/statement.hpp"

namespace safar {

class PeerLink;

// What the links of one node share. Never outlives `self` and `host`; answers of the host that come
// later find it gone.
struct LinkWorld {
    std::shared_ptr<boost::asio::io_context> io;
    const Identity& self;
    PeerHost& host;
    NetOptions options;
    TlsContext tls;
    RangePlan plan; // one for all sessions
};

// How a link ended.
struct LinkEnd {
    Error why;
    bool was_up = false;                        // TLS stood
    bool truncated = false;                     // without a proper close
    std::chrono::seconds do_not_call_before{0}; // above zero: the session blames the peer
};

class LinkOwner {
public:
    virtual ~LinkOwner() = default;
    // Whose key is it? Errors: the key is not in the charter, or not the node that was dialled.
    [[nodiscard]] virtual Result<NodeId> recognise(const PublicKey& tls_key,
                                                   const std::optional<NodeId>& dialled) = 0;
    // TLS stands: may it become the peer's one connection, or its one with a former key? Errors:
    // duplicate, busy (blamed).
    [[nodiscard]] virtual Result<> keep(PeerLink& link) = 0;
    virtual void ready(PeerLink& link) = 0; // hello done both ways, once
    virtual void heard(PeerLink& link,
                       wire::Maintenance notice) = 0; // it will be away, or no longer will
    virtual void heard(PeerLink& link, const wire::Statement& statement) = 0; // not verified yet
    virtual void log_grew() = 0; // batches came in and are held
    virtual void ended(PeerLink& link,
                       const LinkEnd& end) = 0; // closed; may be destroyed soon after
};

class PeerLink final : public StreamEvents, public std::enable_shared_from_this<PeerLink> {
public:
    // `from`: the door's name for the address of an accepted connection; empty when dialled.
    PeerLink(std::shared_ptr<LinkWorld> world, LinkOwner& owner, TlsStream::Side side,
             std::string from, std::optional<NodeId> dialled);
    ~PeerLink() override;

    // Takes over `socket`. Errors: storage_failed.
    [[nodiscard]] Result<> start(int socket, NodeTime deadline);
    void log_grew(); // another batch is held here
    void say(const wire::Maintenance& notice);
    void say(std::span<const wire::Statement> statements);
    void retire(Error why); // ends the session now, says goodbye, closes
    void drop();            // closes at once and says nothing

    [[nodiscard]] TlsStream::Side side() const { return side_; }
    [[nodiscard]] const std::string& from() const { return from_; }
    [[nodiscard]] const NodeId& node() const { return node_; } // once TLS stands
    // The peer came with a key of an earlier epoch: it hears the charter and nothing else.
    [[nodiscard]] bool charter_only() const { return charter_only_ != nullptr; }
    [[nodiscard]] std::uint64_t held_there(const LogName& log) const {
        return session_ ? session_->held_there(log) : 0;
    }
    [[nodiscard]] SessionStatus status() const { return session_ ? session_->status() : status_; }

    // StreamEvents
    Result<> admit(const PublicKey& tls_key) override;
    void on_up() override;
    void on_bytes(ByteView chunk) override;
    void on_sent() override;
    void on_down(const Error& why, bool truncated) override;

private:
    void perform(std::vector<Action> actions);
    void act(SendBytes& action);
    void act(IngestBatches& action);
    void act(AdoptCharter& action);
    void act(AdoptNotice& action);
    void act(ConfirmHeads& action);
    void act(HeardAside& action);
    void act(ClosePeer& action);
    void ingested(const std::vector<IngestOutcome>& outcomes, std::size_t bytes);
    void send(Bytes frames);
    void say_goodbye(const std::string& why);
    void end_session();
    void tick();
    void set_tick();
    void set_reading();

    std::shared_ptr<LinkWorld> world_;
    LinkOwner& owner_;
    TlsStream::Side side_;
    std::string from_;
    std::optional<NodeId> dialled_;
    PublicKey tls_key_; // of the other side, once it has shown its certificate
    NodeId node_;       // whose key that is
    bool up_ = false, said_ready_ = false, change_waits_ = false;
    std::unique_ptr<TlsStream> stream_;
    std::unique_ptr<SessionView> charter_only_; // a peer with a former key: its session's view
    std::unique_ptr<Session> session_;          // while kept and not closing
    SessionStatus status_;                      // the last one of an ended session
    Alarm tick_;
    std::size_t ingest_bytes_ = 0; // handed to the host, not yet answered
    std::chrono::seconds do_not_call_before_{0};
    std::optional<Error> refusal_; // why the handshake ended by our own judgement
};

} // namespace safar

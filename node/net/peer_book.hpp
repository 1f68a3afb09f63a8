// Every other node of the charter: when to call it, which connection to it stays, and how it fares.
// Network thread only, but where noted.
#pragma once

#include "node/net/door.hpp"
#include "node/net/peer_link.hpp"
#include "node/net/statement_round.hpp"
#include "sync/peer/backoff.hpp"

#include <atomic>

namespace safar {

class Dial;

class PeerBook final : public LinkOwner, public std::enable_shared_from_this<PeerBook> {
public:
    PeerBook(std::shared_ptr<LinkWorld> world, Door& door);
    ~PeerBook() override;

    // Reads the charter in force: forgets who is not listed, calls who is new. Sessions begin anew,
    // since each is bound to the charter of its hello.
    void read_charter();
    void guest(int socket, const std::string& from); // an accepted connection
    void stop();
    [[nodiscard]] std::vector<PeerStatus> peers() const;
    // Tells every peer, now and whenever one comes; nullopt withdraws it.
    void announce(std::optional<wire::Maintenance> notice);

    [[nodiscard]] StatementReport statements() const { return statements_.report(); }

    void log_grew() override; // any thread, coalesced
    [[nodiscard]] std::uint64_t handshakes_failed() const {
        return handshakes_failed_;
    }                                                                    // any thread
    [[nodiscard]] std::uint64_t truncated() const { return truncated_; } // any thread

    // LinkOwner
    Result<NodeId> recognise(const PublicKey& tls_key,
                             const std::optional<NodeId>& dialled) override;
    Result<> keep(PeerLink& link) override;
    void ready(PeerLink& link) override;
    void heard(PeerLink& link, wire::Maintenance notice) override;
    void heard(PeerLink& link, const wire::Statement& statement) override;
    void ended(PeerLink& link, const LinkEnd& end) override;

private:
    enum class State { waiting, connecting, connected, refused };
    struct Peer;

    void statement_turn();
    void set_state(Peer& peer, State state, std::string why);
    void call_later(Peer& peer);
    void call(Peer& peer);
    void called(Peer& peer, Result<int> socket, NodeTime deadline);
    void call_failed(Peer& peer, const Error& why);
    void peer_lost(Peer& peer, PeerLink& link, const LinkEnd& end);
    void forget(Peer& peer);
    void remember(Peer& peer, const SessionStatus& last) const;
    [[nodiscard]] Result<> begin(std::shared_ptr<PeerLink> link, int socket, NodeTime deadline);
    [[nodiscard]] Peer* find(const NodeId& node);

    std::shared_ptr<LinkWorld> world_;
    Door& door_;
    std::shared_ptr<const Charter> charter_;
    std::map<NodeId, std::unique_ptr<Peer>> peers_;
    std::map<PeerLink*, std::shared_ptr<PeerLink>> links_; // every open socket
    std::optional<wire::Maintenance> own_maintenance_;
    StatementRound statements_;
    Alarm statement_alarm_;
    bool stopped_ = false;
    std::atomic<bool> grew_{false};
    std::atomic<std::uint64_t> handshakes_failed_{0}, truncated_{0};
};

} // namespace safar

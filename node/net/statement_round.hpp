// What this node states of its own logs once an hour, what others have stated, and who has been
// told. Network thread only. docs/format-frames.md, section Statements.
#pragma once

#include "node/charter/identity.hpp"
#include "node/net/peer_net.hpp"
#include "sync/statement/statement_book.hpp"

#include <functional>
#include <set>

namespace safar {

class StatementRound {
public:
    // Statements of one peer that are verified between two turns; more are not heard.
    static constexpr unsigned heard_per_turn_max = 4096;

    // Goes on with what the host has kept. `self` and `host` must outlive it.
    StatementRound(const Identity& self, PeerHost& host, std::chrono::milliseconds every);

    // `from` said it. What this node may not know of, or nobody signed, is not heard.
    void heard(const NodeId& from, const wire::Statement& statement);
    // The last batch of a log that a peer says it holds; 0: none, or it is not connected.
    using HeldThere = std::function<std::uint64_t(const NodeId& peer, const LogName& log)>;
    // States what is due and compares what was heard with what is held. `now`: seconds since 1970.
    // Stated is what another keeper holds too: after an older copy of this node was put back, such
    // a peer shows that the log went further, and nothing is signed there twice. A word about a
    // batch that went with the disk would outlive it, and the next batch at that place contradict
    // it.
    void turn(NodeTime monotonic, std::uint64_t now, const HeldThere& held_there);
    // What `peer` may know of and has not been told on this connection.
    [[nodiscard]] std::vector<wire::Statement> untold(const NodeId& peer);
    // The connection ended, or another one took its place: what was on its way may be lost.
    void gone(const NodeId& peer) { told_.erase(peer); }

    [[nodiscard]] StatementReport report() const;

private:
    struct BatchPoint {
        std::uint64_t number = 0;
        Hash hash;
    };
    void state_own_logs(bool first, std::uint64_t now, const HeldThere& held_there);
    void state(const LogName& log, const BatchPoint& upto, bool first, std::uint64_t now);
    // As far as other keepers hold it; batch 0: none does.
    [[nodiscard]] BatchPoint held_by_others(const FrontierEntry& entry,
                                            std::string_view compartment,
                                            const HeldThere& held_there) const;
    [[nodiscard]] const LogOwner* owner_heard(const LogName& log) const;

    const Identity& self_;
    PeerHost& host_;
    std::chrono::milliseconds every_;
    StatementBook book_;
    std::size_t splits_warned_ = 0;
    bool changed_ = false; // since it was kept
    NodeTime due_{0};      // of the next own statements
    std::map<NodeId, std::set<wire::Statement>> told_;
    std::map<NodeId, unsigned> heard_; // since the last turn
};

} // namespace safar

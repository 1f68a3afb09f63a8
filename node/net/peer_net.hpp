// The network shell: listens, dials every other node of the charter, and drives one sync session
// per peer over TLS 1.3. docs: design.md section 7.
//
// Both sides of a pair dial; of two connections the one dialled by the node with the smaller id
// stays, so a node that cannot be reached from outside still takes part.
//
// Threads: one of its own for all sockets and sessions. Verification and storage run behind
// PeerHost::ingest. No blocking call, no lock held while a session works.
#pragma once

#include "node/charter/identity.hpp"
#include "node/net/peer_host.hpp"
#include "sync/statement/statement_book.hpp"
#include "sync/wire/maintenance.hpp"

#include <chrono>
#include <memory>

namespace safar {

// What a peer has stated of a log and not delivered.
struct PeerGap {
    LogName log;
    std::uint64_t theirs = 0, ours = 0; // batches; ours as of the last look
    // It was first stated, or the last batch of the log came: the later of both, over all sessions.
    std::chrono::system_clock::time_point since;
};

struct PeerStatus {
    std::string agency;
    NodeId node;
    std::string address; // as the charter has it
    std::string state; // "connected", "connecting", "waiting" (will call again), "refused" (blamed)
    std::string why;   // for people: the last failure, or empty
    // A session stands, or none does, since then; who was never reached, since this node started.
    std::chrono::system_clock::time_point since;
    SessionStatus session;       // of the present or last session
    std::vector<PeerGap> gaps;   // as it last said of each compartment; ascending by log
    std::uint64_t gaps_more = 0; // logs that do not stand in `gaps`
    std::optional<wire::Maintenance> maintenance; // an absence that it announced, past ones too
    // In this session it has said what it holds of all that both may hold: only then 0 batches
    // behind means something.
    bool compared = false;
};
// It said that it would be away at `now`.
[[nodiscard]] bool in_maintenance(const PeerStatus& peer,
                                  std::chrono::system_clock::time_point now);

// An author has stated, signed, more of its own log than is held here: whoever passed it on.
struct StatedGap {
    LogName log;
    std::uint64_t stated = 0, ours = 0; // batches
    std::uint64_t time = 0, heard = 0;  // seconds since 1970: as the author claims; here
};
struct SplitReport {
    SplitView split;
    bool proven = false; // the fork is known by its two batches: `safar evidence show`
};
struct StatementReport {
    std::size_t logs = 0; // with a statement
    std::vector<StatedGap> gaps;
    std::vector<SplitReport> splits;
};

// For `/metrics`: what came to the door since start.
struct DoorCounts {
    std::uint64_t accepted = 0;         // TCP connections taken
    std::uint64_t refused_by_limit = 0; // closed before TLS: too many half-open or connected
    std::uint64_t handshakes_failed =
        0;                       // plain text, wrong version, no or unknown certificate, deadline
    std::uint64_t truncated = 0; // ended without a proper close
};

// Only tests change these.
struct NetOptions {
    std::chrono::milliseconds handshake_deadline{10'000}; // from accept or dial until TLS stands
    std::chrono::milliseconds connect_deadline{4'000};    // TCP part of it, when dialling
    std::chrono::milliseconds shutdown_deadline{
        2'000}; // last words to a peer, then the socket closes
    std::chrono::milliseconds stall_deadline{30'000}; // bytes wait for a peer that takes none
    std::size_t half_open_max = 64;                   // accepted, TLS not yet up
    std::size_t half_open_per_address_max = 16;       // the same, from one address
    std::size_t connections_max = 1024;               // accepted, in all
    std::size_t queue_bytes_soft = 8u << 20;  // waiting to be sent: stop reading from that peer
    std::size_t queue_bytes_hard = 32u << 20; // close it
    bool dial = true;
    std::chrono::milliseconds statement_every{3'600'000}; // of own logs
    std::chrono::milliseconds statement_turn{60'000};     // peers are told within
};

class PeerNet {
public:
    // Listens on `listen` ("host:port", "[::1]:port"; port 0: any) and begins to dial. `self` and
    // `host` must outlive the object; the host's callbacks may come later than stop() and are
    // ignored. Errors: invalid_argument (address), unreachable (cannot listen there: taken, or no
    // such address).
    [[nodiscard]] static Result<std::unique_ptr<PeerNet>> start(const Identity& self,
                                                                const std::string& listen,
                                                                PeerHost& host,
                                                                const NetOptions& options = {});
    ~PeerNet(); // stops

    // The log grew by own appends (what peers bring is noticed here). Any thread, cheap, coalesced.
    void on_local_change();
    // Another charter is in force: drops who is no longer listed, dials who is new. Any thread.
    void on_charter_change();
    // Tells every peer that this node will be away, now and whenever one comes; nullopt withdraws
    // it. Any thread.
    void announce(std::optional<wire::Maintenance> notice);
    // Every other node of the charter, in its order. Any thread. Errors of both: busy (the network
    // thread did not answer in time).
    [[nodiscard]] Result<std::vector<PeerStatus>> peers() const;
    [[nodiscard]] Result<StatementReport> statements() const;
    [[nodiscard]] DoorCounts door() const;
    // Says goodbye, closes everything, ends the thread. At most 3 s; any thread; again is harmless.
    void stop();
    [[nodiscard]] std::uint16_t port() const;

private:
    PeerNet();
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace safar

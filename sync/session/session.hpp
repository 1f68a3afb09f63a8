// How two nodes come to hold the same batches: a state machine without socket, clock or thread.
// The simulator and the Asio shell drive the same object.
//
// The shell's duties, in order: feed bytes as they come (any slicing); perform the returned actions
// in order; report each IngestBatches back through on_ingested(), in the order they were given;
// tick when next_deadline() passes; call on_local_change() when the log grew by other means (own
// appends, other peers). After ClosePeer every call returns nothing.
//
// What one call costs is bounded by the bytes that came in it and limits::frame_bytes_max served.
#pragma once

#include "storage/log/log.hpp"
#include "sync/peer/plan.hpp"

#include <chrono>
#include <variant>

namespace safar {

struct SendBytes {
    Bytes bytes; // whole frames, 4 to 64 KiB where there is more to say
};
// Verify and store, then tell on_ingested(); order matters.
struct IngestBatches {
    std::vector<EncodedBatch> batches;
};
// A charter epoch came: check, store and adopt it, then call on_charter().
struct AdoptCharter {
    std::uint64_t epoch = 0;
    Bytes document;
};
// A notice came: check, store and act on it, then call on_notice().
struct AdoptNotice {
    Bytes notice;
};
// The peer holds our own logs up to these heads: pass them to Log::confirm_own_heads on the log
// thread.
struct ConfirmHeads {
    Frontier held_by_peer;
};
// A frame of the ignorable range that is none of the session's business: the shell may know it.
// Never before the hello; longer ones are dropped.
struct HeardAside {
    static constexpr std::size_t payload_bytes_max = 1024;
    std::uint8_t type = 0;
    Bytes payload;
};
struct ClosePeer {
    ErrorCode reason;
    std::string detail;
    std::chrono::seconds do_not_call_before{0}; // 0: retry soon (network, not blame)
};
using Action = std::variant<SendBytes, IngestBatches, AdoptCharter, AdoptNotice, ConfirmHeads,
                            HeardAside, ClosePeer>;

// What the session may ask of the node; safe from the session's thread.
class SessionView {
public:
    virtual ~SessionView() = default;
    [[nodiscard]] virtual const Log& log() const = 0;
    [[nodiscard]] virtual std::shared_ptr<const Authority> authority() const = 0;
    // Compartments that both this node and `peer` may hold, ascending.
    [[nodiscard]] virtual std::vector<std::string>
    shared_compartments(const NodeId& peer) const = 0;
    // A charter epoch's document with its signatures; nullopt: not held.
    [[nodiscard]] virtual std::optional<Bytes> charter_document(std::uint64_t epoch) const = 0;
    [[nodiscard]] virtual Hash erasures_digest() const = 0;
    // Over the ruling epoch and all notices: what hellos compare. Without notices the epoch's
    // identity.
    [[nodiscard]] virtual Hash charter_digest() const { return authority()->charter(); }
    // Hashes of the notices held, ascending, at most wire::notices_max; and the bytes of one.
    [[nodiscard]] virtual std::vector<Hash> notices() const { return {}; }
    [[nodiscard]] virtual std::optional<Bytes> notice(const Hash&) const { return std::nullopt; }
};

// A log of which the peer has stated more than is held here.
struct BehindLog {
    LogName log;
    std::uint64_t theirs = 0, ours = 0; // batches
    NodeTime since{0}; // it was stated beyond ours, or a batch of it was stored here after that
};

// For operators: `safar peers`, `safar gaps`.
struct SessionStatus {
    static constexpr std::size_t behind_logs_max = 64;

    bool ready = false;             // hello done both ways
    std::uint64_t behind_here = 0;  // batches the peer has and we do not
    std::uint64_t behind_there = 0; // batches we have and the peer has not confirmed
    std::uint64_t batches_in = 0, batches_out = 0, bytes_in = 0, bytes_out = 0;
    std::uint64_t events_in = 0, events_out = 0;
    std::vector<std::string>
        stated; // compartments of which the peer has said what it holds, ascending
    std::vector<BehindLog> behind; // ascending, at most behind_logs_max; kept when the session ends
    std::uint64_t behind_logs = 0; // all of them
};

class Session {
public:
    // `self` and `peer` are known from TLS. `plan` is shared by all sessions of the node: it
    // decides which peer is asked for which range, so that none is fetched twice.
    Session(const NodeId& self, const NodeId& peer, const SessionView& view, RangePlan& plan,
            NodeTime now);
    ~Session();

    [[nodiscard]] std::vector<Action> start(NodeTime now); // says hello; both sides call it
    [[nodiscard]] std::vector<Action> on_bytes(ByteView chunk, NodeTime now);
    [[nodiscard]] std::vector<Action> on_ingested(std::span<const IngestOutcome> outcomes,
                                                  NodeTime now);
    [[nodiscard]] std::vector<Action> on_charter(Result<> adopted, NodeTime now);
    [[nodiscard]] std::vector<Action> on_notice(Result<> adopted, NodeTime now);
    // The log grew: pushes or announces what the peer lacks.
    [[nodiscard]] std::vector<Action> on_local_change(NodeTime now);
    [[nodiscard]] std::vector<Action> on_tick(NodeTime now);
    // Ends the session with a goodbye.
    [[nodiscard]] std::vector<Action> stop(std::string why, NodeTime now);
    // NodeTime::max(): nothing to wait for. A time that has passed: tick again at once (more to
    // serve).
    [[nodiscard]] NodeTime next_deadline() const;
    // The peer's quota: read no more from it before then. A time that has passed: read on.
    [[nodiscard]] NodeTime read_not_before() const;
    [[nodiscard]] SessionStatus status() const;
    // The last batch of that log that the peer has said it holds; 0: none, or not of it alone.
    [[nodiscard]] std::uint64_t held_there(const LogName& log) const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace safar

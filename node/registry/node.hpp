// One node's inside: the log thread, the derive thread and the charter in force, and what the network
// shell asks of them. It owns threads and no socket.
//
// Threads: every member may be called from any thread. start() once, stop() once.
#pragma once

#include "node/net/peer_host.hpp"
#include "node/registry/derive_thread.hpp"
#include "node/registry/log_thread.hpp"

#include <shared_mutex>

namespace safar {

// A charter epoch as held: its meaning and the text that peers get, signatures included.
struct HeldCharter {
    std::shared_ptr<const Charter> charter;
    std::string text;
};

struct NodeSettings {
    NodeId id;
    std::string agency;                // code
    std::vector<HeldCharter> charters; // ascending by epoch, at least one
    std::chrono::milliseconds linger{2};
    // Checks, stores and adopts a later epoch (adopt_charter_file); empty: later epochs are refused.
    std::function<Result<Charter>(std::string_view text)> adopt;
    // One line for the operator; any thread.
    std::function<void(std::string)> note;
};

class Node final : public PeerHost {
public:
    // `log` and `derived` must outlive it.
    Node(Log& log, Derived& derived, NodeSettings settings);
    ~Node() override;

    // `on_change` is called after each commit, on the log thread, and must return at once.
    void start(std::function<void()> on_change);
    // Commits what is queued, follows it for a moment, makes derived state durable.
    void stop();

    [[nodiscard]] const NodeId& id() const { return settings_.id; }
    [[nodiscard]] const std::string& agency() const { return settings_.agency; }
    [[nodiscard]] Derived& derived() const { return derived_; }
    [[nodiscard]] LogThread& writer() { return *writer_; }
    [[nodiscard]] DeriveThread& deriver() { return *deriver_; }
    [[nodiscard]] HeldCharter held_charter() const;

    // Durable and, as the next read of this node will see, derived. Errors: Log::append.
    [[nodiscard]] Result<Appended> append(AppendRequest request);
    // Later reads wait until derived state has reached `position`.
    void remember_own(Position position);
    // Derived state has reached everything that this node has appended.
    [[nodiscard]] Result<> await_own_writes();

    // --- PeerHost and SessionView ---
    [[nodiscard]] const Log& log() const override { return log_; }
    [[nodiscard]] std::shared_ptr<const Authority> authority() const override;
    [[nodiscard]] std::vector<std::string> shared_compartments(const NodeId& peer) const override;
    [[nodiscard]] std::optional<Bytes> charter_document(std::uint64_t epoch) const override;
    [[nodiscard]] Hash erasures_digest() const override;
    [[nodiscard]] std::shared_ptr<const Charter> charter() const override;
    void ingest(std::vector<EncodedBatch> batches,
                std::function<void(std::vector<IngestOutcome>)> done) override;
    void adopt_charter(std::uint64_t epoch, Bytes document, std::function<void(Result<>)> done) override;
    void confirm_own_heads(Frontier held_by_peer) override;

    // A node that is alone in its charter needs no peer to go on with its logs.
    void confirm_alone();

private:
    [[nodiscard]] Result<> adopt(Log& log, std::uint64_t epoch, std::string_view text);

    Log& log_;
    Derived& derived_;
    NodeSettings settings_; // charters guarded by charter_mutex_, the rest constant
    mutable std::shared_mutex charter_mutex_;
    std::function<void()> on_change_;
    std::atomic<Position> own_{0};
    std::unique_ptr<DeriveThread> deriver_;
    std::unique_ptr<LogThread> writer_;
    bool stopped_ = false;
};

} // namespace safar

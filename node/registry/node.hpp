// One node's inside: the log thread, the derive thread and the charter in force, and what the
// network shell asks of them. It owns threads and no socket.
//
// Threads: every member may be called from any thread. start() once, stop() once.
#pragma once

#include "node/charter/charter_state.hpp"
#include "node/net/peer_host.hpp"
#include "node/registry/derive_thread.hpp"
#include "node/registry/journal_marks.hpp"
#include "node/registry/log_thread.hpp"

#include <shared_mutex>

namespace safar {

struct NodeSettings {
    NodeId id;
    std::string agency;   // code
    CharterState charter; // as loaded
    std::chrono::milliseconds linger{2};
    // Makes a new state of the charter durable before it is in force (save_charter_state); empty:
    // nothing is kept.
    std::function<Result<>(const CharterState&)> keep;
    // One line for the operator; any thread.
    std::function<void(std::string)> note;
    // What time it is, for the marks of the journal; none: the system's.
    JournalMarks::Clock clock = {};
};

class Node final : public PeerHost {
public:
    // `log` and `derived` must outlive it.
    Node(Log& log, Derived& derived, NodeSettings settings);
    ~Node() override;

    // `on_change` is called after each commit and for each new notice, `on_charter` when another
    // charter rules or somebody is suspended; on the log thread, and they must return at once.
    void start(std::function<void()> on_change, std::function<void()> on_charter = {});
    // Commits what is queued, follows it for a moment, makes derived state durable.
    void stop();

    [[nodiscard]] const NodeId& id() const { return settings_.id; }
    [[nodiscard]] const std::string& agency() const { return settings_.agency; }
    [[nodiscard]] Derived& derived() const { return derived_; }
    [[nodiscard]] LogThread& writer() { return *writer_; }
    [[nodiscard]] DeriveThread& deriver() { return *deriver_; }
    [[nodiscard]] const JournalMarks& marks() const { return *marks_; }
    [[nodiscard]] std::shared_ptr<const CharterState> charter_state() const;

    // Durable and, as the next read of this node will see, derived. Errors: Log::append.
    [[nodiscard]] Result<Appended> append(AppendRequest request);
    // Several compartments at once: all or nothing.
    [[nodiscard]] Result<std::vector<Appended>>
    append_together(std::vector<AppendRequest> requests);
    // Later reads wait until derived state has reached `position`.
    void remember_own(Position position);
    // Derived state has reached everything that this node has appended, and what it held before it
    // began again. For a read in several steps: steady.hpp.
    [[nodiscard]] Result<>
    await_own_writes(std::chrono::milliseconds at_most = std::chrono::minutes(2));

    // --- PeerHost and SessionView ---
    [[nodiscard]] const Log& log() const override { return log_; }
    [[nodiscard]] std::shared_ptr<const Authority> authority() const override;
    [[nodiscard]] std::vector<std::string> shared_compartments(const NodeId& peer) const override;
    [[nodiscard]] std::optional<Bytes> charter_document(std::uint64_t epoch) const override;
    [[nodiscard]] Hash erasures_digest() const override;
    [[nodiscard]] std::shared_ptr<const Charter> charter() const override;
    void ingest(std::vector<EncodedBatch> batches,
                std::function<void(std::vector<IngestOutcome>)> done) override;
    [[nodiscard]] Hash charter_digest() const override { return charter_state()->state_hash(); }
    [[nodiscard]] std::vector<Hash> notices() const override;
    [[nodiscard]] std::optional<Bytes> notice(const Hash& hash) const override;
    [[nodiscard]] std::optional<NodeId>
    node_with_former_tls_key(const PublicKey& key) const override;
    [[nodiscard]] bool suspended(const NodeId& node) const override {
        return charter_state()->suspended(node);
    }
    void adopt_charter(std::uint64_t epoch, Bytes document,
                       std::function<void(Result<>)> done) override;
    void adopt_notice(Bytes notice, std::function<void(Result<>)> done) override;
    void confirm_own_heads(const NodeId& peer, Frontier held_by_peer) override;
    void keep_statements(Bytes saved) override;
    [[nodiscard]] Bytes kept_statements() const override;

    // The same, waiting until it is in force. Never call them on the log thread.
    [[nodiscard]] Result<> take_epoch(std::string_view text);
    [[nodiscard]] Result<> take_notice(const Notice& notice);

private:
    using Change = std::function<Result<CharterState::News>(CharterState&)>;
    // On the log thread: what a charter admits and what it stops is decided between two groups.
    [[nodiscard]] Result<> change_charter(Log& log, const Change& change);
    [[nodiscard]] Result<> change_charter(const Change& change); // from any other thread
    void tell_operator(const CharterState& before, const CharterState& after) const;
    [[nodiscard]] Result<> put_in_force(Log& log, const CharterState& state);
    [[nodiscard]] Result<> tell_log_of_forks(Log& log, const CharterState& state) const;
    void note_forks(Log& log);
    void write_marks();

    Log& log_;
    Derived& derived_;
    NodeSettings settings_; // constant, but for the charter, which state_ holds
    mutable std::shared_mutex charter_mutex_;
    std::shared_ptr<const CharterState> state_; // guarded by charter_mutex_
    std::function<void()> on_change_, on_charter_;
    std::atomic<Position> own_{0};
    std::unique_ptr<JournalMarks> marks_;
    std::unique_ptr<DeriveThread> deriver_;
    std::unique_ptr<LogThread> writer_;
    std::size_t forks_noted_ = 0; // log thread
    // What peers say of this node's own logs and the log thread has not heard yet: one task a peer,
    // however often it says it.
    std::mutex confirmed_mutex_;
    std::map<NodeId, std::map<LogName, Head>> confirmed_;
    bool stopped_ = false;
};

} // namespace safar

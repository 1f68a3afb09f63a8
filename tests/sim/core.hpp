// One node without a shell: the production log on a disk that fails, derived state, the charter as
// the node holds it, and what sessions ask. A life begins with start() and ends with end(); the
// disk and the charter's files outlive it.
#pragma once

#include "node/net/statement_round.hpp"
#include "storage/derive/derived.hpp"
#include "sync/peer/backoff.hpp"
#include "sync/session/session.hpp"
#include "tests/sim/disk.hpp"
#include "tests/sim/founding.hpp"
#include "tests/sim/frames.hpp"

#include <set>

namespace safar::sim {

// A batch that its author was told is safe.
struct Acknowledged {
    BatchPlace place;
    Hash hash;
    bool excused = false; // lost with a copy of the data directory that was put back
};

class Core final : public PeerHost {
public:
    Core(std::size_t index, const Member& member, const Founding& founding, std::uint64_t seed,
         Statistics& statistics);

    // Opens the log. Errors: those of open_log; the process does not start.
    [[nodiscard]] Result<> start();
    void end(bool power); // kill -9, or the power goes
    [[nodiscard]] bool up() const { return log_ != nullptr; }

    // On the log thread.
    [[nodiscard]] std::vector<IngestOutcome> ingest(std::span<const EncodedBatch> batches);
    [[nodiscard]] Result<> adopt_epoch(std::string_view text);
    [[nodiscard]] Result<> adopt_notice(ByteView bytes);
    [[nodiscard]] Result<Appended> append(AppendRequest request);
    void confirm(const NodeId& peer, const Frontier& held_by_peer) {
        log_->confirm_own_heads(peer, held_by_peer);
    }
    // Derived state, followed up to the log's end; null: the disk does not let it.
    [[nodiscard]] Derived* derived();

    // What is signed of heads, and heard of others' heads; while it is up.
    [[nodiscard]] StatementRound& statements() { return *statements_; }
    // What the round wants kept, for the log thread to write; once each.
    [[nodiscard]] std::optional<Bytes> statements_to_keep() { return std::exchange(keep_, {}); }
    [[nodiscard]] const StatementBook& book() const { return book_; } // as it was last to be kept
    [[nodiscard]] Result<> keep(ByteView saved) { return log_->put_setting("statements", saved); }

    // The data directory: disk and charter.
    struct Copy {
        std::shared_ptr<const Disk::Copy> disk;
        std::shared_ptr<const CharterState> charter;
        std::size_t acknowledged = 0;
    };
    [[nodiscard]] Copy copy() const { return {disk_->copy(), charter_, acknowledged.size()}; }
    void put_back(const Copy& copy, bool whole);
    void replace_disk();

    const Log& log() const override { return *log_; }
    [[nodiscard]] Log& writable() { return *log_; }
    std::shared_ptr<const Authority> authority() const override { return log_->authority(); }
    std::vector<std::string> shared_compartments(const NodeId& peer) const override;
    std::optional<Bytes> charter_document(std::uint64_t epoch) const override;
    Hash erasures_digest() const override { return {}; }
    Hash charter_digest() const override { return charter_->state_hash(); }
    std::vector<Hash> notices() const override;
    std::optional<Bytes> notice(const Hash& hash) const override;

    // As the network shell asks it.
    std::shared_ptr<const Charter> charter() const override { return charter_->ruling().charter; }
    void ingest(std::vector<EncodedBatch> batches,
                std::function<void(std::vector<IngestOutcome>)> done) override;
    void adopt_charter(std::uint64_t epoch, Bytes document,
                       std::function<void(Result<>)> done) override;
    void adopt_notice(Bytes notice, std::function<void(Result<>)> done) override;
    void confirm_own_heads(const NodeId& peer, Frontier held_by_peer) override {
        confirm(peer, held_by_peer);
    }
    bool suspended(const NodeId& node) const override { return charter_->suspended(node); }
    void keep_statements(Bytes saved) override {
        book_ = StatementBook::load(saved).value();
        keep_ = std::move(saved);
    }
    Bytes kept_statements() const override;

    [[nodiscard]] const CharterState& state() const { return *charter_; }
    [[nodiscard]] bool rules(const Hash& epoch) const;       // it is of the chain in force
    [[nodiscard]] bool knows_epoch(const Hash& epoch) const; // or kept as a rival
    // Compartments: known at least by headers; held whole and read; and where it may write what.
    [[nodiscard]] std::vector<std::string> shown() const;
    [[nodiscard]] std::vector<std::string> read() const;
    [[nodiscard]] bool carries(std::string_view compartment) const; // bodies too
    struct Pen {
        std::string compartment;
        std::vector<std::uint16_t> kinds;
    };
    [[nodiscard]] std::vector<Pen> pens() const;
    [[nodiscard]] Disk& disk() { return *disk_; }

    std::set<std::string> carried; // compartments of which it was ever to hold bodies
    const std::size_t index;
    const Member& member;
    std::string agency;
    NodeId id;
    RangePlan plan;
    Release release = Release::ours;
    std::uint64_t life = 0; // callbacks of an earlier one are void
    NodeTime paused_until{0};
    NodeTime log_busy_until{0}; // the log thread
    Position told = 0;          // up to where sessions have been told that the log grew
    std::vector<Acknowledged> acknowledged;
    std::vector<std::string> start_notes;
    bool charter_changed = false; // another epoch rules: connections begin anew

private:
    using Change = std::function<Result<CharterState::News>(CharterState&)>;
    [[nodiscard]] Result<> change_charter(const Change& change);
    [[nodiscard]] Result<> tell_log_of_forks();
    void note_forks();
    void note_rights();

    SeededEntropy entropy_;
    std::shared_ptr<Disk> disk_;
    std::shared_ptr<const CharterState> charter_; // in files, durable before it is in force
    std::unique_ptr<Log> log_;
    std::unique_ptr<Derived> derived_;
    Identity identity_;
    std::unique_ptr<StatementRound> statements_;
    std::optional<Bytes> keep_;
    StatementBook book_;
    std::size_t forks_noted_ = 0;
};

} // namespace safar::sim

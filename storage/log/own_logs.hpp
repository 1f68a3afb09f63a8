// Which of its own logs a node may go on signing (design.md section 4, Identity). A node that signs
// two batches for one place has forked for ever, so every doubt ends in a new incarnation.
#pragma once

#include "storage/log/books.hpp"

#include <set>
#include <span>

namespace safar {

class OwnLogs {
public:
    // Where this node may sign now; nullopt: only in a new incarnation.
    [[nodiscard]] std::optional<Incarnation> signable(const LogId& log) const;
    // Is that the incarnation this node signs, or would sign once confirmed?
    [[nodiscard]] bool is_current(const LogName& log) const;

    // Found in the store and not contradicted by the witness: waits for its peers' word.
    void opened(const LogName& log) { logs_[log.id] = {log.incarnation, false}; }
    // Started in this run: nobody else can have continued it.
    void born(const LogName& log) { logs_[log.id] = {log.incarnation, true}; }
    // `peer` holds it up to our head, and not more; once all `keepers` have said so it may go on.
    void confirm(const LogName& log, const NodeId& peer, std::span<const NodeId> keepers);
    void retire(const LogId& log) { logs_.erase(log); }
    // After a write of which nobody knows whether it took place, no head is certain any more.
    void doubt_all();

    [[nodiscard]] WitnessState witness_state(const Books& books) const;

private:
    struct Own {
        Incarnation incarnation;
        bool confirmed = false;
        std::set<NodeId> confirmed_by = {};
    };
    std::map<LogId, Own> logs_;
};

enum class PeerSays { same, behind, contradicts };
// `ours_there`: hash of our batch at the number of `theirs`, if we hold one.
[[nodiscard]] PeerSays compare_heads(const Head& ours, const Head& theirs,
                                     const std::optional<Hash>& ours_there);

// Acknowledged batches that the store no longer had when it was opened, now or at an earlier start:
// kept in the store, since the witness knows nothing of them any more once something is written.
struct Losses {
    Position ended = 0; // where the store ended then
    // Of what the witness said: how far batches had been acknowledged (0: no batch is missing that
    // has no name), and heads of own logs that are not held.
    WitnessState known;
    [[nodiscard]] bool none() const { return known.position == 0 && known.heads.empty(); }
    [[nodiscard]] std::vector<std::string> texts() const; // one sentence for each
    friend bool operator==(const Losses&, const Losses&) = default;
};
[[nodiscard]] Bytes encode_losses(const Losses& losses);
[[nodiscard]] std::optional<Losses> decode_losses(ByteView bytes);

// Compares the witness with the store. Own logs that both agree on are opened in `own`; everything
// else is told in `notes`, and acknowledged batches that are gone come into `losses` too, beside
// those of earlier starts.
[[nodiscard]] Result<> check_witness(const std::optional<WitnessState>& witness, const Books& books,
                                     const Store& store, OwnLogs& own,
                                     std::vector<std::string>& notes, Losses& losses);
// What has not come back, from peers or a bundle. Of batches without a name, that is until the
// store is as long as it was.
[[nodiscard]] Result<Losses> still_missing(Losses losses, const Books& books, const Store& store);

} // namespace safar

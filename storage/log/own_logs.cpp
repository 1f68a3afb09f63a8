#include "storage/log/own_logs.hpp"

#include <algorithm>

namespace safar {
namespace {

// Does the store hold what the witness saw?
Result<bool> is_held(const Store& store, const Books& books, const WitnessState::OwnHead& seen) {
    const LogRow* row = books.find(seen.log);
    if (row == nullptr || row->held < seen.number) return false;
    SAFAR_TRY(auto stored, stored_header(store, *row, seen.number));
    return stored.hash == seen.hash;
}

} // namespace

std::optional<Incarnation> OwnLogs::signable(const LogId& log) const {
    auto found = logs_.find(log);
    if (found == logs_.end() || !found->second.confirmed) return std::nullopt;
    return found->second.incarnation;
}

bool OwnLogs::is_current(const LogName& log) const {
    auto found = logs_.find(log.id);
    return found != logs_.end() && found->second.incarnation == log.incarnation;
}

void OwnLogs::confirm(const LogName& log, const NodeId& peer, std::span<const NodeId> keepers) {
    if (!is_current(log)) return;
    Own& own = logs_[log.id];
    own.confirmed_by.insert(peer);
    own.confirmed = std::ranges::all_of(
        keepers, [&](const NodeId& keeper) { return own.confirmed_by.contains(keeper); });
}

void OwnLogs::doubt_all() {
    for (auto& [id, own] : logs_) {
        own.confirmed = false;
        own.confirmed_by.clear();
    }
}

WitnessState OwnLogs::witness_state(const Books& books) const {
    WitnessState out;
    out.position = books.last;
    for (const auto& [id, own] : logs_)
        if (const LogRow* row = books.find(LogName{id, own.incarnation}); row != nullptr)
            out.heads.push_back({row->name, row->head.number, row->head.hash});
    return out;
}

PeerSays compare_heads(const Head& ours, const Head& theirs,
                       const std::optional<Hash>& ours_there) {
    if (theirs.forked || ours.forked || theirs.number > ours.number) return PeerSays::contradicts;
    if (theirs.number > 0 && ours_there != theirs.hash) return PeerSays::contradicts;
    return theirs.number == ours.number ? PeerSays::same : PeerSays::behind;
}

Result<> check_witness(const std::optional<WitnessState>& witness, const Books& books,
                       const Store& store, OwnLogs& own, std::vector<std::string>& notes,
                       std::vector<Loss>& losses) {
    if (!witness) {
        if (!books.own.empty())
            notes.push_back(
                "the witness file is missing or damaged: nothing tells whether this store is "
                "the newest copy, so this node's logs go on in new incarnations");
        return success();
    }
    if (witness->position > books.last)
        losses.push_back(
            {"the store ends at position " + std::to_string(books.last) + ", but batches up to " +
                 std::to_string(witness->position) +
                 " had been acknowledged: what came from peers will come again from them; what was "
                 "written here and reached no peer is gone unless a copy of the store has it",
             std::nullopt, witness->position});
    for (const auto& seen : witness->heads) {
        SAFAR_TRY(bool held, is_held(store, books, seen));
        if (!held) {
            losses.push_back(
                {"the store lost acknowledged batches of this node's log " + seen.log.brief() +
                     ": batch " + std::to_string(seen.number) +
                     " was signed and is not held; the log goes on in a new incarnation, peers may "
                     "still hold the lost part and will send it",
                 seen, witness->position});
            continue;
        }
        auto stored = books.own.find(seen.log.id);
        if (stored != books.own.end() && stored->second == seen.log.incarnation)
            own.opened(seen.log);
    }
    for (const auto& [id, incarnation] : books.own)
        if (LogName name{id, incarnation}; !own.is_current(name) && losses.empty())
            notes.push_back("the witness does not name this node's log " + name.brief() +
                            ": it goes on in a new incarnation");
    for (const Loss& loss : losses) notes.push_back(loss.text);
    return success();
}

Result<bool> made_good(const Loss& loss, const Books& books, const Store& store) {
    if (loss.head) return is_held(store, books, *loss.head);
    return books.last >= loss.position;
}

} // namespace safar

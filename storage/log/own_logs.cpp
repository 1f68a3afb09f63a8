#include "storage/log/own_logs.hpp"

#include "storage/log/store_rows.hpp"

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

std::vector<std::string> Losses::texts() const {
    std::vector<std::string> out;
    if (known.position > 0)
        out.push_back(
            "the store ends at position " + std::to_string(ended) + ", but batches up to " +
            std::to_string(known.position) +
            " had been acknowledged: what came from peers will come again from them; what was "
            "written here and reached no peer is gone unless a copy of the store has it");
    for (const WitnessState::OwnHead& head : known.heads)
        out.push_back(
            "the store lost acknowledged batches of this node's log " + head.log.brief() +
            ": batch " + std::to_string(head.number) +
            " was signed and is not held; the log goes on in a new incarnation, peers may "
            "still hold the lost part and will send it");
    return out;
}

// A witness slot, whose number is where the store ended.
Bytes encode_losses(const Losses& losses) { return encode_witness(losses.ended, losses.known); }
std::optional<Losses> decode_losses(ByteView bytes) {
    auto slot = decode_witness(bytes);
    if (!slot) return std::nullopt;
    return Losses{slot->counter, std::move(slot->state)};
}

Result<> check_witness(const std::optional<WitnessState>& witness, const Books& books,
                       const Store& store, OwnLogs& own, std::vector<std::string>& notes,
                       Losses& losses) {
    if (!witness) {
        if (!books.own.empty())
            notes.push_back(
                "the witness file is missing or damaged: nothing tells whether this store is "
                "the newest copy, so this node's logs go on in new incarnations");
        return success();
    }
    bool lost = witness->position > books.last;
    if (lost && witness->position > losses.known.position) {
        losses.ended = books.last;
        losses.known.position = witness->position;
    }
    for (const auto& seen : witness->heads) {
        SAFAR_TRY(bool held, is_held(store, books, seen));
        if (!held) {
            lost = true;
            std::erase_if(losses.known.heads,
                          [&](const auto& before) { return before.log == seen.log; });
            losses.known.heads.push_back(seen);
            continue;
        }
        auto stored = books.own.find(seen.log.id);
        if (stored != books.own.end() && stored->second == seen.log.incarnation)
            own.opened(seen.log);
    }
    for (const auto& [id, incarnation] : books.own)
        if (LogName name{id, incarnation}; !own.is_current(name) && !lost)
            notes.push_back("the witness does not name this node's log " + name.brief() +
                            ": it goes on in a new incarnation");
    return success();
}

Result<Losses> still_missing(Losses losses, const Books& books, const Store& store) {
    Losses out{losses.ended, {}};
    if (books.last < losses.known.position) out.known.position = losses.known.position;
    for (const WitnessState::OwnHead& head : losses.known.heads) {
        SAFAR_TRY(bool held, is_held(store, books, head));
        if (!held) out.known.heads.push_back(head);
    }
    return out.none() ? Losses{} : out;
}

} // namespace safar

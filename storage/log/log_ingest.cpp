// Batches of others: verified one by one and at once, then taken in order, stored under one sync.
#include "storage/event/bare.hpp"
#include "storage/log/log_core.hpp"

#include <algorithm>

namespace safar {

// What became of one batch in the parallel half. Nothing in it depends on the batches beside it.
struct LogCore::Offered {
    Result<Offer> offer = failure(ErrorCode::malformed, "not looked at");
    std::optional<Hash> there; // hash of the batch stored at its place before this call
    bool held = false;         // that very batch
    bool fills = false;        // its bodies are missing here, and come now
    Bytes bare;                // what is kept where this node may not hold bodies; empty: all of it
    bool staged = false;       // its outcome holds only if this call's commit succeeds
};

namespace {

ForkEvidence evidence_of(const Offer& offer, ByteView stored, ByteView held) {
    Signature held_signature;
    std::memcpy(held_signature.raw.data(), held.data() + BatchHeader::encoded_bytes,
                Signature::size);
    return make_evidence(offer.place(), held.first(BatchHeader::encoded_bytes), held_signature,
                         stored.first(BatchHeader::encoded_bytes), offer.signature);
}

} // namespace

LogCore::Offered LogCore::examine_one(ByteView stored, const Authority& authority) const {
    Offered out;
    out.offer = read_offer(stored, authority.network());
    if (!out.offer) return out;
    Offer& offer = out.offer.value();
    if (auto row = find_row(offer.header.log); row && offer.header.number <= row->held) {
        if (row->head.number == offer.header.number) {
            out.there = row->head.hash;
        } else {
            auto there = stored_header(*parts_.store, *row, offer.header.number);
            if (!there) {
                out.offer = there.error();
                return out;
            }
            out.there = there.value().hash;
        }
        // The header is the batch's identity: the bytes stored under it were verified then, those
        // that came with it now are dropped unseen.
        out.held = out.there == offer.hash;
        out.fills = out.held && lacks_body(*row, offer.header.number, authority);
        if (out.held && !out.fills) return out;
    }
    auto good = examine(stored, authority, offer);
    if (good) good = keep_to_our_right(out, stored, authority);
    if (!good) out.offer = good.error();
    return out;
}

bool LogCore::lacks_body(const LogRow& row, std::uint64_t number,
                         const Authority& authority) const {
    const LogOwner* owner = authority.owner(row.name.id);
    if (owner == nullptr || !authority.may_hold(author_.node, owner->compartment)) return false;
    std::shared_lock lock(reading_);
    const std::uint64_t bare = books_.first_bare(row);
    return bare != 0 && number >= bare;
}

// The root of a batch without bodies verifies too: without this whoever passes batches on could rob
// the others of what they are to hold.
Result<> LogCore::keep_to_our_right(Offered& offered, ByteView stored,
                                    const Authority& authority) const {
    Offer& offer = offered.offer.value();
    const LogOwner* owner = authority.owner(offer.header.log.id);
    SAFAR_ASSERT(owner != nullptr); // examined
    if (authority.may_hold(author_.node, owner->compartment) ||
        !authority.may_observe(author_.node, owner->compartment)) {
        if (offer.bodies) return success();
        return failure(ErrorCode::body_missing,
                       "batch " + std::to_string(offer.header.number) + " of log " +
                           offer.header.log.id.brief() +
                           " came without bodies that this node is to hold");
    }
    SAFAR_TRY(offered.bare, bare_batch(stored));
    offer.bodies = false;
    return success();
}

// The body of a batch that was held without it. In order, so that the head follows.
void LogCore::fill_one(Draft& draft, const Offered& offered, ByteView stored,
                       IngestOutcome& outcome) const {
    const Offer& offer = offered.offer.value();
    const std::uint64_t number = offer.header.number;
    LogRow row = row_of(draft, offer.header.log);
    const LogHandle handle = row.handle_at(number);
    LogRow* part = &row;
    LogRow trunk;
    if (handle != row.handle) {
        auto staged = draft.aside.find(handle);
        trunk = staged != draft.aside.end() ? staged->second : *books_.find(handle);
        part = &trunk;
    }
    if (part->bare != number) return; // an earlier one is missing still, or this one came twice
    part->bare = number == part->held ? 0 : number + 1;
    draft.changes.put_view(Table::batch, batch_key(handle, number), stored);
    if (part == &trunk) draft.aside[handle] = trunk;
    if (offer.standing == Standing::counts && number == row.head.number + 1 && !row.head.forked) {
        const auto fork = fork_of(draft, row.name);
        row.head = {number, offer.header.last_sequence(), offer.hash, offer.header.epoch,
                    fork && fork->place.number == number + 1};
    }
    draft.rows[row.name] = row;
    outcome.fresh = true;
}

std::vector<IngestOutcome> LogCore::ingest(std::span<const EncodedBatch> batches) {
    std::lock_guard lock(writing_);
    if (auto counted = finish_recount(); !counted) {
        std::vector<IngestOutcome> out(batches.size());
        for (IngestOutcome& outcome : out) outcome.result = counted.error();
        return out;
    }
    return ingest_locked(batches);
}

std::vector<IngestOutcome> LogCore::ingest_locked(std::span<const EncodedBatch> batches) {
    std::vector<IngestOutcome> outcomes(batches.size());
    if (auto ready = ready_to_write(); !ready) {
        for (IngestOutcome& outcome : outcomes) outcome.result = ready.error();
        return outcomes;
    }
    const auto charter = authority();
    std::vector<Offered> offers(batches.size());
    parts_.parallel_for(batches.size(), [&](std::size_t i) {
        offers[i] = examine_one(batches[i].bytes, *charter);
    });

    Draft draft = start_draft();
    std::map<BatchPlace, std::size_t>
        staged; // place -> index of the batch that this call stores there
    for (std::size_t i = 0; i < batches.size(); ++i)
        take_one(draft, batches, offers, i, staged, outcomes[i]);
    if (draft.changes.empty()) return outcomes;
    if (auto stored = commit(draft); !stored)
        for (std::size_t i = 0; i < batches.size(); ++i)
            if (offers[i].staged) {
                outcomes[i].result = stored.error();
                outcomes[i].fresh = false;
                outcomes[i].position = 0;
            }
    return outcomes;
}

void LogCore::take_one(Draft& draft, std::span<const EncodedBatch> batches,
                       std::vector<Offered>& offers, std::size_t index,
                       std::map<BatchPlace, std::size_t>& staged, IngestOutcome& outcome) {
    Offered& offered = offers[index];
    if (!offered.offer) {
        remember(offered.offer.error());
        outcome.result = offered.offer.error();
        return;
    }
    const Offer& offer = offered.offer.value();
    const ByteView stored =
        offered.bare.empty() ? ByteView(batches[index].bytes) : ByteView(offered.bare);
    outcome.place = offer.place();
    outcome.hash = offer.hash;
    if (offered.fills) {
        offered.staged = true;
        return fill_one(draft, offered, stored, outcome);
    }
    if (offered.held) return;
    if (offer.standing == Standing::waits) {
        outcome.result = failure(ErrorCode::epoch_unknown, "it names charter epoch " +
                                                               std::to_string(offer.header.epoch) +
                                                               ", which is not held here yet");
        return;
    }
    if (offer.standing == Standing::quarantine)
        return quarantine_one(draft, offered, stored, outcome);

    auto beside = staged.find(offer.place());
    if (beside != staged.end()) offered.there = offers[beside->second].offer.value().hash;
    const LogRow row = row_of(draft, offer.header.log);
    const auto fork = fork_of(draft, offer.header.log);
    auto verdict = fit(offer, row, offered.there, fork ? &*fork : nullptr);
    offered.staged = draft.rows.contains(offer.header.log);
    if (verdict && verdict.value() == Fit::forks)
        verdict = which_branch(row, offer, staged, batches);
    if (!verdict) {
        outcome.result = verdict.error();
        return;
    }
    if (verdict.value() == Fit::held) return;
    // Another copy of our key wrote here, or we did before we lost our store: never sign it again.
    if (own_.is_current(offer.header.log)) retire(draft, offer.header.log.id);
    offered.staged = true;
    if (verdict.value() == Fit::extends || verdict.value() == Fit::branches) {
        LogRow next = row;
        if (verdict.value() == Fit::branches) {
            if (auto other = bytes_at(row, offer.header.number, staged, batches))
                static_cast<void>(learn_fork(draft, evidence_of(offer, stored, other.value())));
            next = branch_of(draft, row, offer.header.number);
        }
        next = extended(std::move(next), offer);
        next.head.forked = fork && fork->place.number == offer.header.number + 1;
        outcome.position = stage(draft, next, stored);
        outcome.fresh = true;
        staged[offer.place()] = index;
        return;
    }
    auto held = bytes_at(row, offer.header.number, staged, batches);
    if (!held) {
        remember(held.error());
        outcome.result = held.error();
        return;
    }
    if (auto closed = close_forked(draft, row, offered, stored, held.value(), staged, batches);
        !closed) {
        outcome.result = closed.error();
        return;
    }
    outcome.result =
        failure(ErrorCode::fork_detected,
                "its author signed two batches " + std::to_string(offer.header.number) +
                    " in log " + offer.header.log.brief() + ": the log is closed after batch " +
                    std::to_string(offer.header.number - 1));
}

// The common prefix stands. Of several forks of one log the lowest rules, so that everybody who has
// seen the same headers states the same prefix, in whatever order they came.
Result<> LogCore::close_forked(Draft& draft, LogRow row, const Offered& offered, ByteView stored,
                               ByteView held, const std::map<BatchPlace, std::size_t>& staged,
                               std::span<const EncodedBatch> batches) {
    const Offer& offer = offered.offer.value();
    SAFAR_TRY(auto other, decode_header(held.first(BatchHeader::encoded_bytes)));
    Head head;
    head.number = offer.header.number - 1;
    head.forked = true;
    if (head.number > row.head.number) {
        head = row.head; // a cut ends the log before its fork does
    } else if (head.number > 0) {
        // Both branches were checked to start where the prefix ends; only its epoch is not in them.
        head.last_sequence = other.first_sequence - 1;
        head.hash = other.previous;
        if (auto beside = staged.find({row.name, head.number}); beside != staged.end()) {
            ByteView before = batches[beside->second].bytes;
            SAFAR_TRY(auto header, decode_header(before.first(BatchHeader::encoded_bytes)));
            head.epoch = header.epoch;
        } else {
            SAFAR_TRY(auto before, stored_header(*parts_.store, row, head.number));
            head.epoch = before.header.epoch;
        }
    }
    row.head = head;
    draft.rows[row.name] = row;

    static_cast<void>(learn_fork(draft, evidence_of(offered.offer.value(), stored, held)));
    return success();
}

std::optional<ForkEvidence> LogCore::fork_of(const Draft& draft, const LogName& log) const {
    const auto charter = authority();
    const bool fresh =
        std::any_of(draft.forks.begin(), draft.forks.end(),
                    [&](const ForkEvidence& evidence) { return evidence.place.log == log; });
    const ForkSet both = fresh ? forks_of(draft, log) : ForkSet();
    const ForkEvidence* found = (fresh ? both : books_.forks).closing(log, *charter);
    return found == nullptr ? std::nullopt : std::optional(*found);
}

Result<Bytes> LogCore::bytes_at(const LogRow& row, std::uint64_t number,
                                const std::map<BatchPlace, std::size_t>& staged,
                                std::span<const EncodedBatch> batches) const {
    if (auto beside = staged.find({row.name, number}); beside != staged.end())
        return batches[beside->second].bytes;
    SAFAR_TRY(auto stored, stored_header(*parts_.store, row, number));
    return std::move(stored.bytes);
}

// Another batch is held at the place of this one. A fork, unless an epoch has told the branches
// apart: then the batch that it admitted begins the branch that counts, and what follows either is
// no new fork. Nor is it one where the batch held no longer binds its author: its epoch has become
// void, or its key was replaced.
Result<Fit> LogCore::which_branch(const LogRow& row, const Offer& offer,
                                  const std::map<BatchPlace, std::size_t>& staged,
                                  std::span<const EncodedBatch> batches) const {
    const auto charter = authority();
    const BatchHeader& header = offer.header;
    const bool extends = header.number == row.head.number + 1 && header.previous == row.head.hash &&
                         header.first_sequence == row.head.last_sequence + 1 &&
                         header.epoch >= row.head.epoch;
    const auto follows_another = [&] {
        return failure(ErrorCode::gap, "batch " + std::to_string(header.number) + " of log " +
                                           header.log.id.brief() +
                                           " follows another batch than the one held before it");
    };
    if (charter->admitted(offer.place()) !=
        nullptr) { // it is this one, or it would stand in quarantine
        if (extends) return Fit::branches;
    } else if (!charter->admitted_before(offer.place())) {
        SAFAR_TRY(auto there, bytes_at(row, header.number, staged, batches));
        SAFAR_TRY(auto held, decode_header(ByteView(there).first(BatchHeader::encoded_bytes)));
        if (charter->binds(held)) return Fit::forks;
        if (extends) return Fit::branches;
        return follows_another();
    }
    SAFAR_TRY(auto bytes, bytes_at(row, header.number - 1, staged, batches));
    if (header_hash(header.network, ByteView(bytes).first(BatchHeader::encoded_bytes)) ==
        header.previous)
        return Fit::forks;
    return follows_another();
}

// The row of a branch that begins at `first`; the one that ruled goes aside.
LogRow LogCore::branch_of(Draft& draft, const LogRow& row, std::uint64_t first) const {
    LogRow out;
    out.handle = ++draft.last_handle;
    out.name = row.name;
    out.head = row.head;
    out.held = first - 1;
    out.first = first;
    for (const LogRow::Part& part : row.trunk)
        if (part.first < first) out.trunk.push_back(part);
    if (row.first < first) out.trunk.push_back({row.first, row.handle});
    put_aside(draft, row);
    return out;
}

void LogCore::quarantine_one(Draft& draft, Offered& offered, ByteView stored,
                             IngestOutcome& outcome) {
    const Offer& offer = offered.offer.value();
    Bytes key = quarantine_key(offer.place(), offer.hash);
    const std::string reason = "the charter knows its author and does not let it say this";
    outcome.result =
        failure(ErrorCode::quarantined, reason + ": kept apart until an epoch admits it");
    const bool again = std::any_of(draft.quarantined.begin(), draft.quarantined.end(),
                                   [&](const auto& entry) { return entry.first == key; });
    if (again || books_.quarantine.contains(key)) return;

    const LogId& log = offer.header.log.id;
    auto known = books_.quarantine_bytes.find(log);
    std::size_t of_log =
        draft.quarantine_bytes[log] + (known == books_.quarantine_bytes.end() ? 0 : known->second);
    std::size_t total = draft.quarantine_total + books_.quarantine_total;
    if (of_log + stored.size() > limits::quarantine_log_bytes_max ||
        total + stored.size() > limits::quarantine_total_bytes_max) {
        outcome.result =
            failure(ErrorCode::quarantined,
                    reason + ", and the quarantine is full: not kept, may be offered again");
        return;
    }
    draft.quarantine_bytes[log] += stored.size();
    draft.quarantine_total += stored.size();
    draft.changes.put(Table::quarantine, key, encode_quarantined(reason, stored));
    draft.quarantined.push_back(
        {std::move(key), {{offer.place(), offer.hash, reason}, stored.size()}});
    offered.staged = true;
}

// Offers again, in order of place, what the charter in force no longer keeps apart.
Result<> LogCore::release_quarantined() {
    const auto charter = authority();
    std::vector<Bytes> keys;
    std::vector<EncodedBatch> batches;
    for (const auto& [key, entry] : books_.quarantine) {
        auto value = parts_.store->get(Table::quarantine, key);
        if (!value || !value.value()) continue;
        auto row = decode_quarantined(key, *value.value());
        if (!row) continue;
        auto offer = read_offer(row.value().batch, charter->network());
        if (!offer || charter->standing(offer.value().header) != Standing::counts) continue;
        keys.push_back(key);
        batches.push_back({std::move(row.value().batch)});
    }
    if (batches.empty()) return success();
    std::vector<IngestOutcome> outcomes = ingest_locked(batches);
    Draft draft = start_draft();
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const auto& result = outcomes[i].result;
        // It found its place, or never will, or is to come again with its bodies; what waits for
        // earlier batches stays.
        if (!result && result.error().code != ErrorCode::fork_detected &&
            result.error().code != ErrorCode::log_closed &&
            result.error().code != ErrorCode::body_missing)
            continue;
        draft.changes.erase(Table::quarantine, keys[i]);
        draft.released.push_back(keys[i]);
    }
    return draft.changes.empty() ? Result<>(success()) : commit(draft);
}

} // namespace safar

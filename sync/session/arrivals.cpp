// What becomes of a batch that arrives: is it the next one of its log, held already, or out of
// reach?
#include "sync/session/asker.hpp"

namespace safar {

Result<bool> Asker::on_batch(ByteView stored) {
    if (stored.size() < EncodedBatch::prefix_bytes)
        return failure(ErrorCode::malformed, "batch frame shorter than a batch header");
    const ByteView header_bytes = stored.first(BatchHeader::encoded_bytes);
    auto decoded = decode_header(header_bytes);
    // Both sides speak one wire version, and it carries one version of batches.
    if (!decoded) return failure(ErrorCode::malformed, decoded.error().detail);
    const BatchHeader& header = decoded.value();
    if (header.network != context_.authority->network())
        return failure(ErrorCode::wrong_network, "batch of network " + header.network.brief());
    const LogName& log = header.log;
    const Hash hash = header_hash(header.network, header_bytes);
    ++context_.status.batches_in;
    context_.status.events_in += header.event_count;

    const LogOwner* owner = context_.shared_owner(log);
    if (owner == nullptr) {
        if (context_.authority->owner(log.id) != nullptr && ++unshared_ > 16)
            return failure(ErrorCode::not_permitted, "keeps sending batches of log " + log.brief() +
                                                         ", which is not shared with it");
        return false; // unknown: may be offered again when a newer charter knows it
    }
    Head head;
    head.number = header.number;
    head.last_sequence = header.last_sequence();
    head.hash = hash;
    frontiers_.on_batch(owner->compartment, log, head);

    const bool probed = probing_.erase(log) > 0;
    if (probed) probing_until_ = context_.now + lease_time;
    const auto ask = asks_.find(log);
    // What follows the range was pushed, and costs none of its credit.
    if (ask != asks_.end() && header.number == ask->second.next &&
        header.number <= ask->second.last) {
        ask->second.granted -= static_cast<std::int64_t>(stored.size());
        if (ask->second.granted < -static_cast<std::int64_t>(limits::frame_bytes_max))
            return failure(ErrorCode::limit_exceeded, "sends beyond the credit it was given");
        ++ask->second.next;
        ask->second.progressed = context_.now;
        taken_bytes_ += stored.size();
        ++taken_batches_;
        timeouts_ = empty_promises_ = 0;
    } else if (unsettled_bytes_ > unasked_bytes_max) {
        note_lacking(log, relay_delay); // asked for when the disk has caught up
        if (probed) probe_fork(log, header.number);
        return false;
    }

    const std::uint64_t here = have(log);
    if (header.number <= here) return on_old_batch(stored, header, hash);
    const Head ours = context_.head(log);
    if (header.number > here + 1 || ours.forked) {
        note_lacking(log, relay_delay);
        return false;
    }
    if (here == ours.number && header.previous != ours.hash) {
        end_ask(log, std::chrono::seconds(60)); // chains to something else than what we hold
        probe_fork(log, here);
        return false;
    }
    queue(stored, log, header.number);
    return false;
}

// Held already, or another batch at the same place: then the log must see it, and the fork may have
// begun earlier still.
Result<bool> Asker::on_old_batch(ByteView stored, const BatchHeader& header, const Hash& hash) {
    const Head ours = context_.head(header.log);
    if (header.number > ours.number) { // on its way, and it may yet be refused
        note_lacking(header.log, lease_poll);
        return true;
    }
    if (header.number == ours.number && hash == ours.hash) return true;
    auto held_at = [&](std::uint64_t number) {
        return hash_at(context_.view.log(), header.log, number);
    };
    if (auto held = held_at(header.number); !held || *held == hash) return true;
    if (header.number > 1)
        if (auto before = held_at(header.number - 1); before && *before != header.previous)
            probe_fork(header.log, header.number - 1);
    queue(stored, header.log, header.number);
    return false;
}

void Asker::queue(ByteView stored, const LogName& log, std::uint64_t number) {
    arrived_.push_back({EncodedBatch{copy(stored)}, log, number});
    arrived_bytes_ += stored.size();
    Unsettled& unsettled = unsettled_[log];
    ++unsettled.batches;
    unsettled.bytes += stored.size();
    unsettled.highest = std::max(unsettled.highest, number);
    unsettled_bytes_ += stored.size();
}

// An idle log gets what there is at once; a busy one gets full groups, so that many batches share
// one sync, and the next group is received while the last is verified.
void Asker::hand_over() {
    while (!arrived_.empty() && groups_.size() < groups_max) {
        const bool full = arrived_.size() >= group_batches_max || arrived_bytes_ >= group_bytes_max;
        if (!groups_.empty() && !full) return;
        IngestBatches action;
        std::vector<Submitted> group;
        std::size_t bytes = 0;
        while (!arrived_.empty() && group.size() < group_batches_max && bytes < group_bytes_max) {
            Arrived& next = arrived_.front();
            bytes += next.batch.bytes.size();
            arrived_bytes_ -= next.batch.bytes.size();
            context_.plan.submitted(next.log, next.number, context_.peer);
            group.push_back({next.log, next.number, next.batch.bytes.size()});
            action.batches.push_back(std::move(next.batch));
            arrived_.pop_front();
        }
        groups_.push_back(std::move(group));
        context_.out.act(std::move(action));
    }
}

void Asker::settle(const Submitted& item) {
    auto found = unsettled_.find(item.log);
    SAFAR_ASSERT(found != unsettled_.end() && found->second.batches > 0);
    found->second.bytes -= item.bytes;
    unsettled_bytes_ -= item.bytes;
    if (--found->second.batches == 0) unsettled_.erase(found);
}

void Asker::drop_arrived(const LogName& log) {
    std::erase_if(arrived_, [&](const Arrived& arrived) {
        if (arrived.log != log) return false;
        arrived_bytes_ -= arrived.batch.bytes.size();
        settle({log, arrived.number, arrived.batch.bytes.size()});
        return true;
    });
    if (auto found = unsettled_.find(log); found != unsettled_.end()) found->second.highest = 0;
}

Result<> Asker::on_refused(const Submitted& item, const Error& error) {
    context_.plan.settled(item.log, item.number, /*held=*/false);
    // Proof of an earlier fork stays.
    if (error.code != ErrorCode::fork_detected) drop_arrived(item.log);
    // Who sends no bodies took us for an observer; asked for again once both rule by one charter.
    const bool misled = error.code == ErrorCode::body_missing && !context_.of_one_mind();
    switch (misled ? Blame::nobody : blame(error.code)) {
    case Blame::sender: return error;
    case Blame::author: end_ask(item.log, std::chrono::hours(1)); break;
    case Blame::us: // full or broken disk: stop asking for a while
        end_ask(item.log, NodeTime{0});
        paused_until_ = context_.now + pause_;
        pause_ = std::min<NodeTime>(pause_ * 2, std::chrono::seconds(30));
        break;
    case Blame::nobody:
        switch (error.code) {
        case ErrorCode::gap: end_ask(item.log, relay_delay); break;
        case ErrorCode::quarantined: end_ask(item.log, quarantine_rest); break;
        default: end_ask(item.log, std::chrono::seconds(60)); break; // wants a newer charter
        }
    }
    return success();
}

Result<> Asker::on_ingested(std::span<const IngestOutcome> outcomes) {
    SAFAR_ASSERT(!groups_.empty()); // the shell answers each IngestBatches once, in order
    const std::vector<Submitted> group = std::move(groups_.front());
    groups_.pop_front();
    std::vector<LogName> refused;
    for (std::size_t i = 0; i < group.size(); ++i) {
        settle(group[i]);
        Result<> result = success();
        if (i >= outcomes.size())
            result = failure(ErrorCode::storage_failed, "the log gave no answer for a batch");
        else
            result = outcomes[i].result;
        if (result) {
            context_.plan.settled(group[i].log, group[i].number, /*held=*/true);
            pause_ = std::chrono::seconds(1);
            if (!behind(group[i].log)) lacking_.erase(group[i].log);
            if (auto ask = asks_.find(group[i].log); ask != asks_.end()) {
                ask->second.deadline = context_.now + lease_time;
                ask->second.progressed = context_.now;
                ask->second.held_back = context_.head(group[i].log).number < group[i].number;
            }
        } else if (std::find(refused.begin(), refused.end(), group[i].log) == refused.end()) {
            // What follows it in the group fails for that reason alone.
            refused.push_back(group[i].log);
            SAFAR_TRY(on_refused(group[i], result.error()));
        }
    }
    look_at_ = context_.now;
    return success();
}

} // namespace safar

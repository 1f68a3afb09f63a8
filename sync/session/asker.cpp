// Which ranges are asked for, when, and with how much credit. What arrives: arrivals.cpp.
#include "sync/session/asker.hpp"

#include "storage/base/planted.hpp"

namespace safar {

std::uint64_t Asker::have(const LogName& log) const {
    std::uint64_t number = std::max(context_.head(log).number, context_.plan.on_the_way(log));
    if (auto found = unsettled_.find(log); found != unsettled_.end())
        number = std::max(number, found->second.highest);
    return number;
}

bool Asker::behind(const LogName& log) const {
    const Head* theirs = frontiers_.theirs(log);
    const Head ours = context_.head(log);
    if (theirs == nullptr || ours.forked) return false;
    if (!context_.can_give(context_.peer, context_.self, context_.shared_owner(log)->compartment))
        return false;
    return theirs->number > ours.number;
}

bool Asker::lacks(const LogName& log, std::uint64_t& missing) const {
    if (!behind(log)) return false;
    const Head* theirs = frontiers_.theirs(log);
    const std::uint64_t here = have(log);
    missing = theirs->number > here ? theirs->number - here : 0;
    if (planted(Plant::never_ask_the_last) && missing == 1) missing = 0;
    return missing > 0;
}

// Also what somebody else is bringing: it may be refused.
void Asker::note_lacking(const LogName& log, NodeTime delay) {
    if (!behind(log)) return;
    auto [found, fresh] =
        lacking_.try_emplace(log, Lacking{context_.now + delay, NodeTime{0}, have(log)});
    if (!fresh) found->second.ask_at = std::min(found->second.ask_at, context_.now + delay);
    review_at_ = std::min(review_at_, found->second.due());
}

void Asker::on_heads(const std::vector<LogName>& logs, bool at_once) {
    for (const LogName& log : logs) {
        const LogOwner* owner = context_.shared_owner(log);
        if (owner == nullptr) continue;
        note_lacking(log,
                     at_once || owner->node == context_.peer ? NodeTime{0} : NodeTime(relay_delay));
        compare_heads(log);
    }
}

// Equal heights can hide a fork, and a peer that states one has a batch after the common prefix
// that may differ from ours.
void Asker::compare_heads(const LogName& log) {
    const Head* theirs = frontiers_.theirs(log);
    if (theirs == nullptr) return;
    if (!context_.can_give(context_.peer, context_.self, context_.shared_owner(log)->compartment))
        return;
    const Head ours = context_.head(log);
    if (theirs->number == ours.number && theirs->hash != ours.hash)
        probe_fork(log, ours.number);
    else if (theirs->forked && theirs->number < ours.number)
        probe_fork(log, theirs->number + 1);
}

// Asks for one batch that should differ from ours: two signed headers at one place prove the fork.
void Asker::probe_fork(const LogName& log, std::uint64_t number) {
    if (number > 0) probes_due_[log] = number;
}

// A few at a time, however many logs an author has forked, and each with the least credit: one
// batch may overdraw it.
void Asker::send_probes() {
    if (unsettled_bytes_ > unasked_bytes_max) return; // until the disk has caught up
    if (context_.now >= probing_until_) probing_.clear();
    for (auto at = probes_due_.begin(); at != probes_due_.end() && probing_.size() < probes_max;) {
        const auto [log, number] = *at;
        if (probing_.contains(log)) {
            ++at;
            continue;
        }
        at = probes_due_.erase(at);
        if (asks_.contains(log)) continue; // its range would be replaced
        probing_.insert(log);
        probing_until_ = context_.now + lease_time;
        context_.out.send(wire::Want{log, number, number, 1});
    }
}

std::int64_t Asker::reserved(const LogName& log, const Ask& ask) const {
    auto found = unsettled_.find(log);
    const std::size_t bytes = found == unsettled_.end() ? 0 : found->second.bytes;
    return std::max<std::int64_t>(ask.granted, 0) + static_cast<std::int64_t>(bytes);
}

std::int64_t Asker::reserved() const {
    auto sum = static_cast<std::int64_t>(unsettled_bytes_);
    for (const auto& [log, ask] : asks_) sum += std::max<std::int64_t>(ask.granted, 0);
    return sum;
}

// Whether this log is asked for now; else when it is looked at again.
Asker::Turn Asker::turn_of(const LogName& log, Lacking& lacking, std::uint64_t& missing) {
    if (!behind(log)) return Turn::none;
    if (!lacks(log, missing)) { // all of it is on its way
        review_at_ = std::min(review_at_, context_.now + lease_poll);
        return Turn::later;
    }
    if (asks_.contains(log)) return Turn::later;
    if (const std::uint64_t here = have(log); here > lacking.seen) {
        lacking.seen = here; // somebody brings it: ask only when that stops
        lacking.ask_at = context_.now + relay_delay;
    }
    const NodeTime due = lacking.due();
    if (due <= context_.now) return Turn::now;
    review_at_ = std::min(review_at_, due);
    return Turn::later;
}

// Which logs wait for their turn, the one that lacks least last. There may be very many, so a range
// that ends takes the next turn from these lists.
void Asker::review() {
    review_at_ = never;
    short_waiting_.clear();
    long_waiting_.clear();
    for (auto at = lacking_.begin(); at != lacking_.end();) {
        std::uint64_t missing = 0;
        const Turn turn = turn_of(at->first, at->second, missing);
        if (turn == Turn::now)
            (missing <= short_batches ? short_waiting_ : long_waiting_)
                .push_back({missing, at->first});
        at = turn == Turn::none ? lacking_.erase(at) : std::next(at);
    }
    std::ranges::sort(short_waiting_, std::greater());
    std::ranges::sort(long_waiting_, std::greater());
}

// How many ranges may be in flight beside one that lacks so much, how many are, and what they
// share. Of short ones as many as should fit the window by the size of what came so far; long ones
// do not wait for them, and have half of it at least.
Asker::Room Asker::room_for(std::uint64_t missing) const {
    if (missing > short_batches) {
        const auto long_ones = std::ranges::count_if(asks_, [](const auto& each) {
            return each.second.last - each.second.next >= short_batches;
        });
        return {asks_max, static_cast<std::size_t>(long_ones), window_bytes};
    }
    const std::uint64_t mean =
        taken_batches_ == 0 ? limits::batch_bytes_max : taken_bytes_ / taken_batches_ + 1;
    const std::uint64_t fit = window_bytes / (short_batches * mean);
    return {std::clamp<std::size_t>(fit, asks_max, short_asks_max), asks_.size(), window_bytes / 2};
}

void Asker::start_asks() {
    if (context_.now < std::min(look_at_, review_at_) || !context_.status.ready) return;
    if (context_.now < paused_until_) {
        look_at_ = std::max(look_at_, paused_until_);
        review_at_ = std::max(review_at_, paused_until_);
        return;
    }
    if (context_.now >= review_at_) review();
    look_at_ = never;
    take_turns(short_waiting_);
    take_turns(long_waiting_);
}

void Asker::take_turns(Waiting& waiting) {
    while (!waiting.empty()) {
        const Room room = room_for(waiting.back().first);
        if (room.in_flight >= room.limit || reserved() >= window_bytes) {
            look_at_ = context_.now + lease_poll;
            return;
        }
        const auto among =
            static_cast<std::int64_t>(std::min(room.limit, room.in_flight + waiting.size()));
        const LogName log = waiting.back().second;
        waiting.pop_back();
        const auto found = lacking_.find(log);
        std::uint64_t missing = 0;
        if (found == lacking_.end()) continue;
        const Turn turn = turn_of(log, found->second, missing);
        if (turn == Turn::now)
            start_ask(log, room.window / among);
        else if (turn == Turn::none)
            lacking_.erase(found);
    }
}

void Asker::start_ask(const LogName& log, std::int64_t share) {
    const NodeTime until = context_.now + lease_time;
    if (!context_.plan.lease(log, context_.peer, context_.now, until + lease_grace)) {
        Lacking& lacking = lacking_[log]; // another peer is being asked
        lacking.ask_at = context_.now + lease_poll;
        review_at_ = std::min(review_at_, lacking.due());
        return;
    }
    const Head* theirs = frontiers_.theirs(log);
    const std::uint64_t first = have(log) + 1;
    const auto batches =
        static_cast<std::int64_t>(std::min<std::uint64_t>(theirs->number - first + 1, 64));
    std::int64_t credit = std::min({share, window_bytes - reserved(),
                                    batches * static_cast<std::int64_t>(limits::batch_bytes_max)});
    credit = std::max(credit, grant_bytes_min);
    if (asks_.empty()) {
        mark_at_ = until;
        taken_mark_ = taken_bytes_;
    }
    asks_.emplace(log, Ask{first, theirs->number, credit, until, context_.now});
    context_.out.send(wire::Want{log, first, theirs->number, static_cast<std::uint32_t>(credit)});
}

// `rest`: how long this peer is not asked for this log again.
void Asker::end_ask(const LogName& log, NodeTime rest) {
    if (asks_.erase(log) > 0) context_.plan.release(log, context_.peer);
    if (asks_.empty()) mark_at_ = never;
    if (behind(log)) { // what others are bringing may yet be refused
        Lacking& lacking =
            lacking_.try_emplace(log, Lacking{context_.now, NodeTime{0}, 0}).first->second;
        lacking.seen = have(log);
        lacking.ask_at = context_.now;
        lacking.not_before = std::max(lacking.not_before, context_.now + rest);
        review_at_ = std::min(review_at_, lacking.due());
    }
    look_at_ = context_.now;
}

// All of a range is here and stored: others may be asked, or this peer for what came since. Beyond
// a cut that the peer does not act on yet nothing would be gained by asking again.
void Asker::finish_asks() {
    std::vector<std::pair<LogName, bool>> done;
    for (const auto& [log, ask] : asks_)
        if ((ask.next > ask.last && !unsettled_.contains(log)) || context_.head(log).forked)
            done.emplace_back(log, ask.held_back);
    for (const auto& [log, held_back] : done)
        end_ask(log, held_back ? NodeTime(quarantine_rest) : NodeTime{0});
}

// Each log in flight gets an equal share of the window; what was stored is given back in pieces of
// a quarter of it, so that credits stay few.
void Asker::give_credit() {
    if (asks_.empty()) return;
    const std::int64_t share =
        std::max(window_bytes / static_cast<std::int64_t>(asks_.size()), grant_bytes_min);
    std::int64_t left = window_bytes - reserved();
    for (auto& [log, ask] : asks_) {
        if (ask.next > ask.last) continue;
        const auto batches =
            static_cast<std::int64_t>(std::min<std::uint64_t>(ask.last - ask.next + 1, 64));
        const std::int64_t needed = batches * static_cast<std::int64_t>(limits::batch_bytes_max);
        if (ask.granted >= needed) continue; // enough for the rest of the range
        std::int64_t more = std::min({share - reserved(log, ask), left, needed});
        const bool starved = ask.granted <= 0 && !unsettled_.contains(log);
        if (starved) more = std::max(more, grant_bytes_min);
        const bool nearly_done = ask.last - ask.next < short_batches;
        if (!starved && (nearly_done || more < share / 4)) continue;
        // A peer that drew beyond its credit pays that back first.
        const std::int64_t debt = ask.granted < 0 ? -ask.granted : 0;
        ask.granted += more + debt;
        left -= more;
        context_.out.send(wire::Credit{log, static_cast<std::uint32_t>(more + debt)});
        ask.deadline = context_.now + lease_time;
    }
}

Result<> Asker::on_missing(const wire::Missing& missing) {
    probing_.erase(missing.log);
    auto ask = asks_.find(missing.log);
    if (ask == asks_.end() || missing.first > ask->second.last || missing.last < ask->second.next)
        return success();
    end_ask(missing.log, std::chrono::seconds(60));
    if (++empty_promises_ > empty_promises_max)
        return failure(ErrorCode::not_found, "states heads of logs whose batches it does not have");
    return success();
}

Result<> Asker::on_tick(std::size_t frame_held) {
    const bool all_judged = context_.now >= mark_at_;
    const std::uint64_t taken = taken_bytes_ + frame_held;
    const std::uint64_t progress = taken - std::min(taken, taken_mark_);
    if (all_judged) {
        taken_mark_ = taken;
        mark_at_ = asks_.empty() ? never : context_.now + lease_time;
    }
    std::vector<LogName> late;
    for (auto& [log, ask] : asks_) {
        if (unsettled_.contains(log) || ask.granted <= 0) { // waiting for our own disk
            ask.deadline = context_.now + lease_time;
            ask.progressed = context_.now;
            context_.plan.extend(log, context_.peer, ask.deadline + lease_grace);
        } else if (all_judged ? progress < progress_bytes_min && context_.now >= ask.deadline
                              : context_.now >= ask.progressed + one_log_deadline) {
            late.push_back(log);
        } else {
            context_.plan.extend(log, context_.peer, context_.now + lease_time + lease_grace);
        }
    }
    if (!late.empty() && all_judged && progress == 0 && ++timeouts_ >= timeouts_max)
        return failure(ErrorCode::timed_out, "states batches that it does not deliver");
    for (const LogName& log : late)
        end_ask(log, progress == 0 ? NodeTime(std::chrono::seconds(10 * timeouts_ + 10))
                                   : NodeTime(std::chrono::seconds(1)));
    return success();
}

void Asker::flush() {
    hand_over();
    finish_asks();
    send_probes();
    start_asks();
    give_credit();
}

NodeTime Asker::next_deadline() const {
    NodeTime next = std::min({look_at_, review_at_, mark_at_});
    if (!probes_due_.empty() && !probing_.empty()) next = std::min(next, probing_until_);
    for (const auto& [log, ask] : asks_) next = std::min(next, ask.progressed + one_log_deadline);
    return next;
}

} // namespace safar

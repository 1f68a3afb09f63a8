// What counts of each log: all that is held, up to its fork and to what the charter says today.
#include "storage/log/log_core.hpp"

#include <algorithm>

namespace safar {
namespace {

constexpr std::string_view counted_under_key = "log/counted-under"; // revision of the charter

} // namespace

Result<> LogCore::set_authority(std::shared_ptr<const Authority> authority) {
    SAFAR_ASSERT(authority != nullptr);
    std::lock_guard lock(writing_);
    {
        std::unique_lock publishing(reading_);
        authority_ = std::move(authority);
        index_.rebuild(books_, *authority_);
    }
    recount_due_ = true;
    return finish_recount();
}

Result<> LogCore::finish_recount() {
    SAFAR_TRY(ready_to_write());
    if (recount_due_) {
        SAFAR_TRY(recount_all());
        SAFAR_TRY(release_quarantined());
        recount_due_ = false;
        std::unique_lock publishing(reading_);
        counted_under_ = authority_->revision();
    }
    for (auto at = forks_due_.begin(); at != forks_due_.end();) {
        const bool settled = !check_evidence(at->second, *authority()) || take_fork(at->second);
        at = settled ? forks_due_.erase(at)
                     : std::next(at); // one that can not be taken stops nothing else
    }
    return ready_to_write();
}

Result<LogRow> LogCore::recounted(LogRow row, const Authority& authority,
                                  const ForkEvidence* fork) const {
    std::uint64_t limit = fork == nullptr ? row.held : std::min(row.held, fork->place.number - 1);
    // Who is to hold bodies holds what it has bodies of; the rest is asked for again.
    if (const std::uint64_t bare = books_.first_bare(row); bare != 0)
        if (const LogOwner* owner = authority.owner(row.name.id);
            owner == nullptr || authority.may_hold(author_.node, owner->compartment))
            limit = std::min(limit, bare - 1);
    std::uint64_t counted = limit;
    if (authority.restricted(row.name.id)) {
        // The first batch that does not count takes all after it with it, whatever they are.
        for (counted = 0; counted < limit; ++counted) {
            SAFAR_TRY(auto next, stored_header(*parts_.store, row, counted + 1));
            if (authority.standing(next.header) != Standing::counts) break;
        }
    }
    Head head;
    head.number = counted;
    head.forked = fork != nullptr && fork->place.number == counted + 1;
    if (counted == row.head.number) {
        row.head.forked = head.forked;
        return row;
    }
    if (counted > 0) {
        SAFAR_TRY(auto last, stored_header(*parts_.store, row, counted));
        head.last_sequence = last.header.last_sequence();
        head.hash = last.hash;
        head.epoch = last.header.epoch;
    }
    row.head = head;
    return row;
}

void LogCore::enter(Draft& draft, LogRow row) {
    if (row.handle == 0) row.handle = ++draft.last_handle;
    // Somebody says that this log may not go on where we would: never sign it again.
    if (own_.is_current(row.name)) retire(draft, row.name.id);
    draft.rows[row.name] = std::move(row);
}

void LogCore::put_aside(Draft& draft, LogRow row) {
    row.aside = true;
    row.head = {};
    draft.aside[row.handle] = std::move(row);
}

// Of a log that has rows for several branches the one of which most counts rules. What counts is
// the same chain in each of them, so where two tie nothing hangs on the choice, and the one that
// ruled stays.
Result<> LogCore::recount_log(Draft& draft, const LogRow& row, const Authority& authority,
                              std::span<const LogRow* const> beside) {
    const ForkEvidence* fork = books_.forks.closing(row.name, authority);
    SAFAR_TRY(auto best, recounted(row, authority, fork));
    for (const LogRow* other : beside) {
        LogRow back = *other;
        back.aside = false;
        SAFAR_TRY(auto counted, recounted(std::move(back), authority, fork));
        if (counted.head.number > best.head.number) best = std::move(counted);
    }
    if (best == row) return success();
    if (best.handle != row.handle) put_aside(draft, row);
    enter(draft, std::move(best));
    return success();
}

// May peers hold more of this node's log than they show, as beyond a cut or of an epoch that became
// void? If this store is an older copy, nobody says that places are taken that it would sign. What
// nobody would have taken from it, as beyond the limit of a delegation, nobody holds.
bool LogCore::shown_in_part(const LogRow& row, const Authority& authority) const {
    if (authority.void_epoch() > row.head.epoch) return true; // epochs ascend along a log
    BatchHeader next;
    next.network = authority.network();
    next.log = row.name;
    next.number = row.head.number + 1;
    next.first_sequence = row.head.last_sequence + 1;
    next.event_count = 1;
    next.previous = row.head.hash;
    next.epoch = authority.epoch();
    next.charter = authority.charter();
    next.key = author_.key->id();
    const auto taken_and_hidden = [&] {
        return authority.was_permitted(next) && authority.standing(next) != Standing::counts;
    };
    if (taken_and_hidden()) return true;
    if (row.head.number == 0) return false;
    auto last = stored_header(*parts_.store, row, row.head.number);
    if (!last) {
        remember(last.error());
        return true; // every doubt ends in a new incarnation
    }
    // What the former key signed after it peers may hold and show no more.
    if (last.value().header.key != author_.key->id()) return true;
    next.epoch = last.value().header.epoch;
    next.charter = last.value().header.charter;
    return taken_and_hidden();
}

// Reads a header for each batch of every restricted log, so it is done once for each charter: a
// start under the one that it was done for last has nothing to do. What counted under an epoch that
// is not held any more, as in an older copy of the charter, goes on counting: peers confirm heads
// by what is shown to them, and an author that lost it too would sign there again.
Result<> LogCore::recount_all() {
    const auto charter = authority();
    const Bytes key = setting_key(counted_under_key);
    SAFAR_TRY(auto before, parts_.store->get(Table::meta, key));
    if (before && Hash::from(*before) == charter->revision()) return success();
    Draft draft = start_draft();
    bool restricted = false;
    std::map<LogName, std::vector<const LogRow*>> beside;
    for (const LogRow& row : books_.rows)
        if (row.aside) beside[row.name].push_back(&row);
    for (const LogRow& row : books_.rows) {
        if (row.aside) continue;
        if (own_.is_current(row.name) && shown_in_part(row, *charter)) {
            restricted = true;
            retire(draft, row.name.id);
        }
        if (row.head.number == row.held && !row.head.forked && !books_.forks.knows(row.name) &&
            books_.first_bare(row) == 0 && !charter->restricted(row.name.id))
            continue;
        restricted = true;
        if (auto counted = recount_log(draft, row, *charter, beside[row.name]); !counted) {
            remember(counted.error());
            return counted;
        }
    }
    // A retirement whose own commit failed, as on a full disk, is made good.
    for (const auto& [id, incarnation] : books_.own)
        if (!own_.is_current({id, incarnation})) retire(draft, id);
    if (!restricted && !before) return success(); // nothing to do, and as cheap to find out again
    draft.changes.put(Table::meta, key, copy(charter->revision().view()));
    return commit(draft);
}

ForkSet LogCore::forks_of(const Draft& draft, const LogName& log) const {
    ForkSet out;
    std::vector<ForkEvidence> gone;
    const auto& all = books_.forks.all();
    for (auto at = all.lower_bound({log, 0}); at != all.end() && at->first.log == log; ++at)
        static_cast<void>(out.add(at->second, gone));
    for (const ForkEvidence& evidence : draft.forks)
        if (evidence.place.log == log) static_cast<void>(out.add(evidence, gone, authority_.get()));
    return out;
}

bool LogCore::learn_fork(Draft& draft, const ForkEvidence& evidence) const {
    ForkSet known = forks_of(draft, evidence.place.log);
    std::vector<ForkEvidence> gone;
    const bool taken = known.contains(evidence.place);
    if (!known.add(evidence, gone, authority_.get())) return false;
    if (taken) { // the former one may stand there as older stores named it, and others beside it
        draft.changes.erase(Table::evidence, evidence_key(evidence.place.log));
        for (const auto& [place, other] : known.all())
            draft.changes.put(Table::evidence, evidence_key(place), encode_evidence(other));
    }
    for (const ForkEvidence& each : gone) {
        draft.changes.erase(Table::evidence, evidence_key(each.place));
        draft.changes.erase(Table::evidence,
                            evidence_key(each.place.log)); // as older stores named it
    }
    draft.changes.put(Table::evidence, evidence_key(evidence.place), encode_evidence(evidence));
    draft.forks.push_back(evidence);
    return true;
}

Result<bool> LogCore::note_fork(const ForkEvidence& evidence) {
    std::lock_guard lock(writing_);
    const bool was_due = forks_due_.contains(evidence.place);
    // It was checked when it came; whether it closes the log follows from the charter.
    const auto known = books_.forks.all().find(evidence.place);
    if (!was_due && !recount_due_ && known != books_.forks.all().end() && known->second == evidence)
        return false;
    SAFAR_TRY(check_evidence(evidence, *authority()));
    auto taken = [&]() -> Result<bool> {
        SAFAR_TRY(finish_recount());
        return take_fork(evidence);
    }();
    if (!taken) {
        forks_due_.insert_or_assign(evidence.place, evidence);
        return taken;
    }
    return taken.value() || was_due;
}

Result<bool> LogCore::take_fork(const ForkEvidence& evidence) {
    Draft draft = start_draft();
    if (!learn_fork(draft, evidence)) return false;
    if (const auto fork = fork_of(draft, evidence.place.log)) {
        auto counted = recounted(row_of(draft, evidence.place.log), *authority(), &*fork);
        if (!counted) {
            remember(counted.error());
            return counted.error();
        }
        LogRow row = std::move(counted).value();
        // A log of which nothing is held is stated only where the fork is all that can ever be held
        // of it.
        if (row.handle != 0 || fork->place.number == 1) enter(draft, std::move(row));
    }
    SAFAR_TRY(commit(draft));
    return true;
}

} // namespace safar

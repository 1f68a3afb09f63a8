// What counts of each log: all that is held, up to its fork and to what the charter says today.
#include "storage/log/log_core.hpp"

#include <algorithm>

namespace safar {
namespace {

constexpr std::string_view counted_under = "log/counted-under"; // revision of the charter

} // namespace

Result<> LogCore::set_authority(std::shared_ptr<const Authority> authority) {
    SAFAR_ASSERT(authority != nullptr);
    std::lock_guard lock(writing_);
    {
        std::unique_lock publishing(reading_);
        authority_ = std::move(authority);
    }
    SAFAR_TRY(ready_to_write());
    SAFAR_TRY(recount_all());
    return release_quarantined();
}

Result<LogRow> LogCore::recounted(LogRow row, const Authority& authority, const ForkEvidence* fork) const {
    const std::uint64_t limit = fork == nullptr ? row.held : std::min(row.held, fork->place.number - 1);
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

// Reads a header for each batch of every restricted log, so it is done once for each charter: a start under
// the one that it was done for last has nothing to do.
Result<> LogCore::recount_all() {
    const auto charter = authority();
    const Bytes key = setting_key(counted_under);
    SAFAR_TRY(auto before, parts_.store->get(Table::meta, key));
    if (before && Hash::from(*before) == charter->revision()) return success();
    Draft draft = start_draft();
    bool restricted = false;
    for (const LogRow& row : books_.rows) {
        auto fork = books_.forks.find(row.name);
        const ForkEvidence* evidence = fork == books_.forks.end() ? nullptr : &fork->second;
        if (row.head.number == row.held && !row.head.forked && evidence == nullptr &&
            !charter->restricted(row.name.id))
            continue;
        restricted = true;
        auto now = recounted(row, *charter, evidence);
        if (!now) {
            remember(now.error());
            return now.error();
        }
        if (now.value() != row) enter(draft, std::move(now).value());
    }
    if (!restricted && !before) return success(); // nothing to do, and as cheap to find out again
    draft.changes.put(Table::meta, key, copy(charter->revision().view()));
    return commit(draft);
}

Result<bool> LogCore::note_fork(const ForkEvidence& evidence) {
    std::lock_guard lock(writing_);
    SAFAR_TRY(ready_to_write());
    const auto charter = authority();
    SAFAR_TRY(check_evidence(evidence, *charter));
    auto known = books_.forks.find(evidence.place.log);
    if (known != books_.forks.end() && known->second.place.number <= evidence.place.number) return false;

    Draft draft = start_draft();
    SAFAR_TRY(auto row, recounted(row_of(draft, evidence.place.log), *charter, &evidence));
    // A log of which nothing is held is stated only where the fork is all that can ever be held of it.
    if (row.handle != 0 || evidence.place.number == 1) enter(draft, std::move(row));
    draft.changes.put(Table::evidence, evidence_key(evidence.place.log), encode_evidence(evidence));
    draft.forks[evidence.place.log] = evidence;
    SAFAR_TRY(commit(draft));
    return true;
}

} // namespace safar

// What counts of each log: all that is held, up to its fork and to what the charter says today.
#include "storage/log/log_core.hpp"

#include <algorithm>

namespace safar {

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

Result<> LogCore::recount_all() {
    const auto charter = authority();
    Draft draft = start_draft();
    for (const LogRow& row : books_.rows) {
        auto fork = books_.forks.find(row.name);
        const ForkEvidence* evidence = fork == books_.forks.end() ? nullptr : &fork->second;
        if (row.head.number == row.held && !row.head.forked && evidence == nullptr &&
            !charter->restricted(row.name.id))
            continue;
        auto now = recounted(row, *charter, evidence);
        if (!now) {
            remember(now.error());
            return now.error();
        }
        if (now.value() != row) enter(draft, std::move(now).value());
    }
    return draft.rows.empty() ? Result<>(success()) : commit(draft);
}

Result<bool> LogCore::note_fork(const ForkEvidence& evidence) {
    std::lock_guard lock(writing_);
    SAFAR_TRY(ready_to_write());
    const auto charter = authority();
    SAFAR_TRY(auto headers, read_evidence(evidence));
    const PublicKey *a = charter->key(headers.a.key), *b = charter->key(headers.b.key);
    if (a == nullptr || b == nullptr || !charter->was_permitted(headers.a) || !charter->was_permitted(headers.b))
        return failure(ErrorCode::not_permitted, "fork evidence: a key that could not speak in log " +
                                                     evidence.place.log.id.brief());
    if (!verify_header(*a, headers.a.network, evidence.header_a, evidence.signature_a) ||
        !verify_header(*b, headers.b.network, evidence.header_b, evidence.signature_b))
        return failure(ErrorCode::bad_signature,
                       "fork evidence: a signature in log " + evidence.place.log.id.brief() + " does not verify");
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

#include "sync/bundle/bundle_audit.hpp"

namespace safar {
namespace {

std::string name_of(const LogName& log) { return log.id.brief() + "/" + log.incarnation.brief(); }

Result<> check_standing(Standing standing) {
    switch (standing) {
    case Standing::counts: return success();
    case Standing::waits:
        return failure(ErrorCode::epoch_unknown,
                       "it names a charter epoch that the bundle does not hold");
    case Standing::quarantine:
        return failure(ErrorCode::quarantined, "the charter does not let its key say this");
    case Standing::unknown: break;
    }
    return failure(ErrorCode::unknown_author, "no epoch in the bundle knows its log or key");
}

} // namespace

void BundleAudit::complain(std::string problem) {
    ++problems_all_;
    if (problems_.size() < problems_max) problems_.push_back(std::move(problem));
}

void BundleAudit::state(const BundleFrontier& stated) {
    auto& heads = stated_[stated.compartment];
    for (const FrontierEntry& entry : stated.entries) heads[entry.log] = entry.head;
}

void BundleAudit::batch(const BundleBatch& batch, const Authority& authority) {
    Seen& seen = seen_[batch.header.log];
    if (seen.broken) return;
    if (auto taken = take(batch, authority, seen); !taken) {
        seen.broken = true;
        complain("batch " + std::to_string(batch.header.number) + " of log " +
                 name_of(batch.header.log) + " in " + batch.compartment + ": " +
                 describe(taken.error()));
    }
}

Result<> BundleAudit::take(const BundleBatch& batch, const Authority& authority, Seen& seen) {
    const ByteView stored = batch.batch.bytes;
    SAFAR_TRY(Offer offer, read_offer(stored, authority.network()));
    SAFAR_TRY(examine(stored, authority, offer));
    SAFAR_TRY(check_standing(offer.standing));
    if (authority.owner(offer.header.log.id)->compartment != batch.compartment)
        return failure(ErrorCode::malformed, "its log is one of another compartment");
    const std::uint64_t number = offer.header.number;
    std::optional<Hash> there;
    if (number <= seen.hashes.size()) there = seen.hashes[number - 1];
    SAFAR_TRY(const Fit fits, fit(offer, seen.row, there, nullptr));
    if (fits == Fit::held) return success();
    if (fits != Fit::extends)
        return failure(ErrorCode::fork_detected, "another batch is signed for its place, too");
    seen.row = extended(seen.row, offer);
    seen.hashes.push_back(offer.hash);
    seen.events += offer.header.event_count;
    if (!offer.bodies) ++seen.bare;
    return success();
}

// The head of a log as far as it holds. A cut lets one end before what an earlier bundle brought.
Head BundleAudit::proven(const LogName& log, const Head& stated) {
    const Seen& seen = seen_[log];
    Head held = seen.row.head;
    if (seen.broken) return held;
    if (held.number < stated.number) {
        complain("batches " + std::to_string(held.number + 1) + " to " +
                 std::to_string(stated.number) + " of log " + name_of(log) +
                 " are stated and not there");
        return held;
    }
    if (stated.number > 0 &&
        (seen.hashes[stated.number - 1] != stated.hash ||
         (stated.number == held.number && stated.last_sequence != held.last_sequence))) {
        complain("log " + name_of(log) + " does not end as it is stated to");
        return held;
    }
    return stated;
}

BundleAudit::Report BundleAudit::end() {
    Report out;
    for (const auto& [name, heads] : stated_) {
        Compartment& compartment = out.compartments[name];
        Frontier held;
        for (const auto& [log, stated] : heads) {
            held.push_back({log, proven(log, stated)});
            const Seen& seen = seen_[log];
            ++compartment.logs;
            compartment.batches += seen.row.head.number;
            compartment.events += seen.events;
            compartment.bare += seen.bare;
        }
        compartment.digest = frontier_digest(held);
    }
    out.problems = problems_;
    out.problems_all = problems_all_;
    return out;
}

} // namespace safar

#include "sync/bundle/bundle_audit.hpp"

#include "storage/log/standing.hpp"

#include <algorithm>

namespace safar {
namespace {

// Of some events and not of others: no node makes such a batch.
bool partly_bare(ByteView stored) {
    const auto open = open_batch(stored, LeafCheck::skip);
    return open && std::ranges::any_of(open.value().events, [](const EventView& event) {
               return event.form != EventForm::erased;
           });
}

} // namespace

LogRow BundleAudit::Seen::row() const {
    LogRow row;
    if (batches.empty()) return row;
    const Held& last = batches.back();
    row.head = {batches.size(), last.last_sequence, last.hash, last.epoch, false};
    row.held = batches.size();
    return row;
}

void BundleAudit::complain(std::string problem) {
    ++problems_all_;
    if (problems_.size() < problems_max) problems_.push_back(std::move(problem));
}

void BundleAudit::begin() {
    for (auto& [name, stated] : stated_) {
        stated.fresh = false;
        stated.bare.reset();
    }
}

// A log that an earlier bundle stated, and this one does not, has fallen to nothing.
void BundleAudit::state(const BundleFrontier& stated, const Authority& authority,
                        const std::set<LogName>& forked) {
    Stated& ours = stated_[stated.compartment];
    if (!std::exchange(ours.fresh, true)) {
        logs_ -= ours.heads.size();
        ours.heads.clear();
    }
    for (const FrontierEntry& entry : stated.entries) {
        const LogOwner* owner = authority.owner(entry.log.id);
        if (owner == nullptr || owner->compartment != stated.compartment) {
            complain("log " + entry.log.brief() + " is stated in " + stated.compartment +
                     ", where the charter has no such log");
            continue;
        }
        if (entry.head.forked && !forked.contains(entry.log))
            complain("log " + entry.log.brief() +
                     " is stated to have forked, and no notice proves it");
        if (logs_ >= logs_max) return complain("more logs are stated than can be looked at");
        if (ours.heads.insert_or_assign(entry.log, entry.head).second) ++logs_;
    }
}

void BundleAudit::batch(const BundleBatch& batch, const Authority& authority) {
    const auto stated = stated_.find(batch.compartment);
    if (stated == stated_.end() || !stated->second.heads.contains(batch.header.log)) return; // told
    Seen& seen = seen_[batch.header.log];
    if (seen.broken) return;
    if (auto taken = take(batch, authority, seen); !taken) {
        seen.broken = true;
        complain("batch " + std::to_string(batch.header.number) + " of log " +
                 batch.header.log.brief() + " in " + batch.compartment + ": " +
                 describe(taken.error()));
    }
}

// Bodies go with all batches of a compartment or with none: else somebody took some out, of which
// the hashes, and so the signature, say nothing.
Result<> BundleAudit::check_bodies(const BundleBatch& batch, bool bodies) {
    if (!bodies && partly_bare(batch.batch.bytes))
        return failure(ErrorCode::body_missing, "some of its events come without their bodies");
    std::optional<bool>& bare = stated_.at(batch.compartment).bare;
    if (!bare) bare = !bodies;
    if (*bare == bodies)
        return failure(ErrorCode::body_missing,
                       "batches of this compartment come with and without bodies");
    return success();
}

Result<> BundleAudit::take(const BundleBatch& batch, const Authority& authority, Seen& seen) {
    const ByteView stored = batch.batch.bytes;
    SAFAR_TRY(Offer offer, read_offer(stored, authority.network()));
    SAFAR_TRY(examine(stored, authority, offer));
    SAFAR_TRY(check_standing(offer.standing));
    SAFAR_TRY(check_bodies(batch, offer.bodies));
    const std::uint64_t number = offer.header.number;
    if (number <= seen.batches.size()) {
        Held& there = seen.batches[number - 1];
        if (there.hash == offer.hash) {
            there.bare = there.bare && !offer.bodies;
            return success();
        }
        const Hash* admitted = authority.admitted(offer.place());
        if (admitted == nullptr || *admitted != offer.hash)
            return failure(ErrorCode::fork_detected, "another batch is signed for its place, too");
        seen.batches.resize(number - 1); // an earlier bundle brought the branch that does not count
    }
    SAFAR_TRY(fit(offer, seen.row(), std::nullopt, nullptr)); // it extends, or is refused
    seen.batches.push_back(
        {offer.hash, offer.header.last_sequence(), offer.header.epoch, !offer.bodies});
    return success();
}

// The head of a log as far as it holds. A cut lets one end before what an earlier bundle brought.
Head BundleAudit::proven(const LogName& log, const Head& stated) {
    const auto found = seen_.find(log);
    const Seen none;
    const Seen& seen = found == seen_.end() ? none : found->second;
    const Head held = seen.row().head;
    if (seen.broken) return held;
    if (held.number < stated.number) {
        complain("batches " + std::to_string(held.number + 1) + " to " +
                 std::to_string(stated.number) + " of log " + log.brief() +
                 " are stated and not there");
        return held;
    }
    if (stated.number == 0) return stated;
    const Held& last = seen.batches[stated.number - 1];
    if (last.hash != stated.hash || last.last_sequence != stated.last_sequence) {
        complain("log " + log.brief() + " does not end as it is stated to");
        return held;
    }
    return stated;
}

BundleAudit::Report BundleAudit::end() {
    Report out;
    for (const auto& [name, stated] : stated_) {
        Compartment& compartment = out.compartments[name];
        Frontier held;
        for (const auto& [log, end] : stated.heads) {
            const Head head = proven(log, end);
            held.push_back({log, head});
            ++compartment.logs;
            compartment.batches += head.number;
            compartment.events += head.last_sequence;
            if (const auto seen = seen_.find(log); seen != seen_.end())
                compartment.bare += static_cast<std::uint64_t>(std::count_if(
                    seen->second.batches.begin(),
                    seen->second.batches.begin() + static_cast<std::ptrdiff_t>(head.number),
                    [](const Held& batch) { return batch.bare; }));
        }
        compartment.digest = frontier_digest(held);
    }
    out.problems = problems_;
    out.problems_all = problems_all_;
    return out;
}

} // namespace safar

// Everybody judges alike, and as the second opinion does, over all batches that anybody holds.
#include "tests/sim/governance.hpp"
#include "tests/sim/world.hpp"

#include <algorithm>

namespace safar::sim {
namespace {

using Held = std::map<std::pair<LogName, std::uint64_t>, std::map<Hash, PlainBatch>>;

struct Expected {
    std::uint64_t number = 0;
    Hash hash;
    bool forked = false;
    friend bool operator==(const Expected&, const Expected&) = default;
};

LogName name_of(const PlainBatch& batch) {
    LogName out;
    std::copy_n(batch.log.begin(), 32, out.id.raw.begin());
    std::copy_n(batch.log.begin() + 32, 16, out.incarnation.raw.begin());
    return out;
}

// Bodies that lie where they may not be passed on are nobody's.
void add(Held& held, const Core& core, ByteView stored) {
    PlainBatch batch = read_plain(stored);
    if (!batch.problem.empty()) return; // check_batches says so
    const LogOwner* owner = core.log().authority()->owner(name_of(batch).id);
    batch.bare = batch.bare || owner == nullptr || !core.carries(owner->compartment);
    auto& at = held[{name_of(batch), batch.number}];
    auto [known, fresh] = at.try_emplace(*Hash::from(batch.hash), batch);
    if (!fresh && known->second.bare) known->second = std::move(batch);
}

// From batch 1 on, as long as one counts that follows the one before, and is there with its bodies
// for who is to hold them.
Expected walk(const Held& held, const LogName& log, const Governance& governance,
              const std::set<BatchPlace>& closed, bool bodies) {
    Expected out;
    const PlainBatch* last = nullptr;
    for (std::uint64_t number = 1;; ++number) {
        if (closed.contains({log, number})) {
            out.forked = true;
            return out;
        }
        auto at = held.find({log, number});
        if (at == held.end()) return out;
        const PlainBatch* next = nullptr;
        for (const auto& [hash, batch] : at->second)
            if (!(bodies && batch.bare) && governance.counts(batch) &&
                (last == nullptr || batch.previous == last->hash))
                next = &batch;
        if (next == nullptr) return out;
        out = {number, *Hash::from(next->hash), false};
        last = next;
    }
}

} // namespace

void World::check_counted() {
    if (!result_.problems.empty()) return;
    const Governance governance(cores_[0]->state());
    Held held;
    std::set<BatchPlace> closed;
    for (auto& core : cores_) {
        // What who is suspended holds reaches nobody.
        if (!takes_part(*core) || !core->up() || core->state().suspended(core->id)) continue;
        for (const ForkEvidence& fork : core->log().forks())
            if (governance.closes(fork)) closed.insert(fork.place);
        for (const Bytes& stored : core->disk().batches()) add(held, *core, stored);
    }
    for (auto& core : cores_) {
        if (!takes_part(*core) || !core->up() || core->state().suspended(core->id)) continue;
        for (const std::string& compartment : core->shown())
            for (const FrontierEntry& entry : core->log().frontier(compartment)) {
                ++statistics_.checks;
                const Expected expected =
                    walk(held, entry.log, governance, closed, core->carries(compartment));
                const Expected is{entry.head.number, entry.head.hash, entry.head.forked};
                const auto head = held.lower_bound({entry.log, entry.head.number + 1});
                statistics_.not_counted += head != held.end() && head->first.first == entry.log;
                if (expected == is) continue;
                // What counted under an epoch that went with an older copy of the charter still
                // does.
                if (entry.head.epoch > core->log().authority()->epoch() &&
                    is.number >= expected.number)
                    continue;
                // One observer may know of batches that no other was told before their bodies went.
                const Expected carried = walk(held, entry.log, governance, closed, /*bodies=*/true);
                if (!core->carries(compartment) && is.number >= carried.number &&
                    is.number < expected.number)
                    continue;
                const LogOwner* owner = core->log().authority()->owner(entry.log.id);
                return complain(Outcome::correctness,
                                "counted: of log " + entry.log.brief() + " of " + owner->agency +
                                    " " + std::to_string(is.number) + (is.forked ? "!" : "") +
                                    " counts at " + core->agency + ", and " +
                                    std::to_string(expected.number) + (expected.forked ? "!" : "") +
                                    " should");
            }
    }
}

// Who never had a right to bodies holds none, kept apart or not.
void World::check_bodies(Core& core) {
    for (const Bytes& stored : core.disk().batches()) {
        ++statistics_.checks;
        const PlainBatch batch = read_plain(stored);
        const LogOwner* owner = core.log().authority()->owner(name_of(batch).id);
        if (!batch.bodies || (owner != nullptr && core.carried.contains(owner->compartment)))
            continue;
        return complain(Outcome::correctness,
                        "secrecy: " + core.agency + " holds a body that it never had a right to");
    }
}

// What was made public is in force, kept as evidence, or follows what is void.
void World::check_published() {
    for (auto& core : cores_) {
        if (!takes_part(*core)) continue;
        const CharterState& state = core->state();
        for (const Published& each : published_) {
            ++statistics_.checks;
            const bool excused = each.excused || !takes_part(*cores_[each.by]);
            const bool of_ours = core->rules(each.previous);
            if (excused || !of_ours || core->knows_epoch(each.name) ||
                state.notices().contains(each.name))
                continue;
            return complain(Outcome::correctness, core->agency + " has lost what " +
                                                      cores_[each.by]->agency +
                                                      " published: " + each.name.brief());
        }
    }
    statistics_.frozen += cores_[0]->state().frozen();
}

} // namespace safar::sim

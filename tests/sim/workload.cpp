// What honest nodes say: events on records that everybody writes about, which replace what their
// node has seen.
#include "tests/sim/world.hpp"

#include <algorithm>

namespace safar::sim {

using namespace std::chrono_literals;

ClaimedTime World::wall(const Core& core) {
    const Clock& clock = clocks_[core.index];
    if (clock.frozen_us) return {*clock.frozen_us};
    const std::int64_t run = (time_.now - began_).count() / 1000;
    return {1'600'000'000'000'000 + run + run / 1000 * clock.drift_permille + clock.offset_us};
}

void World::schedule_appends(Core& core) {
    const NodeTime mean =
        swarm_.append * static_cast<std::int64_t>(std::max<std::size_t>(1, swarm_.honest));
    time_.later(work_random_.about(mean / 2) + mean / 4, [this, &core] {
        if (healed_) return;
        const bool waits = core.log_busy_until > time_.now + 5s || core.paused_until > time_.now;
        if (core.up() && !waits) append(core); // a person waits for the one before
        schedule_appends(core);
    });
}

EventDraft World::draft(Core& core, std::uint16_t kind) {
    Random& random = work_random_;
    EventDraft out;
    auto& known = records_[kind];
    if (known.empty() || random.one_in(4)) {
        RecordId fresh;
        for (std::byte& byte : fresh.raw) byte = static_cast<std::byte>(random.below(256));
        known.push_back(fresh);
    }
    out.body.record = random.one_in(2) ? known.back() : random.any(known);
    out.body.kind = kind;
    out.body.verb = "recorded";
    out.body.at = wall(core);
    static const char* const stages[] = {"open", "decided", "held", "done"};
    static const char* const sharing[] = {"all", "some", "none"};
    const auto text = [&] {
        return Text{std::string(1, static_cast<char>('a' + random.below(6)))};
    };
    const bool later = has_later(*core.state().ruling().charter);
    for (std::size_t i = 0, n = random.between(1, 3); i < n; ++i) {
        const auto field = static_cast<std::uint16_t>(random.between(1, later ? 7 : 6));
        Value value = text();
        if (field == field::stage) value = Code{stages[random.below(4)]};
        if (field == field::sharing) value = Code{sharing[random.below(3)]};
        if (field == field::paid) value = Money{static_cast<std::int64_t>(random.below(9)), "USD"};
        if (field == field::later) value = Integer{static_cast<std::int64_t>(random.below(9))};
        out.body.assertions.push_back({field, std::move(value)});
    }
    if (swarm_.large_one_in > 0 && random.one_in(swarm_.large_one_in)) {
        std::string noise(limits::text_bytes_max, ' ');
        for (char& c : noise) c = static_cast<char>('!' + random.below(90));
        out.body.assertions.push_back({field::opinion, Text{noise}});
    }
    if (random.one_in(2)) return out;
    Derived* derived = core.derived();
    if (derived == nullptr) return out;
    auto before = derived->record(out.body.record);
    if (!before) return out;
    const bool resolves = random.one_in(4); // replaces others too
    for (const FoldedField& field : before.value().fields) {
        const bool said = std::ranges::any_of(
            out.body.assertions, [&](const Assertion& each) { return each.field == field.field; });
        for (const Said& live : field.live)
            if (said && (resolves || live.agency == core.agency) && out.replaces.size() < 100)
                out.replaces.push_back(live.dot);
    }
    std::ranges::sort(out.replaces);
    out.replaces.erase(std::ranges::unique(out.replaces).begin(), out.replaces.end());
    return out;
}

void World::append(Core& core) {
    const auto pens = core.pens();
    if (pens.empty()) return;
    const Core::Pen& pen = work_random_.any(pens);
    AppendRequest request;
    request.compartment = pen.compartment;
    const std::size_t events =
        work_random_.one_in(10) ? work_random_.between(5, 40) : work_random_.between(1, 3);
    for (std::size_t i = 0; i < events; ++i)
        request.drafts.push_back(draft(core, work_random_.any(pen.kinds)));
    statistics_.events += events;
    network_->on_log_thread(core, [this, &core, request = std::move(request)] {
        auto answer = core.append(request);
        if (core.disk().died) return;
        if (!answer) {
            say(core.agency + " could not append: " + describe(answer.error()));
            if (answer.error().code == ErrorCode::storage_corrupt) {
                // The operator puts another disk in.
                crash(core, true);
                replace_disk(core);
                return restart_later(core, 1s);
            }
            return;
        }
        const Appended& done = answer.value();
        auto head = core.log().head(done.log);
        if (!head || head->last_sequence < done.first_sequence)
            return complain(Outcome::correctness,
                            core.agency + ": what was appended is not in its log");
        if (head->last_sequence == done.first_sequence + done.leaves.size() - 1) {
            core.acknowledged.push_back({{done.log, head->number}, head->hash, false});
            ++statistics_.acknowledged;
        }
        if (done.first_sequence == 1) ++statistics_.new_incarnations;
        time_.trace.add(head->hash.view());
        network_->log_grew(core);
    });
}

} // namespace safar::sim

// Laws of the fold (design.md section 5), over random histories of one record: three agencies that
// say readable and unreadable things, replace what they and others said, and dots that name
// nothing. A failure prints the seed: RC_PARAMS="seed=..." repeats it.
#include "tests/unit/storage/record/record_fixture.hpp"

#include "storage/record/lattice.hpp"

#include <algorithm>
#include <rapidcheck/gtest.h>

namespace safar::record_test {
namespace {

const Schema& the_schema() {
    static const Schema parsed = schema();
    return parsed;
}
const FixedAuthority authority;
const std::vector<std::string> agencies{"IOM", "UNHCR", "NGO", "SHELTER"};

Folded folded(const std::vector<HeldEvent>& events) {
    return fold(the_schema(), authority, record_id(1), events);
}

template <class Item> rc::Gen<Item> one_of(std::vector<Item> items) {
    return rc::gen::elementOf(std::move(items));
}

// Mostly readable; also an unknown field, a wrong type and a code outside its list.
rc::Gen<Assertion> any_assertion() {
    std::vector<Assertion> said{code(1, "VOL"),      code(1, "ENF"),  code(1, "OLD"),
                                number(8, 1),        number(8, 2),    text(6, "likely"),
                                text(6, "doubtful"), usd(7, 500),     usd(7, 700),
                                number(99, 1),       text(8, "many"), text(3, "sent")};
    for (const char* state : {"draft", "sent", "accepted", "revoked", "done", "lost"})
        said.push_back(code(3, state));
    for (const char* need : {"food", "shelter", "legal help"}) said.push_back(code(4, need));
    for (const char* share : {"open", "network", "restricted", "secret"})
        said.push_back(code(5, share));
    return one_of(std::move(said));
}

Dot any_dot_of(const std::vector<HeldEvent>& events) {
    const HeldEvent& target = events[*rc::gen::inRange<std::size_t>(0, events.size())];
    Dot out = dot(target, *rc::gen::inRange<std::uint16_t>(0, 4));
    if (*rc::gen::inRange(0, 12) == 0) out.leaf.raw[0] ^= std::byte{1};
    return out;
}

// Events as their authors made them; each replaces only dots of events before it.
std::vector<HeldEvent> any_history(std::size_t events_max = 14) {
    std::vector<HeldEvent> out;
    const auto count = *rc::gen::inRange<std::size_t>(0, events_max + 1);
    for (std::size_t i = 0; i < count; ++i) {
        auto said =
            *rc::gen::resize(3, rc::gen::container<std::vector<Assertion>>(any_assertion()));
        std::vector<Dot> replaces;
        const auto dots = out.empty() ? 0 : *rc::gen::inRange<std::size_t>(0, 3);
        for (std::size_t j = 0; j < dots; ++j) replaces.push_back(any_dot_of(out));
        std::ranges::sort(replaces);
        HeldEvent made = event(*one_of(agencies), i + 1, std::move(said), std::move(replaces));
        made.body.at.microseconds = *rc::gen::inRange(0, 3);
        const int oddity = *rc::gen::inRange(0, 20);
        if (oddity == 0) made.body.kind = 7;
        if (oddity == 1) made.body.record = record_id(2);
        if (oddity == 2) made.body.kind = 1;
        if (oddity == 3) { // erased
            made.body = {};
            made.body_absent = true;
        }
        if (oddity == 4 && !out.empty()) made.sequence = out.back().sequence; // may be a fork
        out.push_back(std::move(made));
    }
    return out;
}

std::vector<HeldEvent> shuffled_with_duplicates(const std::vector<HeldEvent>& events) {
    std::vector<HeldEvent> out = events;
    for (const HeldEvent& each : events)
        if (*rc::gen::inRange(0, 3) == 0) out.push_back(each);
    for (std::size_t i = out.size(); i > 1; --i)
        std::swap(out[i - 1], out[*rc::gen::inRange<std::size_t>(0, i)]);
    return out;
}

RC_GTEST_PROP(FoldLaw, AnyOrderAndDuplicationFoldToTheSame, ()) {
    const std::vector<HeldEvent> history = any_history();
    const std::vector<HeldEvent> other = shuffled_with_duplicates(history);
    RC_CLASSIFY(history.size() > 5, "more than five events");
    const Folded a = folded(history), b = folded(other);
    RC_ASSERT(a == b);
    RC_ASSERT(state_bytes(a) == state_bytes(b));
}

// What an agency said is live, replaced or ignored; nothing vanishes and nothing is invented.
RC_GTEST_PROP(FoldLaw, NothingSaidIsLost, ()) {
    const std::vector<HeldEvent> history = any_history();
    const Folded record = folded(history);
    std::size_t said = 0, kept = 0;
    for (const HeldEvent& each : history) {
        const bool counts = each.body.record == record_id(1) && each.body.kind == record.kind;
        for (const Assertion& assertion : each.body.assertions) {
            const Kind* kind = the_schema().kind(record.kind);
            const Field* field = counts && kind ? kind->field(assertion.field) : nullptr;
            said += field && has_type(*field, assertion.value) ? 1 : 0;
        }
    }
    for (const FoldedField& field : record.fields) {
        kept += field.live.size() + field.replaced.size();
        for (const Said& each : field.live) RC_ASSERT(each.replaced_by.empty());
        for (const Said& each : field.replaced) RC_ASSERT(!each.replaced_by.empty());
    }
    RC_ASSERT(said == kept);
}

RC_GTEST_PROP(FoldLaw, MoreEventsNeverReviveAReplacedValue, ()) {
    const std::vector<HeldEvent> history = any_history();
    RC_PRE(!history.empty());
    std::vector<HeldEvent> earlier(history.begin(), history.end() - 1);
    const Folded before = folded(earlier), after = folded(history);
    RC_PRE(before.kind == after.kind);
    for (const FoldedField& field : before.fields)
        for (const Said& was : field.replaced) {
            const FoldedField* now = after.field(field.field);
            RC_ASSERT(now != nullptr);
            RC_ASSERT(std::ranges::count(now->replaced, was.dot, &Said::dot) == 1);
        }
}

RC_GTEST_PROP(FoldLaw, ReadingsComeFromLiveValuesAndConflictsFromSingles, ()) {
    const Folded record = folded(any_history());
    for (const FoldedField& field : record.fields) {
        const Field& rule = *the_schema().kind(record.kind)->field(field.field);
        bool differ = false;
        for (const Said& each : field.live) differ = differ || each.value != field.live[0].value;
        RC_ASSERT(field.conflict == (rule.rule == Rule::single && differ));
        if (rule.rule == Rule::status) {
            RC_ASSERT(field.reading.size() == 1u);
            continue;
        }
        RC_ASSERT(field.reading.empty() == field.live.empty());
        for (const Value& value : field.reading)
            RC_ASSERT(std::ranges::count(field.live, value, &Said::value) > 0);
    }
}

RC_GTEST_PROP(FoldLaw, ReplacingThenAddingAgainReadsAsAddedInAnyOrder, ()) {
    const HeldEvent first = event("IOM", 1, {code(4, "food")});
    const HeldEvent removal = event("IOM", 2, {}, {dot(first)});
    const HeldEvent again = event(*one_of(agencies), 3, {code(4, "food")});
    const Folded record = folded(shuffled_with_duplicates({first, removal, again}));
    RC_ASSERT(reading(record, 4) == "food");
    RC_ASSERT(record.field(4)->live.size() == 1u);
    RC_ASSERT(reading(folded(shuffled_with_duplicates({first, removal})), 4).empty());
}

RC_GTEST_PROP(FoldLaw, ConcurrentSetsConflictUntilSomebodyResolvesThem, ()) {
    const HeldEvent a = event("IOM", 1, {code(1, "VOL")});
    const HeldEvent b = event("UNHCR", 1, {code(1, "ENF")});
    const HeldEvent resolution =
        event(*one_of(agencies), 9, {code(1, *one_of<std::string>({"VOL", "ENF"}))},
              {std::min(dot(a), dot(b)), std::max(dot(a), dot(b))});
    RC_ASSERT(folded(shuffled_with_duplicates({a, b})).field(1)->conflict);
    const Folded resolved = folded(shuffled_with_duplicates({a, b, resolution}));
    RC_ASSERT(!resolved.field(1)->conflict);
    RC_ASSERT(resolved.field(1)->live.size() == 1u);
    RC_ASSERT(resolved.field(1)->reading ==
              std::vector<Value>{resolution.body.assertions[0].value});
}

// --- The status join

using States = std::vector<std::string>;

rc::Gen<States> any_states() {
    return rc::gen::container<States>(
        one_of<std::string>({"draft", "sent", "accepted", "revoked", "done", "lost"}));
}

std::string join(const States& a, const States& b = {}) {
    std::vector<std::string_view> seen(a.begin(), a.end());
    seen.insert(seen.end(), b.begin(), b.end());
    const StatusReading read =
        join_status(the_schema().kind("return")->field("status")->lattice, seen);
    std::string out(read.state);
    for (std::string_view state : read.illegal) out += " !" + std::string(state);
    return out;
}

States both(States a, const States& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

RC_GTEST_PROP(StatusJoin, IsCommutativeAssociativeAndIdempotent, ()) {
    const States a = *any_states(), b = *any_states(), c = *any_states();
    RC_ASSERT(join(a, b) == join(b, a));
    RC_ASSERT(join(both(a, b), c) == join(a, both(b, c)));
    RC_ASSERT(join(both(a, b), both(b, a)) == join(a, b));
    RC_ASSERT(join(a, a) == join(a));
}

// Seeing more never leads back to a state that lies before the one shown.
RC_GTEST_PROP(StatusJoin, SeeingMoreNeverLeadsBack, ()) {
    const Lattice& lattice = the_schema().kind("return")->field("status")->lattice;
    const States a = *any_states(), more = both(a, *any_states());
    const std::vector<std::string_view> seen_a(a.begin(), a.end()),
        seen_more(more.begin(), more.end());
    const std::string_view before = join_status(lattice, seen_a).state;
    const std::string_view after = join_status(lattice, seen_more).state;
    // Does a way lead from `after` to `before`? Steps repeated as often as there are states.
    std::vector<std::string_view> reached{after};
    for (std::size_t i = 0; i < lattice.order.size(); ++i)
        for (const Lattice::Step& step : lattice.steps)
            if (std::ranges::count(reached, step.from) > 0 &&
                std::ranges::count(reached, step.to) == 0)
                reached.push_back(step.to);
    RC_ASSERT(after == before || std::ranges::count(reached, before) == 0);
}

} // namespace
} // namespace safar::record_test

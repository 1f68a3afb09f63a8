// Every workflow of the repository's catalogue, worked on at up to four nodes at once: legal steps from what a
// node sees, illegal ones from an older or a hostile node, delivered in any order. All end with one outcome.
// A failure prints the seed: RC_PARAMS="seed=..." repeats it.
#include "tests/unit/node/imports/import_support.hpp"
#include "tests/unit/storage/record/record_fixture.hpp"

#include <array>
#include <rapidcheck/gtest.h>
#include <set>

namespace safar::record_test {
namespace {

const FixedAuthority authority;
const std::vector<std::string> agencies{"IOM", "UNHCR", "NGO", "SHELTER"};

std::vector<const Kind*> kinds_with_workflow() {
    static const auto schema = safar::testing::repository_schema(); // keeps the kinds alive
    std::vector<const Kind*> out;
    for (const Kind& kind : schema->kinds)
        if (kind.casework.workflow) out.push_back(&kind);
    return out;
}

Folded read(const Kind& kind, const std::vector<HeldEvent>& events) {
    Folded out = fold(*safar::testing::repository_schema(), authority, record_id(1), events);
    RC_ASSERT(events.empty() || out.kind == kind.tag);
    return out;
}

const Field& status_of(const Kind& kind) { return *kind.field(std::string_view(kind.casework.workflow->status)); }

std::string state_in(const Kind& kind, const Folded& record) {
    const FoldedField* field = record.field(status_of(kind).tag);
    return field == nullptr || field->reading.empty() ? status_of(kind).lattice.initial
                                                      : std::get<Code>(field->reading.front()).code;
}

// Four replicas of one record; each sees its own events and what was delivered to it.
struct Replicas {
    explicit Replicas(const Kind& of) : kind(of) {}

    // What the engine writes: the step's state, replacing the states that this node sees.
    void assert_state(std::size_t at, const std::string& to) {
        const Folded seen = read(kind, held[at]);
        std::vector<Dot> replaces;
        if (const FoldedField* field = seen.field(status_of(kind).tag))
            for (const Said& said : field->live) replaces.push_back(said.dot);
        std::ranges::sort(replaces);
        HeldEvent made = event(agencies[at], ++sequences[at], {{status_of(kind).tag, Code{to}}}, std::move(replaces));
        made.body.kind = kind.tag;
        made.body.at.microseconds = *rc::gen::inRange(0, 3);
        held[at].push_back(made);
        all.push_back(std::move(made));
    }
    void deliver(std::size_t from, std::size_t to) {
        for (const HeldEvent& each : held[from])
            if (std::ranges::none_of(held[to], [&](const HeldEvent& h) { return h.leaf == each.leaf; }))
                held[to].push_back(each);
    }

    const Kind& kind;
    std::array<std::vector<HeldEvent>, 4> held;
    std::array<std::uint64_t, 4> sequences{};
    std::vector<HeldEvent> all;
};

void act(Replicas& replicas, const std::vector<std::string>& states) {
    const auto at = *rc::gen::inRange<std::size_t>(0, 4);
    const int what = *rc::gen::inRange(0, 10);
    if (what < 3) return replicas.deliver(at, *rc::gen::inRange<std::size_t>(0, 4));
    if (what == 3) return replicas.assert_state(at, states[*rc::gen::inRange<std::size_t>(0, states.size())]);
    const std::string state = state_in(replicas.kind, read(replicas.kind, replicas.held[at]));
    std::vector<const WorkStep*> legal;
    for (const WorkStep& step : replicas.kind.casework.steps)
        if (std::ranges::find(step.from, state) != step.from.end()) legal.push_back(&step);
    if (!legal.empty()) replicas.assert_state(at, legal[*rc::gen::inRange<std::size_t>(0, legal.size())]->to);
}

RC_GTEST_PROP(WorkflowLaw, AnyInterleavingOfStepsHasOneOutcomeAtAllNodes, ()) {
    for (const Kind* kind : kinds_with_workflow()) {
        Replicas replicas(*kind);
        const auto& states = status_of(*kind).lattice.order;
        replicas.assert_state(0, status_of(*kind).lattice.initial);
        const int acts = *rc::gen::inRange(0, 14);
        for (int i = 0; i < acts; ++i) act(replicas, states);
        const Folded whole = read(*kind, replicas.all);
        for (auto& held : replicas.held) {
            for (const HeldEvent& each : replicas.all)
                if (std::ranges::none_of(held, [&](const HeldEvent& h) { return h.leaf == each.leaf; })) held.push_back(each);
            const Folded here = read(*kind, held); // in this node's order of arrival
            RC_ASSERT(state_in(*kind, here) == state_in(*kind, whole));
            RC_ASSERT(state_bytes(here) == state_bytes(whole));
            RC_ASSERT(here.field(status_of(*kind).tag)->flags == whole.field(status_of(*kind).tag)->flags);
        }
    }
}

// What legal steps alone lead to is legal, whatever else was asserted beside them.
RC_GTEST_PROP(WorkflowLaw, TheOutcomeIsAlwaysAStateThatStepsLeadTo, ()) {
    for (const Kind* kind : kinds_with_workflow()) {
        Replicas replicas(*kind);
        const Lattice& lattice = status_of(*kind).lattice;
        replicas.assert_state(0, lattice.initial);
        const int acts = *rc::gen::inRange(0, 10);
        for (int i = 0; i < acts; ++i) act(replicas, lattice.order);
        const std::string state = state_in(*kind, read(*kind, replicas.all));
        std::set<std::string> asserted, reached{lattice.initial};
        for (const HeldEvent& each : replicas.all) asserted.insert(std::get<Code>(each.body.assertions[0].value).code);
        for (std::size_t grown = 0; grown != reached.size();) {
            grown = reached.size();
            for (const auto& step : lattice.steps)
                if (reached.contains(step.from) && asserted.contains(step.to)) reached.insert(step.to);
        }
        RC_ASSERT(reached.contains(state));
    }
}

} // namespace
} // namespace safar::record_test

#include "storage/record/lattice.hpp"

#include "storage/record/text.hpp"

#include <algorithm>

namespace safar {
namespace {

constexpr std::size_t unlisted = ~std::size_t{0};

std::size_t place(const Lattice& lattice, std::string_view state) {
    auto at = std::ranges::find(lattice.order, state);
    return at == lattice.order.end() ? unlisted
                                     : static_cast<std::size_t>(at - lattice.order.begin());
}

// States by their place in `order`, whatever `steps` name besides is never reached.
using Marks = std::vector<bool>;
struct Edge {
    std::size_t from, to;
};

std::vector<Edge> edges(const Lattice& lattice) {
    std::vector<Edge> out;
    out.reserve(lattice.steps.size());
    for (const Lattice::Step& step : lattice.steps) {
        Edge edge{place(lattice, step.from), place(lattice, step.to)};
        if (edge.from != unlisted && edge.to != unlisted) out.push_back(edge);
    }
    return out;
}

// Marks what steps lead to from the marked states, going only through states in `through`.
void spread(const std::vector<Edge>& steps, const Marks& through, Marks& marked) {
    for (bool grown = true; grown;) {
        grown = false;
        for (const Edge& step : steps) {
            if (!marked[step.from] || marked[step.to] || !through[step.to]) continue;
            marked[step.to] = true;
            grown = true;
        }
    }
}

// What lies strictly beyond `state`, by any steps.
Marks beyond(const std::vector<Edge>& steps, std::size_t state, std::size_t count) {
    Marks marked(count);
    for (const Edge& step : steps)
        if (step.from == state) marked[step.to] = true;
    spread(steps, Marks(count, true), marked);
    return marked;
}

// One state alone: the usual case of a record with a single event, without any allocation.
bool is_first_step(const Lattice& lattice, std::string_view state) {
    if (state == lattice.initial) return true;
    return std::ranges::any_of(lattice.steps, [&](const Lattice::Step& step) {
        return step.from == lattice.initial && step.to == state;
    });
}

} // namespace

StatusReading join_status(const Lattice& lattice, std::span<const std::string_view> seen) {
    StatusReading out{lattice.initial, {}};
    std::size_t initial = place(lattice, lattice.initial);
    if (seen.size() == 1 && initial != unlisted) {
        std::size_t at = place(lattice, seen[0]);
        if (at != unlisted && is_first_step(lattice, seen[0]))
            out.state = lattice.order[at];
        else
            out.illegal.push_back(seen[0]);
        return out;
    }
    const std::size_t count = lattice.order.size();
    const std::vector<Edge> steps = edges(lattice);
    Marks asserted(count), legal(count);
    for (std::string_view state : seen)
        if (std::size_t at = place(lattice, state); at != unlisted) asserted[at] = true;
    if (initial != unlisted) legal[initial] = true;
    spread(steps, asserted, legal);

    for (std::size_t state = count; state-- > 0;) {
        if (!legal[state]) continue;
        Marks later = beyond(steps, state, count);
        bool maximal = true;
        for (std::size_t other = 0; other < count; ++other)
            if (legal[other] && later[other]) maximal = false;
        if (!maximal) continue;
        out.state = lattice.order[state];
        break;
    }
    for (std::string_view state : seen)
        if (std::size_t at = place(lattice, state); at == unlisted || !legal[at])
            out.illegal.push_back(state);
    std::ranges::sort(out.illegal);
    out.illegal.erase(std::ranges::unique(out.illegal).begin(), out.illegal.end());
    return out;
}

std::optional<LatticeDefect> lattice_defect(const Lattice& lattice) {
    const std::size_t count = lattice.order.size();
    std::size_t initial = place(lattice, lattice.initial);
    if (initial == unlisted)
        return LatticeDefect{"initial", quoted(lattice.initial) + " is missing from order"};
    for (std::size_t i = 0; i < lattice.steps.size(); ++i) {
        const Lattice::Step& step = lattice.steps[i];
        std::string shown = quoted(step.from) + " to " + quoted(step.to);
        for (const std::string& state : {step.from, step.to})
            if (place(lattice, state) == unlisted)
                return LatticeDefect{"steps",
                                     shown + ": " + quoted(state) + " is missing from order"};
        for (std::size_t j = 0; j < i; ++j)
            if (lattice.steps[j].from == step.from && lattice.steps[j].to == step.to)
                return LatticeDefect{"steps", shown + " stands twice"};
    }
    const std::vector<Edge> steps = edges(lattice);
    for (std::size_t state = 0; state < count; ++state)
        if (beyond(steps, state, count)[state])
            return LatticeDefect{"steps", "they lead from " + quoted(lattice.order[state]) +
                                              " back to itself; remove a step of that cycle"};
    Marks reached(count);
    reached[initial] = true;
    spread(steps, Marks(count, true), reached);
    for (std::size_t state = 0; state < count; ++state)
        if (!reached[state])
            return LatticeDefect{"steps", "none leads from " + quoted(lattice.initial) + " to " +
                                              quoted(lattice.order[state]) + "; add one"};
    return std::nullopt;
}

} // namespace safar

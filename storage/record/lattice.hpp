// Status fields: which states were reached legally, and which one a reader is shown.
#pragma once

#include "storage/record/schema.hpp"

namespace safar {

struct StatusReading {
    std::string_view state;                // lives as long as the lattice
    std::vector<std::string_view> illegal; // of `seen`, ascending; live as long as what was seen
};

// Joins the states that were ever asserted of one record, in any order and any number of times.
//
// A record starts in the initial state, asserted or not. A state is legal if steps lead to it from
// there through states that were themselves asserted. Of the legal states those stand that no other
// legal one lies beyond; of several the one latest in `order`. So what is seen only ever moves a
// reading forward, and the join is commutative, associative and idempotent. Illegal states wait:
// when the steps before them arrive, they count.
[[nodiscard]] StatusReading join_status(const Lattice& lattice,
                                        std::span<const std::string_view> seen);

// What makes a lattice unusable: a cycle, a step twice, a state not in `order` or never reached.
struct LatticeDefect {
    std::string_view key; // "initial", "steps" or "order"
    std::string what;
};
[[nodiscard]] std::optional<LatticeDefect> lattice_defect(const Lattice& lattice);

} // namespace safar

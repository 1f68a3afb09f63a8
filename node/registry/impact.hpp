// What depends on batches that a cut would take out of state: asked before anyone decides on the
// cut.
#pragma once

#include "node/registry/node.hpp"

namespace safar {

struct Cut {
    std::string compartment;
    Incarnation incarnation;
    std::uint64_t batch = 0; // the last that would count
};

struct LogImpact {
    std::string compartment;
    Incarnation incarnation;
    std::uint64_t from = 0, to = 0; // batches that would no longer count
    std::uint64_t events = 0;
};
struct KindImpact {
    std::string kind, compartment;
    std::uint64_t vanish = 0;       // records of which nothing would be left
    std::uint64_t change = 0;       // records that others have spoken of too
    std::vector<RecordId> examples; // at most 20, ascending
};
struct Impact {
    std::vector<LogImpact> logs;
    std::vector<KindImpact> kinds; // statistics of these kinds would change
    std::uint64_t batches = 0, events = 0;
};

// Of all logs of `node` that are held here; a log that no cut names would count to zero. Reads
// every batch beyond the cuts: about 3 us an event. Errors: not_found (no such node in any epoch),
// storage_*.
[[nodiscard]] Result<Impact> impact_of(const Node& here, const NodeId& node,
                                       std::span<const Cut> cuts);

} // namespace safar

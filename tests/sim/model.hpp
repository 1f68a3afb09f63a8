// The second opinion on meaning: what records say, worked out from plain events with maps and sets
// and nothing of storage/record. Knows the fields of founding.cpp by their rules.
#pragma once

#include "tests/sim/plain.hpp"

#include <map>
#include <set>

namespace safar::sim {

struct ModelField {
    std::set<Raw> live;         // dots
    std::multiset<Raw> reading; // values as encoded; in no order
    Raw first;                  // rule single: the one that is shown
    friend bool operator==(const ModelField&, const ModelField&) = default;
};
struct ModelRecord {
    std::uint16_t kind = 0;
    std::map<std::uint16_t, ModelField> fields;
    friend bool operator==(const ModelRecord&, const ModelRecord&) = default;
};

// `rank`: of each agency, lower is preferred. `later_known`: the schema has field 7.
[[nodiscard]] std::map<Raw, ModelRecord> model_fold(const std::vector<PlainEvent>& events,
                                                    const std::map<std::string, int>& rank,
                                                    bool later_known);

} // namespace safar::sim

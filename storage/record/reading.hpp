// Read rules: from the values said of one field to what a reader is shown.
#pragma once

#include "storage/record/fold.hpp"

namespace safar {

// Fills `reading`, `conflict` and `flags` of a field whose `live` (preferred first) and `replaced`
// stand.
void apply_rule(const Schema& schema, const Field& rule, FoldedField& field);

// The same for a record of one event, from the values that it asserts of the field, in their order:
// what the bulk path lays into columns. Where a `single` field is asserted several times the
// preferred value depends on the dot: fold such a record instead.
[[nodiscard]] std::vector<Value> read_single_event(const Field& rule,
                                                   std::span<const Value* const> said);

} // namespace safar

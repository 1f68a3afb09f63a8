// Read rules: from the values said of one field to what a reader is shown.
#pragma once

#include "storage/record/fold.hpp"

namespace safar {

// Fills `reading`, `conflict` and `flags` of a field whose `live` (preferred first) and `replaced`
// stand.
void apply_rule(const Schema& schema, const Field& rule, FoldedField& field);

} // namespace safar

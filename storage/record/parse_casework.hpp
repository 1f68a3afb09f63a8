// The sections of a kind's document that say how people work on it. Include only from
// storage/record/*.cpp (it brings toml++).
#pragma once

#include "storage/record/strict_table.hpp"

namespace safar {

// Reads [workflow], [[step]], [[task]], [consent], [never] and [link] of a kind whose fields are
// known. Every state, field and step named must exist and be of the kind of field that it is used
// as. Errors: invalid_argument as parse_schema.
[[nodiscard]] Result<> read_casework(StrictTable& document, Kind& kind);

// What only the whole schema can tell: the kinds that sections name, and what these have.
// Errors: invalid_argument naming the kind.
[[nodiscard]] Result<> check_casework(const Schema& schema);

} // namespace safar

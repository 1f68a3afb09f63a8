// Compartments as a file of their own, for whoever drafts a charter:
//
//     [[compartment]]
//     name = "protection"
//     title = "Persons and cases"
//     kinds = ["person", "victim_case"]
//     writers = ["IOM", "FIA"]
//     readers = ["NCHR"]            # a writer reads anyway
//     observers = ["UKF"]           # optional: headers, hashes and counts, never a body
//     relays = ["PUNJAB"]           # optional: bodies to pass on, which it does not read
#pragma once

#include "node/charter/charter.hpp"

namespace safar {

// Errors: invalid_argument with file, line and key. That kinds and agencies exist is checked by
// write_charter.
[[nodiscard]] Result<std::vector<CharterCompartment>> parse_compartments(const NamedText& file);

} // namespace safar

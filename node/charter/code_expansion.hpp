// Code lists that extend a standard of the iso-codes package, made whole before a charter is
// drafted (a charter carries whole lists, so that its schema never depends on what a machine has
// installed).
#pragma once

#include "storage/record/schema.hpp"

#include <functional>

namespace safar {

// Text of an iso-codes document by its file name ("iso_3166-1.json"; Debian keeps them in
// /usr/share/iso-codes/json). Errors are handed through.
using StandardReader = std::function<Result<std::string>(std::string_view file)>;

// A list with `extends = "iso_3166-1"` (alpha-3; name; common and official name, alpha-2 as
// variants) or `extends = "iso_4217"` (alpha-3; name) becomes a plain one: the standard's entries
// in code order, then the list's own. An own entry with a standard code adds its variants, and its
// label, if it has one, takes the place of the standard's, which stays as a variant. A variant of
// the standard that an own entry of another code uses is left to the own entry; a name that the
// standard gives to two codes carries the code: "Leone (SLE)". Any other list comes back unchanged.
//
// Pure but for `reader`. Errors: invalid_argument (unknown standard, broken list) with file and
// line; malformed (the standard's JSON); the reader's.
[[nodiscard]] Result<std::string> expand_code_list(const NamedText& list,
                                                   const StandardReader& reader);

} // namespace safar

// The published business rules of IATI 2.03 that an activity of a fund can break, checked on the
// XML itself.
//
// A rule is named as IATI names it ("7.5.3"); what the schema or a code list demands is named after
// that ("schema:title", "codelist:Currency"). Every finding is of severity error or warning; both
// refuse an export, since a file with either comes back from the registry.
#pragma once

#include "storage/base/error.hpp"

#include <cstdint>
#include <vector>

namespace safar {

struct BrokenRule {
    std::string activity; // its identifier
    std::string rule;
    std::string where; // "budget 2"
    std::string what;  // what was found, and what the rule asks for
};

// `today`: days since 1970. Ascending by activity as they stand, then in the order of the rules.
// Errors: malformed (not XML).
[[nodiscard]] Result<std::vector<BrokenRule>> check_iati(std::string_view xml, std::int32_t today);

} // namespace safar

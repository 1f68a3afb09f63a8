// Claimed times as people and JSON write them: ISO 8601, UTC.
#pragma once

#include "storage/base/error.hpp"
#include "storage/base/time.hpp"

namespace safar {

// "2020-01-08T09:30:00Z"; with a fraction only where there is one; "" for zero (not stated).
// Outside the years 1 to 9999, which an author may claim, the microseconds since 1970 with a sign.
[[nodiscard]] std::string show_time(ClaimedTime time);
// "2020-01-08" (midnight), "2020-01-08T09:30Z", "2020-01-08T09:30:00Z". Errors: invalid_argument.
[[nodiscard]] Result<ClaimedTime> parse_time(std::string_view text);

} // namespace safar

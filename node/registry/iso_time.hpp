// Claimed times as people, JSON and files write them: ISO 8601, UTC.
#pragma once

#include "storage/base/error.hpp"
#include "storage/base/time.hpp"

#include <string>
#include <string_view>

namespace safar {

// "2020-01-08T09:30:00Z", with six digits of a fraction where there is one; "" for zero (not
// stated). Outside the years 1 to 9999, which an author may claim, the microseconds since 1970
// with a sign, "+9223372036854775807us". parse_time reads all but "" back.
[[nodiscard]] std::string show_time(ClaimedTime time);
// Also "2020-01-08" (midnight) and "2020-01-08T09:30Z". Errors: invalid_argument.
[[nodiscard]] Result<ClaimedTime> parse_time(std::string_view text);

} // namespace safar

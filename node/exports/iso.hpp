// Times in files: as node/api/iso_time.hpp writes them, and reads them back to the microsecond.
#pragma once

#include "storage/base/error.hpp"
#include "storage/base/time.hpp"

#include <string>
#include <string_view>

namespace safar {

// "2020-01-08T09:30:00.000123Z", without a fraction where there is none; "" for a time that is not
// stated.
[[nodiscard]] std::string iso_text(ClaimedTime time);
// What iso_text wrote. Errors: invalid_argument.
[[nodiscard]] Result<ClaimedTime> read_iso(std::string_view text);
// The day alone, "2020-01-08".
[[nodiscard]] std::string iso_day(std::int32_t days);

} // namespace safar

// The end of what a date says that is known to the month, the quarter or the year.
#pragma once

#include "storage/event/value.hpp"

#include <chrono>

namespace safar {

// Of a day before year 1 or after 9999, which only a peer can state, the day itself.
[[nodiscard]] inline std::int32_t last_day(const Date& date) {
    using namespace std::chrono;
    constexpr std::int32_t first = -719'162, end = 2'932'896;
    if (date.precision == Date::Precision::day || date.days < first || date.days > end)
        return date.days;
    const year_month_day day{sys_days{days{date.days}}};
    const year_month month = day.year() / day.month();
    const auto end_of = [](year_month last_month) {
        return static_cast<std::int32_t>(sys_days{last_month / last}.time_since_epoch().count());
    };
    switch (date.precision) {
    case Date::Precision::month: return end_of(month);
    case Date::Precision::quarter: return end_of(month + months{2});
    default: return end_of(day.year() / December);
    }
}

} // namespace safar

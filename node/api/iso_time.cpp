#include "node/api/iso_time.hpp"

#include <chrono>
#include <fmt/format.h>

namespace safar {
namespace {

constexpr std::int64_t second_us = 1'000'000;

// Exactly `digits` decimal digits at the front of `text`, taken off; -1 if there are none.
int take_number(std::string_view& text, std::size_t digits) {
    if (text.size() < digits) return -1;
    int out = 0;
    for (std::size_t i = 0; i < digits; ++i) {
        if (text[i] < '0' || text[i] > '9') return -1;
        out = out * 10 + (text[i] - '0');
    }
    text.remove_prefix(digits);
    return out;
}

bool take(std::string_view& text, char wanted) {
    if (!text.starts_with(wanted)) return false;
    text.remove_prefix(1);
    return true;
}

} // namespace

std::string show_time(ClaimedTime time) {
    if (time.microseconds == 0) return "";
    std::int64_t days = time.microseconds / day_us;
    std::int64_t rest = time.microseconds % day_us;
    if (rest < 0) {
        rest += day_us;
        --days;
    }
    if (days < -719'162 || days > 2'932'896) return fmt::format("{:+}us", time.microseconds);
    std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
    std::string out =
        fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                    rest / (3600 * second_us), rest / (60 * second_us) % 60, rest / second_us % 60);
    if (rest % second_us != 0) out += fmt::format(".{:06}", rest % second_us);
    return out + "Z";
}

Result<ClaimedTime> parse_time(std::string_view text) {
    auto refused = [&] {
        return failure(ErrorCode::invalid_argument,
                       "'" + std::string(text.substr(0, 40)) +
                           "' is not a time; write 2020-01-08 or 2020-01-08T09:30:00Z");
    };
    std::string_view in = text;
    int year = take_number(in, 4);
    bool good = year > 0 && take(in, '-');
    int month = good ? take_number(in, 2) : -1;
    good = good && take(in, '-');
    int day = good ? take_number(in, 2) : -1;
    std::chrono::year_month_day date{std::chrono::year{year},
                                     std::chrono::month{static_cast<unsigned>(month)},
                                     std::chrono::day{static_cast<unsigned>(day)}};
    if (!good || month < 0 || day < 0 || !date.ok()) return refused();
    std::int64_t out = std::chrono::sys_days{date}.time_since_epoch().count() * day_us;
    if (in.empty()) return ClaimedTime{out};
    if (!take(in, 'T')) return refused();
    int hour = take_number(in, 2);
    good = take(in, ':');
    int minute = good ? take_number(in, 2) : -1;
    int second = take(in, ':') ? take_number(in, 2) : 0;
    if (!good || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 ||
        in != "Z")
        return refused();
    return ClaimedTime{out + ((hour * 60 + minute) * 60 + second) * second_us};
}

} // namespace safar

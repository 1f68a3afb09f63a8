#include "node/registry/iso_time.hpp"

#include <charconv>
#include <chrono>
#include <fmt/format.h>
#include <optional>

namespace safar {
namespace {

constexpr std::int64_t second_us = 1'000'000;
constexpr std::int64_t min_day = -719'162, max_day = 2'932'896; // years 1 to 9999

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

// "+9223372036854775807us".
std::optional<std::int64_t> read_microseconds(std::string_view text) {
    if (!text.ends_with("us")) return std::nullopt;
    text.remove_suffix(2);
    if (take(text, '+') == text.starts_with('-')) return std::nullopt; // one of the two
    std::int64_t out = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return out;
}

// "2020-01-08" at the front of `text`, taken off: its first microsecond.
std::optional<std::int64_t> take_day(std::string_view& text) {
    const int year = take_number(text, 4);
    if (year <= 0 || !take(text, '-')) return std::nullopt;
    const int month = take_number(text, 2);
    if (month < 0 || !take(text, '-')) return std::nullopt;
    const int day = take_number(text, 2);
    if (day < 0) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year{year},
                                           std::chrono::month{static_cast<unsigned>(month)},
                                           std::chrono::day{static_cast<unsigned>(day)}};
    if (!date.ok()) return std::nullopt;
    return std::chrono::sys_days{date}.time_since_epoch().count() * day_us;
}

// "09:30", "09:30:00" or "09:30:00.000123" and "Z", no more: microseconds since midnight.
std::optional<std::int64_t> read_clock(std::string_view text) {
    const int hour = take_number(text, 2);
    if (hour < 0 || hour > 23 || !take(text, ':')) return std::nullopt;
    const int minute = take_number(text, 2);
    if (minute < 0 || minute > 59) return std::nullopt;
    int second = 0, fraction = 0;
    if (take(text, ':')) {
        second = take_number(text, 2);
        if (second >= 0 && take(text, '.')) fraction = take_number(text, 6);
    }
    if (second < 0 || second > 59 || fraction < 0 || text != "Z") return std::nullopt;
    return ((hour * 60 + minute) * 60 + second) * second_us + fraction;
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
    if (days < min_day || days > max_day) return fmt::format("{:+}us", time.microseconds);
    std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
    std::string out =
        fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                    rest / (3600 * second_us), rest / (60 * second_us) % 60, rest / second_us % 60);
    if (rest % second_us != 0) out += fmt::format(".{:06}", rest % second_us);
    return out + "Z";
}

Result<ClaimedTime> parse_time(std::string_view text) {
    if (auto microseconds = read_microseconds(text)) return ClaimedTime{*microseconds};
    std::string_view rest = text;
    auto day = take_day(rest);
    if (day && rest.empty()) return ClaimedTime{*day};
    auto clock = day && take(rest, 'T') ? read_clock(rest) : std::nullopt;
    if (!clock)
        return failure(ErrorCode::invalid_argument,
                       "'" + std::string(text.substr(0, 40)) +
                           "' is not a time; write 2020-01-08 or 2020-01-08T09:30:00Z");
    return ClaimedTime{*day + *clock};
}

} // namespace safar

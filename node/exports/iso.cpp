#include "node/exports/iso.hpp"

#include <charconv>
#include <chrono>
#include <fmt/format.h>

namespace safar {
namespace {

constexpr std::int64_t second_us = 1'000'000;
constexpr std::int64_t day_min = -719'162, day_max = 2'932'896; // years 1 to 9999

bool number(std::string_view text, std::size_t at, std::size_t digits, int& out) {
    if (text.size() < at + digits) return false;
    auto [end, error] = std::from_chars(text.data() + at, text.data() + at + digits, out);
    return error == std::errc() && end == text.data() + at + digits && text[at] != '-';
}

} // namespace

std::string iso_day(std::int32_t days) {
    std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
    return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

std::string iso_text(ClaimedTime time) {
    if (time.microseconds == 0) return "";
    std::int64_t days = time.microseconds / day_us, rest = time.microseconds % day_us;
    if (rest < 0) {
        rest += day_us;
        --days;
    }
    if (days < day_min || days > day_max) return fmt::format("{:+}us", time.microseconds);
    std::string out = iso_day(static_cast<std::int32_t>(days)) +
                      fmt::format("T{:02}:{:02}:{:02}", rest / (3600 * second_us),
                                  rest / (60 * second_us) % 60, rest / second_us % 60);
    if (rest % second_us != 0) out += fmt::format(".{:06}", rest % second_us);
    return out + "Z";
}

Result<ClaimedTime> read_iso(std::string_view text) {
    const auto refused = [&] {
        return failure(ErrorCode::invalid_argument,
                       "'" + std::string(text.substr(0, 40)) + "' is not a time");
    };
    if (text.empty()) return ClaimedTime{};
    if (text.ends_with("us")) {
        ClaimedTime out;
        if (text.starts_with('+')) text.remove_prefix(1);
        auto [end, error] =
            std::from_chars(text.data(), text.data() + text.size() - 2, out.microseconds);
        if (error != std::errc() || end != text.data() + text.size() - 2) return refused();
        return out;
    }
    int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, micro = 0;
    if (!number(text, 0, 4, year) || !number(text, 5, 2, month) || !number(text, 8, 2, day) ||
        !number(text, 11, 2, hour) || !number(text, 14, 2, minute) ||
        !number(text, 17, 2, second) || text[4] != '-' || text[7] != '-' || text[10] != 'T' ||
        text[13] != ':' || text[16] != ':')
        return refused();
    const std::string_view tail = text.substr(19);
    if (tail != "Z" &&
        (tail.size() != 8 || tail[0] != '.' || tail[7] != 'Z' || !number(tail, 1, 6, micro)))
        return refused();
    const std::chrono::year_month_day date{std::chrono::year{year},
                                           std::chrono::month{static_cast<unsigned>(month)},
                                           std::chrono::day{static_cast<unsigned>(day)}};
    if (!date.ok() || hour > 23 || minute > 59 || second > 59) return refused();
    return ClaimedTime{std::chrono::sys_days{date}.time_since_epoch().count() * day_us +
                       ((hour * 60 + minute) * 60 + second) * second_us + micro};
}

} // namespace safar

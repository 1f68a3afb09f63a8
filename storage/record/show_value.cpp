#include "storage/record/money.hpp"
#include "storage/record/schema.hpp"

#include <chrono>

namespace safar {
namespace {

std::string padded(std::uint64_t number, std::size_t width) {
    std::string out = std::to_string(number);
    return out.size() >= width ? out : std::string(width - out.size(), '0') + out;
}

// Magnitude without the overflow of negating the smallest number.
std::uint64_t magnitude(std::int64_t number) {
    auto bits = static_cast<std::uint64_t>(number);
    return number < 0 ? ~bits + 1 : bits;
}

std::string show(const Text& value) { return value.text; }
std::string show(const Code& value) { return value.code; }
std::string show(const Integer& value) { return std::to_string(value.number); }
std::string show(const Flag& value) { return value.yes ? "yes" : "no"; }
std::string show(const Reference& value) { return show_id(value.record); }

std::string show(const Date& value) {
    namespace chrono = std::chrono;
    constexpr std::int32_t first = -719162, last = 2932896; // 0001-01-01, 9999-12-31
    if (value.days < first || value.days > last) return "day " + std::to_string(value.days);
    chrono::year_month_day civil{chrono::sys_days(chrono::days(value.days))};
    std::string out = padded(static_cast<std::uint64_t>(static_cast<int>(civil.year())), 4);
    auto month = static_cast<unsigned>(civil.month());
    switch (value.precision) {
    case Date::Precision::year: return out;
    case Date::Precision::quarter: return out + "-Q" + std::to_string((month - 1) / 3 + 1);
    case Date::Precision::month: return out + "-" + padded(month, 2);
    case Date::Precision::day: break;
    }
    return out + "-" + padded(month, 2) + "-" + padded(static_cast<unsigned>(civil.day()), 2);
}

std::string show(const Money& value) {
    const std::size_t places = minor_digits(value.currency);
    std::string out = padded(magnitude(value.minor_units), places + 1);
    if (places > 0) out.insert(out.size() - places, ".");
    return (value.minor_units < 0 ? "-" : "") + out + " " + value.currency;
}

std::string degrees(std::int32_t value_e7) {
    std::string out = padded(magnitude(value_e7), 8);
    out.insert(out.size() - 7, ".");
    while (out.ends_with('0')) out.pop_back();
    if (out.ends_with('.')) out.pop_back();
    return (value_e7 < 0 ? "-" : "") + out;
}

std::string show(const Point& value) {
    return degrees(value.latitude_e7) + ", " + degrees(value.longitude_e7);
}

} // namespace

std::string show_value(const Value& value) {
    return std::visit([](const auto& each) { return show(each); }, value);
}

} // namespace safar

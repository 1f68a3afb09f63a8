#include "storage/record/field_check.hpp"
#include "storage/record/money.hpp"
#include "storage/record/schema.hpp"
#include "storage/record/text.hpp"

#include "storage/base/limits.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <limits>

namespace safar {
namespace {

constexpr std::uint64_t magnitude_max = std::numeric_limits<std::int64_t>::max();

Error refuse(const Field& field, std::string_view text, std::string_view why) {
    return failure(ErrorCode::invalid_argument,
                   "field " + field.name + ": " + quoted(text) + " " + std::string(why));
}

bool all_digits(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, is_digit);
}

// value * 10 + digit; false above the largest int64.
bool append_digit(std::uint64_t& value, char digit) {
    auto unit = static_cast<std::uint64_t>(digit - '0');
    if (value > (magnitude_max - unit) / 10) return false;
    value = value * 10 + unit;
    return true;
}

bool take_minus(std::string_view& text) {
    bool negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    return negative;
}

struct Decimal {
    std::string_view whole, fraction;
};
// Digits, or digits '.' digits.
std::optional<Decimal> split_decimal(std::string_view text) {
    auto dot = text.find('.');
    Decimal out{text.substr(0, dot), {}};
    if (!all_digits(out.whole)) return std::nullopt;
    if (dot == std::string_view::npos) return out;
    out.fraction = text.substr(dot + 1);
    if (!all_digits(out.fraction)) return std::nullopt;
    return out;
}

Result<Value> parse_text(const Field& field, std::string_view text) {
    if (text.empty()) return refuse(field, text, "is empty; leave the field out instead");
    if (text.size() > limits::text_bytes_max)
        return refuse(field, text,
                      "has more than " + std::to_string(limits::text_bytes_max) +
                          " bytes; shorten it");
    Result<> checked = check_text(text);
    if (!checked) return refuse(field, text, "is no text: " + checked.error().detail);
    if (field.check.empty()) return Value(Text{std::string(text)});
    Result<std::string> canonical = checked_text(field.check, text);
    if (!canonical) return refuse(field, text, canonical.error().detail);
    return Value(Text{std::move(canonical).value()});
}

Result<Value> parse_integer(const Field& field, std::string_view text) {
    std::int64_t number = 0;
    auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (code == std::errc::result_out_of_range)
        return refuse(field, text, "is too large; at most 18 digits");
    if (code != std::errc() || end != text.data() + text.size())
        return refuse(field, text,
                      "is no whole number; give digits only, without separators: 1234");
    return Value(Integer{number});
}

Result<Value> parse_code(const Schema& schema, const Field& field, std::string_view text) {
    const CodeList* list = schema.code_list(field.codes);
    if (!list)
        return refuse(field, text, "has no code list " + quoted(field.codes) + " to be read with");
    if (const CodeList::Entry* entry = list->find(text)) return Value(Code{entry->code});
    if (list->open) {
        SAFAR_TRY(Value kept, parse_text(field, text));
        return Value(Code{std::move(std::get<Text>(kept).text)});
    }
    std::vector<std::string_view> codes;
    for (const CodeList::Entry& entry : list->entries) codes.push_back(entry.code);
    return refuse(field, text,
                  "is not in list " + quoted(list->name) + "; give one of " +
                      listed(codes, /*count_max=*/8));
}

// Numbers of a fixed width; -1 for anything but digits.
int fixed_number(std::string_view text) {
    if (!all_digits(text)) return -1;
    int value = 0;
    for (char c : text) value = value * 10 + (c - '0');
    return value;
}

std::optional<Date> read_date(std::string_view text) {
    using Precision = Date::Precision;
    int year = fixed_number(text.substr(0, std::min<std::size_t>(4, text.size())));
    int month = 1, day = 1;
    Precision precision = Precision::year;
    if (text.size() == 7 && text[4] == '-' && text[5] == 'Q') {
        precision = Precision::quarter;
        int quarter = fixed_number(text.substr(6));
        month = quarter >= 1 && quarter <= 4 ? 3 * quarter - 2 : 0;
    } else if (text.size() == 7 && text[4] == '-') {
        precision = Precision::month;
        month = fixed_number(text.substr(5));
    } else if (text.size() == 10 && text[4] == '-' && text[7] == '-') {
        precision = Precision::day;
        month = fixed_number(text.substr(5, 2));
        day = fixed_number(text.substr(8));
    } else if (text.size() != 4) {
        return std::nullopt;
    }
    if (year < 1 || month < 1 || day < 1) return std::nullopt;
    std::chrono::year_month_day civil{std::chrono::year(year),
                                      std::chrono::month(static_cast<unsigned>(month)),
                                      std::chrono::day(static_cast<unsigned>(day))};
    if (!civil.ok()) return std::nullopt;
    auto days = std::chrono::sys_days(civil).time_since_epoch().count();
    return Date{static_cast<std::int32_t>(days), precision};
}

Result<Value> parse_date(const Field& field, std::string_view text) {
    if (auto date = read_date(text)) return Value(*date);
    return refuse(field, text, "is no date; give 2024-03-31, 2024-03, 2024-Q1 or 2024");
}

Result<Value> parse_money(const Field& field, std::string_view text) {
    constexpr std::string_view wanted =
        "is no amount; give digits, a point for decimals and the currency: 1234.56 USD";
    auto space = text.find(' ');
    if (space == std::string_view::npos) return refuse(field, text, wanted);
    std::string_view amount = text.substr(0, space), currency = text.substr(space + 1);
    auto capital = [](char c) { return c >= 'A' && c <= 'Z'; };
    if (currency.size() != 3 || !std::ranges::all_of(currency, capital))
        return refuse(field, text, "needs a currency as three capitals (ISO 4217): 1234.56 USD");
    bool negative = take_minus(amount);
    auto decimal = split_decimal(amount);
    if (!decimal) return refuse(field, text, wanted);
    std::size_t digits = minor_digits(currency);
    if (decimal->fraction.size() > digits)
        return refuse(field, text,
                      "has more decimals than " + std::string(currency) + " has (" +
                          std::to_string(digits) + ")");
    std::uint64_t units = 0;
    bool fits = true;
    for (char c : decimal->whole) fits = fits && append_digit(units, c);
    for (char c : decimal->fraction) fits = fits && append_digit(units, c);
    for (std::size_t i = decimal->fraction.size(); i < digits; ++i)
        fits = fits && append_digit(units, '0');
    if (!fits) return refuse(field, text, "is too large an amount");
    auto signed_units = static_cast<std::int64_t>(units);
    return Value(Money{negative ? -signed_units : signed_units, std::string(currency)});
}

// Decimal degrees in units of 1e-7, rounded half away from zero; nullopt: not a number, or beyond
// `limit` degrees.
std::optional<std::int32_t> read_degrees(std::string_view text, std::int64_t limit) {
    constexpr std::size_t decimals = 7;
    constexpr std::int64_t unit = 10'000'000;
    bool negative = take_minus(text);
    auto decimal = split_decimal(text);
    if (!decimal) return std::nullopt;
    std::uint64_t value = 0;
    for (char c : decimal->whole)
        if (!append_digit(value, c) || value > 360) return std::nullopt;
    for (std::size_t i = 0; i < decimals; ++i)
        if (!append_digit(value, i < decimal->fraction.size() ? decimal->fraction[i] : '0'))
            return std::nullopt;
    if (decimal->fraction.size() > decimals && decimal->fraction[decimals] >= '5') ++value;
    auto rounded = static_cast<std::int64_t>(value);
    if (rounded > limit * unit) return std::nullopt;
    return static_cast<std::int32_t>(negative ? -rounded : rounded);
}

Result<Value> parse_point(const Field& field, std::string_view text) {
    auto comma = text.find(',');
    if (comma != std::string_view::npos) {
        std::string_view second = text.substr(comma + 1);
        while (second.starts_with(' ')) second.remove_prefix(1);
        auto latitude = read_degrees(text.substr(0, comma), 90);
        auto longitude = read_degrees(second, 180);
        if (latitude && longitude) return Value(Point{*latitude, *longitude});
    }
    return refuse(field, text,
                  "is no point; give latitude (-90 to 90) and longitude (-180 to 180) in "
                  "decimal degrees: 31.5204, 74.3587");
}

Result<Value> parse_flag(const Field& field, std::string_view text) {
    std::string lower = text.size() <= 5 ? ascii_lower(text) : std::string();
    if (lower == "yes" || lower == "true" || lower == "1") return Value(Flag{true});
    if (lower == "no" || lower == "false" || lower == "0") return Value(Flag{false});
    return refuse(field, text, "is neither yes nor no");
}

Result<Value> parse_reference(const Field& field, std::string_view text) {
    if (auto id = parse_id(text)) return Value(Reference{*id});
    return refuse(field, text, "is no record id; give its 26 letters and digits");
}

} // namespace

Result<Value> parse_value(const Schema& schema, const Field& field, std::string_view text) {
    switch (field.type) {
    case FieldType::text: return parse_text(field, text);
    case FieldType::integer: return parse_integer(field, text);
    case FieldType::code: return parse_code(schema, field, text);
    case FieldType::date: return parse_date(field, text);
    case FieldType::money: return parse_money(field, text);
    case FieldType::point: return parse_point(field, text);
    case FieldType::flag: return parse_flag(field, text);
    case FieldType::reference: return parse_reference(field, text);
    }
    SAFAR_ASSERT(!"a field type of the enumeration");
    return refuse(field, text, "cannot be read");
}

} // namespace safar

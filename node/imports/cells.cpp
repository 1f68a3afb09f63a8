#include "node/imports/cells.hpp"

#include "storage/record/text.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>

namespace safar {
namespace {

namespace chrono = std::chrono;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

constexpr std::string_view no_break_space = "\xc2\xa0";
constexpr std::string_view month_names[] = {"january",   "february", "march",    "april",
                                            "may",       "june",     "july",     "august",
                                            "september", "october",  "november", "december"};

// Takes 1 to `digits_max` digits off the front; -1: none there.
int take_number(std::string_view& text, std::size_t digits_max) {
    std::size_t count = 0;
    int value = 0;
    while (count < digits_max && count < text.size() && is_digit(text[count]))
        value = value * 10 + (text[count++] - '0');
    if (count == 0) return -1;
    text.remove_prefix(count);
    return value;
}

// 1 to 12; 0: no month there.
int take_month_name(std::string_view& text) {
    std::size_t letters = 0;
    while (letters < text.size() &&
           ((text[letters] | 0x20) >= 'a' && (text[letters] | 0x20) <= 'z'))
        ++letters;
    std::string word = ascii_lower(text.substr(0, letters));
    if (word.size() < 3) return 0;
    for (int month = 1; month <= 12; ++month) {
        std::string_view name = month_names[month - 1];
        if (word != name && word != name.substr(0, 3)) continue;
        text.remove_prefix(letters);
        return month;
    }
    return 0;
}

struct DateParts {
    int year = 0, quarter = 0, month = 0, day = 0; // 0: not said

    bool take(char what, std::string_view& text) {
        switch (what) {
        case 'Y': { // all four digits: "05/06/23" is of no year that can be told
            const std::size_t before = text.size();
            year = take_number(text, 4);
            return year > 0 && before - text.size() == 4;
        }
        case 'm': return (month = take_number(text, 2)) > 0;
        case 'd': return (day = take_number(text, 2)) > 0;
        case 'q': return (quarter = take_number(text, 1)) > 0 && quarter <= 4;
        default: return (month = take_month_name(text)) > 0;
        }
    }
};

bool match_format(std::string_view format, std::string_view text, DateParts& parts) {
    for (std::size_t i = 0; i < format.size(); ++i) {
        if (format[i] == '%' && i + 1 < format.size()) {
            if (!parts.take(format[++i], text)) return false;
        } else if (format[i] == ' ') {
            if (text.empty() || !is_space(text[0])) return false;
            while (!text.empty() && is_space(text[0])) text.remove_prefix(1);
        } else {
            if (text.empty() || text[0] != format[i]) return false;
            text.remove_prefix(1);
        }
    }
    return text.empty();
}

std::optional<Date> to_date(const DateParts& parts) {
    using Precision = Date::Precision;
    if (parts.year <= 0) return std::nullopt;
    int month = parts.month > 0 ? parts.month : parts.quarter > 0 ? 3 * parts.quarter - 2 : 1;
    int day = parts.day > 0 ? parts.day : 1;
    chrono::year_month_day civil{chrono::year(parts.year),
                                 chrono::month(static_cast<unsigned>(month)),
                                 chrono::day(static_cast<unsigned>(day))};
    if (!civil.ok()) return std::nullopt;
    Precision precision = parts.day > 0 && parts.month > 0 ? Precision::day
                          : parts.month > 0                ? Precision::month
                          : parts.quarter > 0              ? Precision::quarter
                                                           : Precision::year;
    auto days = chrono::sys_days(civil).time_since_epoch().count();
    return Date{static_cast<std::int32_t>(days), precision};
}

// First day of the period that holds the date, with that precision.
Date widened(const Date& date, Date::Precision period) {
    if (period <= date.precision) return date;
    chrono::year_month_day civil{chrono::sys_days(chrono::days(date.days))};
    auto month = static_cast<unsigned>(civil.month());
    DateParts parts{static_cast<int>(civil.year()), 0, 0, 0};
    if (period == Date::Precision::quarter) parts.quarter = static_cast<int>((month - 1) / 3 + 1);
    if (period == Date::Precision::month) parts.month = static_cast<int>(month);
    return *to_date(parts);
}

// "1e+05" and "1.25e+06", as R writes round numbers. Only whole ones: the exponent covers the
// decimals.
std::optional<std::int64_t> read_scientific(std::string_view text) {
    std::size_t e = text.find_first_of("eE");
    std::string_view mantissa = text.substr(0, e), power = text.substr(e + 1);
    if (power.starts_with('+')) power.remove_prefix(1);
    int exponent = take_number(power, 2);
    if (exponent < 0 || !power.empty()) return std::nullopt;
    if (mantissa.empty() || !is_digit(mantissa.back())) return std::nullopt;
    std::string digits(mantissa.substr(0, mantissa.find('.')));
    if (digits.size() < mantissa.size()) {
        std::string_view fraction = mantissa.substr(digits.size() + 1);
        if (fraction.empty() || fraction.size() > static_cast<std::size_t>(exponent))
            return std::nullopt;
        digits += fraction;
        exponent -= static_cast<int>(fraction.size());
    }
    digits.append(static_cast<std::size_t>(exponent), '0');
    std::int64_t number = 0;
    auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (code != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return number;
}

// Takes out separators where they stand between groups of three: "1,022", not "1,2" or "12,50".
std::optional<std::string> without_groups(std::string_view text) {
    if (text.find(',') == std::string_view::npos) return std::string(text);
    std::string plain;
    std::size_t since = 0;
    bool first = true;
    for (char c : text) {
        if (c == ',') {
            if (since == 0 || (!first && since != 3) || since > 3) return std::nullopt;
            first = false;
            since = 0;
        } else {
            plain += c;
            since += is_digit(c) ? 1 : 0;
        }
    }
    if (since != 3) return std::nullopt;
    return plain;
}

bool any_of_ignoring_case(const std::vector<std::string>& texts, std::string_view text) {
    return std::ranges::any_of(texts, [&](const std::string& each) {
        return std::ranges::equal(each, text, {}, ascii_lower_of, ascii_lower_of);
    });
}

std::vector<std::string_view> split_cell(std::string_view text, const FieldMap& map) {
    std::vector<std::string_view> out;
    if (map.split.empty()) return {text};
    std::size_t start = 0;
    for (std::size_t at = 0; at < text.size();) {
        std::string_view rest = text.substr(at);
        auto separator = std::ranges::find_if(map.split, [&](const std::string& each) {
            return rest.starts_with(each) &&
                   (map.unless_followed_by.empty() ||
                    !rest.substr(each.size()).starts_with(map.unless_followed_by));
        });
        if (separator == map.split.end()) {
            ++at;
            continue;
        }
        out.push_back(text.substr(start, at - start));
        start = at += separator->size();
    }
    out.push_back(text.substr(start));
    return out;
}

Result<Value> refuse(std::string_view text, std::string_view why) {
    return failure(ErrorCode::invalid_argument, quoted(text) + " " + std::string(why));
}

// Lines end in LF in values, whatever the file uses.
std::string unix_lines(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i)
        if (text[i] != '\r' || i + 1 == text.size() || text[i + 1] != '\n') out += text[i];
    return out;
}

Result<Value> read_one(const Schema& schema, const Field& field, const FieldMap& map,
                       std::string_view text) {
    switch (field.type) {
    case FieldType::integer:
        if (auto number = read_number(text)) return Value(Integer{*number});
        return refuse(text, "is no whole number");
    case FieldType::date: {
        if (map.formats.empty()) {
            SAFAR_TRY(Value value, parse_value(schema, field, text));
            return Value(map.period ? widened(std::get<Date>(value), *map.period)
                                    : std::get<Date>(value));
        }
        if (auto date = read_date(text, map.formats))
            return Value(map.period ? widened(*date, *map.period) : *date);
        return refuse(text, "is no date written as " + listed(map.formats, /*count_max=*/4));
    }
    case FieldType::flag:
        if (any_of_ignoring_case(map.yes, text)) return Value(Flag{true});
        if (any_of_ignoring_case(map.no, text)) return Value(Flag{false});
        break;
    case FieldType::money:
        if (!map.currency.empty()) {
            const std::size_t point = std::min(text.find('.'), text.size());
            auto whole = without_groups(text.substr(0, point));
            if (!whole)
                return refuse(text, "is no amount: commas stand between groups of three digits "
                                    "only, and a point before the decimals");
            *whole += text.substr(point);
            return parse_value(schema, field, *whole + " " + map.currency);
        }
        break;
    case FieldType::text:
        if (text.find('\r') != std::string_view::npos)
            return parse_value(schema, field, unix_lines(text));
        break;
    case FieldType::point: // latitude and longitude of two columns, joined by a space
        if (auto space = text.find(' ');
            space != std::string_view::npos && text.find(',') == std::string_view::npos)
            return parse_value(schema, field,
                               std::string(text.substr(0, space)) + "," +
                                   std::string(trimmed(text.substr(space))));
        break;
    default: break;
    }
    return parse_value(schema, field, text);
}

} // namespace

std::string_view trimmed(std::string_view text) {
    for (;;) {
        if (!text.empty() && is_space(text.front()))
            text.remove_prefix(1);
        else if (!text.empty() && is_space(text.back()))
            text.remove_suffix(1);
        else if (text.starts_with(no_break_space))
            text.remove_prefix(2);
        else if (text.ends_with(no_break_space))
            text.remove_suffix(2);
        else
            return text;
    }
}

std::optional<std::int64_t> read_number(std::string_view text) {
    if (text.find_first_of("eE") != std::string_view::npos) return read_scientific(text);
    std::size_t dot = text.find('.');
    if (dot != std::string_view::npos) {
        std::string_view fraction = text.substr(dot + 1);
        if (fraction.empty() || fraction.find_first_not_of('0') != std::string_view::npos)
            return std::nullopt;
        text = text.substr(0, dot);
    }
    const auto plain = without_groups(text);
    if (!plain) return std::nullopt;
    std::int64_t number = 0;
    auto [end, code] = std::from_chars(plain->data(), plain->data() + plain->size(), number);
    if (code != std::errc() || end != plain->data() + plain->size()) return std::nullopt;
    return number;
}

std::optional<Date> read_date(std::string_view text, const std::vector<std::string>& formats) {
    for (const std::string& format : formats) {
        DateParts parts;
        if (!match_format(format, text, parts)) continue;
        if (auto date = to_date(parts)) return date;
    }
    return std::nullopt;
}

ClaimedTime claimed_time(const Date& date) {
    chrono::year_month_day first{chrono::sys_days(chrono::days(date.days))};
    int months = date.precision == Date::Precision::month     ? 1
                 : date.precision == Date::Precision::quarter ? 3
                 : date.precision == Date::Precision::year    ? 12
                                                              : 0;
    chrono::sys_days last{first};
    if (months > 0)
        last = chrono::sys_days((first.year() / first.month() / chrono::day(1)) +
                                chrono::months(months)) -
               chrono::days(1);
    return {chrono::microseconds(last.time_since_epoch()).count()};
}

Result<std::vector<Value>> read_cell(const Schema& schema, const Field& field, const FieldMap& map,
                                     std::string_view text) {
    std::vector<Value> out;
    text = trimmed(text);
    if (!map.when.empty()) {
        if (!any_of_ignoring_case(map.when, text)) return out;
        text = map.value;
    }
    if (text.empty() || any_of_ignoring_case(map.blank, text)) text = map.otherwise;
    if (text.empty()) return out;
    for (std::string_view part : split_cell(text, map)) {
        part = trimmed(part);
        if (part.empty() || any_of_ignoring_case(map.blank, part)) continue;
        SAFAR_TRY(Value value, read_one(schema, field, map, part));
        if (std::ranges::find(out, value) == out.end()) out.push_back(std::move(value));
    }
    return out;
}

} // namespace safar

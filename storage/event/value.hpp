// What a field can hold. The number before each alternative is its tag in the bytes and never
// changes.
#pragma once

#include "storage/base/ids.hpp"

#include <string>
#include <variant>

namespace safar {

// 1: free text, UTF-8 in NFC (checked where it is typed, not here).
struct Text {
    std::string text;
    friend auto operator<=>(const Text&, const Text&) = default;
};
// 2: a whole number.
struct Integer {
    std::int64_t number = 0;
    friend auto operator<=>(const Integer&, const Integer&) = default;
};
// 3: a code of the field's code list.
struct Code {
    std::string code;
    friend auto operator<=>(const Code&, const Code&) = default;
};
// 4: a day of the proleptic Gregorian calendar, days since 1970-01-01, and how much of it is known.
struct Date {
    enum class Precision : std::uint8_t { day = 0, month = 1, quarter = 2, year = 3 };
    std::int32_t days = 0;
    Precision precision = Precision::day;
    friend auto operator<=>(const Date&, const Date&) = default;
};
// 5: an amount in minor units (cents, paisa) of an ISO 4217 currency.
struct Money {
    std::int64_t minor_units = 0;
    std::string currency; // three capitals
    friend auto operator<=>(const Money&, const Money&) = default;
};
// 6: WGS 84, in units of 1e-7 degree.
struct Point {
    std::int32_t latitude_e7 = 0;
    std::int32_t longitude_e7 = 0;
    friend auto operator<=>(const Point&, const Point&) = default;
};
// 7: yes or no.
struct Flag {
    bool yes = false;
    friend auto operator<=>(const Flag&, const Flag&) = default;
};
// 8: another record.
struct Reference {
    RecordId record;
    friend auto operator<=>(const Reference&, const Reference&) = default;
};

// Order of the alternatives + 1 = tag. New ones are only appended.
using Value = std::variant<Text, Integer, Code, Date, Money, Point, Flag, Reference>;

// The canonical bytes of one value: u8 tag, then its payload.
[[nodiscard]] Bytes encode_value(const Value& value);
// The same bytes at the end of `out`, without an archive: for digests over many values.
void append_value(Bytes& out, const Value& value);

} // namespace safar

// The machine-readable zone of a travel document, ICAO Doc 9303 parts 3 to 7: TD1 (three lines of
// 30), TD2 (two of 36), TD3 (two of 44), and visas of either size, which have no composite check
// digit. Pure.
#pragma once

#include "storage/base/error.hpp"
#include "storage/event/value.hpp"

#include <optional>

namespace safar {

struct TravelDocument {
    enum class Format { td1, td2, td3, mrv_a, mrv_b };
    Format format = Format::td3;
    std::string document_code; // "P", "I", "PD", "V"
    std::string issuing_state; // three letters; "D" for Germany, as printed
    std::string nationality;
    std::string surname;         // words parted by a space; may be cut short by the issuer
    std::string given_names;     // may be empty
    std::string number;          // whole, where a TD1 or TD2 continues it in the optional data
    std::string personal_number; // optional data of a TD3, of line 2 otherwise; may be empty
    std::string optional_data;   // of line 1 of a TD1; may be empty
    // As printed, YYMMDD; '<' where a part is unknown. dates_of() gives them a century.
    std::string birth, expiry;
    std::string sex; // "M", "F" or "X" (not stated): codes of list `sex`
};

// Checks every check digit and the composite one. Lines are parted by newlines; spaces around them
// and small letters are forgiven, since people copy them so. A single digit read wrong is always
// found: each stands under a check digit whose weights 7, 3, 1 are coprime to 10, or where only
// letters may stand. Names carry none.
// Errors: invalid_argument naming line, place and what was expected there.
[[nodiscard]] Result<TravelDocument> read_mrz(std::string_view text);
// The lines as they are kept: capitals, without spaces around, joined by a newline. Same errors.
[[nodiscard]] Result<std::string> canonical_mrz(std::string_view text);

// The check digit of `text`, of 0-9, A-Z and '<': weights 7, 3, 1, sum modulo 10.
[[nodiscard]] char mrz_check_digit(std::string_view text);

struct TravelDocumentDates {
    std::optional<Date> birth, expiry; // nullopt: not known to the year
};
// Two digits of a year name one in a hundred: births lie at most 99 years before `year`, expiries
// at most 49 after it. `year` is the caller's; nothing here knows what day it is.
[[nodiscard]] TravelDocumentDates dates_of(const TravelDocument& document, int year);

} // namespace safar

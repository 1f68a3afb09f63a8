// What the text of a field with `check = "..."` must be. Pure; the lists of provinces and document
// formats are those of their publishers, so a check never changes with the configuration.
#pragma once

#include "storage/base/error.hpp"

namespace safar {

inline constexpr std::string_view field_check_names[] = {"cnic", "email", "mrz", "phone"};
[[nodiscard]] bool is_field_check(std::string_view name);

// The text as it is kept, so that one number is written in one way and found again:
//   cnic   Pakistan's identity number, 13 digits whose first is the province (1 to 8):
//   12345-1234567-1
//          Dashes and spaces may be left out; digits may be Urdu or Arabic.
//   phone  E.164 with the country: + and 7 to 15 digits: +923001234567
//          Spaces, dashes, dots, brackets and a leading 00 are taken out; digits as above.
//   email  one address, local part and domain (RFC 5321 lengths); the domain in lower case
//   mrz    a machine-readable zone (mrz.hpp): 2 lines of 44 or 36, or 3 of 30, check digits right
//
// `check` is one of field_check_names. Errors: invalid_argument with what is wrong and where, to
// stand after the quoted text: "has 12 digits; a CNIC has 13: 12345-1234567-1".
[[nodiscard]] Result<std::string> checked_text(std::string_view check, std::string_view text);

} // namespace safar

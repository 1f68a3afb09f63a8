// Names of people as they are written in Urdu, Arabic, Persian and Latin letters, compared by how
// they sound. Muhammad, Mohammed and محمد are one name here, Abdul Rahman and Abdurrahman too; so
// are some that are not (محمود, Mahmud): what this finds is shown to a person, never merged.
//
// The home of ICU. Any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace safar {

// Lower-case ASCII letters, digits and blanks of any text; other signs become blanks. "محمد" ->
// "mhmd".
[[nodiscard]] std::string latin_of(std::string_view text);

// The words of a name as consonants that stay the same across usual spellings, ascending, each
// once; compounds with Abdul and al- are one word. Titles (Syed, Haji, Bibi ...) are left out
// unless there is nothing else.
[[nodiscard]] std::vector<std::string> name_keys(std::string_view name);

// 0 (nothing in common) to 1 (each word of the shorter name is in the longer one; two words at
// least, where both have two).
[[nodiscard]] double name_likeness(std::string_view a, std::string_view b);
// The same of what name_keys gave, for one name beside many.
[[nodiscard]] double name_likeness(const std::vector<std::string>& a,
                                   const std::vector<std::string>& b);

} // namespace safar

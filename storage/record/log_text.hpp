// What others wrote, as a value in this node's log: one line of key=value an entry, whatever it is.
#pragma once

#include <string>
#include <string_view>

namespace safar {

// In double quotes, as UTF-8: quotes and backslashes escaped, line ends as blanks, other control
// characters as \x1b.
[[nodiscard]] std::string log_value(std::string_view text);

} // namespace safar

// Arguments that CLI11 leaves as text.
#pragma once

#include "cli/api_client.hpp"
#include "cli/exit_code.hpp"

#include <boost/json/array.hpp>

namespace safar::cli {

// "a:b:" at ':' -> "a", "b", "".
[[nodiscard]] std::vector<std::string> split(std::string_view text, char at);

// "name=value" at the first '='; the value may be empty or hold more of them. Errors: usage, naming
// `option` and the text.
[[nodiscard]] Outcome<std::pair<std::string, std::string>> assignment(const std::string& option,
                                                                      const std::string& text);
[[nodiscard]] Outcome<Query> assignments(const std::string& option,
                                         const std::vector<std::string>& texts);

// "name=value" texts as the API takes fields: [["name", "value"], ...]. Errors: usage.
[[nodiscard]] Outcome<boost::json::array> field_list(const std::vector<std::string>& texts);

// A record id: 26 characters of Crockford base32. Errors: usage.
[[nodiscard]] Outcome<std::string> record_argument(const std::string& text);

} // namespace safar::cli

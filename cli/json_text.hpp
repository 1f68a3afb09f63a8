// Reading the API's answers without trusting their shape: what is missing reads as empty.
#pragma once

#include <boost/json/value.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace safar::cli {

// The member at a path of names ("charter.epoch"); null where there is none.
[[nodiscard]] const boost::json::value& member(const boost::json::value& value,
                                               std::string_view path);
// As a person reads it: text without quotes, lists joined by ", ", null as "".
[[nodiscard]] std::string shown(const boost::json::value& value);
[[nodiscard]] std::string text_at(const boost::json::value& value, std::string_view path);
[[nodiscard]] std::int64_t number_at(const boost::json::value& value, std::string_view path);
[[nodiscard]] bool flag_at(const boost::json::value& value, std::string_view path);
// Elements of the list at a path; empty where there is none.
[[nodiscard]] const boost::json::array& list_at(const boost::json::value& value,
                                                std::string_view path);

} // namespace safar::cli

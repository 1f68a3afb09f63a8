// The API's answers about records, for people.
#pragma once

#include <boost/json/value.hpp>

#include <string>

namespace safar::cli {

[[nodiscard]] std::string record_text(const boost::json::value& answer);
[[nodiscard]] std::string history_text(const boost::json::value& answer);
[[nodiscard]] std::string explain_text(const boost::json::value& answer);
// A line for each; "": none.
[[nodiscard]] std::string similar_text(const boost::json::value& answer);
[[nodiscard]] std::string found_text(const boost::json::value& answer);
[[nodiscard]] std::string conflicts_text(const boost::json::value& answer);

} // namespace safar::cli

// Steps, inboxes and journeys as people read them, and a journey as a picture.
#pragma once

#include <boost/json/value.hpp>

#include <string>

namespace safar::cli {

[[nodiscard]] std::string steps_text(const boost::json::value& answer);
[[nodiscard]] std::string inbox_text(const boost::json::value& answer);
[[nodiscard]] std::string caseload_text(const boost::json::value& answer);
[[nodiscard]] std::string journey_text(const boost::json::value& answer);
[[nodiscard]] std::string dossier_text(const boost::json::value& answer);
[[nodiscard]] std::string referral_text(const boost::json::value& answer);

// A journey as SVG 1.1: a lane for each agency, a mark for each event at its day, with a title that tells
// what happened. Values are left out: a picture is passed on more easily than a record. Days that do not
// read as dates are left out and counted in a note.
[[nodiscard]] std::string journey_svg(const boost::json::value& answer);

} // namespace safar::cli

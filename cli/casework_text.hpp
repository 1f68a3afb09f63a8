// Steps, inboxes and journeys as people read them, in their language, and a journey as a picture.
// Every word of the program's own goes through Labels::say or Labels::format; a test lists those
// that config/labels lacks.
#pragma once

#include "cli/labels.hpp"

#include <string>

namespace safar::cli {

[[nodiscard]] std::string steps_text(const boost::json::value& answer, const Labels& labels = {});
[[nodiscard]] std::string inbox_text(const boost::json::value& answer, const Labels& labels = {});
[[nodiscard]] std::string caseload_text(const boost::json::value& answer,
                                        const Labels& labels = {});
[[nodiscard]] std::string journey_text(const boost::json::value& answer, const Labels& labels = {});
[[nodiscard]] std::string dossier_text(const boost::json::value& answer, const Labels& labels = {});
[[nodiscard]] std::string referral_text(const boost::json::value& answer,
                                        const Labels& labels = {});
// What a step on record `id` has done.
[[nodiscard]] std::string step_text(const boost::json::value& answer, const std::string& id,
                                    const Labels& labels = {});

// A journey as SVG 1.1: a lane for each agency, a mark for each event at its day, with a title that
// tells what happened. Values are left out: a picture is passed on more easily than a record. Days
// that do not read as dates are left out and counted in a note.
[[nodiscard]] std::string journey_svg(const boost::json::value& answer);

} // namespace safar::cli

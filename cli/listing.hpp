// Answers that are lists. What a node says is never taken for one unseen: another program, or
// another version, may answer at its place.
#pragma once

#include "cli/app.hpp"

namespace safar::cli {

// Errors: bad_data, naming what was asked. The list lives as long as `answer`.
[[nodiscard]] Outcome<const boost::json::array*> list_in(const ApiAnswer& answer,
                                                         const std::string& target);

// Asks for a list and prints it: as it came with --json, else as `text` makes it.
using ListText = std::function<std::string(const boost::json::array& list)>;
[[nodiscard]] Outcome<Exit> print_list(Context& context, const std::string& target,
                                       const ListText& text);

} // namespace safar::cli

// How a peer's line reads, in `safar peers` and `safar watch`.
#pragma once

#include "cli/json_text.hpp"

namespace safar::cli {

// The last failure; before it, an absence that the peer has announced.
[[nodiscard]] inline std::string peer_note(const boost::json::value& peer) {
    const std::string why = text_at(peer, "why");
    const std::string until = text_at(peer, "maintenance.until");
    if (until.empty()) return why;
    return "maintenance until " + until + ": " + text_at(peer, "maintenance.why") +
           (why.empty() ? "" : "; " + why);
}

} // namespace safar::cli

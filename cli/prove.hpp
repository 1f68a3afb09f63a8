// Does a restored node hold what its peers hold? It is started, meets them, is checked and stopped.
#pragma once

#include "cli/app.hpp"

#include <boost/json.hpp>

#include <chrono>

namespace safar::cli {

struct Proof {
    boost::json::object json; // position, fetched, peers, forks, own_logs, problems, derived
    [[nodiscard]] bool good() const;
};

// `held`: position that the backup had. Errors: not_found (no safard), unreachable (it does not
// come up; its last words), and those of the API.
[[nodiscard]] Outcome<Proof> prove_restored(Context& context, const std::string& directory,
                                            std::uint64_t held, std::chrono::seconds patience);
[[nodiscard]] std::string proof_text(const Proof& proof);

} // namespace safar::cli

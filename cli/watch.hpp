// What `safar watch` shows, made from two looks at a node.
#pragma once

#include "cli/app.hpp"

#include <boost/json.hpp>

#include <chrono>

namespace safar::cli {

struct WatchSample {
    boost::json::value status, peers; // answers of /v1/status and /v1/peers
    std::chrono::steady_clock::time_point at;
};
// `before`: an earlier look, for rates; may be null.
[[nodiscard]] std::string watch_text(const WatchSample& now, const WatchSample* before);

} // namespace safar::cli

// Notices in whatever order they lie: one may rest on another one.
#pragma once

#include "node/charter/charter_state.hpp"

#include <functional>

namespace safar {

struct RefusedNotice {
    Notice notice;
    Error error; // of the last try
};
// As long as `offer` takes one, the others are offered again. Returns those that are refused all
// the same.
[[nodiscard]] std::vector<RefusedNotice>
take_notices(std::vector<Notice> notices, const std::function<Result<>(const Notice&)>& offer);
[[nodiscard]] std::vector<RefusedNotice> take_notices(CharterState& state,
                                                      std::vector<Notice> notices);

} // namespace safar

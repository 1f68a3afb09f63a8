// Notices in whatever order they lie: one may rest on another one.
#pragma once

#include "node/charter/charter_state.hpp"

namespace safar {

struct RefusedNotice {
    Notice notice;
    Error error; // of the last try
};
// As long as one is taken, the others are offered again. Returns those that are refused all the
// same.
[[nodiscard]] std::vector<RefusedNotice> take_notices(CharterState& state,
                                                      std::vector<Notice> notices);

} // namespace safar

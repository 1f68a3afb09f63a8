// What keeps a batch from counting, in words.
#pragma once

#include "storage/base/error.hpp"
#include "storage/log/authority.hpp"

namespace safar {

// Errors: epoch_unknown, quarantined, unknown_author.
[[nodiscard]] Result<> check_standing(Standing standing);

} // namespace safar

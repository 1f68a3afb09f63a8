// Text that comes in pieces, line by line.
#pragma once

#include "storage/base/error.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace safar::cli {

// Gives `take` each whole line of `text` without its newline, and leaves in `text` what follows the
// last one. Errors: those of `take`, which gets no more lines then.
[[nodiscard]] Result<> take_lines(std::string& text,
                                  const std::function<Result<>(std::string_view line)>& take);

} // namespace safar::cli

// Text that came from elsewhere, where only UTF-8 may stand: the bytes of an event hold any.
#pragma once

#include <string>

namespace safar {

// Each byte that is not of UTF-8 as U+FFFD, the rest as it is.
[[nodiscard]] std::string as_utf8(std::string text);

} // namespace safar

// How a batch's events are packed; include only from storage/event/*.cpp.
#pragma once

#include "storage/base/bytes.hpp"

namespace safar {

// A bare event takes the place of a salt and a length with a hash: of an event with an empty clear
// part it is this much longer, so that whatever was valid is valid without its bodies.
constexpr std::size_t event_bare_growth_max = 12;

// Appends the zstd frame of `raw`.
void pack(ByteView raw, Bytes& out);

} // namespace safar

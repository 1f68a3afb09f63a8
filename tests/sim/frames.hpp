// What frames say, in one line, for the transcript of a replay.
#pragma once

#include "storage/base/bytes.hpp"

namespace safar::sim {

[[nodiscard]] std::string describe_frames(ByteView bytes); // whole frames

} // namespace safar::sim

// What frames say, in one line, for the transcript of a replay; and what a later release says in
// them.
#pragma once

#include "storage/base/bytes.hpp"

namespace safar::sim {

[[nodiscard]] std::string describe_frames(ByteView bytes);

// What a node is a program of: this one; the next one, with a wire version more, more in its hello
// and frames that this one does not know; or one so late that it no longer speaks ours.
enum class Release { ours, next, far };
// Whole frames, the hello among them as that release says it.
[[nodiscard]] Bytes as_said_by(Release release, Bytes bytes);

} // namespace safar::sim

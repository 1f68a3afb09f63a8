// What the last bundle for an agency contained, so that the next one can begin there.
#pragma once

#include "storage/base/error.hpp"
#include "storage/base/ids.hpp"

#include <map>

namespace safar {

using BundleMark = std::map<LogName, std::uint64_t>; // batches of each log

// As kept: each log 48, u64 batches; ascending.
[[nodiscard]] Bytes encode_bundle_mark(const BundleMark& mark);
// Errors: storage_corrupt.
[[nodiscard]] Result<BundleMark> decode_bundle_mark(ByteView bytes);

} // namespace safar

// The files of an access log, read: one segment at a time, whole in memory.
#pragma once

#include "node/access/entry.hpp"

#include <functional>

namespace safar {

struct SegmentFile {
    std::uint32_t number = 0;
    std::string path;
};

[[nodiscard]] std::string segment_path(const std::string& directory, std::uint32_t number);
// Ascending. Errors: storage_failed.
[[nodiscard]] Result<std::vector<SegmentFile>> list_segments(const std::string& directory);
// Nothing where there is none or it cannot be read as one. Its signature is not checked.
[[nodiscard]] Result<std::optional<SignedPoint>> read_head(const std::string& directory);

struct SegmentScan {
    std::optional<SignedPoint> opening; // line 1
    AccessPoint end;                    // of the last line, as it states itself
    std::uint64_t entries = 0;
    std::uint64_t good_bytes = 0;      // up to the last line's end
    std::uint64_t torn_bytes = 0;      // after it, of an open tail
    std::vector<std::string> problems; // "PATH line 17: what is wrong"
};
struct ScanOptions {
    bool tail_is_open = false;   // the last line may be incomplete
    std::uint64_t up_to = ~0ull; // entries after this number are not looked at
    std::function<void(const AccessPoint&, std::string_view line)> on_entry; // may be empty
};
// Checks line by line that each follows from the one before.
[[nodiscard]] Result<SegmentScan> scan_segment(const SegmentFile& segment,
                                               const ScanOptions& options);

} // namespace safar

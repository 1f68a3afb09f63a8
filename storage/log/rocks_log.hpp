// The log on RocksDB (7.8, Debian 12). One process per directory.
#pragma once

#include "storage/log/log.hpp"

#include <functional>
#include <memory>

namespace safar {

struct RocksOptions {
    std::string directory;                    // <data>/store; the witness file lies beside it
    std::string witness_path;                 // <data>/witness
    std::uint64_t reserve_bytes = 256u << 20; // refuse to write below this much free disk
    std::size_t write_buffer_bytes = 64u << 20;
    // Told what RocksDB warns of, a line each, on any thread and perhaps under its locks: must not
    // block or use the log. A file of its own for that (LOG) would end the process where it meets a
    // full disk.
    std::function<void(std::string_view line)> warn = {};
};

// Opens or creates. Notes for the operator (repaired tail, stale witness) are appended to `notes`.
// Errors: busy (another process has it), storage_corrupt (names the file), storage_full.
[[nodiscard]] Result<std::unique_ptr<Log>>
open_rocks_log(const RocksOptions& options, const Author& author,
               std::shared_ptr<const Authority> authority, std::vector<std::string>& notes);

// Puts a copy of the store as it is now, and of the witness, under `into`/store and `into`/witness:
// hard links where it is the same disk. No one may write to `log` meanwhile (LogThread::run).
// Errors: invalid_argument (not a log of open_rocks_log), storage_full, storage_failed.
[[nodiscard]] Result<> checkpoint_rocks_log(Log& log, const std::string& witness_path,
                                            const std::string& into);

} // namespace safar

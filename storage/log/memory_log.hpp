// The log in memory: same contract, no disk. For tests, fuzzing and the simulator.
#pragma once

#include "storage/log/log.hpp"

#include <memory>

namespace safar {

[[nodiscard]] std::unique_ptr<Log> make_memory_log(const Author& author,
                                                   std::shared_ptr<const Authority> authority);

// The same on a "disk" (memory_store.hpp) that outlives the log, so that a restart can be played:
// end the log, open another. Errors and notes as for open_rocks_log.
class MemoryDisk;
[[nodiscard]] std::shared_ptr<MemoryDisk> make_memory_disk();
[[nodiscard]] Result<std::unique_ptr<Log>>
open_memory_log(std::shared_ptr<MemoryDisk> disk, const Author& author,
                std::shared_ptr<const Authority> authority, std::vector<std::string>& notes);

} // namespace safar

// The log in memory: same contract, no disk. For tests, fuzzing and the simulator.
#pragma once

#include "storage/log/log.hpp"

#include <memory>

namespace safar {

[[nodiscard]] std::unique_ptr<Log> make_memory_log(const Author& author,
                                                   std::shared_ptr<const Authority> authority);

} // namespace safar

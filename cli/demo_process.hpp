// The safard processes that the demo starts. A pid file names a process by number and start time,
// so that nothing is ever signalled but what was started here.
#pragma once

#include "storage/base/error.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <sys/types.h>

namespace safar::cli {

enum class Lives { on, with_us }; // on: after this command; with_us: it ends with this process
// Starts `safard directory` in the background, its output appended to `log`. From the main thread:
// with_us means the thread that calls. Errors: storage_failed (nothing runs).
[[nodiscard]] Result<> start_daemon(const std::string& safard, const std::string& directory,
                                    const std::string& log, const std::string& pid_file,
                                    Lives lives = Lives::on);
// The process that `pid_file` names, if that very one is alive.
[[nodiscard]] std::optional<pid_t> running_daemon(const std::string& pid_file);
// Wakes it, asks it to end, insists after `patience`; removes the pid file. False: nothing ran.
bool stop_daemon(const std::string& pid_file,
                 std::chrono::seconds patience = std::chrono::seconds(10));
// Holds or wakes it (SIGSTOP, SIGCONT). False: nothing runs.
bool hold_daemon(const std::string& pid_file, bool hold);

} // namespace safar::cli

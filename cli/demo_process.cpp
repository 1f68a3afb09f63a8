#include "cli/demo_process.hpp"

#include "cli/files.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace safar::cli {

namespace {

// Clock ticks from boot to the start of `pid`: with the number, a name that is not used twice.
// Empty: no such process, or only its remains.
std::string start_of(pid_t pid) {
    waitpid(pid, nullptr, WNOHANG); // ours may have ended already
    std::ifstream in(fmt::format("/proc/{}/stat", pid));
    std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    const std::size_t name_end = text.rfind(')');
    if (name_end == std::string::npos) return "";
    std::istringstream rest(text.substr(name_end + 1));
    std::string word;
    for (int field = 3; rest >> word; ++field) {
        if (field == 3 && (word == "Z" || word == "X")) return "";
        if (field == 22) return word;
    }
    return "";
}

[[noreturn]] void become(const std::string& safard, const std::string& directory,
                         const std::string& log, std::optional<pid_t> ends_with) {
    setsid();
    // However the parent ends, by a signal too; it may have ended before this was said.
    if (ends_with && (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != *ends_with)) _exit(127);
    const int in = open("/dev/null", O_RDONLY);
    const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (in < 0 || out < 0) _exit(127);
    dup2(in, 0);
    dup2(out, 1);
    dup2(out, 2);
    closefrom(3);
    execl(safard.c_str(), "safard", directory.c_str(), static_cast<char*>(nullptr));
    _exit(127);
}

} // namespace

Result<> start_daemon(const std::string& safard, const std::string& directory,
                      const std::string& log, const std::string& pid_file, Lives lives) {
    const auto ends_with = lives == Lives::with_us ? std::optional(getpid()) : std::nullopt;
    const pid_t pid = fork();
    if (pid < 0)
        return failure(ErrorCode::storage_failed,
                       fmt::format("cannot start a process: {}", std::strerror(errno)));
    if (pid == 0) become(safard, directory, log, ends_with);
    auto kept = replace_file(pid_file, fmt::format("{} {}\n", pid, start_of(pid)));
    if (!kept) { // nobody could stop it
        kill(pid, SIGKILL);
        waitpid(pid, nullptr, 0);
    }
    return kept;
}

std::optional<pid_t> running_daemon(const std::string& pid_file) {
    std::ifstream in(pid_file);
    pid_t pid = 0;
    std::string start;
    if (!(in >> pid >> start) || pid <= 1 || start_of(pid) != start) return std::nullopt;
    return pid;
}

bool hold_daemon(const std::string& pid_file, bool hold) {
    const auto pid = running_daemon(pid_file);
    return pid && kill(*pid, hold ? SIGSTOP : SIGCONT) == 0;
}

bool stop_daemon(const std::string& pid_file, std::chrono::seconds patience) {
    const auto pid = running_daemon(pid_file);
    if (pid) {
        kill(*pid, SIGCONT);
        kill(*pid, SIGTERM);
        const auto end = std::chrono::steady_clock::now() + patience;
        while (running_daemon(pid_file) && std::chrono::steady_clock::now() < end)
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        if (running_daemon(pid_file)) kill(*pid, SIGKILL);
        while (running_daemon(pid_file)) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    std::error_code ec;
    std::filesystem::remove(pid_file, ec);
    return pid.has_value();
}

} // namespace safar::cli

// A federation of real nodes on loopback, driven through the command line as a person would.
#pragma once

#include "tests/process/lan.hpp"

#include <boost/json.hpp>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <sys/types.h>
#include <thread>
#include <vector>

namespace safar::process {

struct Ran {
    int exit_code = -1;
    std::string out, err;
};

// Runs a program to its end. A program that outlives `limit` is killed and reported as exit code
// 124.
[[nodiscard]] Ran run(const std::vector<std::string>& command,
                      std::chrono::seconds limit = std::chrono::seconds(300));

// The whole file; "" where it can not be read.
[[nodiscard]] std::string slurp(const std::string& path);

// $SAFAR_DATA, else ../shared/data beside the source tree; nullopt where it is absent.
[[nodiscard]] std::optional<std::string> real_data(const std::string& file);

// True once `condition` holds; false if it does not within `patience`.
template <class Condition>
bool eventually(Condition condition, std::chrono::seconds patience = std::chrono::seconds(30)) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return true;
}

class Federation {
public:
    struct Compartment {
        std::string name;
        std::vector<std::string> kinds, writers, readers;
    };
    // Founds a network of these agencies (the first two, or the only one, are its stewards);
    // nothing runs yet. With a `lan`, which must outlive it, each node gets a machine of its own
    // there, named as its agency.
    explicit Federation(std::vector<std::string> agencies,
                        std::vector<Compartment> compartments = {}, Lan* lan = nullptr);
    ~Federation();
    Federation(const Federation&) = delete;
    Federation& operator=(const Federation&) = delete;

    // Makes a node of one more agency, which no charter lists yet; returns its enrolment's path.
    std::string enrol(const std::string& agency);
    [[nodiscard]] std::string path(const std::string& file) const { return root_ + "/" + file; }

    void start(const std::string& agency); // returns once it answers; fails the test otherwise
    void start_all();
    void stop(const std::string& agency); // SIGTERM, and checks a clean end
    void kill(const std::string& agency); // SIGKILL
    [[nodiscard]] bool running(const std::string& agency) const;
    [[nodiscard]] pid_t pid(const std::string& agency) const;
    [[nodiscard]] std::string directory(const std::string& agency) const;
    [[nodiscard]] std::string log_of(const std::string& agency) const;
    // The exit code of a node that could not start, once it has ended; nullopt: it started.
    [[nodiscard]] std::optional<int> try_start(const std::string& agency);
    // Words before `safard` from the next start on ("/usr/bin/strace", "-D", ...). Empty: none.
    void start_under(const std::string& agency, std::vector<std::string> words);

    // From the next start on the node listens at another port than the charter says, so that
    // something can stand between. Both ports.
    struct Ports {
        int charter = 0, own = 0;
    };
    Ports step_aside(const std::string& agency);

    // `safar --node DIR args...` at an agency.
    [[nodiscard]] Ran safar(const std::string& agency, std::vector<std::string> args) const;
    // The same with --json, exit code 0 expected, parsed.
    boost::json::value ask(const std::string& agency, std::vector<std::string> args) const;
    // Starts a command and lets it run.
    [[nodiscard]] pid_t safar_in_background(const std::string& agency,
                                            std::vector<std::string> args) const;

    // Waits until all these agencies print the same digest of the compartment; fails after `limit`.
    void wait_equal(const std::vector<std::string>& agencies, const std::string& compartment,
                    std::chrono::seconds limit = std::chrono::seconds(60)) const;
    [[nodiscard]] std::string digest(const std::string& agency, const std::string& compartment,
                                     bool state) const;

private:
    struct Node {
        pid_t pid = -1;
        std::vector<std::string> under;
    };
    std::string root_;
    Lan* lan_ = nullptr;
    std::map<std::string, Node> nodes_;
};

// Peak resident memory of a running process, in MiB (VmHWM).
[[nodiscard]] std::size_t peak_memory_mib(pid_t pid);
int wait_for_exit(pid_t pid);
// Whether a node has that data directory, also one that is nobody's child here.
[[nodiscard]] bool node_runs_on(const std::string& directory);
// Writes a register of our own for `import uk-returns`; each row is 20 records. Returns `path`.
std::string make_returns(const std::string& path, unsigned rows);
// How often, how long: a variable of the environment, else what every change is checked with.
[[nodiscard]] unsigned size_of_hunt(const char* variable, unsigned otherwise);

} // namespace safar::process

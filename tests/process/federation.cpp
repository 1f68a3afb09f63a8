#include "tests/process/federation.hpp"

#include "tests/free_port.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <poll.h>
#include <sstream>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

namespace safar::process {
namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

pid_t spawn(const std::vector<std::string>& command, int out, int err) {
    std::vector<char*> argv;
    for (const auto& word : command) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(open("/dev/null", O_RDONLY), 0);
        dup2(out, 1);
        dup2(err, 2);
        execv(argv[0], argv.data());
        _exit(127);
    }
    return pid;
}

int exit_code(int status) {
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void spill(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
}

std::string list(const std::vector<std::string>& words) {
    std::string out = "[";
    for (const auto& word : words) out += (out.size() > 1 ? ", \"" : "\"") + word + '"';
    return out + "]";
}

} // namespace

std::string make_returns(const std::string& path, unsigned rows) {
    std::ofstream out(path);
    out << "\"Date\",\"Year\",\"Quarter\",\"Nationality\",\"Region\",\"Return type group\","
           "\"Return type\",\"Age\",\"Sex\",\"Return destination group\",\"Number of returns\"\n";
    for (unsigned i = 0; i < rows; ++i)
        out << "2023-03-31,2023,1,\"Country " << i << "\",\"Asia South\",\"Voluntary return\","
            << "\"Other verified returns\",\"18 to 29\",\"Male\",\"Home country\",20\n";
    return path;
}

unsigned size_of_hunt(const char* variable, unsigned otherwise) {
    const char* set = std::getenv(variable);
    return set != nullptr ? static_cast<unsigned>(std::atoi(set)) : otherwise;
}

std::string slurp(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

Ran run(const std::vector<std::string>& command, std::chrono::seconds limit) {
    int out[2], err[2];
    if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) return {};
    pid_t pid = spawn(command, out[1], err[1]);
    close(out[1]);
    close(err[1]);
    Ran ran;
    auto end = std::chrono::steady_clock::now() + limit;
    pollfd waits[2] = {{out[0], POLLIN, 0}, {err[0], POLLIN, 0}};
    std::string* into[2] = {&ran.out, &ran.err};
    while (waits[0].fd >= 0 || waits[1].fd >= 0) {
        auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            end - std::chrono::steady_clock::now());
        if (left <= 0ms) {
            ::kill(pid, SIGKILL);
            waitpid(pid, nullptr, 0);
            ran.exit_code = 124;
            break;
        }
        poll(waits, 2, static_cast<int>(left.count()));
        for (int i = 0; i < 2; ++i) {
            if (waits[i].fd < 0 || waits[i].revents == 0) continue;
            char buffer[65536];
            ssize_t got = read(waits[i].fd, buffer, sizeof buffer);
            if (got > 0)
                into[i]->append(buffer, static_cast<std::size_t>(got));
            else
                waits[i].fd = -1;
        }
    }
    if (ran.exit_code != 124) {
        int status = 0;
        waitpid(pid, &status, 0);
        ran.exit_code = exit_code(status);
    }
    close(out[0]);
    close(err[0]);
    return ran;
}

std::optional<std::string> real_data(const std::string& file) {
    const char* set = std::getenv("SAFAR_DATA");
    std::string root = set != nullptr ? set : std::string(SAFAR_SOURCE_DIR) + "/../shared/data";
    std::string path = root + "/" + file;
    if (!fs::exists(path)) return std::nullopt;
    return path;
}

Federation::Federation(std::vector<std::string> agencies, std::vector<Compartment> compartments,
                       Lan* lan)
    : lan_(lan) {
    char name[] = "/tmp/safar-test-XXXXXX";
    root_ = mkdtemp(name);
    std::vector<std::string> draft = {SAFAR, "charter", "draft", "--network", "Test network"};
    for (std::size_t i = 0; i < agencies.size() && i < 2; ++i) {
        draft.push_back("--steward");
        draft.push_back(agencies[i]);
    }
    draft.insert(draft.end(),
                 {"--quorum", std::to_string(std::min<std::size_t>(agencies.size(), 2))});
    if (!compartments.empty()) {
        std::string text;
        for (const auto& c : compartments)
            text += "[[compartment]]\nname = \"" + c.name + "\"\ntitle = \"" + c.name +
                    "\"\nkinds = " + list(c.kinds) + "\nwriters = " + list(c.writers) +
                    "\nreaders = " + list(c.readers) + "\n\n";
        spill(root_ + "/compartments.toml", text);
        draft.insert(draft.end(), {"--compartments", root_ + "/compartments.toml"});
    }
    for (const auto& agency : agencies) draft.push_back(enrol(agency));
    Ran drafted = run(draft);
    EXPECT_EQ(drafted.exit_code, 0) << drafted.err;
    std::string charter = root_ + "/charter.toml";
    spill(charter, drafted.out);
    for (std::size_t i = 0; i < agencies.size() && i < 2; ++i) {
        Ran ran = safar(agencies[i], {"charter", "sign", charter});
        EXPECT_EQ(ran.exit_code, 0) << ran.err;
    }
    for (const auto& agency : agencies) {
        Ran ran = safar(agency, {"charter", "adopt", charter});
        EXPECT_EQ(ran.exit_code, 0) << ran.err;
    }
}

std::string Federation::enrol(const std::string& agency) {
    nodes_[agency];
    const std::string address =
        lan_ != nullptr ? lan_->add(agency) + ":7400" : "127.0.0.1:" + std::to_string(free_port());
    Ran made =
        run({SAFAR, "node", "init", directory(agency), "--agency", agency, "--listen", address});
    EXPECT_EQ(made.exit_code, 0) << made.err;
    spill(path(agency + ".enrolment.toml"), made.out);
    return path(agency + ".enrolment.toml");
}

Federation::~Federation() {
    for (auto& [agency, node] : nodes_)
        if (node.pid > 0) {
            ::kill(node.pid, SIGKILL);
            waitpid(node.pid, nullptr, 0);
        }
    if (!::testing::Test::HasFailure()) fs::remove_all(root_);
}

std::string Federation::directory(const std::string& agency) const { return root_ + "/" + agency; }
std::string Federation::log_of(const std::string& agency) const {
    return slurp(root_ + "/" + agency + ".log");
}
pid_t Federation::pid(const std::string& agency) const { return nodes_.at(agency).pid; }
bool Federation::running(const std::string& agency) const { return nodes_.at(agency).pid > 0; }

std::optional<int> Federation::try_start(const std::string& agency) {
    Node& node = nodes_.at(agency);
    int log = open((root_ + "/" + agency + ".log").c_str(),
                   O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    std::vector<std::string> command = node.under;
    command.insert(command.end(), {SAFARD, "--data", directory(agency)});
    if (lan_ != nullptr) command = lan_->at(agency, std::move(command));
    node.pid = spawn(command, log, log);
    close(log);
    auto end = std::chrono::steady_clock::now() + 60s;
    while (std::chrono::steady_clock::now() < end) {
        int status = 0;
        if (waitpid(node.pid, &status, WNOHANG) == node.pid) {
            node.pid = -1;
            return exit_code(status);
        }
        if (safar(agency, {"status"}).exit_code == 0) return std::nullopt;
        std::this_thread::sleep_for(20ms);
    }
    ADD_FAILURE() << agency << " does not answer:\n" << log_of(agency);
    return std::nullopt;
}

void Federation::start_under(const std::string& agency, std::vector<std::string> words) {
    nodes_.at(agency).under = std::move(words);
}

Federation::Ports Federation::step_aside(const std::string& agency) {
    const std::string file = directory(agency) + "/safard.toml";
    std::string text = slurp(file);
    const std::string mark = "listen = \"127.0.0.1:";
    const std::size_t at = text.find(mark) + mark.size(), end = text.find('"', at);
    const Ports ports{std::stoi(text.substr(at, end - at)), free_port()};
    spill(file, text.replace(at, end - at, std::to_string(ports.own)));
    return ports;
}

void Federation::start(const std::string& agency) {
    if (auto code = try_start(agency))
        ADD_FAILURE() << agency << " did not start, exit code " << *code << ":\n" << log_of(agency);
}
void Federation::start_all() {
    for (const auto& [agency, node] : nodes_)
        if (node.pid <= 0) start(agency);
}

void Federation::stop(const std::string& agency) {
    Node& node = nodes_.at(agency);
    ::kill(node.pid, SIGTERM);
    EXPECT_EQ(wait_for_exit(node.pid), 0) << log_of(agency);
    node.pid = -1;
}
void Federation::kill(const std::string& agency) {
    Node& node = nodes_.at(agency);
    ::kill(node.pid, SIGKILL);
    waitpid(node.pid, nullptr, 0);
    node.pid = -1;
}

Ran Federation::safar(const std::string& agency, std::vector<std::string> args) const {
    std::vector<std::string> command = {SAFAR, "--node", directory(agency)};
    command.insert(command.end(), args.begin(), args.end());
    return run(command);
}

boost::json::value Federation::ask(const std::string& agency, std::vector<std::string> args) const {
    args.push_back("--json");
    Ran ran = safar(agency, args);
    EXPECT_EQ(ran.exit_code, 0) << "safar";
    if (ran.exit_code != 0) {
        for (const auto& arg : args) ADD_FAILURE() << arg;
        ADD_FAILURE() << ran.err;
        return nullptr;
    }
    boost::json::error_code failed;
    auto value = boost::json::parse(ran.out, failed);
    EXPECT_FALSE(failed) << ran.out.substr(0, 500);
    return value;
}

pid_t Federation::safar_in_background(const std::string& agency,
                                      std::vector<std::string> args) const {
    std::vector<std::string> command = {SAFAR, "--node", directory(agency)};
    command.insert(command.end(), args.begin(), args.end());
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    pid_t pid = spawn(command, null, null);
    close(null);
    return pid;
}

std::string Federation::digest(const std::string& agency, const std::string& compartment,
                               bool state) const {
    std::vector<std::string> args = {"digest", "--compartment", compartment, "--json"};
    if (state) args.push_back("--state");
    Ran ran = safar(agency, args);
    return ran.exit_code == 0 ? ran.out : agency + " failed: " + ran.err;
}

void Federation::wait_equal(const std::vector<std::string>& agencies,
                            const std::string& compartment, std::chrono::seconds limit) const {
    auto end = std::chrono::steady_clock::now() + limit;
    std::string first, other;
    while (std::chrono::steady_clock::now() < end) {
        bool equal = true;
        first = digest(agencies[0], compartment, /*state=*/false);
        for (std::size_t i = 1; i < agencies.size() && equal; ++i)
            equal = (other = digest(agencies[i], compartment, /*state=*/false)) == first;
        if (equal && first.find("failed") == std::string::npos) {
            // Asking for the state waits until records and columns have caught up with the log.
            for (const auto& agency : agencies) (void)digest(agency, compartment, /*state=*/true);
            return;
        }
        std::this_thread::sleep_for(100ms);
    }
    std::string logs;
    for (const auto& agency : agencies) {
        std::string text = log_of(agency);
        logs += "\n--- " + agency + "\n" + text.substr(text.size() > 2000 ? text.size() - 2000 : 0);
    }
    ADD_FAILURE() << "digests of " << compartment << " still differ:\n" << first << other << logs;
}

std::size_t peak_memory_mib(pid_t pid) {
    std::ifstream in("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(in, line);)
        if (line.starts_with("VmHWM:")) return std::stoul(line.substr(6)) / 1024;
    return 0;
}

int wait_for_exit(pid_t pid) {
    int status = 0;
    for (int i = 0; i < 1500; ++i) {
        if (waitpid(pid, &status, WNOHANG) == pid) return exit_code(status);
        std::this_thread::sleep_for(10ms);
    }
    ::kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    return 124;
}

bool node_runs_on(const std::string& directory) {
    const int lock = ::open((directory + "/LOCK").c_str(), O_RDWR | O_CLOEXEC);
    if (lock < 0) return false;
    const bool taken = ::flock(lock, LOCK_EX | LOCK_NB) != 0; // goes with its process
    ::close(lock);
    return taken;
}

} // namespace safar::process

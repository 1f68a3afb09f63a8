// kill -9 again and again, at random moments and at named points of a write, with three nodes under
// load: nothing acknowledged is lost, no node signs twice at one place, every node comes back.
// SAFAR_KILL_LOOP=1000 for the long run, SAFAR_SEED for another one.
#include "tests/process/load.hpp"

#include <csignal>
#include <filesystem>
#include <gtest/gtest.h>
#include <iostream>
#include <random>
#include <sys/wait.h>

namespace safar::process {
namespace fs = std::filesystem;
namespace {
using namespace std::chrono_literals;
using Agencies = std::vector<std::string>;

// The kill comes as the process enters this call: what it was about to do is not done.
struct Point {
    const char* name;
    const char* call;
    const char* file; // of the data directory, "*.log" the newest write-ahead log; nullptr: any
};
constexpr Point points[] = {
    {"before the write-ahead log is written", "write", "*.log"},
    {"after it is written, before it is synced", "fdatasync", "*.log"},
    {"after it is synced, before the witness", "pwrite64", "witness"},
    {"after the witness, before the answer", "sendmsg", nullptr},
};

class Killer {
public:
    Killer(Federation& net, std::mt19937& random) : net_(net), random_(random) {}

    std::map<std::string, unsigned> kills; // by point

    static bool can_name_points() { return fs::exists("/usr/bin/strace"); }
    void strike(const std::string& victim) {
        const bool named = can_name_points() && random_() % 10 < 3;
        if (!named || !at_point(victim, points[random_() % std::size(points)])) {
            std::this_thread::sleep_for(std::chrono::milliseconds(5 + random_() % 496));
            ++kills["at any time"];
            net_.kill(victim);
        }
    }

private:
    static std::string newest_log(const std::string& directory) {
        std::string out;
        for (const auto& entry : fs::directory_iterator(directory + "/store"))
            if (entry.path().extension() == ".log" && entry.path().string() > out)
                out = entry.path();
        return out;
    }
    // False: it never came there.
    bool at_point(const std::string& victim, const Point& point) {
        const pid_t pid = net_.pid(victim);
        const std::string call = point.call;
        // Counted by thread: one writes the log, every client has its own.
        const unsigned when = point.file == nullptr ? 1 : 1 + static_cast<unsigned>(random_() % 20);
        std::vector<std::string> command = {"/usr/bin/strace",
                                            "-f",
                                            "-qq",
                                            "-o",
                                            "/dev/null",
                                            "-p",
                                            std::to_string(pid),
                                            "-e",
                                            "trace=" + call,
                                            "-e",
                                            "inject=" + call +
                                                ":signal=KILL:when=" + std::to_string(when)};
        if (point.file != nullptr) {
            const std::string directory = net_.directory(victim), file = point.file;
            command.insert(command.end(), {"-P", file == "*.log" ? newest_log(directory)
                                                                 : directory + "/" + file});
        }
        // Ends with the process it watches; if nothing comes there, it is ended with it.
        static_cast<void>(run(command, 2s));
        siginfo_t state{};
        ::waitid(P_PID, static_cast<id_t>(pid), &state, WEXITED | WNOHANG | WNOWAIT);
        const bool came = state.si_pid == pid;
        if (came) ++kills[point.name];
        net_.kill(victim); // also takes what is left of it
        if (!came) ++kills["at any time"];
        return true;
    }

    Federation& net_;
    std::mt19937& random_;
};

TEST(KillLoop, NothingAcknowledgedIsLostAndNoNodeForksItself) {
    const unsigned cycles = size_of_hunt("SAFAR_KILL_LOOP", 80);
    const Agencies all{"IOM", "FIA", "MOFA"};
    Federation net(all);
    net.start_all();
    std::mt19937 random(size_of_hunt("SAFAR_SEED", 20261124));
    Killer killer(net, random);
    Load load(net, all, 10ms);
    std::size_t refused = 0, lost = 0;
    for (unsigned cycle = 0; cycle < cycles && !::testing::Test::HasFailure(); ++cycle) {
        const std::string victim = all[random() % all.size()];
        SCOPED_TRACE("cycle " + std::to_string(cycle) + ": " + victim);
        killer.strike(victim);
        if (random() % 4 == 0)
            std::this_thread::sleep_for(std::chrono::milliseconds(random() % 300));
        if (auto code = net.try_start(victim)) {
            ++refused;
            ADD_FAILURE() << "exit code " << *code << ":\n" << net.log_of(victim);
            break;
        }
        for (const std::string& id : load.newest(victim, 20))
            if (!shows(net, victim, id)) {
                ++lost;
                ADD_FAILURE() << victim << " lost " << id;
            }
    }
    load.stop();
    net.wait_equal(all, "return", 120s);
    const auto written = load.acknowledged();
    for (const std::string& agency : all) {
        lost += count_lost(net, agency, written);
        EXPECT_EQ(net.ask(agency, {"status"}).at("forks").as_int64(), 0) << agency;
        EXPECT_EQ(net.digest(agency, "return", true), net.digest("IOM", "return", true)) << agency;
        EXPECT_EQ(net.safar(agency, {"verify", "--deep"}).exit_code, 0) << agency;
    }
    EXPECT_EQ(lost, 0u);
    EXPECT_EQ(refused, 0u);
    std::cout << cycles << " kills, " << written.size() << " events acknowledged, " << lost
              << " lost, " << refused << " refused starts\n";
    if (!Killer::can_name_points()) {
        std::cout << "  without strace, so none of them at a named call\n";
    } else if (cycles >= 100) {
        for (const Point& point : points) EXPECT_GT(killer.kills[point.name], 0u) << point.name;
    }
    for (const auto& [point, count] : killer.kills)
        std::cout << "  " << count << ' ' << point << '\n';
    for (const std::string& agency : all)
        std::cout << "  " << agency << ": "
                  << net.ask(agency, {"status"}).at("incarnations").as_array().size() << " logs\n";
}

} // namespace
} // namespace safar::process

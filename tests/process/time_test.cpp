// Clocks that are wrong by years and processes that stand still: nothing depends on either.
#include "tests/process/load.hpp"

#include <csignal>
#include <filesystem>
#include <gtest/gtest.h>

namespace safar::process {
namespace fs = std::filesystem;
namespace {
using namespace std::chrono_literals;

std::optional<std::string> libfaketime() {
    for (const char* path : {"/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
                             "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1"})
        if (fs::exists(path)) return path;
    return std::nullopt;
}

// libfaketime also moves timers that are due at once (timerfd with an absolute time), so the nodes
// under it act late here, on the next thing that they hear.
TEST(Time, NodesWhoseClocksAreYearsApartHoldTheSame) {
    const auto library = libfaketime();
    if (!library) GTEST_SKIP() << "clocks are set wrong with the package libfaketime";
    Federation net({"IOM", "FIA", "MOFA"});
    const auto at = [&](const std::string& agency, const std::string& offset) {
        net.start_under(agency, {"/usr/bin/env", "LD_PRELOAD=" + *library, "FAKETIME=" + offset,
                                 "FAKETIME_DONT_FAKE_MONOTONIC=1", "FAKETIME_NO_CACHE=1"});
    };
    at("FIA", "+10y");
    at("MOFA", "-10y");
    net.start_all();
    const auto write = [&](const std::string& note) {
        for (const char* agency : {"IOM", "FIA", "MOFA"})
            EXPECT_TRUE(write_one(net, agency)) << note << agency;
        net.wait_equal({"IOM", "FIA", "MOFA"}, "return");
        for (const char* agency : {"FIA", "MOFA"})
            EXPECT_EQ(net.digest(agency, "return", true), net.digest("IOM", "return", true))
                << note << agency;
    };
    write("apart ");
    const std::chrono::year_month_day then{
        std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now()) +
        std::chrono::days(3650)};
    EXPECT_NE(net.log_of("FIA").find("time=" + std::to_string(static_cast<int>(then.year()))),
              std::string::npos)
        << "its clock was not set";
    // A jump of twenty years while nobody looks.
    net.stop("FIA");
    at("FIA", "-10y");
    net.start("FIA");
    write("after a jump ");
    EXPECT_EQ(net.safar("FIA", {"verify", "--deep"}).exit_code, 0);
}

TEST(Time, AProcessThatStandsStillHoldsNobodyUpAndCatchesUp) {
    Federation net({"IOM", "FIA", "MOFA"});
    net.start_all();
    ASSERT_TRUE(write_one(net, "IOM"));
    net.wait_equal({"IOM", "FIA", "MOFA"}, "return");
    const unsigned rounds = size_of_hunt("SAFAR_PAUSES", 2);
    for (unsigned round = 0; round < rounds; ++round) {
        ::kill(net.pid("FIA"), SIGSTOP);
        Load load(net, {"IOM", "MOFA"}, 5ms);
        std::this_thread::sleep_for(round == 0 ? 3s : std::chrono::seconds(1 + round % 60));
        load.stop();
        net.wait_equal({"IOM", "MOFA"}, "return");
        ::kill(net.pid("FIA"), SIGCONT);
        net.wait_equal({"IOM", "FIA", "MOFA"}, "return");
        EXPECT_EQ(count_lost(net, "FIA", load.acknowledged()), 0u);
    }
}

} // namespace
} // namespace safar::process

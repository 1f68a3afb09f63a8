// kill -9 in mid-import and in mid-sync: the node comes back, goes on, nothing acknowledged is
// lost.
#include "tests/process/federation.hpp"

#include <csignal>
#include <cstdlib>
#include <gtest/gtest.h>
#include <random>
#include <thread>

namespace safar::process {
namespace {

unsigned cycles() {
    const char* set = std::getenv("SAFAR_KILL_CYCLES");
    return set != nullptr ? static_cast<unsigned>(std::atoi(set)) : 20;
}

TEST(Kill, InMidImportAndMidSyncNothingAcknowledgedIsLost) {
    Federation net({"IOM", "FIA"});
    net.start_all();
    std::string file = make_returns(net.directory("IOM") + ".csv", 4000); // 80,000 records
    std::vector<std::string> acknowledged;
    std::mt19937 random(20251124);
    for (unsigned cycle = 0; cycle < cycles(); ++cycle) {
        SCOPED_TRACE("cycle " + std::to_string(cycle));
        auto made = net.ask(
            "IOM", {"record", "create", "return", "nationality=Pakistan", "date=2023-03-31"});
        acknowledged.push_back(std::string(made.at("id").as_string()));
        pid_t import = net.safar_in_background("IOM", {"import", "uk-returns", file});
        std::this_thread::sleep_for(std::chrono::milliseconds(5 + random() % 400));
        const std::string victim = cycle % 2 == 0 ? "IOM" : "FIA";
        net.kill(victim);
        if (victim == "IOM") {
            wait_for_exit(import);
            net.start(victim);
        } else {
            net.start(victim);
            wait_for_exit(import);
        }
        Ran shown = net.safar("IOM", {"record", "show", acknowledged.back()});
        ASSERT_EQ(shown.exit_code, 0) << shown.err;
    }
    net.ask("IOM", {"import", "uk-returns", file}); // what was cut short is completed
    net.wait_equal({"IOM", "FIA"}, "return");
    EXPECT_EQ(net.digest("IOM", "return", true), net.digest("FIA", "return", true));
    for (const char* agency : {"IOM", "FIA"}) {
        for (const auto& id : acknowledged)
            EXPECT_EQ(net.safar(agency, {"record", "show", id}).exit_code, 0)
                << agency << ' ' << id;
        EXPECT_EQ(net.ask(agency, {"stats", "return"}).at("count").as_int64(),
                  80'000 + static_cast<std::int64_t>(acknowledged.size()));
        EXPECT_EQ(net.safar(agency, {"verify", "--deep"}).exit_code, 0);
    }
}

} // namespace
} // namespace safar::process

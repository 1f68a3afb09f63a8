// When all rows have been played: what every honest node must have come to. Tests of this kind run
// after all others.
#include "tests/process/hostile/network.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <iostream>

namespace safar::process {
namespace {

HostileNetwork& at() { return HostileNetwork::the(); }
const std::vector<std::string>& honest() { return HostileNetwork::honest(); }

class HonestNode : public ::testing::TestWithParam<std::string> {
protected:
    const HostileNetwork::Settled& settled = at().settle();
    const std::string& node = GetParam();
};
INSTANTIATE_TEST_SUITE_P(Of, HonestNode, ::testing::ValuesIn(honest()),
                         [](const auto& each) { return each.param; });

TEST_P(HonestNode, RunsAndShowsWhatEveryHonestClientWasAcknowledged) {
    EXPECT_TRUE(at().net.running(node));
    EXPECT_GT(settled.written.size(), 100u);
    EXPECT_EQ(settled.lost.at(node), 0u);
    for (const auto& [why, times] : settled.refusals)
        ADD_FAILURE() << times << " writes were refused: " << why;
}

TEST_P(HonestNode, SaysTheSameAsTheOthers) {
    for (const bool state : {false, true})
        EXPECT_EQ(at().net.digest(node, "return", state),
                  at().net.digest(honest()[0], "return", state));
}

// Whatever was refused has left nothing, at whomever; each batch is stored once.
TEST_P(HonestNode, HoldsWhatWasPlayedAndNothingTwice) {
    const auto logs = at().net.ask(node, {"charter", "heads"});
    std::map<std::string, std::int64_t> held;
    std::int64_t batches = 0;
    for (const auto& log : logs.as_array()) {
        const std::string agency(log.at("agency").as_string());
        batches += log.at("batch").as_int64();
        EXPECT_EQ(log.at("forked").as_bool(), at().forked.contains(agency)) << agency;
        if (std::ranges::count(honest(), agency) == 0) held[agency] += log.at("batch").as_int64();
    }
    EXPECT_EQ(held, at().held);
    const auto status = at().net.ask(node, {"status"});
    EXPECT_LE(status.at("position").at("log").as_int64(), batches + 16); // branches of forks
    EXPECT_EQ(status.at("quarantined").as_int64(), 0);
}

TEST_P(HonestNode, KnowsTheForksThatWerePlayedAndNoOther) {
    const auto forks = at().net.ask(node, {"evidence", "show"});
    std::map<std::string, std::set<std::string>> known;
    for (const auto& fork : forks.as_array())
        for (const char* branch : {"branch_a", "branch_b"})
            known[std::string(fork.at("agency").as_string())].emplace(fork.at(branch).as_string());
    EXPECT_EQ(known, at().forked);
}

// Only IOM was lied to. Nobody refuses who passes on what others signed.
TEST_P(HonestNode, RefusedWhomItHadToAndNoOther) {
    const std::string log = at().net.log_of(node), mark = "peer refused agency=";
    std::set<std::string> refused;
    for (std::size_t found = log.find(mark); found != std::string::npos;
         found = log.find(mark, found + 1)) {
        const std::size_t name = found + mark.size();
        refused.insert(log.substr(name, log.find(' ', name) - name));
    }
    EXPECT_EQ(refused, node == honest()[0] ? at().refused : std::set<std::string>{});
    for (const std::string& other : honest())
        EXPECT_TRUE(other == node || at().peer_state(other, node) == "connected") << other;
}

TEST_P(HonestNode, WasNotKeptFromTheOthersMeanwhile) {
    const auto& loud = settled.loud;
    std::cout << "honest latency, ms: quiet p50 " << at().quiet.p50 << " p99 " << at().quiet.p99
              << " of " << at().quiet.count << "; beside all rows p50 " << loud.p50 << " p99 "
              << loud.p99 << " slowest " << loud.slowest << " of " << loud.count << '\n';
    EXPECT_GT(loud.count, 50u);
    for (const std::string& missed : settled.missed) ADD_FAILURE() << missed; // within 30 s
}

} // namespace
} // namespace safar::process

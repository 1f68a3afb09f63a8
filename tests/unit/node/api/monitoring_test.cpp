// config/monitoring: every metric named in an alert or a panel is one that a node gives, and every
// alert is explained.
#include "api_fixture.hpp"

#include <fstream>
#include <regex>
#include <set>

namespace safar {
namespace {

using namespace testing;
using ::testing::HasSubstr;

std::string text_of(const std::string& path) {
    std::ifstream in(std::string(SAFAR_SOURCE_DIR) + "/" + path);
    std::string out((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    EXPECT_FALSE(out.empty()) << path;
    return out;
}

std::set<std::string> matches(const std::string& text, const std::string& pattern) {
    const std::regex regex(pattern);
    std::set<std::string> out;
    for (std::sregex_iterator at(text.begin(), text.end(), regex), end; at != end; ++at)
        out.insert((*at)[1]);
    return out;
}

class Monitoring : public ::testing::Test {
protected:
    TempDir directory;
    TestApi api;
    // Every name in the node's answer, "x_bucket" of histograms included.
    std::set<std::string> given() {
        api.context.operate.directory = directory.path();
        api.context.operate.reserve_bytes = 1 << 20;
        api.context.door = [] { return DoorCounts{}; };
        api.context.statements = [] { return StatementReport{}; };
        api.disputed();
        api.ask("GET", "/v1/status"); // so that requests are counted
        return matches("\n" + api.ask("GET", "/metrics").body, "\n([a-z_]+)[{ ]");
    }
};

TEST_F(Monitoring, EveryMetricInAlertsAndDashboardIsGiven) {
    const std::set<std::string> names = given();
    for (const char* path : {"config/monitoring/alerts.yml", "config/monitoring/grafana.json"}) {
        const auto used = matches(text_of(path), "\\b((?:safar|process)_[a-z_]+)\\b");
        EXPECT_GE(used.size(), 10u) << path;
        for (const std::string& name : used)
            EXPECT_TRUE(names.contains(name)) << path << ": " << name;
    }
}

TEST_F(Monitoring, EveryLabelInAlertsAndDashboardIsGiven) {
    (void)given();
    const std::string body = api.ask("GET", "/metrics").body;
    for (const char* label : {"agency=", "compartment=", "status=", "route=",
                              "outcome=\"refused_by_limit\"", "outcome=\"handshake_failed\""})
        EXPECT_THAT(body, HasSubstr(label));
}

TEST_F(Monitoring, EveryAlertIsExplainedInTheRunbook) {
    const std::string runbook = text_of("docs/operating.md");
    const auto alerts = matches(text_of("config/monitoring/alerts.yml"), "alert: ([A-Za-z]+)");
    EXPECT_GE(alerts.size(), 10u);
    for (const std::string& alert : alerts)
        EXPECT_THAT(runbook, HasSubstr("\n### " + alert + "\n"));
    EXPECT_EQ(matches(runbook, "### (Safar[A-Za-z]+)"), alerts)
        << "one is explained that is not there";
}

TEST_F(Monitoring, TheDashboardIsJson) {
    boost::json::error_code failed;
    boost::json::parse(text_of("config/monitoring/grafana.json"), failed);
    EXPECT_FALSE(failed);
}

// Of a session that broke off the last figures stay.
TEST_F(Monitoring, OnlyConnectedPeersLag) {
    EXPECT_THAT(text_of("config/monitoring/alerts.yml"),
                ::testing::ContainsRegex(
                    "alert: SafarPeerLag\n +expr: [^\n]* and safar_peer_connected == 1"));
}

TEST_F(Monitoring, WhatTheNetworkThreadDidNotSayIsLeftOutAndNotZero) {
    EXPECT_TRUE(given().contains("safar_split_views"));
    const Error busy = failure(ErrorCode::busy, "the network thread is busy");
    api.context.peers = [&]() -> Result<std::vector<PeerStatus>> { return busy; };
    api.context.statements = [&]() -> Result<StatementReport> { return busy; };
    const std::string body = api.ask("GET", "/metrics").body;
    EXPECT_THAT(body, HasSubstr("safar_door_total"));
    for (const char* name : {"safar_peer_connected", "safar_peer_behind_here", "safar_split_views"})
        EXPECT_THAT(body, ::testing::Not(HasSubstr(name)));
    EXPECT_EQ(api.ask("GET", "/v1/peers").status, 503u);
    EXPECT_EQ(api.ask("GET", "/v1/gaps").status, 503u);
    const std::string health = api.ask("GET", "/v1/health").body;
    EXPECT_THAT(health, HasSubstr("did not answer within 0.5 s"));
    EXPECT_THAT(health, ::testing::Not(HasSubstr("lists no other node")));
}

} // namespace
} // namespace safar

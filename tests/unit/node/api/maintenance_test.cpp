// An absence on purpose: announced, kept over a restart, withdrawn; and what is shown of a peer's.
#include "api_fixture.hpp"
#include "node/operate/maintenance_file.hpp"

#include <fstream>
#include <gmock/gmock.h>

namespace safar {
namespace {

using namespace testing;
using ::testing::HasSubstr;
using ::testing::Not;

std::uint64_t now_seconds() {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(
                                          std::chrono::system_clock::now().time_since_epoch())
                                          .count());
}

class MaintenanceApi : public ::testing::Test {
protected:
    TestApi api;
    TempDir data;
    std::vector<std::optional<wire::Maintenance>> told;

    void SetUp() override {
        api.context.operate.directory = data.path();
        api.context.announce = [this](std::optional<wire::Maintenance> notice) {
            told.push_back(std::move(notice));
        };
    }
};

TEST_F(MaintenanceApi, AnAnnouncementIsToldToPeersAndKeptOnDiskUntilItIsWithdrawn) {
    auto made = api.json(
        "POST", "/v1/maintenance",
        R"({"until":"2999-01-01T00:00:00Z","from":"2998-12-31T20:00:00Z","why":"a new disk"})");
    EXPECT_EQ(made.at("until").as_string(), "2999-01-01T00:00:00Z");
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(told[0]->why, "a new disk");
    EXPECT_EQ(value_of(load_maintenance(data.path())), told[0]);
    EXPECT_TRUE(api.json("GET", "/v1/maintenance").at("announced").as_bool());
    EXPECT_FALSE(api.json("POST", "/v1/maintenance", "{}").at("announced").as_bool());
    ASSERT_EQ(told.size(), 2u);
    EXPECT_FALSE(told[1]);
    EXPECT_FALSE(value_of(load_maintenance(data.path())));
}

TEST_F(MaintenanceApi, WhatMakesNoSenseIsRefusedAndNobodyIsTold) {
    for (const char* body :
         {R"({"until":"2020-01-01T00:00:00Z","why":"x"})", R"({"until":"soon","why":"x"})",
          R"({"until":"2999-01-01T00:00:00Z"})",
          R"({"until":"2999-01-01T00:00:00Z","why":"x"})", // from now on, for a thousand years
          R"({"until":"2999-01-01T00:00:00Z","from":"2999-01-02T00:00:00Z","why":"x"})",
          R"({"until":"2999-01-01T00:00:00Z","from":"2998-12-31T20:00:00Z","why":"two\nlines"})",
          R"({"why":"x"})"})
        EXPECT_EQ(api.ask("POST", "/v1/maintenance", body).status, 400u) << body;
    EXPECT_TRUE(told.empty());
}

TEST_F(MaintenanceApi, AFileThatIsWrongIsNamed) {
    std::ofstream(data / "maintenance.toml") << "from = 10\nuntil = 5\nwhy = \"x\"\n";
    auto read = load_maintenance(data.path());
    ASSERT_FALSE(read.has_value());
    EXPECT_THAT(read.error().detail, HasSubstr("maintenance.toml line 2: maintenance: until"));
}

TEST_F(MaintenanceApi, APeerThatIsAwayAsItAnnouncedIsNoFault) {
    auto away = [&](std::uint64_t from, std::uint64_t until) {
        api.context.peers = [this, from, until] {
            PeerStatus peer = api.peer();
            peer.state = "waiting";
            peer.maintenance = wire::Maintenance{from, until, "a new disk"};
            return std::vector{peer};
        };
    };
    away(now_seconds() - 5, now_seconds() + 500);
    EXPECT_THAT(api.ask("GET", "/v1/health").body,
                HasSubstr("away for maintenance, as it announced"));
    EXPECT_THAT(api.ask("GET", "/v1/health").body, Not(HasSubstr("no peer is connected")));
    EXPECT_EQ(api.json("GET", "/v1/peers").at(0).at("maintenance").at("why").as_string(),
              "a new disk");
    EXPECT_THAT(api.ask("GET", "/metrics").body,
                ::testing::ContainsRegex("safar_peer_maintenance[{].*[}] 1"));
    away(now_seconds() + 100, now_seconds() + 500); // not yet
    EXPECT_THAT(api.ask("GET", "/v1/health").body, Not(HasSubstr("away for maintenance")));
    EXPECT_TRUE(api.json("GET", "/v1/peers").at(0).as_object().contains("maintenance"));
    away(now_seconds() - 500, now_seconds() - 100); // over
    EXPECT_THAT(api.ask("GET", "/v1/health").body, HasSubstr("no peer is connected"));
    EXPECT_FALSE(api.json("GET", "/v1/peers").at(0).as_object().contains("maintenance"));
    EXPECT_THAT(api.ask("GET", "/metrics").body,
                ::testing::ContainsRegex("safar_peer_maintenance[{].*[}] 0"));
}

} // namespace
} // namespace safar

#include "api_fixture.hpp"

namespace safar {
namespace {
using namespace testing;

TEST(GapsRoute, NamesThePeerTheLogAndWhatIsMissing) {
    TestApi api;
    const auto answer = api.json("GET", "/v1/gaps");
    ASSERT_EQ(answer.at("gaps").as_array().size(), 1u);
    const auto& gap = answer.at("gaps").at(0);
    EXPECT_EQ(gap.at("peer").at("agency").as_string(), "FIA");
    EXPECT_EQ(gap.at("compartment").as_string(), "movement");
    EXPECT_EQ(gap.at("missing").as_int64(), 3);
}

TEST(GapsRoute, WhatHasComeFromSomebodyElseIsNoGap) {
    TestApi api;
    for (const char* name : {"Amina", "Bilal", "Chanda"}) api.other.create({{"name", name}});
    api.other.send_to(api.node);
    PeerStatus peer = api.peer();
    peer.gaps[0].log = api.other.log->frontier("movement").at(0).log;
    peer.gaps[0].theirs = 5;
    api.context.peers = [&peer] { return std::vector<PeerStatus>{peer}; };
    EXPECT_EQ(api.json("GET", "/v1/gaps").at("gaps").at(0).at("missing").as_int64(), 2);
    peer.gaps[0].theirs = 3;
    EXPECT_TRUE(api.json("GET", "/v1/gaps").at("gaps").as_array().empty());
}

TEST(GapsRoute, LogsOfCompartmentsThatAreNotHeldHereAreNotNamed) {
    TestApi api;
    PeerStatus peer = api.peer();
    peer.gaps[0].log.id = LogId{}; // no charter knows it
    api.context.peers = [&peer] { return std::vector<PeerStatus>{peer}; };
    EXPECT_TRUE(api.json("GET", "/v1/gaps").at("gaps").as_array().empty());
}

} // namespace
} // namespace safar

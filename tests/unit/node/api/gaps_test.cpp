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

TEST(GapsRoute, TellsWhatAuthorsHaveSignedAndWhatDoesNotFitTogether) {
    TestApi api;
    EXPECT_EQ(api.json("GET", "/v1/gaps").at("statements").as_int64(), 0);
    const LogName log = api.peer().gaps[0].log;
    const wire::Statement one{log, 7, {}, 1'800'000'000, {}}, other{log, 6, {}, 1'800'003'600, {}};
    StatementReport report;
    report.logs = 4;
    report.gaps = {{log, 7, 4, 1'800'000'000, 1'800'000'060}};
    report.splits = {{{SplitKind::went_back, one, other, {}, 1'800'003'660}, true},
                     {{SplitKind::other_held, one, std::nullopt, {}, 1'800'003'660}, false}};
    report.gaps.push_back({LogName{}, 7, 4, 1, 1}); // no charter knows it
    api.context.statements = [&report] { return report; };
    const auto answer = api.json("GET", "/v1/gaps");
    EXPECT_EQ(answer.at("statements").as_int64(), 4);
    ASSERT_EQ(answer.at("stated").as_array().size(), 1u);
    const auto& stated = answer.at("stated").at(0);
    EXPECT_EQ(stated.at("agency").as_string(), "FIA");
    EXPECT_EQ(stated.at("missing").as_int64(), 3);
    EXPECT_EQ(stated.at("time").as_string(), "2027-01-15T08:00:00Z");
    ASSERT_EQ(answer.at("split_views").as_array().size(), 2u);
    const auto& split = answer.at("split_views").at(0);
    EXPECT_EQ(split.at("kind").as_string(), "went_back");
    EXPECT_TRUE(split.at("proven").as_bool());
    EXPECT_EQ(split.at("second").at("batch").as_int64(), 6);
    Bytes bytes(wire::Statement::payload_bytes);
    ASSERT_TRUE(from_hex(std::string(split.at("first").at("signed").as_string()), bytes));
    EXPECT_EQ(wire::decode_statement(bytes).value(), one);
    EXPECT_EQ(answer.at("split_views").at(1).at("held").as_string(), Hash{}.hex());
}

} // namespace
} // namespace safar

#include "tests/unit/sync/session/harness.hpp"

#include <gtest/gtest.h>

namespace safar::testing {
namespace {

TEST(Session, NothingToDoCostsOneRoundTripAndLessThan400Bytes) {
    Federation net({"IOM", "FIA"});
    net.connect("IOM", "FIA");
    net["IOM"].append("return", 3);
    net.run(5s);
    ASSERT_TRUE(net.all_equal("return"));
    net.cut("IOM", "FIA");
    net.connect("IOM", "FIA");
    net.run(10s);
    EXPECT_EQ(net.said("IOM", "FIA"), "hello");
    EXPECT_EQ(net.said("FIA", "IOM"), "hello");
    EXPECT_LT(net.end("IOM", "FIA").sent + net.end("FIA", "IOM").sent, 400u);
    EXPECT_TRUE(net.end("IOM", "FIA").session->status().ready);
}

TEST(Session, EmptyNodeCatchesUp) {
    Federation net({"IOM", "FIA"});
    net["IOM"].append("return", 30);
    net.connect("IOM", "FIA");
    net.run(5s);
    EXPECT_EQ(net["FIA"].batches("return"), 30u);
    EXPECT_EQ(net.said("FIA", "IOM"), "hello summary full want delta");
    EXPECT_EQ(net.count("IOM", "FIA", "batch"), 30u);
    SessionStatus status = net.end("IOM", "FIA").session->status();
    EXPECT_EQ(status.behind_there, 0u);
    EXPECT_EQ(status.batches_out, 30u);
    EXPECT_EQ(net.end("FIA", "IOM").session->status().events_in, 30u);
}

TEST(Session, ThreeNodesReceiveEveryBatchExactlyOnceInCatchUp) {
    Federation net({"IOM", "FIA", "NGO"});
    net["IOM"].append("return", 40);
    net["FIA"].append("return", 25);
    net["NGO"].append("return", 1);
    net.connect("IOM", "FIA");
    net.connect("FIA", "NGO");
    net.connect("NGO", "IOM");
    net.run(10s);
    EXPECT_TRUE(net.all_equal("return"));
    for (auto& node : net.nodes()) {
        EXPECT_EQ(node->batches("return"), 66u);
        for (const auto& [place, times] : node->received)
            EXPECT_EQ(times, 1u) << node->name << " got batch " << place.number << " again";
    }
    EXPECT_EQ(net["NGO"].received.size(), 65u);
}

TEST(Session, SeveralPeersServeOneNodeWithoutDuplicates) {
    Federation net({"IOM", "FIA", "NGO", "NEW"});
    for (const char* name : {"IOM", "FIA", "NGO"}) net[name].append("return", 20);
    net.connect("IOM", "FIA");
    net.connect("FIA", "NGO");
    net.run(5s);
    ASSERT_EQ(net["IOM"].batches("return"), 60u);
    for (const char* name : {"IOM", "FIA", "NGO"}) net.connect("NEW", name);
    net.run(5s);
    EXPECT_EQ(net["NEW"].batches("return"), 60u);
    for (const auto& [place, times] : net["NEW"].received) EXPECT_EQ(times, 1u);
}

TEST(Session, LargeCatchUpKeepsWithinTheWindow) {
    Federation net({"IOM", "FIA"});
    net["IOM"].append("return", 40, 400'000); // 16 MB
    net["FIA"].ingest_time = 200ms;           // a slow disk
    net.connect("IOM", "FIA");
    std::size_t most = 0;
    for (int i = 0; i < 600 && net["FIA"].batches("return") < 40; ++i) {
        net.run(100ms);
        most = std::max(most, net["FIA"].received.size() - net["FIA"].batches("return"));
    }
    EXPECT_EQ(net["FIA"].batches("return"), 40u);
    EXPECT_LE(most * 400'000, (4u << 20) + 2 * limits::frame_bytes_max);
    EXPECT_GT(net.count("FIA", "IOM", "credit"), 3u);
}

TEST(Session, SmallLogsComeBeforeLargeOnes) {
    Federation net({"IOM", "FIA", "NEW"});
    net["IOM"].append("return", 50);
    net["FIA"].append("return", 2);
    net.connect("IOM", "FIA");
    net.run(5s);
    net.connect("IOM", "NEW");
    net.run(5s);
    EXPECT_EQ(net["NEW"].batches("return"), 52u);
    // The first batch that was stored belongs to the small log.
    auto journal = net["NEW"].log().read_journal(0, 1).value();
    ASSERT_EQ(journal.size(), 1u);
    EXPECT_EQ(net.authority->owner(journal[0].name.id)->agency, "FIA");
}

TEST(Session, PeerThatLacksACompartmentGetsNoneOfIt) {
    std::vector<Federation::MemberSpec> members = {
        {"IOM", {"protection", "return"}}, {"FIA", {"return"}}, {"HCR", {"protection", "return"}}};
    Federation net(members);
    net["IOM"].append("protection", 5);
    net["IOM"].append("return", 5);
    net.connect("IOM", "FIA");
    net.connect("IOM", "HCR");
    net.connect("FIA", "HCR");
    net["IOM"].append("protection", 2);
    net.run(5s);
    EXPECT_EQ(net["FIA"].batches("protection"), 0u);
    EXPECT_EQ(net["FIA"].batches("return"), 5u);
    EXPECT_EQ(net["HCR"].batches("protection"), 7u);
    for (const auto& [place, times] : net["FIA"].received)
        EXPECT_EQ(net.authority->owner(place.log.id)->compartment, "return");
}

TEST(Session, CatchUpGoesOnWhereItWasCutAtAnyByte) {
    for (std::uint64_t cut : {1u, 150u, 177u, 178u, 400u, 1000u, 2311u, 5000u, 8000u}) {
        Federation net({"IOM", "FIA"});
        net["IOM"].append("return", 20);
        net.connect("IOM", "FIA");
        net.end("FIA", "IOM").cut_after = cut;
        net.run(1s);
        EXPECT_FALSE(net.connected("IOM", "FIA")) << cut;
        const std::size_t before = net["FIA"].batches("return");
        net.connect("IOM", "FIA");
        net.run(2s);
        EXPECT_EQ(net["FIA"].batches("return"), 20u) << cut;
        EXPECT_EQ(net.count("IOM", "FIA", "batch"), 20 - before) << cut;
    }
}

TEST(Session, OwnHeadsAreConfirmedByAPeerThatHoldsThem) {
    Federation net({"IOM", "FIA"});
    net["IOM"].append("return", 4);
    net.connect("IOM", "FIA");
    net.run(2s);
    ASSERT_FALSE(net["IOM"].confirmed.empty());
    EXPECT_EQ(net["IOM"].confirmed.back().at(0).head.number, 4u);
    net.cut("IOM", "FIA");
    net["IOM"].confirmed.clear();
    net.connect("IOM", "FIA"); // equal digests confirm as well
    net.run(2s);
    ASSERT_EQ(net["IOM"].confirmed.size(), 1u);
    EXPECT_EQ(net["IOM"].confirmed[0].at(0).head.number, 4u);
}

TEST(Session, NodeThatLostItsStoreFetchesItsOwnEventsBack) {
    Federation before({"IOM", "FIA"});
    before["IOM"].append("return", 6);
    before.connect("IOM", "FIA");
    before.run(2s);
    Federation after({"IOM", "FIA"}); // same keys; IOM empty
    std::vector<EncodedBatch> held;
    const auto journal = before["FIA"].log().read_journal(0, 100).value();
    for (const JournalEntry& entry : journal)
        held.push_back(*before["FIA"].log().read_batch(entry.log, entry.number).value());
    ASSERT_EQ(held.size(), 6u);
    after["FIA"].writable().ingest(held);
    after.connect("IOM", "FIA");
    after.run(2s);
    EXPECT_EQ(after["IOM"].batches("return"), 6u);
}

TEST(Session, CharterIsFetchedBeforeAnythingElse) {
    std::vector<Federation::MemberSpec> members = {{"IOM", {"return"}}, {"FIA", {"return"}}};
    Federation net(members);
    net.next_authority = net.successor();
    net["IOM"].charters[2] = copy(as_bytes("epoch two"));
    net["IOM"].use(net.next_authority);
    net["IOM"].append("return", 3); // names epoch 2
    net.connect("IOM", "FIA");
    net.run(2s);
    EXPECT_EQ(net["FIA"].batches("return"), 3u);
    EXPECT_EQ(net.said("FIA", "IOM"), "hello charter-ask summary full want delta");
    ASSERT_EQ(net["FIA"].adopted.size(), 1u);
    EXPECT_EQ(as_text(net["FIA"].adopted[0]), "epoch two");
}

// An observer that is to hold bodies from now on, and whose disk has not yet let its heads fall.
TEST(Session, WhoHasNoBodiesYetServesNoneToWhoIsToHoldThem) {
    std::vector<Federation::MemberSpec> members = {
        {"IOM", {"return"}}, {"FIA", {"return"}, true}, {"NGO", {"return"}}};
    Federation net(members);
    net["IOM"].append("return", 3);
    net.connect("IOM", "FIA");
    net.run(2s);
    ASSERT_EQ(net["FIA"].batches("return"), 3u);
    const auto next = net.successor();
    net["FIA"].claim(next);
    net["NGO"].use(next);
    net.connect("FIA", "NGO");
    net.run(2s);
    EXPECT_GT(net.count("FIA", "NGO", "missing"), 0u);
    EXPECT_EQ(net.count("FIA", "NGO", "batch"), 0u);
    EXPECT_FALSE(net.end("NGO", "FIA").closed);
}

// The same, at last: its heads fall while sessions go on, nobody states anything anew, and the log
// does not grow.
TEST(Session, BodiesAreAskedForWhereTheDiskWasLateToLetHeadsFall) {
    std::vector<Federation::MemberSpec> members = {{"IOM", {"return"}}, {"FIA", {"return"}, true}};
    Federation net(members);
    net["IOM"].append("return", 3);
    net.connect("IOM", "FIA");
    net.run(2s);
    ASSERT_EQ(net["FIA"].batches("return"), 3u);
    net.cut("IOM", "FIA");
    const auto next = net.successor();
    net["IOM"].use(next);
    net["FIA"].claim(next);
    net.connect("IOM", "FIA");
    net.run(2s);
    ASSERT_EQ(net.count("FIA", "IOM", "want"), 0u);
    net["FIA"].use(next);
    ASSERT_EQ(net["FIA"].batches("return"), 0u);
    net.run(60s);
    EXPECT_EQ(net.count("FIA", "IOM", "want"), 1u);
    EXPECT_EQ(net["FIA"].batches("return"), 3u);
    EXPECT_TRUE(net.connected("IOM", "FIA"));
}

// Its head falls after it was said and before the peer says that it has as much.
TEST(Session, BodiesAreAskedForWhereHeadsFallAsASessionBegins) {
    std::vector<Federation::MemberSpec> members = {{"IOM", {"movement", "return"}},
                                                   {"FIA", {"movement", "return"}, true}};
    Federation net(members);
    net["IOM"].append("return", 3);
    net.connect("IOM", "FIA");
    net.run(2s);
    net.cut("IOM", "FIA");
    net["IOM"].append("movement", 1); // so that summaries are said
    const auto next = net.successor();
    net["IOM"].use(next);
    net["FIA"].claim(next);
    net.connect("IOM", "FIA");
    net.run(7ms);
    ASSERT_EQ(net.said("FIA", "IOM"), "hello summary");
    net["FIA"].use(next);
    net["FIA"].changed();
    net.run(60s);
    EXPECT_EQ(net["FIA"].batches("return"), 3u);
}

// What lies beyond a cut is held and does not count: a peer that still shows it is not asked for it
// over and over.
TEST(Session, WhatACutHoldsBackIsNotAskedForAgainAndAgain) {
    Federation net({"IOM", "FIA"});
    net["IOM"].append("return", 5);
    net.connect("IOM", "FIA");
    net.run(2s);
    net.cut("IOM", "FIA");
    const auto next = net.successor();
    next->last_batch = 3;
    net["FIA"].use(next);
    net["IOM"].claim(next); // its disk is late
    net.connect("IOM", "FIA");
    net.run(5s);
    EXPECT_EQ(net["FIA"].batches("return"), 3u);
    EXPECT_LE(net.count("FIA", "IOM", "want"), 1u);
    EXPECT_TRUE(net.connected("IOM", "FIA"));
}

// It may cut our log there, and the peer then shows less of it than it holds.
TEST(Session, AnotherCharterConfirmsNoHeads) {
    Federation net({"IOM", "FIA"});
    net["IOM"].append("return", 3);
    net.connect("IOM", "FIA");
    net.run(2s);
    EXPECT_FALSE(net["IOM"].confirmed.empty());
    net.cut("IOM", "FIA");
    net["IOM"].confirmed.clear();
    net["FIA"].use(net.successor()); // IOM does not hold it
    net.connect("IOM", "FIA");
    net.run(2s);
    EXPECT_TRUE(net.connected("IOM", "FIA"));
    EXPECT_TRUE(net["IOM"].confirmed.empty());
}

TEST(Session, WhoTakesUsForAnObserverUnderAnotherCharterIsNotBlamed) {
    std::vector<Federation::MemberSpec> members = {{"IOM", {"return"}}, {"FIA", {"return"}, true}};
    Federation net(members);
    net["FIA"].use(net.successor()); // lets it hold bodies; IOM does not know
    net["IOM"].append("return", 3);
    net.connect("IOM", "FIA");
    net.run(2s);
    EXPECT_GT(net.count("IOM", "FIA", "batch"), 0u);
    EXPECT_EQ(net["FIA"].batches("return"), 0u);
    EXPECT_FALSE(net.end("FIA", "IOM").closed);
}

TEST(Session, CharterThatTheNodeDoesNotHoldIsNoReasonToPart) {
    Federation net({"IOM", "FIA"});
    net["FIA"].append("return", 3);
    net["IOM"].use(net.successor());
    net.connect("IOM", "FIA");
    net.run(2s);
    EXPECT_EQ(net["IOM"].batches("return"), 3u);
    EXPECT_TRUE(net.connected("IOM", "FIA"));
}

} // namespace
} // namespace safar::testing

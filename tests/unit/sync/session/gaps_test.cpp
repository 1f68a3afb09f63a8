// What a peer says that it holds and does not deliver, and since when.
#include "hostile_peer.hpp"

namespace safar::testing {
namespace {

class Gaps : public HostilePeer {
protected:
    void wait(NodeTime duration) {
        now += duration;
        perform(session->on_tick(now));
    }
    std::vector<BehindLog> behind() { return session->status().behind; }
};

TEST_F(Gaps, NothingIsKnownBeforeThePeerHasSaidWhatItHolds) {
    EXPECT_TRUE(session->status().stated.empty());
    say(hello());
    EXPECT_TRUE(session->status().stated.empty());
    say(wire::Summary{{{"return", fill<Hash>(9)}}});
    EXPECT_TRUE(session->status().stated.empty());
    say(wire::FrontierFull{"return", {}});
    EXPECT_EQ(session->status().stated, std::vector<std::string>{"return"});
    EXPECT_TRUE(behind().empty());
}

TEST_F(Gaps, SinceIsWhenItWasStatedAndThenWhenSomethingCame) {
    greet();
    const NodeTime stated = now;
    say(wire::FrontierFull{"return", {entry(3)}});
    wait(5s);
    ASSERT_EQ(behind().size(), 1u);
    EXPECT_EQ(behind()[0].log, peers_log());
    EXPECT_EQ(behind()[0].theirs, 3u);
    EXPECT_EQ(behind()[0].ours, 0u);
    EXPECT_EQ(behind()[0].since, stated);

    const BuiltBatch first = batch(1);
    const NodeTime came = now;
    say_batch(first.encoded.bytes);
    wait(5s);
    ASSERT_EQ(behind().size(), 1u);
    EXPECT_EQ(behind()[0].ours, 1u);
    EXPECT_EQ(behind()[0].since, came);

    // That it claims still more is no progress.
    Frontier more{entry(9)};
    say(wire::FrontierDelta{"return", frontier_digest({entry(3)}), more});
    EXPECT_EQ(behind().at(0).theirs, 9u);
    EXPECT_EQ(behind().at(0).since, came);
}

// A pushed batch states a log that no frontier had named before.
TEST_F(Gaps, WhatIsPushedAndCanNotBeTakenIsOneToo) {
    greet();
    say(wire::FrontierFull{"return", {}});
    const NodeTime stated = now;
    say_batch(batch(2, batch(1).hash).encoded.bytes);
    ASSERT_EQ(behind().size(), 1u);
    EXPECT_EQ(behind()[0].theirs, 2u);
    EXPECT_EQ(behind()[0].ours, 0u);
    EXPECT_EQ(behind()[0].since, stated);
}

TEST_F(Gaps, WhatCameIsNoGapWhoeverBroughtIt) {
    greet();
    say(wire::FrontierFull{"return", {entry(1)}});
    ASSERT_EQ(behind().size(), 1u);
    const EncodedBatch stored = batch(1).encoded;
    ASSERT_TRUE(net["FIA"].writable().ingest(std::span(&stored, 1))[0].result.has_value());
    perform(session->on_local_change(now));
    EXPECT_TRUE(behind().empty());
}

// It was stated while somebody else was bringing it, whose bytes the log then refused.
TEST_F(Gaps, WhatAnotherPeerBroughtInVainIsAskedForHere) {
    greet();
    net["FIA"].plan.submitted(peers_log(), 2, net["NGO"].id);
    say(wire::FrontierFull{"return", {entry(2)}});
    wait(1s);
    EXPECT_EQ(want.last, 0u) << "it is on its way";
    net["FIA"].plan.settled(peers_log(), 1, /*held=*/false);
    wait(1s);
    EXPECT_EQ(want.first, 1u);
    EXPECT_EQ(want.last, 2u);
}

// The same, and the peer had already sent it here meanwhile.
TEST_F(Gaps, WhatWasDroppedBecauseAnotherBroughtItInVainIsAskedForAgain) {
    greet();
    say(wire::FrontierFull{"return", {entry(1)}});
    ASSERT_EQ(want.last, 1u);
    net["FIA"].plan.submitted(peers_log(), 1, net["NGO"].id);
    say_batch(batch(1).encoded.bytes);
    EXPECT_EQ(ingested, 0u) << "it is on its way";
    want = {};
    net["FIA"].plan.settled(peers_log(), 0, /*held=*/false);
    wait(1s);
    EXPECT_EQ(want.last, 1u);
}

TEST_F(Gaps, WhatWasPushedWhileAnotherBroughtItInVainIsAskedFor) {
    greet();
    say(wire::FrontierFull{"return", {}});
    net["FIA"].plan.submitted(peers_log(), 1, net["NGO"].id);
    say_batch(batch(1).encoded.bytes);
    EXPECT_EQ(ingested, 0u);
    net["FIA"].plan.settled(peers_log(), 0, /*held=*/false);
    wait(1s);
    EXPECT_EQ(want.last, 1u);
}

TEST_F(Gaps, ALongLogDoesNotWaitForManyShortOnes) {
    greet();
    Frontier many;
    for (std::uint8_t i = 0; i < 100; ++i) {
        many.push_back(entry(i == 99 ? 1000 : 1));
        many.back().log.incarnation = fill<Incarnation>(i);
    }
    say(wire::FrontierFull{"return", many});
    wait(1s);
    EXPECT_EQ(want.last, 1000u);
}

TEST_F(Gaps, WhatItNoLongerHoldsItCanNotDeliver) {
    greet();
    say(wire::FrontierFull{"return", {entry(3)}});
    ASSERT_EQ(behind().size(), 1u);
    say(wire::FrontierFull{"return", {}});
    EXPECT_TRUE(behind().empty());
}

TEST_F(Gaps, StayKnownWhenTheSessionEnds) {
    greet();
    say(wire::FrontierFull{"return", {entry(3)}});
    perform(session->stop("enough", now));
    const SessionStatus last = session->status();
    EXPECT_EQ(last.stated.size(), 1u);
    ASSERT_EQ(last.behind.size(), 1u);
    EXPECT_EQ(last.behind_logs, 1u);
}

TEST_F(Gaps, OfManyLogsTheFirstAreListedAndAllAreCounted) {
    greet();
    Frontier many;
    for (std::uint8_t i = 0; i < 100; ++i) {
        many.push_back(entry(1));
        many.back().log.incarnation = fill<Incarnation>(i);
    }
    say(wire::FrontierFull{"return", many});
    EXPECT_EQ(session->status().behind.size(), SessionStatus::behind_logs_max);
    EXPECT_EQ(session->status().behind_logs, 100u);
}

} // namespace
} // namespace safar::testing

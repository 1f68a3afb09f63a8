#include "tests/unit/sync/session/harness.hpp"

#include <gtest/gtest.h>

namespace safar::testing {
namespace {

// All nodes of a federation connected with each other and level.
void connect_all(Federation& net) {
    auto& nodes = net.nodes();
    for (std::size_t i = 0; i < nodes.size(); ++i)
        for (std::size_t j = i + 1; j < nodes.size(); ++j)
            net.connect(nodes[i]->name, nodes[j]->name);
    net.run(2s);
}

TEST(Session, AuthorPushesWhatItAppends) {
    Federation net({"IOM", "FIA"});
    net.connect("IOM", "FIA");
    net.run(1s);
    net["IOM"].append("return", 1);
    net.run(7ms); // one way and the disk: nobody had to ask
    EXPECT_EQ(net["FIA"].batches("return"), 1u);
    net.run(1s);
    EXPECT_EQ(net.said("IOM", "FIA"), "hello batch");
    EXPECT_EQ(net.said("FIA", "IOM"), "hello delta"); // tells that it is durable there
    EXPECT_EQ(net.end("IOM", "FIA").session->status().behind_there, 0u);
}

TEST(Session, SteadyAppendsArePushedWithoutWaitingForConfirmation) {
    Federation net({"IOM", "FIA"});
    net.connect("IOM", "FIA");
    net.run(1s);
    for (int i = 0; i < 50; ++i) {
        net["IOM"].append("return", 1);
        net.run(1ms);
    }
    net.run(1s);
    EXPECT_EQ(net["FIA"].batches("return"), 50u);
    EXPECT_EQ(net.count("FIA", "IOM", "want"), 0u);
    EXPECT_LT(net.count("FIA", "IOM", "delta"), 10u); // coalesced
}

TEST(Session, PushedBatchReachesThreeNodesOnceEach) {
    Federation net({"IOM", "FIA", "NGO", "UNO"});
    connect_all(net);
    for (int i = 0; i < 10; ++i) {
        for (auto& node : net.nodes()) node->append("return", 1);
        net.run(200ms);
    }
    net.run(2s);
    EXPECT_TRUE(net.all_equal("return"));
    for (auto& node : net.nodes()) {
        EXPECT_EQ(node->received.size(), 30u);
        for (const auto& [place, times] : node->received)
            EXPECT_EQ(times, 1u) << node->name << " got batch " << place.number << " again";
    }
}

TEST(Session, RelayAnnouncesAndThePeerAsks) {
    Federation net({"IOM", "FIA", "NGO"});
    net.connect("IOM", "FIA");
    net.connect("FIA", "NGO"); // NGO never meets IOM
    net.run(1s);
    net["IOM"].append("return", 1);
    net.run(150ms);
    EXPECT_EQ(net["NGO"].batches("return"), 1u);
    net.run(1s);
    EXPECT_EQ(net.said("FIA", "NGO"), "hello delta batch");
    EXPECT_EQ(net.said("NGO", "FIA"), "hello want delta");
}

TEST(Session, PeerIsToldAndAsksWhereMuchIsAppendedAtOnce) {
    Federation net({"IOM", "FIA"});
    net.connect("IOM", "FIA");
    net.run(1s);
    net["IOM"].append("return", 200);
    net["IOM"].append("return", 30, 200'000); // beyond what is pushed unconfirmed
    net.run(5s);
    EXPECT_EQ(net["FIA"].batches("return"), 230u);
    EXPECT_GE(net.count("FIA", "IOM", "want"), 1u);
    EXPECT_EQ(net.end("IOM", "FIA").session->status().behind_there, 0u);
    // And afterwards it is pushed to again.
    const auto wants = net.count("FIA", "IOM", "want");
    net["IOM"].append("return", 1);
    net.run(1s);
    EXPECT_EQ(net["FIA"].batches("return"), 231u);
    EXPECT_EQ(net.count("FIA", "IOM", "want"), wants);
}

TEST(Session, AppendsDuringCatchUpArriveOnce) {
    Federation net({"IOM", "FIA"});
    net["IOM"].append("return", 60, 100'000);
    net["FIA"].ingest_time = 50ms;
    net.connect("IOM", "FIA");
    for (int i = 0; i < 40; ++i) {
        net.run(10ms);
        net["IOM"].append("return", 1);
    }
    net.run(20s);
    EXPECT_EQ(net["FIA"].batches("return"), 100u);
    for (const auto& [place, times] : net["FIA"].received) EXPECT_EQ(times, 1u) << place.number;
}

TEST(Session, SlowPeersRangeMovesToAnother) {
    Federation net({"IOM", "FIA", "NGO"});
    net["IOM"].append("return", 10);
    net.connect("IOM", "FIA");
    net.run(1s);
    net.cut("IOM", "FIA");
    net.connect("NGO", "IOM"); // asked first, and then silent
    net.run(16ms);
    net.end("NGO", "IOM").clogged = true;
    net.connect("NGO", "FIA");
    net.run(10s);
    ASSERT_EQ(net.count("NGO", "IOM", "want"), 1u);
    ASSERT_EQ(net.count("NGO", "FIA", "want"), 0u); // one peer at a time
    EXPECT_EQ(net["NGO"].batches("return"), 0u);
    net.run(15s);
    EXPECT_EQ(net.count("NGO", "FIA", "want"), 1u);
    EXPECT_EQ(net["NGO"].batches("return"), 10u);
}

TEST(Session, PeerThatEndsGivesItsRangesBack) {
    Federation net({"IOM", "FIA", "NGO"});
    net["IOM"].append("return", 10);
    net.connect("IOM", "FIA");
    net.run(1s);
    net.connect("NGO", "IOM");
    net.end("NGO", "IOM").cut_after = 1200; // in the middle of the range
    net.run(12ms);
    net.connect("NGO", "FIA");
    net.run(2s);
    EXPECT_FALSE(net.connected("NGO", "IOM"));
    EXPECT_EQ(net["NGO"].batches("return"), 10u);
}

TEST(Session, EmptyPromiseIsForgivenTwiceAndThenThePeerIsClosed) { // H45
    Federation net({"IOM", "FIA"});
    net["IOM"].append("return", 3);
    net.connect("IOM", "FIA");
    // FIA hears heads, pings and all, but no batch: only whole frames that are not batches pass.
    net.run(16ms);
    net.end("FIA", "IOM").clogged = true;
    std::uint64_t nonce = 0;
    for (int i = 0; i < 130 && net.connected("FIA", "IOM"); ++i) {
        Bytes ping;
        wire::encode(wire::Ping{++nonce}, ping); // both are alive all the same
        End& end = net.end("FIA", "IOM");
        end.in_flight.clear();
        net.feed(end, ping);
        net.run(1s);
    }
    ASSERT_TRUE(net.end("FIA", "IOM").closed.has_value())
        << net.said("FIA", "IOM") << " / " << net.said("IOM", "FIA");
    EXPECT_EQ(net.end("FIA", "IOM").closed->reason, ErrorCode::timed_out);
    EXPECT_GE(net.end("FIA", "IOM").closed->do_not_call_before, 30s);
}

TEST(Session, FullDiskStopsAskingAndIsTriedAgain) {
    Federation net({"IOM", "FIA"});
    net["IOM"].append("return", 20);
    bool full = true;
    net["FIA"].refuse = [&](const EncodedBatch&) {
        return full ? std::optional(failure(ErrorCode::storage_full, "no room")) : std::nullopt;
    };
    net.connect("IOM", "FIA");
    net.run(10s);
    EXPECT_TRUE(net.connected("IOM", "FIA"));
    EXPECT_EQ(net["FIA"].batches("return"), 0u);
    EXPECT_LE(net.count("FIA", "IOM", "want"), 6u); // 1, 2, 4 s ... apart
    full = false;
    net.run(20s);
    EXPECT_EQ(net["FIA"].batches("return"), 20u);
}

TEST(Session, SilentPeerIsPingedAndThenClosedWithoutBlame) {
    Federation net({"IOM", "FIA"});
    net.connect("IOM", "FIA");
    net.run(100s);
    EXPECT_TRUE(net.connected("IOM", "FIA")); // pings keep it
    net.end("IOM", "FIA").clogged = true;
    net.run(50s);
    ASSERT_TRUE(net.end("IOM", "FIA").closed.has_value());
    EXPECT_EQ(net.end("IOM", "FIA").closed->reason, ErrorCode::unreachable);
    EXPECT_EQ(net.end("IOM", "FIA").closed->do_not_call_before, 0s);
}

TEST(Session, CharterThatAdvancesBeginsTheSessionAnew) {
    Federation net({"IOM", "FIA"});
    net.connect("IOM", "FIA");
    net.run(1s);
    net["IOM"].use(net.successor());
    net["IOM"].append("return", 1);
    net.run(1s);
    EXPECT_FALSE(net.connected("IOM", "FIA"));
    EXPECT_EQ(net.said("IOM", "FIA"), "hello bye");
    EXPECT_EQ(net.end("IOM", "FIA").closed->do_not_call_before, 0s);
}

// A batch of one event in an incarnation of IOM's log that IOM's node knows nothing of.
BuiltBatch batch_of_iom(Federation& net, const Incarnation& incarnation, std::uint64_t number,
                        const Hash& previous, const char* verb) {
    BatchContext context;
    context.network = net.authority->network();
    context.log = {log_id(context.network, net["IOM"].id, "return"), incarnation};
    context.number = context.first_sequence = number;
    context.previous = previous;
    context.epoch = 1;
    context.charter = net.authority->charter();
    EventDraft draft;
    draft.body.verb = verb;
    SeededEntropy entropy(number);
    std::size_t taken = 0;
    return build_batch(context, net.key("IOM"), entropy, std::span(&draft, 1), taken).value();
}

// A member may begin as many logs as it likes and fork each: who holds the one half and who holds
// the other have to find all of it, and neither is to blame.
TEST(Session, ForksOfVeryManyLogsAreAllFoundAndNobodyIsBlamed) {
    constexpr std::uint32_t many = 1100;
    Federation net({"IOM", "FIA", "NGO"}); // IOM is never met
    for (const char* name : {"FIA", "NGO"}) {
        std::vector<EncodedBatch> half;
        for (std::uint32_t i = 0; i < many; ++i) {
            Incarnation incarnation;
            std::memcpy(incarnation.raw.data(), &i, sizeof i);
            half.push_back(batch_of_iom(net, incarnation, 1, {}, name).encoded);
        }
        net[name].writable().ingest(half);
    }
    net.connect("FIA", "NGO");
    net.run(60s);
    EXPECT_TRUE(net.connected("FIA", "NGO"));
    for (const char* name : {"FIA", "NGO"}) EXPECT_EQ(net[name].log().forks().size(), many) << name;
}

TEST(Session, ForkIsFoundByComparingHeadsAndBothSidesStayConnected) {
    // One key writes in two places: the same log, incarnation and number, other events.
    Federation net({"IOM", "FIA", "NGO"}); // IOM is never met
    Incarnation incarnation;
    incarnation.raw.fill(std::byte{7});
    auto build = [&](const char* text, std::uint64_t number, const Hash& previous) {
        return batch_of_iom(net, incarnation, number, previous, text);
    };
    auto first = build("recorded", 1, {});
    auto left2 = build("left", 2, first.hash), right2 = build("right", 2, first.hash);
    auto left3 = build("left", 3, left2.hash), right3 = build("right", 3, right2.hash);
    auto right4 = build("right", 4, right3.hash);
    auto hold = [&](TestNode& node, std::vector<const BuiltBatch*> batches) {
        std::vector<EncodedBatch> encoded;
        for (auto* batch : batches) encoded.push_back(batch->encoded);
        node.writable().ingest(encoded);
    };
    hold(net["FIA"], {&first, &left2, &left3});
    hold(net["NGO"], {&first, &right2, &right3, &right4});
    net.connect("FIA", "NGO");
    net.run(30s);
    EXPECT_TRUE(net.connected("FIA", "NGO"));
    for (const char* name : {"FIA", "NGO"}) { // both close the log after the common prefix
        EXPECT_EQ(net[name].log().forks().size(), 1u) << name;
        const Frontier frontier = net[name].log().frontier("return");
        ASSERT_EQ(frontier.size(), 1u);
        EXPECT_EQ(frontier[0].head.number, 1u) << name;
        EXPECT_TRUE(frontier[0].head.forked) << name;
    }
}

} // namespace
} // namespace safar::testing

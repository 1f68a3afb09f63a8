#include "registry_fixture.hpp"

#include <atomic>

namespace safar {
namespace {

using namespace testing;

// Seconds since 1970 that a test moves by hand.
struct HandClock {
    std::shared_ptr<std::atomic<std::int64_t>> ms =
        std::make_shared<std::atomic<std::int64_t>>(1'700'000'000'000);
    [[nodiscard]] JournalMarks::Clock clock() const {
        return [ms = ms] {
            return std::chrono::system_clock::time_point(std::chrono::milliseconds(ms->load()));
        };
    }
    void pass(std::int64_t milliseconds) { *ms += milliseconds; }
    [[nodiscard]] ClaimedTime now() const { return {ms->load() * 1000}; }
};

class Marks : public ::testing::Test {
protected:
    HandClock hands;
    Network network;
    HeldCharter charter = registry_charter(network);
    TestNode node{network.iom, charter, hands.clock()};
    TestNode other{network.fia, charter};

    [[nodiscard]] std::optional<KnownThen> known(ClaimedTime at) const {
        return value_of(node.node->marks().known_at(at));
    }
    [[nodiscard]] Position position(ClaimedTime at) const {
        auto then = known(at);
        EXPECT_TRUE(then.has_value());
        return then ? then->position : 0;
    }
};

TEST_F(Marks, BeforeTheFirstMarkNothingIsKnown) {
    EXPECT_FALSE(known({hands.now().microseconds - 1}).has_value());
    EXPECT_EQ(position(hands.now()), 0u);
}

TEST_F(Marks, WhatCameLaterWasNotKnownThen) {
    hands.pass(5000);
    const ClaimedTime before = {hands.now().microseconds - 1};
    node.create({{"name", "Amina"}});
    const ClaimedTime first = hands.now();
    hands.pass(5000);
    other.create({{"name", "Bilal"}});
    other.send_to(node);
    EXPECT_EQ(position(before), 0u);
    EXPECT_EQ(position(first), 1u);
    EXPECT_EQ(position({hands.now().microseconds - 1}), 1u);
    EXPECT_EQ(position(hands.now()), 2u);
    EXPECT_EQ(known(first)->batches.size(), 1u);
    EXPECT_EQ(known(hands.now())->batches.size(), 2u);
}

TEST_F(Marks, AtMostOneASecondAndNeverEarly) {
    hands.pass(5000);
    node.create({{"name", "a"}});
    hands.pass(300);
    node.create({{"name", "b"}});
    const ClaimedTime second = hands.now();
    hands.pass(300);
    node.create({{"name", "c"}}); // stands for b too
    const ClaimedTime third = hands.now();
    hands.pass(60'000);
    node.create({{"name", "d"}});
    EXPECT_EQ(position(second), 1u); // imprecise by less than a second, and late
    EXPECT_EQ(position(third), 3u);
    EXPECT_EQ(position({hands.now().microseconds - 1}), 3u);
    EXPECT_EQ(position(hands.now()), 4u);
}

TEST_F(Marks, AreThereAfterARestartOverManyChunks) {
    std::vector<std::pair<ClaimedTime, Position>> told;
    for (int i = 1; i <= 300; ++i) {
        hands.pass(2000);
        node.create({{"name", "n" + std::to_string(i)}});
        told.emplace_back(hands.now(), node.log->last_position());
    }
    const RunName run = value_of(node.node->marks().run_of(5));
    node.node->stop();
    hands.pass(2000);
    JournalMarks again(*node.log, hands.clock());
    SeededEntropy entropy(7);
    ASSERT_TRUE(again.begin(entropy).has_value());
    for (const auto& [at, position] : told) {
        EXPECT_EQ(value_of(again.known_at(at))->position, position);
        EXPECT_EQ(value_of(again.known_at({at.microseconds - 1}))->position, position - 1);
        EXPECT_EQ(value_of(again.known_at(at))->batches.at(1), position);
    }
    EXPECT_EQ(value_of(again.run_of(5)), run);
    EXPECT_EQ(value_of(again.run_of(300)), run);
    EXPECT_NE(value_of(again.run_of(301)), run);
}

TEST_F(Marks, AClockSetBackDoesNotMakeThePastLater) {
    hands.pass(5000);
    node.create({{"name", "a"}});
    const ClaimedTime high = hands.now();
    hands.pass(-3'600'000);
    node.create({{"name", "b"}});
    hands.pass(2000);
    node.create({{"name", "c"}});
    EXPECT_EQ(position(high), 3u);
    EXPECT_EQ(position({high.microseconds - 1}), 0u);
}

TEST_F(Marks, ARunInWhichNothingCameLeavesNoName) {
    node.create({{"name", "a"}});
    const RunName run = value_of(node.node->marks().run_of(1));
    node.node->stop();
    SeededEntropy entropy(7);
    JournalMarks second(*node.log, hands.clock()), third(*node.log, hands.clock());
    ASSERT_TRUE(second.begin(entropy).has_value());
    const RunName idle = value_of(second.run_of(2));
    ASSERT_TRUE(third.begin(entropy).has_value());
    EXPECT_EQ(value_of(third.run_of(1)), run);
    EXPECT_NE(value_of(third.run_of(2)), idle);
}

} // namespace
} // namespace safar

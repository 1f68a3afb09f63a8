#include "sync/peer/backoff.hpp"
#include "sync/peer/plan.hpp"
#include "sync/peer/quota.hpp"

#include <gtest/gtest.h>

namespace safar {
namespace {

using namespace std::chrono_literals;

LogName log_named(std::uint8_t n) {
    LogName log;
    log.id.raw.fill(std::byte{n});
    return log;
}
NodeId peer_named(std::uint8_t n) {
    NodeId id;
    id.raw.fill(std::byte{n});
    return id;
}

TEST(RangePlan, OnePeerIsAskedForALogAtATime) {
    RangePlan plan;
    EXPECT_TRUE(plan.lease(log_named(1), peer_named(1), 0s, 20s));
    EXPECT_FALSE(plan.lease(log_named(1), peer_named(2), 19s, 40s));
    EXPECT_TRUE(plan.lease(log_named(2), peer_named(2), 19s, 40s));
    EXPECT_EQ(plan.holder(log_named(1), 19s), peer_named(1));
    EXPECT_EQ(plan.holder(log_named(1), 20s), std::nullopt);
    EXPECT_TRUE(plan.lease(log_named(1), peer_named(2), 20s, 40s)); // it ran out
    plan.extend(log_named(1), peer_named(1), 99s);                  // not its own any more
    plan.release(log_named(1), peer_named(1));
    EXPECT_EQ(plan.holder(log_named(1), 39s), peer_named(2));
    plan.release_all(peer_named(2));
    EXPECT_EQ(plan.holder(log_named(1), 39s), std::nullopt);
}

TEST(RangePlan, BatchesOnTheWayAreForgottenWhenRefusedOrTheSessionEnds) {
    RangePlan plan;
    plan.submitted(log_named(1), 4, peer_named(1));
    plan.submitted(log_named(1), 7, peer_named(1));
    plan.settled(log_named(1), 4, /*held=*/true);
    EXPECT_EQ(plan.on_the_way(log_named(1)), 7u);
    plan.settled(log_named(1), 5, /*held=*/false);
    EXPECT_EQ(plan.on_the_way(log_named(1)), 0u);
    plan.submitted(log_named(1), 5, peer_named(1));
    plan.release_all(peer_named(1));
    EXPECT_EQ(plan.on_the_way(log_named(1)), 0u);
}

TEST(Backoff, NetworkFailuresAreRetriedSoonWithJitter) {
    for (std::uint64_t random : {0ull, 1ull, 12345678901234567ull, ~0ull}) {
        Backoff backoff;
        NodeTime now = 100s;
        for (int i = 0; i < 50; ++i) {
            backoff.failed(now, random);
            EXPECT_GE(backoff.call_at() - now, 200ms);
            EXPECT_LE(backoff.call_at() - now, 5s);
            now = backoff.call_at();
        }
        EXPECT_FALSE(backoff.is_blamed());
    }
    Backoff once;
    once.failed(0s, 0);
    EXPECT_EQ(once.call_at(), 200ms);
}

TEST(Backoff, BlameDoublesFromThirtySecondsToAnHour) {
    Backoff backoff;
    NodeTime now = 0s;
    std::vector<NodeTime> waits;
    for (int i = 0; i < 10; ++i) {
        backoff.blamed(now, 30s);
        waits.push_back(backoff.call_at() - now);
        now = backoff.call_at();
    }
    EXPECT_EQ(waits[0], 30s);
    EXPECT_EQ(waits[1], 60s);
    EXPECT_EQ(waits[9], 1h);
    backoff.worked(); // a session that was ready does not undo blame
    EXPECT_TRUE(backoff.is_blamed());
    backoff.forgive();
    backoff.blamed(now, 0s);
    EXPECT_EQ(backoff.call_at() - now, 30s);
}

TEST(TokenBucket, DelaysAndNeverDrops) {
    TokenBucket bucket(100, 200, 10s);
    bucket.charge(200, 10s);
    EXPECT_EQ(bucket.free_at(10s), 10s); // the burst is free
    bucket.charge(50, 10s);
    EXPECT_GE(bucket.free_at(10s), 10s + 500ms);
    EXPECT_LE(bucket.free_at(10s), 10s + 501ms);
    EXPECT_EQ(bucket.free_at(11s), 11s);
    bucket.charge(1, 1'000'000s); // long silence fills it to the burst and no further
    EXPECT_EQ(bucket.free_at(1'000'000s), 1'000'000s);
    bucket.charge(200, 1'000'000s);
    EXPECT_GT(bucket.free_at(1'000'000s), 1'000'000s);
}

TEST(TokenBucket, ManySmallChargesRefillAtTheStatedRate) {
    TokenBucket bucket(1000, 10, 0s);
    NodeTime now = 0s;
    for (int i = 0; i < 10'000; ++i) { // one token each time it is free: as fast as it allows
        bucket.charge(1, now);
        now = bucket.free_at(now);
    }
    EXPECT_GE(now, 9'900ms);
    EXPECT_LE(now, 10'500ms);
}

} // namespace
} // namespace safar

#include "sync/peer/backoff.hpp"

#include <gtest/gtest.h>

namespace safar {
namespace {

using namespace std::chrono_literals;

TEST(Backoff, BlameDoublesUpToAnHour) {
    Backoff backoff;
    NodeTime now{0};
    for (auto expected : {30s, 60s, 120s, 240s, 480s, 960s, 1920s, 3600s, 3600s}) {
        backoff.blamed(now, 30s);
        EXPECT_EQ(backoff.call_at() - now, expected);
        now = backoff.call_at();
    }
    EXPECT_TRUE(backoff.is_blamed());
}

// Two honest nodes on a bad line time each other out again and again; when the line is good they
// must meet.
TEST(Backoff, WhoWasTooSlowWaitsThirtySecondsHoweverOften) {
    Backoff backoff;
    NodeTime now{0};
    for (int i = 0; i < 20; ++i) {
        backoff.rested(now, 30s);
        EXPECT_EQ(backoff.call_at() - now, 30s);
        now = backoff.call_at();
    }
    EXPECT_FALSE(backoff.is_blamed());
}

} // namespace
} // namespace safar

// Notices reach everybody, whatever compartments they hold, and cost nothing where nothing is new.
#include "tests/unit/sync/session/harness.hpp"

#include <gtest/gtest.h>

namespace safar::testing {
namespace {

TEST(Notices, TravelBothWaysAtTheBeginningAndNewOnesLive) {
    Federation net({{"IOM"}, {"FIA"}});
    net["IOM"].note("IOM suspends UKF");
    net["FIA"].note("FIA has seen a fork");
    net.connect("IOM", "FIA");
    net.run(2s);
    EXPECT_EQ(net["IOM"].noticed, net["FIA"].noticed);
    EXPECT_EQ(net["IOM"].noticed.size(), 2u);
    net["FIA"].note("one more");
    net.run(2s);
    EXPECT_EQ(net["IOM"].noticed.size(), 3u);
    EXPECT_TRUE(net.connected("IOM", "FIA"));
}

TEST(Notices, ReachNodesThatShareNoCompartmentWithTheirAuthor) {
    Federation net({{"IOM", {"return"}}, {"FIA", {"return", "movement"}}, {"UKF", {"movement"}}});
    net.connect("IOM", "FIA");
    net.connect("FIA", "UKF");
    net["IOM"].note("a rival epoch");
    net.run(2s);
    EXPECT_EQ(net["UKF"].noticed.size(), 1u);
}

TEST(Notices, EqualSetsAreNotSaidAgain) {
    Federation net({{"IOM"}, {"FIA"}});
    net["IOM"].note("known to both");
    net["FIA"].note("known to both");
    net.connect("IOM", "FIA");
    net.run(2s);
    EXPECT_EQ(net.said("IOM", "FIA"), "hello");
    EXPECT_EQ(net.said("FIA", "IOM"), "hello");
}

TEST(Notices, MoreThanAreAskedForAtOnceAllArrive) {
    Federation net({{"IOM"}, {"FIA"}});
    for (int i = 0; i < 200; ++i) net["IOM"].note("notice " + std::to_string(i));
    net.connect("IOM", "FIA");
    net.run(5s);
    EXPECT_EQ(net["FIA"].noticed.size(), 200u);
}

TEST(Notices, ALieEndsTheSessionAndIsNotKept) {
    Federation net({{"IOM"}, {"FIA"}});
    net["IOM"].note("lie about FIA");
    net.connect("IOM", "FIA");
    net.run(2s);
    EXPECT_FALSE(net.connected("IOM", "FIA"));
    EXPECT_TRUE(net["FIA"].noticed.empty());
}

} // namespace
} // namespace safar::testing

// An observer gets headers and counts: the same frontier as the others, and no body on the way.
#include "harness.hpp"

#include "storage/event/bare.hpp"

#include <gtest/gtest.h>

namespace safar {
namespace {

using namespace testing;

bool holds_bodies(TestNode& node) {
    const auto entries = node.log().read_journal(0, 1000).value();
    return std::any_of(entries.begin(), entries.end(), [](const JournalEntry& entry) {
        return has_bodies(open_batch(entry.batch->bytes, LeafCheck::compute).value());
    });
}

TEST(SessionWithAnObserver, CatchesUpAndFollowsWithoutBodies) {
    Federation net({{"IOM"}, {"FIA"}, {"UKF", {"return"}, /*observes=*/true}});
    net["IOM"].append("return", 40, 3000);
    net["FIA"].append("return", 3);
    net.connect("IOM", "FIA");
    net.connect("UKF", "IOM");
    net.run(2s);
    EXPECT_TRUE(net.all_equal("return"));
    const auto caught_up = net.end("UKF", "IOM").delivered;
    EXPECT_LT(caught_up, 43u * 1000) << "3000 bytes of text a batch would not fit";
    net["IOM"].append("return", 5, 3000); // pushed
    net.run(1s);
    EXPECT_TRUE(net.all_equal("return"));
    EXPECT_LT(net.end("UKF", "IOM").delivered - caught_up, 5u * 1000);
    EXPECT_FALSE(holds_bodies(net["UKF"]));
    EXPECT_TRUE(holds_bodies(net["FIA"]));
    EXPECT_TRUE(net.connected("UKF", "IOM"));
}

// Credit is counted in bytes as sent: were it counted in bodies, the range would end in silence.
TEST(SessionWithAnObserver, GetsMoreThanAWindowOfBodiesWithoutAPause) {
    Federation net({{"IOM"}, {"UKF", {"return"}, true}});
    net["IOM"].append("return", 300, 40'000); // 12 MB
    net.connect("IOM", "UKF");
    net.run(5s);
    EXPECT_TRUE(net.all_equal("return"));
    EXPECT_FALSE(holds_bodies(net["UKF"]));
}

TEST(SessionWithAnObserver, TwoObserversPassHeadersOn) {
    Federation net({{"IOM"}, {"UKF", {"return"}, true}, {"NGO", {"return"}, true}});
    net["IOM"].append("return", 10);
    net.connect("IOM", "UKF");
    net.run(1s);
    net.connect("UKF", "NGO");
    net.run(1s);
    EXPECT_TRUE(net.all_equal("return"));
    EXPECT_FALSE(holds_bodies(net["NGO"]));
}

TEST(SessionWithAnObserver, WhoIsToHoldBodiesAsksItForNothingAndStaysConnected) {
    Federation net({{"IOM"}, {"FIA"}, {"UKF", {"return"}, true}});
    net["IOM"].append("return", 10);
    net.connect("IOM", "UKF");
    net.run(1s);
    net.cut("IOM", "UKF");
    net.connect("UKF", "FIA");
    net["FIA"].append("return", 2);
    net.run(60s);
    EXPECT_EQ(net.count("FIA", "UKF", "want"), 0u);
    EXPECT_TRUE(net.connected("FIA", "UKF"));
    EXPECT_TRUE(net["FIA"].log().head({log_id(net.authority->network(), net["IOM"].id, "return"),
                                       {}}) == std::nullopt);
    net.connect("IOM", "FIA");
    net.run(2s);
    EXPECT_TRUE(net.all_equal("return"));
    EXPECT_TRUE(holds_bodies(net["FIA"]));
    EXPECT_FALSE(holds_bodies(net["UKF"]));
}

} // namespace
} // namespace safar

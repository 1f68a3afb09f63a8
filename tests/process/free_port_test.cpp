#include "tests/free_port.hpp"

#include <gtest/gtest.h>
#include <memory>
#include <set>

namespace safar {
namespace {

TEST(FreePort, IsBelowThoseOfOutgoingConnectionsAndGivenOnce) {
    const int outgoing = FreePorts::outgoing();
    if (outgoing < 12'000) GTEST_SKIP() << "outgoing connections begin at port " << outgoing;
    std::set<int> given;
    for (int i = 0; i < 300; ++i) given.insert(free_port());
    EXPECT_EQ(given.size(), 300u);
    EXPECT_GE(*given.begin(), FreePorts::lowest);
    EXPECT_LT(*given.rbegin(), outgoing) << "a call may take it while its node is down";
}

// As many as may be running at once, and each of these begins at a place of its own choice.
TEST(FreePort, IsNotGivenToTwoPrograms) {
    std::vector<std::unique_ptr<FreePorts>> programs;
    std::set<int> given;
    const auto count = static_cast<std::size_t>(FreePorts::shares() / 2);
    for (std::size_t i = 0; i < count; ++i) {
        programs.push_back(std::make_unique<FreePorts>());
        given.insert(programs.back()->next());
    }
    EXPECT_EQ(given.size(), count);
}

} // namespace
} // namespace safar

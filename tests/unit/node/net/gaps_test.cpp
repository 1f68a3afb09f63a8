#include "net_fixture.hpp"

namespace safar {
namespace {

using namespace testing;

TEST(PeerGaps, KeepTheirAgeOverSessionsAndStayWhenThePeerIsGone) {
    LocalNetwork network;
    RunningNode mofa{network.mofa, network.charter, network.address(1)};
    mofa.host().stores_nothing = true;
    auto iom = std::make_unique<RunningNode>(network.iom, network.charter, network.address(0));
    iom->append("movement", 5);
    const auto gaps = [&] { return mofa.peer(network.iom).gaps; };
    ASSERT_TRUE(eventually([&] { return gaps().size() == 1; }));
    const auto since = gaps()[0].since;
    EXPECT_EQ(gaps()[0].theirs, 1u);
    EXPECT_EQ(gaps()[0].ours, 0u);
    EXPECT_EQ(gaps()[0].log, iom->host().log().frontier("movement").at(0).log);

    // Another session says the same: it is no younger for that. Until it has, what was known stays.
    std::this_thread::sleep_for(milliseconds(500));
    const auto before = mofa.peer(network.iom).since;
    mofa.net().on_charter_change();
    bool always = true;
    ASSERT_TRUE(eventually([&] {
        const PeerStatus now = mofa.peer(network.iom);
        always = always && now.gaps.size() == 1;
        return now.since != before && now.session.ready && now.session.behind.size() == 1;
    }));
    EXPECT_TRUE(always);
    const auto age = gaps().at(0).since - since;
    EXPECT_LT(std::chrono::abs(age), milliseconds(200));

    iom.reset();
    ASSERT_TRUE(eventually([&] { return mofa.peer(network.iom).state != "connected"; }));
    ASSERT_EQ(gaps().size(), 1u);
    EXPECT_LT(std::chrono::abs(gaps()[0].since - since), milliseconds(200));
}

} // namespace
} // namespace safar

#include "tls_client.hpp"

namespace safar {
namespace {

using namespace testing;

std::uint64_t now_seconds() {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(
                                          std::chrono::system_clock::now().time_since_epoch())
                                          .count());
}

TEST(PeerMaintenance, IsToldToWhoIsThereAndToWhoComesLaterAndOutlivesTheSession) {
    LocalNetwork network;
    auto iom = std::make_unique<RunningNode>(network.iom, network.charter, network.address(0));
    RunningNode mofa{network.mofa, network.charter, network.address(1)};
    ASSERT_TRUE(
        eventually([&] { return mofa.connected(network.iom) && iom->connected(network.mofa); }));
    EXPECT_FALSE(mofa.peer(network.iom).maintenance);
    const wire::Maintenance notice{now_seconds() - 1, now_seconds() + 600, "a new disk"};
    iom->net().announce(notice);
    ASSERT_TRUE(eventually([&] { return mofa.peer(network.iom).maintenance == notice; }));
    RunningNode fia{network.fia, network.charter, network.address(2)};
    ASSERT_TRUE(eventually([&] { return fia.peer(network.iom).maintenance == notice; }));
    EXPECT_TRUE(mofa.connected(network.iom)) << "a notice ends no session";
    EXPECT_FALSE(mofa.peer(network.fia).maintenance);

    iom.reset();
    ASSERT_TRUE(eventually([&] { return mofa.peer(network.iom).state != "connected"; }));
    EXPECT_TRUE(in_maintenance(mofa.peer(network.iom), std::chrono::system_clock::now()));
    EXPECT_FALSE(in_maintenance(mofa.peer(network.iom),
                                std::chrono::system_clock::now() + std::chrono::hours(1)));
    EXPECT_FALSE(in_maintenance(mofa.peer(network.iom),
                                std::chrono::system_clock::now() - std::chrono::hours(1)));
}

TEST(PeerMaintenance, IsWithdrawn) {
    LocalNetwork network;
    RunningNode iom{network.iom, network.charter, network.address(0)};
    RunningNode mofa{network.mofa, network.charter, network.address(1)};
    iom.net().announce(wire::Maintenance{now_seconds(), now_seconds() + 600, "a new disk"});
    ASSERT_TRUE(eventually([&] { return mofa.peer(network.iom).maintenance.has_value(); }));
    iom.net().announce(std::nullopt);
    ASSERT_TRUE(eventually([&] { return !mofa.peer(network.iom).maintenance.has_value(); }));
}

// The newest counts, and the log is no place that a peer may fill.
TEST(PeerMaintenance, ThatChangesWithoutEndMakesAFewLinesOfTheLog) {
    const std::string lines = logged([] {
        LocalNetwork network;
        NetOptions deaf;
        deaf.dial = false;
        RunningNode iom(network.iom, network.charter, network.address(0), deaf);
        TlsClient mofa(network.ports[0], {.key = &network.mofa.tls});
        Bytes said = greeting(network, network.mofa);
        for (int i = 0; i < 500; ++i) {
            wire::encode(wire::Maintenance{now_seconds(), now_seconds() + 600, std::to_string(i)},
                         said);
            wire::encode(wire::Maintenance{}, said);
            wire::encode(wire::Maintenance{}, said);
        }
        wire::encode(wire::Maintenance{now_seconds(), now_seconds() + 600, "the last"}, said);
        ASSERT_TRUE(mofa.say(said));
        EXPECT_TRUE(eventually([&] {
            const auto last = iom.peer(network.mofa).maintenance;
            return last && last->why == "the last";
        }));
    });
    EXPECT_GE(std::ranges::count(lines, '\n'), 2);
    EXPECT_LE(std::ranges::count(lines, '\n'), 16) << lines.substr(0, 4000);
}

} // namespace
} // namespace safar

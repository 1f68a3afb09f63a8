#include "tls_client.hpp"

#include <netinet/tcp.h>

namespace safar {
namespace {

using namespace testing;

class TwoNodes : public ::testing::Test {
protected:
    LocalNetwork network;
    // Only these two run; the others are listed and out of reach.
    RunningNode iom{network.iom, network.charter, network.address(0)};
    RunningNode mofa{network.mofa, network.charter, network.address(1)};

    bool same(const std::string& compartment) {
        return iom.host().digest(compartment) == mofa.host().digest(compartment);
    }
};

TEST_F(TwoNodes, CatchUpBothWaysAndThenHearOfEachNewEvent) {
    iom.append("movement", 3000);
    mofa.append("protection", 700);
    Hash empty = frontier_digest({});
    ASSERT_TRUE(eventually([&] { return same("movement") && same("protection"); }));
    EXPECT_NE(mofa.host().digest("movement"), empty);
    EXPECT_NE(iom.host().digest("protection"), empty);
    for (int round = 0; round < 20; ++round) {
        (round % 2 == 0 ? iom : mofa).append("movement", 1);
        ASSERT_TRUE(eventually([&] { return same("movement"); })) << "round " << round;
    }
    EXPECT_GE(iom.peer(network.mofa).session.events_out, 3000u);
}

TEST_F(TwoNodes, KeepOneConnectionAlthoughBothDial) {
    ASSERT_TRUE(
        eventually([&] { return iom.connected(network.mofa) && mofa.connected(network.iom); }));
    // Whatever duplicates there were have ended by now; what is left must last.
    std::this_thread::sleep_for(milliseconds(700));
    auto since = iom.peer(network.mofa).since;
    std::uint64_t accepted = iom.net().door().accepted + mofa.net().door().accepted;
    std::this_thread::sleep_for(milliseconds(700));
    EXPECT_EQ(iom.peer(network.mofa).since, since);
    EXPECT_EQ(iom.net().door().accepted + mofa.net().door().accepted, accepted);
    EXPECT_TRUE(iom.connected(network.mofa) && mofa.connected(network.iom));
}

// A small frame must not wait for the acknowledgement of the one before.
TEST_F(TwoNodes, SendSmallFramesAtOnce) {
    ASSERT_TRUE(
        eventually([&] { return iom.connected(network.mofa) && mofa.connected(network.iom); }));
    int connections = 0;
    for (int handle = 0; handle < 1024; ++handle) {
        sockaddr_storage peer{};
        socklen_t peer_size = sizeof peer;
        if (::getpeername(handle, reinterpret_cast<sockaddr*>(&peer), &peer_size) != 0 ||
            peer.ss_family != AF_INET)
            continue;
        int set = 0;
        socklen_t size = sizeof set;
        ASSERT_EQ(::getsockopt(handle, IPPROTO_TCP, TCP_NODELAY, &set, &size), 0);
        EXPECT_NE(set, 0);
        ++connections;
    }
    EXPECT_GE(connections, 2); // both ends are in this process
}

TEST_F(TwoNodes, UnreachablePeersWaitAndSayWhy) {
    ASSERT_TRUE(eventually([&] {
        return iom.peer(network.fia).state == "waiting" && !iom.peer(network.fia).why.empty();
    }));
    EXPECT_NE(iom.peer(network.fia).why.find(network.address(2)), std::string::npos);
    const auto peers = value_of(iom.net().peers());
    ASSERT_EQ(peers.size(), 3u);
    EXPECT_EQ(peers[0].agency, "MOFA");
    EXPECT_EQ(peers[0].address, network.address(1));
}

// It is called again and again; what an operator asks is since when it is away.
TEST_F(TwoNodes, SinceWhenAPeerIsAwayDoesNotMoveWithEachCall) {
    const auto since = iom.peer(network.fia).since;
    ASSERT_TRUE(eventually([&] { return iom.peer(network.mofa).compared; }));
    const auto stood = iom.peer(network.mofa).since;
    std::this_thread::sleep_for(milliseconds(1500));
    EXPECT_EQ(iom.peer(network.fia).since, since);
    mofa.net().stop();
    ASSERT_TRUE(eventually([&] { return iom.peer(network.mofa).state != "connected"; }));
    const auto lost = iom.peer(network.mofa).since;
    EXPECT_GT(lost, stood);
    std::this_thread::sleep_for(milliseconds(1000));
    EXPECT_EQ(iom.peer(network.mofa).since, lost);
}

TEST_F(TwoNodes, ANetworkThreadThatIsBusyIsNotANetworkWithoutPeers) {
    ASSERT_TRUE(eventually([&] { return iom.connected(network.mofa); }));
    iom.host().holds_up = true;
    iom.net().on_charter_change();
    const auto peers = iom.net().peers();
    const auto statements = iom.net().statements();
    iom.host().holds_up = false;
    ASSERT_FALSE(peers.has_value());
    EXPECT_EQ(peers.error().code, ErrorCode::busy);
    EXPECT_FALSE(statements.has_value());
    EXPECT_TRUE(eventually([&] { return iom.net().peers().has_value(); }));
}

TEST_F(TwoNodes, ARestartedPeerIsFoundAgain) {
    ASSERT_TRUE(eventually([&] { return iom.connected(network.mofa); }));
    mofa.net().stop();
    ASSERT_TRUE(eventually([&] { return iom.peer(network.mofa).state != "connected"; }));
    iom.append("movement", 300);
    RunningNode again(network.mofa, network.charter, network.address(1));
    ASSERT_TRUE(eventually(
        [&] { return iom.host().digest("movement") == again.host().digest("movement"); }));
}

TEST_F(TwoNodes, WhoLeavesTheCharterIsDroppedAndWhoStaysIsKept) {
    RunningNode fia(network.fia, network.charter, network.address(2));
    ASSERT_TRUE(
        eventually([&] { return iom.connected(network.mofa) && iom.connected(network.fia); }));
    iom.host().set_charter(LocalNetwork::charter_of({&network.iom, &network.mofa, &network.ukf}));
    iom.net().on_charter_change();
    ASSERT_TRUE(eventually([&] { return iom.peers().size() == 2u; }));
    ASSERT_TRUE(eventually([&] { return fia.peer(network.iom).state != "connected"; }));
    ASSERT_TRUE(eventually([&] { return iom.peer(network.mofa).state == "connected"; }));
}

TEST_F(TwoNodes, StopIsBoundedInTheMidstOfWork) {
    iom.append("movement", 20'000);
    Socket silent(network.ports[0]);
    ASSERT_TRUE(eventually([&] { return mofa.peer(network.iom).session.batches_in > 0; }));
    auto begin = std::chrono::steady_clock::now();
    std::thread other([&] { iom.net().stop(); }); // two at once are harmless
    iom.net().stop();
    other.join();
    mofa.net().stop();
    // The silent one could go on for ten seconds.
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(8));
    EXPECT_TRUE(silent.ends());
    EXPECT_NE(iom.peer(network.mofa).state, "connected");
    iom.net().on_local_change(); // harmless
    iom.net().on_charter_change();
}

// Only IOM listens where the charter says; what MOFA writes reaches UKF through it.
TEST(PeerNet, NodesThatCannotReachEachOtherMeetThroughAThird) {
    LocalNetwork network;
    RunningNode mofa(network.mofa, network.charter, "127.0.0.1:0");
    RunningNode ukf(network.ukf, network.charter, "127.0.0.1:0");
    RunningNode iom(network.iom, network.charter, network.address(0));
    auto same = [&] { return ukf.host().digest("movement") == mofa.host().digest("movement"); };
    mofa.append("movement", 100);
    ASSERT_TRUE(eventually([&] { return ukf.connected(network.iom) && same(); }));
    mofa.append("movement", 1);
    ASSERT_TRUE(eventually(same));
    EXPECT_NE(ukf.peer(network.mofa).state, "connected");
    EXPECT_EQ(ukf.host().digest("protection"), frontier_digest({}));
}

TEST(PeerNet, AnotherNodeAtAPeersAddressIsNotTakenForIt) {
    LocalNetwork network;
    NetOptions deaf;
    deaf.dial = false;
    RunningNode fia(network.fia, network.charter, network.address(1), deaf); // at MOFA's address
    RunningNode iom(network.iom, network.charter, network.address(0));
    ASSERT_TRUE(eventually([&] {
        return iom.peer(network.mofa).why.find("answers at this address") != std::string::npos;
    })) << iom.peer(network.mofa).why;
    EXPECT_NE(iom.peer(network.mofa).state, "connected");
}

TEST(PeerNet, ATakenOrUnusableAddressIsSaid) {
    LocalNetwork network;
    Identity self = network.iom.identity();
    FakeHost host(self, network.charter);
    auto first = value_of(PeerNet::start(self, "127.0.0.1:0", host));
    ASSERT_NE(first->port(), 0);
    auto second = PeerNet::start(self, "127.0.0.1:" + std::to_string(first->port()), host);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::unreachable);
    EXPECT_NE(second.error().detail.find("listen"), std::string::npos);
    EXPECT_EQ(PeerNet::start(self, "nonsense", host).error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(PeerNet::start(self, "127.0.0.1:70000", host).error().code,
              ErrorCode::invalid_argument);
}

TEST(PeerNet, AnAnswerOfTheHostThatComesAfterTheEndIsIgnored) {
    LocalNetwork network;
    RunningNode mofa(network.mofa, network.charter, network.address(1));
    Identity self = network.iom.identity();
    FakeHost host(self, network.charter);
    std::mutex gate;
    std::unique_lock held(gate);
    host.later([&] { std::lock_guard wait(gate); }); // the log thread is busy
    auto net = value_of(PeerNet::start(self, network.address(0), host));
    mofa.append("movement", 500);
    ASSERT_TRUE(eventually([&] {
        auto peers = answered([&] { return net->peers(); });
        return !peers.empty() && peers[0].session.batches_in > 0;
    }));
    net.reset();
    held.unlock(); // now it answers
}

// Of who has not said what it holds nothing is known, also not that both hold the same.
TEST(PeerNet, APeerIsComparedOnlyOnceItHasSaidWhatItHolds) {
    LocalNetwork network;
    NetOptions deaf;
    deaf.dial = false;
    RunningNode iom(network.iom, network.charter, network.address(0), deaf);
    TlsClient mofa(network.ports[0], {.key = &network.mofa.tls});
    ASSERT_TRUE(eventually([&] { return iom.peer(network.mofa).state == "connected"; }));
    EXPECT_FALSE(iom.peer(network.mofa).compared);
    ASSERT_TRUE(mofa.say(greeting(network, network.mofa)));
    ASSERT_TRUE(eventually([&] { return iom.peer(network.mofa).session.ready; }));
    EXPECT_EQ(iom.peer(network.mofa).session.behind_here, 0u);
    EXPECT_FALSE(iom.peer(network.mofa).compared);
}

TEST(PeerNet, WhatAPeerSaysMakesNoLineOfTheLogAndDrivesNoTerminal) {
    const std::string lines = logged([] {
        LocalNetwork network;
        NetOptions deaf;
        deaf.dial = false;
        RunningNode iom(network.iom, network.charter, network.address(0), deaf);
        TlsClient mofa(network.ports[0], {.key = &network.mofa.tls});
        Bytes said = greeting(network, network.mofa);
        wire::encode(wire::ErrorFrame{"busy", "\"\ntime=x level=error event=refused\x1b[2J"}, said);
        ASSERT_TRUE(mofa.say(said));
        ASSERT_TRUE(eventually([&] { return !iom.peer(network.mofa).why.empty(); }));
    });
    EXPECT_NE(lines.find("event=refused"), std::string::npos) << lines;
    EXPECT_EQ(lines.find("\ntime=x"), std::string::npos) << lines;
    EXPECT_EQ(lines.find('\x1b'), std::string::npos) << lines;
    EXPECT_NE(lines.find("\\\" time=x"), std::string::npos) << lines;
}

} // namespace
} // namespace safar

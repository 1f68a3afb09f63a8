// A key that a later epoch has replaced, perhaps because it was stolen: it still hears the charter,
// and takes nothing from its rightful owner.
#include "tls_client.hpp"

#include <csignal>

namespace safar {
namespace {

using namespace testing;

Member with_new_key(const Member& member, const std::string& address) {
    Member out(member.agency, member.seed);
    out.tls = seeded_key(4711);
    out.enrolment = make_enrolment(out.agency, "The " + out.agency, address, out.signing, out.tls);
    return out;
}

class FormerKey : public ::testing::Test {
protected:
    void SetUp() override { std::signal(SIGPIPE, SIG_IGN); } // of the test's own clients

    static NetOptions quiet() {
        NetOptions out;
        out.dial = false;
        out.half_open_per_address_max = 1;
        return out;
    }
    void replace_the_key() {
        iom.host().set_charter(
            LocalNetwork::charter_of({&network.iom, &mofa, &network.fia, &network.ukf}));
        iom.net().on_charter_change();
    }

    LocalNetwork network;
    Member mofa = with_new_key(network.mofa, network.address(1));
    RunningNode iom{network.iom, network.charter, "127.0.0.1:0", quiet()};
    std::uint16_t port = iom.net().port();
    ClientSettings thief{.key = &network.mofa.tls};
    const Bytes hello = greeting(network, network.mofa);
    Hash nothing_shared = wire::shared_digest({});

    [[nodiscard]] static Hash shared(TlsClient& client) {
        const auto said = client.hear(wire::FrameType::hello);
        return said ? value_of(wire::decode<wire::Hello>(*said)).shared : Hash{};
    }
};

TEST_F(FormerKey, NeitherTakesThePlaceOfTheNodeWithTheNewOneNorBringsBlameOnIt) {
    replace_the_key();
    TlsClient rightful(port, {.key = &mofa.tls});
    ASSERT_TRUE(rightful.say(hello));
    ASSERT_TRUE(eventually([&] { return iom.connected(network.mofa); }));
    {
        TlsClient other(port, thief);
        ASSERT_TRUE(other.heard);
        ASSERT_TRUE(other.say(Bytes(4096, std::byte{0xff})));
        EXPECT_TRUE(other.hear(wire::FrameType::error));
        EXPECT_FALSE(other.hear(wire::FrameType::hello)) << "it goes on";
    }
    EXPECT_TRUE(iom.connected(network.mofa));
    Bytes ping;
    wire::encode(wire::Ping{7}, ping);
    ASSERT_TRUE(rightful.say(ping));
    EXPECT_TRUE(rightful.hear(wire::FrameType::pong));
}

TEST_F(FormerKey, OfAHandshakeThatWasHeldUntilTheEpochCameIsOneToo) {
    TlsClient slow(port, thief, TlsClient::Pace::up_to_its_certificate);
    std::this_thread::sleep_for(milliseconds(100)); // it has been read by then
    replace_the_key();
    std::this_thread::sleep_for(milliseconds(100));
    slow.go_on();
    EXPECT_EQ(shared(slow), nothing_shared);
    EXPECT_NE(iom.peer(network.mofa).state, "connected");
}

TEST_F(FormerKey, OfANodeThatIsListedNoLongerLeavesItsPlaceAtTheDoor) {
    TlsClient slow(port, {.key = &network.fia.tls}, TlsClient::Pace::up_to_its_certificate);
    std::this_thread::sleep_for(milliseconds(100));
    iom.host().set_charter(LocalNetwork::charter_of({&network.iom, &network.mofa, &network.ukf}));
    iom.net().on_charter_change();
    std::this_thread::sleep_for(milliseconds(100));
    slow.go_on();
    EXPECT_FALSE(slow.hear(wire::FrameType::hello));
    EXPECT_TRUE(eventually([&] { return TlsClient(port, thief).heard; }));
}

// The node with the former key has the smaller id, so that its own call is the one that stays.
TEST(FormerKeys, KeepOneConnectionAlthoughBothDial) {
    LocalNetwork network;
    ASSERT_LT(network.mofa.id(), network.iom.id());
    const Member renewed = with_new_key(network.mofa, network.address(1));
    RunningNode iom{network.iom, network.charter, network.address(0)};
    iom.host().set_charter(
        LocalNetwork::charter_of({&network.iom, &renewed, &network.fia, &network.ukf}));
    iom.net().on_charter_change();
    RunningNode mofa{network.mofa, network.charter, network.address(1)};
    ASSERT_TRUE(eventually([&] { return mofa.connected(network.iom); }));
    std::this_thread::sleep_for(milliseconds(700));
    const auto since = mofa.peer(network.iom).since;
    std::this_thread::sleep_for(milliseconds(1500));
    EXPECT_TRUE(mofa.connected(network.iom));
    EXPECT_EQ(mofa.peer(network.iom).since, since);
    // Its own calls come to nothing, and it does not wait for one of them.
    EXPECT_TRUE(eventually([&] { return iom.peer(network.mofa).state != "connecting"; }))
        << iom.peer(network.mofa).why;
}

} // namespace
} // namespace safar

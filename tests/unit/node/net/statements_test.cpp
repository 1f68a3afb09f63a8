#include "node/net/statement_round.hpp"
#include "storage/crypto/sha256.hpp"
#include "sync/wire/statement.hpp"
#include "tls_client.hpp"

#include <csignal>

namespace safar {
namespace {

using namespace testing;

NetOptions quick() {
    NetOptions out;
    out.statement_every = milliseconds(200);
    out.statement_turn = milliseconds(40);
    return out;
}

TEST(PeerStatements, ReachWhoNeverMeetsTheAuthorAndOnlyWhoMayKnowOfTheLog) {
    LocalNetwork network;
    auto iom =
        std::make_unique<RunningNode>(network.iom, network.charter, network.address(0), quick());
    RunningNode mofa{network.mofa, network.charter, network.address(1), quick()};
    iom->append("movement", 5);
    iom->append("protection", 1);
    ASSERT_TRUE(eventually([&] { return mofa.statements().logs == 2; }));
    iom.reset();

    RunningNode fia{network.fia, network.charter, network.address(2), quick()};
    fia.host().stores_nothing = true;
    ASSERT_TRUE(eventually([&] { return fia.statements().logs == 1; }));
    const StatementReport report = fia.statements();
    ASSERT_EQ(report.gaps.size(), 1u) << "an author's word, passed on";
    EXPECT_EQ(report.gaps[0].stated, 1u);
    EXPECT_EQ(report.gaps[0].ours, 0u);
    const LogOwner* owner = fia.host().authority()->owner(report.gaps[0].log.id);
    ASSERT_NE(owner, nullptr);
    EXPECT_EQ(owner->agency + " " + owner->compartment, "IOM movement");
    EXPECT_TRUE(fia.connected(network.mofa)) << "a statement ends no session";
    EXPECT_TRUE(report.splits.empty());
}

TEST(PeerStatements, AreNoGapForWhoHoldsTheLog) {
    LocalNetwork network;
    RunningNode iom{network.iom, network.charter, network.address(0), quick()};
    RunningNode mofa{network.mofa, network.charter, network.address(1), quick()};
    iom.append("movement", 5);
    ASSERT_TRUE(eventually([&] { return mofa.statements().logs == 1; }));
    EXPECT_TRUE(eventually([&] { return mofa.statements().gaps.empty(); }));
    EXPECT_TRUE(mofa.statements().splits.empty());
    EXPECT_EQ(iom.statements().logs, 1u);
}

// What went with the disk may be signed anew by who did not know of it: no word of it may be left.
TEST(PeerStatements, AreOfWhatSomebodyElseHoldsToo) {
    LocalNetwork network;
    RunningNode iom{network.iom, network.charter, network.address(0), quick()};
    RunningNode mofa{network.mofa, network.charter, network.address(1), quick()};
    iom.append("movement", 1);
    ASSERT_TRUE(eventually([&] { return mofa.statements().logs == 1; }));
    mofa.host().stores_nothing = true;
    iom.append("movement", 1);
    iom.append("protection", 1);
    std::this_thread::sleep_for(3 * quick().statement_every);
    EXPECT_TRUE(mofa.statements().gaps.empty());
    EXPECT_EQ(mofa.statements().logs, 1u);
}

TEST(PeerStatements, ANodeThatWasSetBackHearsHowFarItsLogWentAndSaysNothingLess) {
    LocalNetwork network;
    RunningNode mofa{network.mofa, network.charter, network.address(1), quick()};
    {
        RunningNode iom{network.iom, network.charter, network.address(0), quick()};
        for (int i = 0; i < 2; ++i) iom.append("movement", 1);
        ASSERT_TRUE(eventually(
            [&] { return mofa.statements().logs == 1 && mofa.host().log().last_position() == 2; }));
    }
    RunningNode iom{network.iom, network.charter, network.address(0), quick()};
    iom.host().stores_nothing = true;
    iom.append("movement", 1);
    ASSERT_TRUE(eventually([&] {
        const StatementReport own = iom.statements();
        return own.gaps.size() == 1 && own.gaps[0].stated == 2 && own.gaps[0].ours == 1;
    }));
    EXPECT_TRUE(mofa.statements().splits.empty());
}

// A statement is told once on a connection; whoever dials again has lost the older one, and with it
// perhaps what was on its way.
TEST(PeerStatements, AreToldAgainToWhoConnectsInPlaceOfItsOlderConnection) {
    std::signal(SIGPIPE, SIG_IGN); // of the test's own clients
    LocalNetwork network;
    NetOptions options = quick();
    options.dial = false;
    RunningNode iom{network.iom, network.charter, network.address(0), options};
    const NetworkId& name = iom.host().authority()->network();
    wire::Statement stated{
        {log_id(name, network.fia.id(), "movement"), {}}, 5, {}, 1'800'000'000, {}};
    wire::sign_statement(stated, name, network.fia.signing);
    Bytes said = greeting(network, network.fia);
    wire::encode(stated, said);
    TlsClient fia(network.ports[0], {.key = &network.fia.tls});
    ASSERT_TRUE(fia.say(said));

    TlsClient older(network.ports[0], {.key = &network.mofa.tls});
    ASSERT_TRUE(older.say(greeting(network, network.mofa)));
    const auto told = older.hear(wire::FrameType::statement);
    ASSERT_TRUE(told);
    EXPECT_EQ(value_of(wire::decode_statement(*told)), stated);

    TlsClient newer(network.ports[0], {.key = &network.mofa.tls});
    EXPECT_TRUE(older.hear(wire::FrameType::bye)) << "two of one peer do not go on";
    ASSERT_TRUE(newer.say(greeting(network, network.mofa)));
    EXPECT_EQ(newer.hear(wire::FrameType::statement), told);
}

// Two histories, signed by one key, that an author shows to two peers.
struct TwoFaced : ::testing::Test {
    LocalNetwork network;
    Identity iom = network.iom.identity(), mofa = network.mofa.identity(),
             fia = network.fia.identity(), ukf = network.ukf.identity();
    FakeHost at_mofa{mofa, network.charter}, at_fia{fia, network.charter},
        at_ukf{ukf, network.charter};
    StatementRound of_mofa{mofa, at_mofa, milliseconds(200)},
        of_fia{fia, at_fia, milliseconds(200)}, of_ukf{ukf, at_ukf, milliseconds(200)};

    [[nodiscard]] wire::Statement stated(const std::string& compartment, std::uint64_t batch,
                                         const std::string& what, const Identity& by) const {
        const NetworkId& name = at_mofa.authority()->network();
        wire::Statement out{{log_id(name, iom.id, compartment), {}},
                            batch,
                            tagged_hash("test", {as_bytes(what)}),
                            1'800'000'000,
                            {}};
        wire::sign_statement(out, name, by.signing);
        return out;
    }
    static void pass(StatementRound& from, const NodeId& sender, StatementRound& to,
                     const NodeId& receiver) {
        from.turn(NodeTime{1}, 1'800'000'001, [](const NodeId&, const LogName&) { return 0u; });
        for (const wire::Statement& one : from.untold(receiver)) to.heard(sender, one);
    }
};

TEST_F(TwoFaced, AuthorsAreFoundByPeersAndThenByWhoMetNeitherStory) {
    const wire::Statement one = stated("movement", 5, "for MOFA", iom),
                          other = stated("movement", 5, "for FIA", iom);
    of_mofa.heard(iom.id, one);
    of_fia.heard(iom.id, other);
    EXPECT_TRUE(of_mofa.report().splits.empty());
    pass(of_mofa, mofa.id, of_fia, fia.id);
    ASSERT_EQ(of_fia.report().splits.size(), 1u);
    EXPECT_EQ(of_fia.report().splits[0].split.kind, SplitKind::two_hashes);
    EXPECT_FALSE(of_fia.report().splits[0].proven) << "the batches are nowhere to be had";
    pass(of_fia, fia.id, of_ukf, ukf.id);
    ASSERT_EQ(of_ukf.report().splits.size(), 1u);
    const SplitView told = of_ukf.report().splits[0].split;
    EXPECT_EQ((std::set{told.first, told.second.value()}), (std::set{one, other}));
    EXPECT_TRUE(of_fia.untold(ukf.id).empty()) << "once";
    of_fia.gone(ukf.id);
    EXPECT_EQ(of_fia.untold(ukf.id).size(), 2u) << "on another connection again";
}

TEST_F(TwoFaced, NobodyElseCanSpeakForAnAuthorAndNobodyHearsOfLogsThatAreNotItsOwnToKnow) {
    of_fia.heard(mofa.id, stated("movement", 5, "forged", mofa));
    of_fia.heard(mofa.id, stated("protection", 5, "not for FIA", iom));
    wire::Statement elsewhere = stated("movement", 5, "changed", iom);
    elsewhere.batch = 6;
    of_fia.heard(mofa.id, elsewhere);
    EXPECT_EQ(of_fia.report().logs, 0u);
    of_mofa.heard(iom.id, stated("protection", 5, "for MOFA", iom));
    EXPECT_EQ(of_mofa.report().logs, 1u);
    EXPECT_TRUE(of_mofa.untold(fia.id).empty());
}

} // namespace
} // namespace safar

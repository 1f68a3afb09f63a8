// Two epochs after one: neither rules until a later one settles them.
#include "epochs_fixture.hpp"

namespace safar {
namespace {

using namespace testing;

// The rivals must be of one parent; each is valid alone.
class Rivals : public ::testing::Test, protected Epochs3 {
protected:
    CharterState held = state();
    const Charter& one = *first.charter;
    std::string a = successor(one, [](Charter& c) { c.network_name = "A"; });
    std::string b = successor(one, [](Charter& c) { c.network_name = "B"; }, {"MOFA", "IOM"});
    std::string settled(std::vector<std::string> rivals) const {
        return successor(one, [&](Charter& c) {
            c.epoch = 3;
            for (const std::string& text : rivals)
                c.settles.push_back(value_of(parse_charter(text)).identity);
            std::sort(c.settles.begin(), c.settles.end());
        });
    }
};

TEST_F(Rivals, FreezeTheCharterAtTheEpochBeforeThem) {
    EXPECT_TRUE(held.take_epoch(a));
    EXPECT_EQ(held.authority()->void_epoch(), 0u);
    EXPECT_EQ(value_of(held.take_epoch(b)), CharterState::News::epoch);
    EXPECT_TRUE(held.frozen());
    EXPECT_EQ(held.ruling().charter->epoch, 1u);
    EXPECT_EQ(held.authority()->void_epoch(), 2u);
    EXPECT_EQ(held.rivals().size(), 2u);
    EXPECT_EQ(held.notices().size(), 2u);
}

TEST_F(Rivals, LeaveOneStateInWhateverOrderEverythingIsHeard) {
    const std::string on_a =
        successor(value_of(parse_charter(a)), [](Charter& c) { c.network_name = "A2"; });
    const std::string last = settled({a, b});
    std::vector<std::string> texts{a, b, last};
    std::sort(texts.begin(), texts.end());
    std::optional<Hash> verdict;
    do {
        CharterState node = state();
        for (const std::string& text : texts) ASSERT_TRUE(node.take_epoch(text));
        EXPECT_EQ(node.ruling().text, last);
        EXPECT_FALSE(node.frozen());
        EXPECT_EQ(node.notices().size(), 2u)
            << "both stay as evidence, also where one ruled until then";
        if (!verdict) verdict = node.state_hash();
        EXPECT_EQ(node.state_hash(), *verdict);
    } while (std::next_permutation(texts.begin(), texts.end()));
    // What was built on a rival falls with it.
    CharterState node = state();
    for (const std::string& text : {a, on_a, b}) ASSERT_TRUE(node.take_epoch(text));
    EXPECT_TRUE(node.frozen());
    EXPECT_EQ(node.ruling().charter->epoch, 1u);
    EXPECT_TRUE(node.take_epoch(last));
    EXPECT_EQ(node.ruling().charter->epoch, 3u);
    EXPECT_EQ(node.authority()->void_epoch(), 2u);
    const std::string after =
        successor(*node.ruling().charter, [](Charter& c) { c.network_name = "C"; });
    EXPECT_TRUE(node.take_epoch(after));
    EXPECT_EQ(node.authority()->void_epoch(), 2u);
}

TEST_F(Rivals, TravelAsNoticesToThoseWhoSawOnlyOne) {
    CharterState saw_a = state(), saw_b = state();
    ASSERT_TRUE(saw_a.take_epoch(a));
    ASSERT_TRUE(saw_b.take_epoch(b));
    ASSERT_TRUE(saw_b.take_epoch(a));
    for (const auto& [hash, notice] : saw_b.notices()) ASSERT_TRUE(saw_a.take_notice(notice));
    EXPECT_EQ(saw_a.state_hash(), saw_b.state_hash());
    EXPECT_TRUE(saw_a.frozen());
}

// The quorum is two of three: who signed is not what was decided.
TEST_F(Rivals, AreTheSameWhoeverOfTheStewardsSigned) {
    const auto with = [&](std::vector<std::string> signers) {
        return successor(
            one, [](Charter& c) { c.network_name = "B"; }, std::move(signers));
    };
    CharterState here = state(), there = state();
    for (const std::string& text : {a, with({"MOFA", "IOM"})}) ASSERT_TRUE(here.take_epoch(text));
    for (const std::string& text : {a, with({"FIA", "IOM"})}) ASSERT_TRUE(there.take_epoch(text));
    EXPECT_TRUE(here.frozen());
    EXPECT_EQ(here.state_hash(), there.state_hash());
    for (const auto& [hash, notice] : there.notices())
        EXPECT_EQ(value_of(here.take_notice(notice)), CharterState::News::nothing);
}

// Each was published at another node; numbers tell them nothing.
TEST_F(Rivals, MeetWhereEachNodeHoldsAnotherOne) {
    const std::string on_b =
        successor(value_of(parse_charter(b)), [](Charter& c) { c.network_name = "B2"; });
    CharterState saw_a = state(), saw_b = state();
    ASSERT_TRUE(saw_a.take_epoch(a));
    for (const std::string& text : {b, on_b}) ASSERT_TRUE(saw_b.take_epoch(text));
    const auto hear = [](CharterState& node, const CharterState& from) {
        for (const Hash& name : from.offers()) {
            const auto known = node.offers();
            if (std::binary_search(known.begin(), known.end(), name)) continue;
            // One that follows what is void is offered in vain.
            static_cast<void>(node.take_notice(value_of(parse_notice(*from.offer(name)))));
        }
    };
    EXPECT_EQ(saw_a.offers().size(), 1u);
    EXPECT_EQ(saw_b.offers().size(), 2u);
    EXPECT_FALSE(saw_a.offer(first.charter->identity));
    for (int round = 0; round < 2; ++round) {
        hear(saw_a, saw_b);
        hear(saw_b, saw_a);
    }
    EXPECT_TRUE(saw_a.frozen());
    EXPECT_TRUE(saw_b.frozen());
    EXPECT_EQ(saw_a.state_hash(), saw_b.state_hash());
    EXPECT_EQ(saw_a.offers(), saw_b.offers());
}

TEST_F(Rivals, TakeWithThemWhatStandsOnOneOfThem) {
    const Charter on = value_of(parse_charter(a));
    Suspension stop;
    stop.network = NetworkId{one.identity.raw};
    stop.epoch = on.identity;
    stop.agency = "UKF";
    stop.reason = "under the epoch that is void soon";
    const std::string text = value_of(write_suspension(stop, "IOM", network.iom.signing));
    const Notice notice = value_of(parse_notice(make_suspension_notice(text, stop).bytes));
    CharterState before = state(), after = state();
    for (const std::string& epoch : {a, b}) ASSERT_TRUE(after.take_epoch(epoch));
    EXPECT_EQ(after.take_notice(notice).error().code, ErrorCode::epoch_unknown);
    ASSERT_TRUE(before.take_epoch(a));
    ASSERT_TRUE(before.take_notice(notice));
    EXPECT_TRUE(before.suspended(network.ukf.id()));
    ASSERT_TRUE(before.take_epoch(b));
    EXPECT_EQ(before.state_hash(), after.state_hash());
}

} // namespace
} // namespace safar

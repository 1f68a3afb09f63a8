// The draft of the next epoch: what it is asked to say, and what follows for who loses a right.
#include "epochs_fixture.hpp"
#include "node/charter/amend.hpp"

#include <gmock/gmock.h>

namespace safar {
namespace {

using namespace testing;
using ::testing::HasSubstr;

class Amend : public ::testing::Test, protected Epochs3 {
protected:
    CharterState held = state();
    Amendment change;
    std::vector<KnownHead> heads;

    [[nodiscard]] Result<std::string> drafted() const { return amend_charter(held, change, heads); }
    [[nodiscard]] Charter draft() const { return value_of(parse_charter(value_of(drafted()))); }
    void put_in_force() {
        std::string text = value_of(drafted());
        for (const char* agency : {"IOM", "MOFA"})
            text = value_of(
                sign_charter(text, agency, member(agency).signing, held.ruling().charter.get()));
        ASSERT_EQ(value_of(held.take_epoch(text)), CharterState::News::epoch);
        change = {};
    }
    [[nodiscard]] KnownHead head_of_fia(std::uint64_t batch, std::uint8_t incarnation = 1) const {
        KnownHead out{network.fia.id(), "movement", {}, batch};
        out.incarnation.raw.fill(std::byte{incarnation});
        return out;
    }
    static std::vector<std::uint64_t> batches(const std::vector<CharterCut>& cuts) {
        std::vector<std::uint64_t> out;
        for (const CharterCut& cut : cuts) out.push_back(cut.batch);
        return out;
    }
};

TEST_F(Amend, WhatCanNotBeIsRefusedByName) {
    const NodeId nobody{};
    const Member stranger("XYZ", 90);
    const struct {
        Amendment what;
        std::string says;
    } cases[] = {
        {{.remove = {"XYZ"}}, "remove: XYZ is no agency"},
        {{.remove_nodes = {nobody}}, "remove: node " + nobody.brief() + " is not listed"},
        {{.admit = {network.fia.enrolment}}, "admit: node " + network.fia.id().brief()},
        {{.rotate = {stranger.enrolment}, .rotate_nodes = {network.fia.id()}}, "rotate: XYZ"},
        {{.titles = {{"XYZ", "member"}}}, "title: XYZ is no agency"},
        {{.grants = {{"FIA", "nowhere", Grant::Right::read}}}, "grant: nowhere is no compartment"},
        {{.grants = {{"XYZ", "movement", Grant::Right::read}}}, "XYZ"},
    };
    for (const auto& one : cases) {
        change = one.what;
        const auto refused = drafted();
        ASSERT_FALSE(refused) << one.says;
        EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument) << one.says;
        EXPECT_THAT(refused.error().detail, HasSubstr(one.says));
    }
}

TEST_F(Amend, AnAgencyHasOneRightInACompartment) {
    change.grants = {{"FIA", "movement", Grant::Right::observe},
                     {"UKF", "movement", Grant::Right::write},
                     {"UKF", "protection", Grant::Right::relay}};
    const Charter next = draft();
    const CharterCompartment& movement = *next.compartment("movement");
    EXPECT_EQ(movement.writers, (std::vector<std::string>{"IOM", "UKF"}));
    EXPECT_EQ(movement.observers, (std::vector<std::string>{"FIA"}));
    EXPECT_EQ(std::ranges::count(movement.readers, "UKF"), 0);
    EXPECT_EQ(next.compartment("protection")->relays, (std::vector<std::string>{"UKF"}));
    EXPECT_EQ(next.epoch, 2u);
    EXPECT_EQ(next.previous, first.charter->identity);
}

TEST_F(Amend, WhoLosesTheRightToWriteIsCutAtTheHighestHeadAnybodyShows) {
    heads = {head_of_fia(5), head_of_fia(7), head_of_fia(6), head_of_fia(3, 2)};
    EXPECT_TRUE(draft().cuts.empty()) << "nobody loses anything";
    change.grants = {{"FIA", "movement", Grant::Right::none}};
    change.why = "by agreement";
    EXPECT_EQ(batches(draft().cuts), (std::vector<std::uint64_t>{7, 3}));
    EXPECT_EQ(draft().cuts[0].reason, "by agreement");
    put_in_force();

    heads = {head_of_fia(9)}; // it wrote on: what counts was decided
    EXPECT_EQ(batches(draft().cuts), (std::vector<std::uint64_t>{7, 3}));
    change.cuts = {held.ruling().charter->cuts[0]};
    change.cuts[0].batch = 8; // unless somebody says so
    EXPECT_EQ(batches(draft().cuts), (std::vector<std::uint64_t>{8, 3}));
    change = {.lift = {network.fia.id()}};
    heads.clear();
    EXPECT_TRUE(draft().cuts.empty());
}

TEST_F(Amend, LogsThatNobodyMightWriteAreNotCut) {
    const Member stranger("XYZ", 90);
    change.remove = {"UKF"};
    heads = {head_of_fia(5), head_of_fia(6), head_of_fia(7)};
    heads[0].node = stranger.id();
    heads[1].node = network.ukf.id(); // reads only
    heads[2].compartment = "nowhere";
    EXPECT_TRUE(draft().cuts.empty());
}

TEST_F(Amend, AKeyThatIsReplacedIsCutAndTheLogGoesOn) {
    Member renewed("FIA", 3);
    renewed.signing = seeded_key(991);
    renewed.enrolment =
        make_enrolment("FIA", "The FIA", "127.0.0.1:7409", renewed.signing, renewed.tls);
    change.rotate = {renewed.enrolment};
    change.rotate_nodes = {network.fia.id()};
    heads = {head_of_fia(4)};
    const Charter next = draft();
    ASSERT_EQ(next.cuts.size(), 1u);
    EXPECT_EQ(next.cuts[0].key, network.fia.signing.id());
    EXPECT_EQ(next.node(network.fia.id())->signing_key, renewed.signing.public_key());
    EXPECT_EQ(next.node(network.fia.id())->address, "127.0.0.1:7409");
}

} // namespace
} // namespace safar

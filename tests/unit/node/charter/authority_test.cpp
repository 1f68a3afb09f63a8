#include "charter_fixture.hpp"
#include "node/charter/charter_state.hpp"

namespace safar {
namespace {

using namespace testing;

class AuthorityTable : public ::testing::Test {
protected:
    Network network;
    std::shared_ptr<const Charter> charter = network.charter();
    std::shared_ptr<const Authority> authority = make_authority(charter);

    // A header by `author`'s key in `owner`'s log of `compartment`.
    BatchHeader header(const Member& owner, std::string_view compartment, const Member& author) {
        BatchHeader out;
        out.network = authority->network();
        out.log.id = log_id(authority->network(), owner.id(), compartment);
        out.number = out.first_sequence = 1;
        out.event_count = 1;
        out.epoch = 1;
        out.charter = charter->identity;
        out.key = author.signing.id();
        return out;
    }
    Standing standing(const Member& owner, std::string_view compartment) {
        return authority->standing(header(owner, compartment, owner));
    }
};

TEST_F(AuthorityTable, NetworkIsTheIdentityOfEpochOne) {
    EXPECT_EQ(authority->network().raw, charter->identity.raw);
    EXPECT_EQ(authority->epoch(), 1u);
    EXPECT_EQ(authority->charter(), charter->identity);
}

TEST_F(AuthorityTable, WritersCountAndOthersAreQuarantined) {
    EXPECT_EQ(standing(network.iom, "movement"), Standing::counts);
    EXPECT_EQ(standing(network.fia, "movement"), Standing::counts);
    EXPECT_EQ(standing(network.mofa, "movement"), Standing::quarantine); // reads only
    EXPECT_EQ(standing(network.ukf, "movement"), Standing::quarantine);
    EXPECT_EQ(standing(network.mofa, "protection"), Standing::counts);
    EXPECT_EQ(standing(network.fia, "protection"), Standing::quarantine); // may not even read
    EXPECT_EQ(standing(network.iom, "nowhere"), Standing::unknown);
}

TEST_F(AuthorityTable, AnotherNodesKeyIsQuarantinedAndAStrangersUnknown) {
    EXPECT_EQ(authority->standing(header(network.iom, "movement", network.fia)),
              Standing::quarantine);
    Member stranger("IOM", 99);
    EXPECT_EQ(authority->standing(header(network.iom, "movement", stranger)), Standing::unknown);
    EXPECT_EQ(standing(stranger, "movement"), Standing::unknown);
    BatchHeader by_tls_key = header(network.iom, "movement", network.iom);
    by_tls_key.key = network.iom.tls.id();
    EXPECT_EQ(authority->standing(by_tls_key), Standing::unknown);
}

TEST_F(AuthorityTable, ASuspensionStopsWhomItNamesWhereverTheyStandInTheCharter) {
    for (const auto& [by, stopped] :
         {std::pair{&network.iom, &network.fia}, {&network.fia, &network.iom}}) {
        CharterState held = value_of(CharterState::begin({charter, network.signed_text()}));
        Suspension what;
        what.network = authority->network();
        what.epoch = charter->identity;
        what.node = stopped->id();
        what.reason = "its key was stolen";
        const std::string text = value_of(write_suspension(what, by->agency, by->signing));
        ASSERT_TRUE(
            held.take_notice(value_of(parse_notice(make_suspension_notice(text, what).bytes))));
        const auto now = held.authority();
        EXPECT_EQ(now->standing(header(*stopped, "movement", *stopped)), Standing::quarantine)
            << stopped->agency;
        EXPECT_EQ(now->standing(header(*by, "movement", *by)), Standing::counts) << by->agency;
    }
}

TEST_F(AuthorityTable, LaterEpochsWaitAndOtherCharactersOfThisOneDoNotCount) {
    BatchHeader later = header(network.iom, "movement", network.iom);
    later.epoch = 2;
    later.charter = Hash{};
    EXPECT_EQ(authority->standing(later), Standing::waits);
    BatchHeader reader = header(network.mofa, "movement", network.mofa);
    reader.epoch = 2; // epoch 2 may let it write
    EXPECT_EQ(authority->standing(reader), Standing::waits);
    BatchHeader other = header(network.iom, "movement", network.iom);
    other.charter.raw[0] ^= std::byte{1};
    EXPECT_EQ(authority->standing(other), Standing::quarantine);
    BatchHeader zero = header(network.iom, "movement", network.iom);
    zero.epoch = 0;
    EXPECT_EQ(authority->standing(zero), Standing::quarantine);
}

TEST_F(AuthorityTable, EveryLogOfTheNetworkHasAnOwner) {
    const LogOwner* owner =
        authority->owner(log_id(authority->network(), network.ukf.id(), "protection"));
    ASSERT_NE(owner, nullptr);
    EXPECT_EQ(owner->agency, "UKF");
    EXPECT_EQ(owner->compartment, "protection");
    EXPECT_EQ(owner->node, network.ukf.id());
    EXPECT_EQ(authority->owner(LogId{}), nullptr);
    NetworkId foreign;
    EXPECT_EQ(authority->owner(log_id(foreign, network.iom.id(), "movement")), nullptr);
}

TEST_F(AuthorityTable, KeysAreThoseThatSignAndNotThoseOfTls) {
    ASSERT_NE(authority->key(network.iom.signing.id()), nullptr);
    EXPECT_EQ(*authority->key(network.iom.signing.id()), network.iom.signing.public_key());
    EXPECT_EQ(authority->key(network.iom.tls.id()), nullptr);
}

// MOFA writes protection and only reads movement, IOM both.
TEST_F(AuthorityTable, AKindIsSaidInItsOwnCompartmentOnly) {
    const Schema schema = value_of(charter_schema(*charter));
    const std::uint16_t movement = schema.kind(std::string_view("movement"))->tag;
    const std::uint16_t unknown = 60'000;
    for (const Member* author : {&network.iom, &network.mofa}) {
        EXPECT_FALSE(authority->may_say(header(*author, "protection", *author), movement));
        EXPECT_TRUE(authority->may_say(header(*author, "movement", *author), movement));
        EXPECT_TRUE(authority->may_say(header(*author, "protection", *author), unknown));
    }
}

// What was derived while a kind had no place is derived anew once it has one.
TEST_F(AuthorityTable, WhatDerivedStateRestsOnChangesWithTheCompartmentOfAKind) {
    CharterDraft draft = network.draft();
    std::erase(draft.compartments[1].kinds, "victim_case");
    const auto unplaced = make_authority(
        std::make_shared<const Charter>(value_of(parse_charter(value_of(write_charter(draft))))));
    const Schema schema = value_of(charter_schema(*charter));
    const std::uint16_t victim_case = schema.kind(std::string_view("victim_case"))->tag;
    const BatchHeader said = header(network.iom, "movement", network.iom);
    ASSERT_NE(unplaced->may_say(said, victim_case), authority->may_say(said, victim_case));
    EXPECT_NE(unplaced->said_under(said.log.id), authority->said_under(said.log.id));
    EXPECT_EQ(make_authority(charter)->said_under(said.log.id), authority->said_under(said.log.id));
}

TEST_F(AuthorityTable, RankIsTheOrderOfAgenciesAndStrangersComeLast) {
    EXPECT_LT(authority->rank("IOM"), authority->rank("MOFA"));
    EXPECT_LT(authority->rank("FIA"), authority->rank("UKF"));
    EXPECT_LT(authority->rank("UKF"), authority->rank("nobody"));
}

TEST_F(AuthorityTable, NodesHoldOnlyWhatTheirAgencyReads) {
    EXPECT_TRUE(authority->may_hold(network.ukf.id(), "movement"));
    EXPECT_FALSE(authority->may_hold(network.ukf.id(), "protection"));
    EXPECT_TRUE(authority->may_hold(network.mofa.id(), "protection"));
    EXPECT_FALSE(authority->may_hold(network.iom.id(), "nowhere"));
    EXPECT_FALSE(authority->may_hold(NodeId{}, "movement"));
}

} // namespace
} // namespace safar

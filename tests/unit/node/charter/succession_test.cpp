#include "epochs_fixture.hpp"

#include <gmock/gmock.h>

namespace safar {
namespace {

using namespace testing;
using ::testing::UnorderedElementsAre;

class Succession : public ::testing::Test, protected Epochs3 {
protected:
    CharterState held = state();
    const Charter& one = *first.charter;

    void refuses(const std::string& text, ErrorCode code, std::string_view why) {
        auto taken = held.take_epoch(text);
        ASSERT_FALSE(taken) << "taken although: " << why;
        EXPECT_EQ(taken.error().code, code) << describe(taken.error());
        EXPECT_NE(taken.error().detail.find(why), std::string::npos) << describe(taken.error());
        EXPECT_EQ(held.ruling().charter->epoch, 1u);
    }
};

// Whoever is asked to sign reads each change, and nothing else.
TEST_F(Succession, EachChangeIsSaidInASentenceBothWays) {
    EXPECT_TRUE(charter_changes(one, one).empty());
    const Member ilo("ILO", 9, "127.0.0.1:7409");
    const NodeId fia = network.fia.id(), ukf = network.ukf.id();
    Incarnation log;
    log.raw[0] = std::byte{7};
    Charter next = one;
    next.network_name = "Another name";
    next.quorum = 3;
    next.settles = {Hash{one.identity}};
    next.agencies.push_back({"ILO", "The ILO", "reader", false});
    next.nodes.push_back(
        {"ILO", ilo.id(), ilo.enrolment.signing_key, ilo.enrolment.tls_key, "127.0.0.1:7409"});
    for (CharterAgency& agency : next.agencies)
        if (agency.code == "FIA") agency.steward = false;
    remove_agency(next, "UKF");
    for (CharterNode& node : next.nodes)
        if (node.agency == "FIA") {
            node.signing_key = ilo.enrolment.tls_key;
            node.tls_key = ilo.enrolment.signing_key;
            node.address = "127.0.0.1:7999";
        }
    CharterCompartment& movement = next.compartments.at(0);
    ASSERT_EQ(movement.name, "movement");
    movement.writers = {"IOM"};
    movement.readers = {};
    movement.observers = {"MOFA"};
    movement.relays = {"ILO"};
    movement.kinds.push_back("residence");
    next.compartments.push_back({"returns", "Returns", {"return"}, {"IOM"}, {}});
    next.documents.at(0).hash = one.identity;
    const std::string changed = next.documents.at(0).name, dropped = next.documents.at(1).name;
    next.documents.at(1).name = "schema/residence.toml";
    next.cuts.push_back({ukf, "movement", log, 0, std::nullopt, ""});
    next.cuts.push_back({fia, "movement", log, 4, network.fia.signing.id(), "lost laptop"});
    next.admits.push_back({fia, "movement", log, 2, one.identity, "checked on paper"});

    const std::string title = one.agency("FIA")->title;
    EXPECT_THAT(
        charter_changes(one, next),
        UnorderedElementsAre(
            "renames the network to Another name", "an epoch needs 3 signatures (were 2)",
            "puts aside the rival epoch " + one.identity.brief(), "admits ILO (The ILO) as reader",
            "FIA becomes " + title + " (was " + title + ", a steward)", "removes UKF (The UKF)",
            "admits node " + ilo.id().brief() + " of ILO at 127.0.0.1:7409",
            "node " + fia.brief() + " of FIA signs with a new key",
            "node " + fia.brief() + " of FIA connects with a new key",
            "node " + fia.brief() + " of FIA moves from 127.0.0.1:7403 to 127.0.0.1:7999",
            "removes node " + ukf.brief() + " of UKF",
            "adds compartment returns: writers IOM; readers nobody",
            "writers of movement: IOM (were IOM, FIA)",
            "readers of movement: nobody (were MOFA, UKF)",
            "observers of movement: MOFA (were nobody)", "relays of movement: ILO (were nobody)",
            "kinds in movement: movement, residence (were movement)", "changes " + changed,
            "adds schema/residence.toml", "drops " + dropped,
            "of node " + ukf.brief() + " in movement, log " + log.brief() + ", nothing counts",
            "of node " + fia.brief() + " in movement, log " + log.brief() +
                ", what is up to batch 4 counts of key " + network.fia.signing.id().brief() +
                ": lost laptop",
            "of the two batches 2 that node " + fia.brief() + " signed in movement, log " +
                log.brief() + ", " + one.identity.brief() +
                " counts, and what follows it: checked on paper"));

    const auto back = charter_changes(next, one);
    for (const std::string& sentence :
         {"lifts the cut of node " + ukf.brief() + " in movement, log " + log.brief(),
          "of the two batches 2 that node " + fia.brief() + " signed in movement, log " +
              log.brief() + ", " + one.identity.brief() +
              " is admitted no longer: checked on paper",
          "FIA becomes " + title + ", a steward (was " + title + ")",
          std::string("removes ILO (The ILO)")})
        EXPECT_THAT(back, ::testing::Contains(sentence));
}

TEST_F(Succession, AnEpochFollowsTheOneThatRulesByNameAndNumber) {
    refuses(successor(one, [](Charter& c) { c.previous.raw[0] ^= std::byte{1}; }),
            ErrorCode::epoch_unknown, "adopt the epochs between");
    refuses(successor(one, [](Charter& c) { c.epoch = 3; }), ErrorCode::invalid_argument,
            "wrong number");
    NodeId nobody;
    nobody.raw[3] = std::byte{9};
    refuses(successor(one,
                      [&](Charter& c) {
                          c.cuts.push_back({nobody, "movement", {}, 1, std::nullopt, "who"});
                      }),
            ErrorCode::invalid_argument, "a cut names node");
    refuses(successor(one,
                      [&](Charter& c) {
                          c.admits.push_back({nobody, "movement", {}, 1, one.identity, "who"});
                      }),
            ErrorCode::invalid_argument, "[[admit]] names node");
}

// A steward's word stops a colleague: each way in which it is not that word is refused by name.
TEST_F(Succession, ASuspensionThatIsNotAStewardsWordIsRefused) {
    Suspension stop;
    stop.network = NetworkId{one.identity.raw};
    stop.epoch = one.identity;
    stop.agency = "FIA";
    stop.reason = "a drill";
    const auto written = [](const Suspension& what, const std::string& by, const SigningKey& key) {
        return value_of(write_suspension(what, by, key));
    };
    const auto parsed = [&](const std::string& text) {
        return parse_notice(make_suspension_notice(text, stop).bytes);
    };
    const auto code = [&](const std::string& text) {
        auto notice = parsed(text);
        return notice ? held.take_notice(notice.value()).error().code : notice.error().code;
    };
    const std::string good = written(stop, "MOFA", network.mofa.signing);
    EXPECT_EQ(code(good + "# edited\n"), ErrorCode::non_canonical);
    EXPECT_EQ(code(good + std::string(2u << 20, '#')), ErrorCode::limit_exceeded);
    EXPECT_EQ(code(written(stop, "UKF", network.ukf.signing)),
              ErrorCode::not_permitted); // no steward
    EXPECT_EQ(code(written(stop, "MOFA", network.fia.signing)),
              ErrorCode::not_permitted); // not its key
    const Notice whole = value_of(parsed(good));
    EXPECT_EQ(code(replaced(good, std::get<Suspension>(whole.what).value.hex(), Signature{}.hex())),
              ErrorCode::bad_signature);
    Suspension elsewhere = stop;
    elsewhere.network.raw[0] ^= std::byte{1};
    EXPECT_EQ(code(written(elsewhere, "MOFA", network.mofa.signing)), ErrorCode::wrong_network);
    Suspension later = stop;
    later.epoch.raw[0] ^= std::byte{1};
    EXPECT_EQ(code(written(later, "MOFA", network.mofa.signing)), ErrorCode::epoch_unknown);
    EXPECT_TRUE(held.suspensions().empty());
    EXPECT_EQ(describe_notice(whole), "MOFA suspends agency FIA: a drill");
    EXPECT_TRUE(held.take_notice(whole).has_value());
    EXPECT_EQ(held.suspensions().size(), 1u);
}

TEST_F(Succession, AnEpochSignedByTheQuorumOfBothRules) {
    auto text = successor(one, [](Charter& c) { c.nodes[0].address = "127.0.0.1:7999"; });
    EXPECT_EQ(value_of(held.take_epoch(text)), CharterState::News::epoch);
    EXPECT_EQ(held.ruling().charter->epoch, 2u);
    EXPECT_EQ(held.ruling().text, text);
    EXPECT_EQ(value_of(held.take_epoch(text)), CharterState::News::nothing);
    EXPECT_EQ(held.authority()->epoch(), 2u);
    EXPECT_EQ(held.authority()->network().raw, one.identity.raw);
}

TEST_F(Succession, SignaturesMayBePutInAnyOrderAndByWhomeverTheQuorumNeeds) {
    auto a = successor(one, [](Charter&) {}, {"IOM", "FIA"});
    auto b = successor(one, [](Charter&) {}, {"MOFA", "IOM"});
    CharterState other = state();
    EXPECT_TRUE(held.take_epoch(a));
    EXPECT_TRUE(other.take_epoch(b));
    EXPECT_EQ(held.state_hash(), other.state_hash());
    EXPECT_FALSE(state().take_epoch(successor(one, [](Charter&) {}, {"MOFA"})));
}

TEST_F(Succession, AStewardThatIsRemovedCannotKeepTheOthersFromIt) {
    auto text = successor(one, [](Charter& c) { remove_agency(c, "MOFA"); });
    EXPECT_TRUE(held.take_epoch(text));
    // And it may agree to its own removal.
    CharterState other = state();
    EXPECT_TRUE(other.take_epoch(
        successor(one, [](Charter& c) { remove_agency(c, "MOFA"); }, {"MOFA", "IOM", "FIA"})));
    EXPECT_EQ(held.state_hash(), other.state_hash());
}

TEST_F(Succession, NewStewardsMustHaveSignedToo) {
    auto edit = [](Charter& c) {
        c.agencies[3].title = "steward";
        c.agencies[3].steward = true;
        c.quorum = 3;
    };
    refuses(successor(one, edit, {"IOM", "FIA"}), ErrorCode::not_permitted, "1 more needed");
    EXPECT_TRUE(held.take_epoch(successor(one, edit, {"IOM", "FIA", "UKF"})));
}

TEST_F(Succession, WhatWasSignedCannotChangeItsMeaning) {
    refuses(successor(one, [](Charter& c) { c.nodes[3].agency = "FIA"; }),
            ErrorCode::invalid_argument, "belongs to");
    refuses(successor(one, [](Charter& c) { c.compartments.pop_back(); }),
            ErrorCode::invalid_argument, "compartment");
    refuses(
        successor(one,
                  [](Charter& c) { std::swap(c.compartments[0].kinds, c.compartments[1].kinds); }),
        ErrorCode::invalid_argument, "leaves compartment");
    refuses(successor(one,
                      [](Charter& c) {
                          for (CharterDocument& d : c.documents)
                              d.text = replaced(d.text, "type = \"text\"", "type = \"date\"");
                      }),
            ErrorCode::invalid_argument, "add a field with a new tag");
    refuses(successor(one,
                      [](Charter& c) { std::swap(c.nodes[0].signing_key, c.nodes[3].signing_key); },
                      {"FIA", "MOFA"}),
            ErrorCode::invalid_argument, "has a key that was node");
}

TEST_F(Succession, AKindAndAFieldMayBeAdded) {
    auto text = successor(one, [](Charter& c) {
        c.documents[0].text += "\n[[field]]\ntag = 2\nname = \"more\"\ntype = \"text\"\n";
        c.documents.push_back({"schema/referral.toml", {}, kind_document("referral", 9).text});
        c.compartments[1].kinds.push_back("referral");
    });
    ASSERT_TRUE(held.take_epoch(text)) << describe(held.take_epoch(text).error());
    EXPECT_NE(value_of(charter_schema(*held.ruling().charter)).kind("referral"), nullptr);
}

TEST_F(Succession, AnEpochIsTakenOnlyAfterTheOneThatItFollows) {
    auto two = successor(one, [](Charter&) {});
    auto three = successor(value_of(parse_charter(two)), [](Charter& c) { c.quorum = 3; },
                           {"IOM", "FIA", "MOFA"});
    auto early = held.take_epoch(three);
    ASSERT_FALSE(early);
    EXPECT_EQ(early.error().code, ErrorCode::epoch_unknown);
    EXPECT_TRUE(held.take_epoch(two));
    EXPECT_TRUE(held.take_epoch(three));
    EXPECT_EQ(held.ruling().charter->epoch, 3u);
}

// Who has lost the right to keep a log may hold the end of it still.
TEST_F(Succession, KeepersAreThoseOfTheEpochsSinceTheOneThatIsAsked) {
    const auto keeps = [&](std::uint64_t since) {
        const auto all = held.authority()->keepers("movement", since);
        return std::ranges::find(all, network.ukf.id()) != all.end();
    };
    const auto change = [&](const Edit& edit) {
        return held.take_epoch(successor(*held.ruling().charter, edit)).has_value();
    };
    EXPECT_TRUE(keeps(1));
    ASSERT_TRUE(change([](Charter& c) { remove_agency(c, "UKF"); }));
    EXPECT_TRUE(keeps(1));
    EXPECT_FALSE(keeps(2));
    ASSERT_TRUE(change([](Charter& c) { c.network_name = "three"; }));
    EXPECT_TRUE(keeps(1));
    EXPECT_FALSE(keeps(2));
    EXPECT_TRUE(held.authority()->keepers("nowhere", 1).empty());
}

TEST(CharterChanges, AreSaidInSentences) {
    Epochs3 make;
    auto next = value_of(parse_charter(make.successor(*make.first.charter, [&](Charter& c) {
        remove_agency(c, "UKF");
        c.compartments[0].readers.push_back("FIA");
        c.cuts.push_back(
            {make.network.ukf.id(), "movement", {}, 4, std::nullopt, "left the network"});
    })));
    auto said = charter_changes(*make.first.charter, next);
    std::string all;
    for (const std::string& line : said) all += line + "\n";
    EXPECT_NE(all.find("removes UKF"), std::string::npos) << all;
    EXPECT_NE(all.find("readers of movement: MOFA, FIA (were MOFA, UKF)"), std::string::npos)
        << all;
    EXPECT_NE(all.find("what is up to batch 4 counts: left the network"), std::string::npos) << all;
}

} // namespace
} // namespace safar

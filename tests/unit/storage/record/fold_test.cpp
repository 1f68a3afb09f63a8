#include "tests/unit/storage/record/record_fixture.hpp"

#include "storage/record/dot_bytes.hpp"

#include <algorithm>

namespace safar::record_test {
namespace {

class Fold : public testing::Test {
protected:
    Schema schema_ = schema();
    FixedAuthority authority_;

    Folded folded(std::vector<HeldEvent> events) {
        return fold(schema_, authority_, record_id(1), events);
    }
};

TEST_F(Fold, OneEventReadsAsItSays) {
    HeldEvent only = event("IOM", 1, {code(1, "VOL"), number(8, 3)});
    only.body.source = "register";
    only.body.quality = 4;
    only.body.at.microseconds = 77;
    Folded record = folded({only});
    EXPECT_EQ(record.kind, 3);
    EXPECT_EQ(reading(record, 1), "VOL");
    EXPECT_EQ(reading(record, 8), "3");
    ASSERT_EQ(record.fields.size(), 2u);
    const Said& said = record.field(1)->live.at(0);
    EXPECT_EQ(said.dot, dot(only, 0));
    EXPECT_EQ(said.agency, "IOM");
    EXPECT_EQ(said.source, "register");
    EXPECT_EQ(said.quality, 4);
    EXPECT_EQ(said.at.microseconds, 77);
    EXPECT_EQ(record.field(8)->live.at(0).dot, dot(only, 1));
    EXPECT_EQ(record.field(2), nullptr);
    EXPECT_TRUE(record.ignored.empty());
}

TEST_F(Fold, NoEventsFoldToNothing) {
    Folded record = folded({});
    EXPECT_EQ(record.id, record_id(1));
    EXPECT_EQ(record.kind, 0);
    EXPECT_TRUE(record.fields.empty());
}

TEST_F(Fold, ReplacedValueIsKeptWithWhoReplacedIt) {
    HeldEvent first = event("IOM", 1, {code(1, "VOL")});
    HeldEvent second = event("IOM", 2, {number(8, 1), code(1, "ENF")}, {dot(first)});
    Folded record = folded({second, first});
    EXPECT_EQ(reading(record, 1), "ENF");
    EXPECT_FALSE(record.field(1)->conflict);
    ASSERT_EQ(record.field(1)->replaced.size(), 1u);
    EXPECT_EQ(record.field(1)->replaced[0].value, Value(Code{"VOL"}));
    EXPECT_EQ(record.field(1)->replaced[0].replaced_by, std::vector<Dot>{dot(second, 0)});
}

TEST_F(Fold, ConcurrentValuesConflictAndTheHigherAuthorityIsPreferred) {
    HeldEvent iom = event("IOM", 1, {code(1, "VOL")});
    HeldEvent unhcr = event("UNHCR", 1, {code(1, "ENF")});
    Folded record = folded({unhcr, iom});
    EXPECT_TRUE(record.field(1)->conflict);
    EXPECT_EQ(reading(record, 1), "VOL");
    ASSERT_EQ(record.field(1)->live.size(), 2u);
    EXPECT_EQ(record.field(1)->live[1].agency, "UNHCR");
}

TEST_F(Fold, AVerbThatTheFieldPrefersGoesBeforeAuthority) {
    std::string kind = return_kind;
    const std::size_t at = kind.find("name = \"escorted\"");
    kind.insert(at, "prefer = [\"case.take\", \"case.give_back\"]\n");
    std::vector<NamedText> kinds{{"schema/return.toml", kind}, {"schema/person.toml", person_kind}};
    Result<Schema> parsed = parse_schema(kinds, code_texts);
    ASSERT_TRUE(parsed) << describe(parsed.error());
    auto said = [](const char* agency, const char* verb, bool value) {
        HeldEvent out = event(agency, 1, {{11, Flag{value}}});
        out.body.verb = verb;
        return out;
    };
    auto first = [&](const std::vector<HeldEvent>& events) {
        Folded record = fold(parsed.value(), FixedAuthority(), record_id(1), events);
        EXPECT_TRUE(record.field(11)->conflict);
        return record.field(11)->live.front().agency;
    };
    EXPECT_EQ(first({said("IOM", "recorded", true), said("NGO", "case.take", false)}), "NGO");
    EXPECT_EQ(first({said("NGO", "case.give_back", true), said("IOM", "case.take", false)}), "NGO");
    EXPECT_EQ(first({said("UNHCR", "case.take", true), said("IOM", "case.take", false)}), "IOM");
    EXPECT_EQ(first({said("UNHCR", "recorded", true), said("IOM", "updated", false)}), "IOM");
}

TEST_F(Fold, EqualValuesOfTwoAgenciesDoNotConflict) {
    Folded record =
        folded({event("IOM", 1, {code(1, "VOL")}), event("UNHCR", 1, {code(1, "VOL")})});
    EXPECT_FALSE(record.field(1)->conflict);
    EXPECT_EQ(record.field(1)->live.size(), 2u);
}

TEST_F(Fold, EqualRanksAreOrderedByHashOfDotAndValue) {
    auto preference = [](const HeldEvent& said) {
        Bytes named = dot_bytes(dot(said));
        return tagged_hash("preference", {named, encode_value(said.body.assertions[0].value)});
    };
    for (int i = 0; i < 32; ++i) {
        HeldEvent a = event("A" + std::to_string(i), 1, {code(1, "VOL")});
        HeldEvent b = event("B" + std::to_string(i), 2, {code(1, "ENF")});
        const char* expected = preference(a) < preference(b) ? "VOL" : "ENF";
        EXPECT_EQ(reading(folded({a, b}), 1), expected) << i;
    }
}

TEST_F(Fold, AnEventNeverReplacesItself) {
    HeldEvent odd = event("IOM", 1, {code(1, "VOL")});
    odd.replaces = {dot(odd)};
    EXPECT_EQ(reading(folded({odd}), 1), "VOL");
}

TEST_F(Fold, DotOfAnotherBranchReplacesNothing) {
    HeldEvent first = event("IOM", 1, {code(1, "VOL")});
    Dot other_branch = dot(first);
    other_branch.leaf.raw[3] ^= std::byte{1};
    Folded record = folded({first, event("IOM", 2, {code(1, "ENF")}, {other_branch})});
    EXPECT_EQ(record.field(1)->live.size(), 2u);
}

TEST_F(Fold, DotPastTheEventsAssertionsReplacesNothing) {
    HeldEvent first = event("IOM", 1, {code(1, "VOL")});
    HeldEvent next = event("IOM", 2, {number(8, 2)});
    Folded record = folded({first, next, event("IOM", 3, {}, {dot(first, 1)})});
    EXPECT_EQ(reading(record, 1), "VOL");
    EXPECT_EQ(reading(record, 8), "2");
}

TEST_F(Fold, BothBranchesOfAForkKeepTheirOwnDots) {
    HeldEvent left = event("IOM", 1, {code(1, "VOL")});
    HeldEvent right = event("IOM", 1, {code(1, "ENF")});
    right.leaf = tagged_hash("test-leaf", {as_bytes("other branch")});
    Folded record = folded({left, right, event("IOM", 2, {}, {dot(right)})});
    EXPECT_EQ(reading(record, 1), "VOL");
}

TEST_F(Fold, WithdrawnFieldReadsAsNothingButIsNotForgotten) {
    HeldEvent first = event("IOM", 1, {code(1, "VOL")});
    Folded record = folded({first, event("IOM", 2, {}, {dot(first)})});
    ASSERT_NE(record.field(1), nullptr);
    EXPECT_TRUE(record.field(1)->reading.empty());
    EXPECT_EQ(record.field(1)->replaced.size(), 1u);
}

TEST_F(Fold, SetReadsAsUnionAndRemovalTakesOnlyWhatItSaw) {
    HeldEvent food = event("IOM", 1, {code(4, "food"), code(4, "shelter")});
    HeldEvent again = event("UNHCR", 1, {code(4, "food")});
    HeldEvent removal = event("IOM", 2, {}, {dot(food, 0)});
    EXPECT_EQ(reading(folded({food, again}), 4), "food|shelter");
    EXPECT_EQ(reading(folded({food, again, removal}), 4), "food|shelter")
        << "UNHCR's add was not seen";
    EXPECT_EQ(reading(folded({food, removal}), 4), "shelter");
}

TEST_F(Fold, EachKeepsOnePreferredValuePerAgencyByRank) {
    Folded record =
        folded({event("NGO", 1, {text(6, "doubtful")}), event("UNHCR", 1, {text(6, "likely")}),
                event("IOM", 1, {text(6, "sure")}), event("UNHCR", 2, {text(6, "likely")})});
    EXPECT_EQ(reading(record, 6), "sure|likely|doubtful");
    EXPECT_FALSE(record.field(6)->conflict);
}

TEST_F(Fold, StrictestReadsTheMostRestrictiveLiveValue) {
    HeldEvent restricted = event("UNHCR", 1, {code(5, "restricted")});
    HeldEvent open = event("IOM", 1, {code(5, "open")});
    EXPECT_EQ(reading(folded({open, restricted}), 5), "restricted");
    EXPECT_EQ(reading(folded({open, restricted, event("UNHCR", 2, {}, {dot(restricted)})}), 5),
              "open");
}

TEST_F(Fold, UnplacedCodeIsAboveAllUnderStrictestAndFlagged) {
    Folded record =
        folded({event("IOM", 1, {code(5, "restricted")}), event("UNHCR", 1, {code(5, "secret")})});
    EXPECT_EQ(reading(record, 5), "secret");
    EXPECT_THAT(record.field(5)->flags,
                testing::ElementsAre(testing::HasSubstr("\"secret\" is not in list")));
}

TEST_F(Fold, LedgerCountsEqualPostingsAndACorrectionOnce) {
    HeldEvent first = event("IOM", 1, {usd(7, 500), usd(7, 100), usd(7, 500)});
    HeldEvent mine = event("IOM", 2, {usd(7, 400)}, {dot(first, 0)});
    HeldEvent theirs = event("UNHCR", 1, {}, {dot(first, 0)});
    EXPECT_EQ(reading(folded({first}), 7), "1.00 USD|5.00 USD|5.00 USD");
    Folded record = folded({first, mine, theirs});
    EXPECT_EQ(reading(record, 7), "1.00 USD|4.00 USD|5.00 USD");
    EXPECT_FALSE(record.field(7)->conflict);
    EXPECT_EQ(record.field(7)->replaced.at(0).replaced_by.size(), 2u);
}

TEST_F(Fold, StatusGoesByTheStepsSeenEvenWhereTheyWereReplaced) {
    HeldEvent sent = event("IOM", 1, {code(3, "sent")});
    HeldEvent accepted = event("IOM", 2, {code(3, "accepted")}, {dot(sent)});
    Folded record = folded({accepted, sent});
    EXPECT_EQ(reading(record, 3), "accepted");
    EXPECT_TRUE(record.field(3)->flags.empty());
}

TEST_F(Fold, RevokeBesideAcceptHasOneAnswer) {
    HeldEvent sent = event("IOM", 1, {code(3, "sent")});
    HeldEvent accepted = event("UNHCR", 1, {code(3, "accepted")}, {dot(sent)});
    HeldEvent revoked = event("IOM", 2, {code(3, "revoked")}, {dot(sent)});
    Folded record = folded({accepted, sent, revoked});
    EXPECT_EQ(reading(record, 3), "revoked");
    EXPECT_EQ(record.field(3)->live.size(), 2u);
    EXPECT_FALSE(record.field(3)->conflict);
}

TEST_F(Fold, IllegalStepIsKeptAndFlaggedUntilTheStepsBeforeItArrive) {
    HeldEvent accepted = event("IOM", 1, {code(3, "accepted")});
    Folded record = folded({accepted});
    EXPECT_EQ(reading(record, 3), "draft");
    EXPECT_EQ(record.field(3)->live.size(), 1u);
    EXPECT_THAT(record.field(3)->flags, testing::ElementsAre(testing::HasSubstr("\"accepted\"")));
    Folded later = folded({accepted, event("UNHCR", 1, {code(3, "sent")})});
    EXPECT_EQ(reading(later, 3), "accepted");
    EXPECT_TRUE(later.field(3)->flags.empty());
}

TEST_F(Fold, WrongTypeIsIgnoredAndReplacesNothingOfThatField) {
    HeldEvent first = event("IOM", 1, {code(1, "VOL"), number(8, 2)});
    HeldEvent broken =
        event("IOM", 2, {text(1, "ENF"), number(8, 3)}, {dot(first, 0), dot(first, 1)});
    Folded record = folded({first, broken});
    EXPECT_EQ(reading(record, 1), "VOL");
    EXPECT_EQ(reading(record, 8), "3") << "the readable part of the event counts";
    EXPECT_THAT(record.ignored, testing::ElementsAre(testing::HasSubstr("return_type")));
}

TEST_F(Fold, UnknownFieldIsIgnoredAndNamed) {
    Folded record = folded({event("IOM", 1, {number(99, 1), number(8, 2)})});
    EXPECT_EQ(record.fields.size(), 1u);
    EXPECT_THAT(record.ignored, testing::ElementsAre(testing::HasSubstr("no field 99")));
}

TEST_F(Fold, LowestKnownKindRulesAndOtherKindsReplaceNothing) {
    HeldEvent first = event("IOM", 1, {code(1, "VOL")});
    HeldEvent person = event("NGO", 1, {text(1, "name")}, {dot(first)});
    person.body.kind = 7;
    HeldEvent unknown = event("NGO", 2, {text(1, "name")}, {dot(first)});
    unknown.body.kind = 1;
    Folded record = folded({unknown, person, first});
    EXPECT_EQ(record.kind, 3);
    EXPECT_EQ(reading(record, 1), "VOL");
    EXPECT_EQ(record.ignored.size(), 2u);
}

TEST_F(Fold, RecordOfUnknownKindStatesItsKindAndIsIgnored) {
    HeldEvent unknown = event("NGO", 2, {text(1, "name")});
    unknown.body.kind = 9;
    Folded record = folded({unknown});
    EXPECT_EQ(record.kind, 9);
    EXPECT_TRUE(record.fields.empty());
    EXPECT_THAT(record.ignored, testing::ElementsAre(testing::HasSubstr("kind 9")));
}

TEST_F(Fold, EventOfAnotherRecordHasNoEffect) {
    HeldEvent first = event("IOM", 1, {code(1, "VOL")});
    HeldEvent other = event("IOM", 2, {code(1, "ENF")}, {dot(first)});
    other.body.record = record_id(2);
    Folded record = folded({first, other});
    EXPECT_EQ(reading(record, 1), "VOL");
    EXPECT_EQ(record.ignored.size(), 1u);
}

TEST_F(Fold, ErasedEventStillReplacesWhatItReplaced) {
    HeldEvent first = event("IOM", 1, {code(1, "VOL")});
    HeldEvent erased = event("IOM", 2, {}, {dot(first)});
    erased.body = {};
    erased.body_absent = true;
    Folded record = folded({erased, first});
    EXPECT_TRUE(record.field(1)->reading.empty());
    EXPECT_TRUE(record.ignored.empty());
}

TEST_F(Fold, CodeThatLeftItsListStaysAndIsFlagged) {
    Folded record = folded({event("IOM", 1, {code(1, "OLD")})});
    EXPECT_EQ(reading(record, 1), "OLD");
    EXPECT_EQ(record.field(1)->flags.size(), 1u);
}

TEST_F(Fold, StateBytesTellApartWhatReadsAlike) {
    HeldEvent first = event("IOM", 1, {code(1, "VOL")});
    HeldEvent same = event("UNHCR", 1, {code(1, "VOL")});
    HeldEvent gone = event("IOM", 2, {}, {dot(first)});
    Bytes one = state_bytes(folded({first})), two = state_bytes(folded({first, same}));
    EXPECT_NE(one, two);
    EXPECT_NE(state_bytes(folded({first, gone})), state_bytes(folded({})));
    EXPECT_EQ(two, state_bytes(folded({same, first, same})));
}

// The preferred value stands first in `live`; in the bytes the lower dot does.
TEST_F(Fold, StateBytesGoByDotAndNotByPreference) {
    HeldEvent iom = event("IOM", 1, {number(8, 1)}), unhcr = event("UNHCR", 1, {number(8, 2)});
    // Under this log order the preferred agency has the higher dot.
    if (iom.log < unhcr.log) std::swap(iom.log, unhcr.log);
    Folded record = folded({iom, unhcr});
    ASSERT_EQ(record.field(8)->live.at(0).agency, "IOM");
    Bytes bytes = state_bytes(record);
    EXPECT_EQ(copy(ByteView(bytes).subspan(28, 74)), dot_bytes(dot(unhcr)));
    EXPECT_EQ(copy(ByteView(bytes).subspan(28 + 74, 9)), encode_value(Integer{2}));
}

TEST_F(Fold, ReplacedValuesStandAscendingByDotOnBothBranchesOfAFork) {
    HeldEvent left = event("IOM", 1, {number(8, 1), number(8, 2)});
    HeldEvent right = event("IOM", 1, {number(8, 3), number(8, 4)});
    right.leaf = tagged_hash("test-leaf", {as_bytes("other branch")});
    std::vector<Dot> all{dot(left, 0), dot(left, 1), dot(right, 0), dot(right, 1)};
    Folded record = folded({left, right, event("IOM", 2, {}, all)});
    ASSERT_EQ(record.field(8)->replaced.size(), 4u);
    EXPECT_TRUE(std::ranges::is_sorted(record.field(8)->replaced, {}, &Said::dot));
}

TEST_F(Fold, StateBytesAreThoseOfTheFormat) {
    HeldEvent only = event("IOM", 1, {number(8, 258)});
    Bytes bytes = state_bytes(folded({only}));
    // id 16, kind 2, fields 4, tag 2, live 4, dot 74, value, reading 4, value
    Bytes value = encode_value(Integer{258});
    ASSERT_EQ(bytes.size(), 16 + 2 + 4 + 2 + 4 + 74 + value.size() + 4 + value.size());
    EXPECT_EQ(to_hex(ByteView(bytes).subspan(15, 13)), "01"
                                                       "0300"
                                                       "01000000"
                                                       "0800"
                                                       "01000000");
    EXPECT_EQ(copy(ByteView(bytes).last(value.size())), value);
}

} // namespace
} // namespace safar::record_test

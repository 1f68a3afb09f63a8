#include "node/registry/import_diff.hpp"
#include "registry_fixture.hpp"

namespace safar {
namespace {

using namespace testing;

constexpr std::uint16_t name_tag = 1, means_tag = 3, persons_tag = 5;

// One record's events by IOM, each appended as a diff would be.
class ImportDiff : public ::testing::Test {
protected:
    Schema schema = value_of(parse_schema(std::vector<NamedText>{{"movement.toml", trip_kind}},
                                          std::vector<NamedText>{{"group.toml", group_codes}}));
    const Kind& kind = *schema.kind("movement");
    std::vector<HeldEvent> events;

    static EventBody row(std::string edition, std::vector<Assertion> assertions) {
        EventBody body;
        body.kind = 1;
        body.source = "register";
        body.edition = std::move(edition);
        body.assertions = std::move(assertions);
        return body;
    }
    static Assertion name(std::string text) { return {name_tag, Text{std::move(text)}}; }
    static Assertion means(std::string code) { return {means_tag, Code{std::move(code)}}; }
    static Assertion persons(std::int64_t count) { return {persons_tag, Integer{count}}; }

    void hold(std::string agency, EventBody body, std::vector<Dot> replaces) {
        HeldEvent event;
        event.sequence = events.size() + 1;
        event.leaf.raw[0] = static_cast<std::byte>(events.size() + 1);
        event.agency = std::move(agency);
        event.body = std::move(body);
        event.replaces = std::move(replaces);
        events.push_back(std::move(event));
    }
    // Imports a row; returns what it said.
    RowDiff import(const EventBody& body) {
        RowDiff diff = diff_row(kind, "IOM", body, events);
        if (!diff.empty()) {
            EventBody said = body;
            said.assertions = diff.assertions;
            hold("IOM", said, diff.replaces);
        }
        return diff;
    }
};

TEST_F(ImportDiff, TheSameRowAgainSaysNothing) {
    EXPECT_EQ(import(row("2019", {name("a"), persons(2)})).assertions.size(), 2u);
    EXPECT_TRUE(import(row("2019", {name("a"), persons(2)})).empty());
    EXPECT_TRUE(import(row("2020", {name("a"), persons(2)})).empty());
}

TEST_F(ImportDiff, ANewerEditionSaysOnlyWhatChanged) {
    import(row("2019", {name("a"), persons(2)}));
    RowDiff diff = import(row("2020", {name("a"), persons(3)}));
    ASSERT_EQ(diff.assertions.size(), 1u);
    EXPECT_EQ(diff.assertions[0], persons(3));
    ASSERT_EQ(diff.replaces.size(), 1u);
    EXPECT_EQ(diff.replaces[0].sequence, 1u);
    EXPECT_EQ(diff.replaces[0].field_index, 1u);
}

TEST_F(ImportDiff, AnOlderEditionSaysNothing) {
    import(row("2019", {persons(2)}));
    import(row("2020", {persons(3)}));
    EXPECT_TRUE(import(row("2019", {persons(2)})).empty());
    EXPECT_TRUE(import(row("2019", {persons(7), name("new")})).empty());
}

TEST_F(ImportDiff, AValueMayComeBackInANewerEdition) {
    import(row("2018", {persons(2)}));
    import(row("2019", {persons(3)}));
    EXPECT_FALSE(import(row("2020", {persons(2)})).empty());
    EXPECT_TRUE(import(row("2020", {persons(2)})).empty());
}

TEST_F(ImportDiff, OneEditionMayBeCorrectedButNotPlayedBack) {
    import(row("2019", {persons(2)}));
    EXPECT_FALSE(import(row("2019", {persons(3)})).empty());
    EXPECT_TRUE(import(row("2019", {persons(2)})).empty());
    EXPECT_TRUE(import(row("2019", {persons(3)})).empty());
}

TEST_F(ImportDiff, WithoutEditionsAValueOnceSaidIsNotSaidAgain) {
    import(row("", {persons(2)}));
    EXPECT_FALSE(import(row("", {persons(3)})).empty());
    EXPECT_TRUE(import(row("", {persons(2)})).empty());
    EXPECT_FALSE(import(row("", {persons(4)})).empty());
}

TEST_F(ImportDiff, AnEmptyCellSaysNothing) {
    import(row("2019", {name("a"), persons(2)}));
    EXPECT_TRUE(import(row("2020", {name("a")})).empty());
}

TEST_F(ImportDiff, OfASetFieldElementsComeAndGo) {
    import(row("2019", {means("A"), means("B")}));
    RowDiff diff = import(row("2020", {means("B"), means("C")}));
    ASSERT_EQ(diff.assertions.size(), 1u);
    EXPECT_EQ(diff.assertions[0], means("C"));
    ASSERT_EQ(diff.replaces.size(), 1u);
    EXPECT_EQ(diff.replaces[0].field_index, 0u);
    EXPECT_TRUE(import(row("2020", {means("C"), means("B")})).empty());
}

TEST_F(ImportDiff, AnotherAgencysWordsAreNeverReplaced) {
    hold("FIA", row("2018", {persons(9)}), {});
    RowDiff diff = import(row("2019", {persons(2)}));
    EXPECT_EQ(diff.assertions.size(), 1u);
    EXPECT_TRUE(diff.replaces.empty());
}

TEST_F(ImportDiff, WhatAPersonCorrectedStandsUntilTheRegisterSaysSomethingNew) {
    import(row("2019", {persons(2)}));
    EventBody typed = row("", {persons(5)});
    typed.source.clear();
    Dot old{{}, 1, 0, {}};
    old.leaf.raw[0] = std::byte{1};
    hold("IOM", typed, {old});
    EXPECT_TRUE(import(row("2019", {persons(2)})).empty());
    EXPECT_TRUE(import(row("2020", {persons(2)})).empty());
    RowDiff diff = import(row("2021", {persons(3)}));
    ASSERT_EQ(diff.replaces.size(), 1u);
    EXPECT_EQ(diff.replaces[0].sequence, 2u);
}

TEST_F(ImportDiff, WhatReplacedAPersonsWordIsSaidOnceAndOverridesNobodyLater) {
    import(row("2019", {persons(2)}));
    EventBody typed = row("", {persons(5)});
    typed.source.clear();
    Dot old{{}, 1, 0, {}};
    old.leaf.raw[0] = std::byte{1};
    hold("IOM", typed, {old});
    EXPECT_FALSE(import(row("2021", {persons(3)})).empty());
    EXPECT_TRUE(import(row("2021", {persons(3)})).empty());
    typed.assertions = {persons(9)};
    Dot three{{}, 3, 0, {}};
    three.leaf.raw[0] = std::byte{3};
    hold("IOM", typed, {three});
    EXPECT_TRUE(import(row("2021", {persons(3)})).empty());
    EXPECT_TRUE(import(row("2022", {persons(3)})).empty());
    EXPECT_FALSE(import(row("2022", {persons(4)})).empty());
}

TEST_F(ImportDiff, AResolutionByAnotherAgencyIsNotUndoneByTheSameRow) {
    import(row("2019", {persons(2)}));
    Dot old{{}, 1, 0, {}};
    old.leaf.raw[0] = std::byte{1};
    EventBody resolution = row("", {persons(4)});
    resolution.source.clear();
    hold("FIA", resolution, {old});
    EXPECT_TRUE(import(row("2020", {persons(2)})).empty());
}

TEST_F(ImportDiff, AnotherSourceOfTheSameAgencyReplacesItsValue) {
    import(row("2019", {persons(2)}));
    EventBody other = row("2001", {persons(3)});
    other.source = "second register";
    RowDiff diff = diff_row(kind, "IOM", other, events);
    EXPECT_EQ(diff.assertions.size(), 1u);
    EXPECT_EQ(diff.replaces.size(), 1u);
}

} // namespace
} // namespace safar

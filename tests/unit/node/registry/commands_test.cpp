#include "registry_fixture.hpp"

namespace safar {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class Commands : public ::testing::Test {
protected:
    Network network;
    HeldCharter charter = registry_charter(network);
    TestNode iom{network.iom, charter};
    TestNode fia{network.fia, charter};
    TestNode mofa{network.mofa, charter};
};

template <class T> std::string refusal(const Result<T>& result, ErrorCode code) {
    if (result.has_value()) return "it was accepted";
    EXPECT_EQ(result.error().code, code) << describe(result.error());
    return result.error().detail;
}

TEST_F(Commands, ARecordIsThereForItsAuthorAsSoonAsItIsCreated) {
    RecordId id =
        iom.create({{"name", "Amina"}, {"group", "Alpha"}, {"means", "A"}, {"means", "C"}});
    EXPECT_THAT(iom.live(id, "name"), ElementsAre("IOM:Amina"));
    EXPECT_THAT(iom.live(id, "means"), UnorderedElementsAre("IOM:A", "IOM:C"));
    EXPECT_EQ(iom.events(), 1u);
}

TEST_F(Commands, RefusalsNameWhatWouldBeAccepted) {
    auto create = [&](std::string kind, std::vector<FieldText> fields) {
        return iom.registry->create({std::move(kind), std::move(fields), "", 0, {}}, {""});
    };
    EXPECT_THAT(refusal(create("journey", {{"name", "x"}}), ErrorCode::invalid_argument),
                HasSubstr("movement, victim_case"));
    EXPECT_THAT(refusal(create("movement", {{"nmae", "x"}}), ErrorCode::invalid_argument),
                HasSubstr("name, group, means"));
    EXPECT_THAT(refusal(create("movement", {{"group", "A"}}), ErrorCode::invalid_argument),
                HasSubstr("needs: name"));
    EXPECT_THAT(
        refusal(create("movement", {{"name", "x"}, {"name", "y"}}), ErrorCode::invalid_argument),
        HasSubstr("given twice"));
    refusal(create("movement", {{"name", "x"}, {"group", "Delta"}}), ErrorCode::invalid_argument);
    EXPECT_THAT(refusal(create("movement", {{"name", ""}}), ErrorCode::invalid_argument),
                HasSubstr("retract"));
    EXPECT_EQ(iom.events(), 0u);
}

TEST_F(Commands, WhoMayNotWriteACompartmentIsToldWhoMay) {
    auto outcome = mofa.registry->create({"movement", {{"name", "x"}}, "", 0, {}}, {""});
    std::string detail = refusal(outcome, ErrorCode::not_permitted);
    EXPECT_THAT(detail, HasSubstr("'movement'"));
    EXPECT_THAT(detail, HasSubstr("IOM, FIA"));
    EXPECT_EQ(mofa.events(), 0u);
}

TEST_F(Commands, SetReplacesWhatItsOwnAgencySaidAndNothingElse) {
    RecordId id = iom.create({{"name", "Amina"}});
    iom.send_to(fia);
    ASSERT_TRUE(fia.set(id, {{"name", "Aminah"}}).has_value());
    EXPECT_THAT(fia.live(id, "name"), UnorderedElementsAre("IOM:Amina", "FIA:Aminah"));
    ASSERT_TRUE(fia.set(id, {{"name", "Ameena"}}).has_value());
    EXPECT_THAT(fia.live(id, "name"), UnorderedElementsAre("IOM:Amina", "FIA:Ameena"));
    EXPECT_EQ(value_of(fia.registry->conflicts(10)).size(), 1u);
}

TEST_F(Commands, SayingTheSameAgainWritesNothing) {
    RecordId id = iom.create({{"name", "Amina"}, {"means", "A"}});
    auto again = value_of(iom.set(id, {{"name", "Amina"}, {"means", "Alpha"}}));
    EXPECT_EQ(again.events, 0u);
    EXPECT_EQ(iom.events(), 1u);
}

TEST_F(Commands, SetOfASetFieldAddsAndRemovesElements) {
    RecordId id = iom.create({{"name", "Amina"}, {"means", "A"}, {"means", "B"}});
    ASSERT_TRUE(iom.set(id, {{"means", "B"}, {"means", "C"}}).has_value());
    EXPECT_THAT(iom.live(id, "means"), UnorderedElementsAre("IOM:B", "IOM:C"));
}

TEST_F(Commands, ReplacingAnotherAgencysValueNeedsAReasonAndKeepsIt) {
    RecordId id = iom.create({{"name", "Amina"}});
    iom.send_to(fia);
    EXPECT_THAT(refusal(fia.set(id, {{"name", "Aminah"}}, true), ErrorCode::invalid_argument),
                HasSubstr("reason"));
    ASSERT_TRUE(fia.set(id, {{"name", "Aminah"}}, true, "passport seen").has_value());
    EXPECT_THAT(fia.live(id, "name"), ElementsAre("FIA:Aminah"));
    auto events = value_of(fia.registry->history(id)).events;
    ASSERT_EQ(events.size(), 2u);
    EXPECT_EQ(events[1].body.verb, "resolved");
    EXPECT_EQ(events[1].body.basis, "passport seen");
    EXPECT_EQ(events[1].body.actor, "tester");
}

TEST_F(Commands, AConflictIsResolvedByPickOrByValueEverywhere) {
    RecordId id = iom.create({{"name", "Amina"}, {"persons", "2"}});
    iom.send_to(fia);
    ASSERT_TRUE(fia.set(id, {{"name", "Aminah"}, {"persons", "3"}}).has_value());
    const RecordView shown = value_of(fia.registry->show(id));
    const FoldedField* field = shown.folded.field(1);
    ASSERT_TRUE(field->conflict);
    std::string second = show_value(field->live.at(1).value);
    EXPECT_THAT(refusal(fia.registry->resolve({id, "name", 3, {}, "seen"}, {""}),
                        ErrorCode::invalid_argument),
                HasSubstr("2 live values"));
    EXPECT_THAT(
        refusal(fia.registry->resolve({id, "name", 1, {}, ""}, {""}), ErrorCode::invalid_argument),
        HasSubstr("reason"));
    ASSERT_TRUE(fia.registry->resolve({id, "name", 2, {}, "seen"}, {""}).has_value());
    ASSERT_TRUE(fia.registry->resolve({id, "persons", 0, "4", "counted"}, {""}).has_value());
    EXPECT_THAT(fia.live(id, "name"), ElementsAre("FIA:" + second));
    EXPECT_THAT(fia.live(id, "persons"), ElementsAre("FIA:4"));
    fia.send_to(iom);
    EXPECT_THAT(iom.live(id, "name"), ElementsAre("FIA:" + second));
    EXPECT_THAT(value_of(iom.registry->conflicts(10)), IsEmpty());
}

TEST_F(Commands, AValueThatCameSinceIsNotPickedInAnothersPlace) {
    RecordId id = iom.create({{"name", "Amina"}});
    iom.send_to(fia);
    ASSERT_TRUE(fia.set(id, {{"name", "Aminah"}}).has_value());
    const auto live = [&] { return value_of(fia.registry->show(id)).folded.field(1)->live; };
    const auto before = live();
    const std::string first = show_dot(before.at(0).dot), second = show_dot(before.at(1).dot);
    const auto pick = [&](std::uint32_t place, const std::string& dot) {
        return fia.registry->resolve({id, "name", place, {}, "seen", dot}, {""});
    };
    EXPECT_THAT(refusal(pick(2, first), ErrorCode::conflict), HasSubstr("another value by now"));
    EXPECT_THAT(refusal(fia.registry->resolve({id, "name", 0, "x", "seen", first}, {""}),
                        ErrorCode::invalid_argument),
                HasSubstr("pick"));
    EXPECT_EQ(live().size(), 2u);
    ASSERT_TRUE(pick(2, second).has_value());
    EXPECT_EQ(live().at(0).value, before.at(1).value);
}

TEST_F(Commands, ResolvingWhatNobodyDisputesWritesNothing) {
    RecordId id = iom.create({{"name", "Amina"}});
    EXPECT_EQ(value_of(iom.registry->resolve({id, "name", 1, {}, "sure"}, {""})).events, 0u);
}

TEST_F(Commands, RetractTakesBackOnlyOnesOwnWords) {
    RecordId id = iom.create({{"name", "Amina"}, {"opinion", "tired"}});
    iom.send_to(fia);
    EXPECT_THAT(
        refusal(fia.registry->retract({id, "opinion", ""}, {""}), ErrorCode::invalid_argument),
        HasSubstr("IOM said it"));
    ASSERT_TRUE(fia.set(id, {{"opinion", "well"}}).has_value());
    ASSERT_TRUE(fia.registry->retract({id, "opinion", "mistaken"}, {""}).has_value());
    EXPECT_THAT(fia.live(id, "opinion"), ElementsAre("IOM:tired"));
}

TEST_F(Commands, AnUnknownRecordIsNotFound) {
    refusal(iom.set(RecordId{}, {{"name", "x"}}), ErrorCode::not_found);
    refusal(iom.registry->history(RecordId{}), ErrorCode::not_found);
}

TEST_F(Commands, ConcurrentSetsOfOneRecordLeaveOneValueOfTheAgency) {
    RecordId id = iom.create({{"name", "Amina"}});
    std::vector<std::thread> writers;
    for (int w = 0; w < 4; ++w)
        writers.emplace_back([&, w] {
            for (int i = 0; i < 10; ++i)
                EXPECT_TRUE(iom.set(id, {{"name", std::to_string(w) + "-" + std::to_string(i)}})
                                .has_value());
        });
    for (auto& writer : writers) writer.join();
    EXPECT_EQ(iom.live(id, "name").size(), 1u);
    EXPECT_EQ(iom.events(), 41u);
}

TEST_F(Commands, VerifyFindsTheSameStateThroughTheIndexAndFromBatchesAlone) {
    RecordId id = iom.create({{"name", "Amina"}});
    iom.create({{"name", "Bilal"}, {"means", "A"}});
    ASSERT_TRUE(iom.set(id, {{"name", "Aminah"}}).has_value());
    iom.send_to(fia);
    ASSERT_TRUE(fia.set(id, {{"name", "Ameena"}}).has_value());
    fia.send_to(iom);
    auto found = value_of(iom.registry->verify(/*deep=*/true));
    EXPECT_THAT(found.log.problems, IsEmpty());
    EXPECT_EQ(found.derived, "same");
    EXPECT_EQ(found.log.events, 4u);
}

TEST_F(Commands, RebuildComesToTheSameState) {
    RecordId id = iom.create({{"name", "Amina"}});
    auto before = value_of(iom.registry->compartments("movement", /*state=*/true));
    auto rebuilt = value_of(iom.registry->rebuild());
    EXPECT_THAT(rebuilt.same, ElementsAre("movement", "protection"));
    EXPECT_THAT(rebuilt.differs, IsEmpty());
    EXPECT_EQ(value_of(iom.registry->compartments("movement", true)).at(0).state,
              before.at(0).state);
    EXPECT_THAT(iom.live(id, "name"), ElementsAre("IOM:Amina"));
}

TEST_F(Commands, AfterStopWritesAreRefusedAsStopping) {
    iom.create({{"name", "Amina"}});
    iom.node->stop();
    refusal(iom.registry->create({"movement", {{"name", "x"}}, "", 0, {}}, {""}),
            ErrorCode::stopping);
    EXPECT_EQ(iom.events(), 1u);
}

} // namespace
} // namespace safar

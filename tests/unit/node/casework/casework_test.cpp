// Steps, consent, tasks, journeys and referrals at two nodes, over kinds that only their documents
// describe.
#include "casework_nodes.hpp"

#include "node/casework/inbox.hpp"
#include "node/casework/journey.hpp"
#include "node/casework/refer.hpp"
#include "node/casework/similar.hpp"

namespace safar {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Casework : public CaseworkNodes {};

TEST_F(Casework, AReferralGoesItsWayAndTheAcceptingAgencyOwnsIt) {
    RecordId subject = person();
    consent(subject);
    RecordId referral = value_of(refer_to(subject, "FIA", caseworker)).record;
    EXPECT_EQ(state(iom, referral), "draft");
    auto sent = value_of(step(iom, referral, "send", caseworker));
    EXPECT_EQ(sent.from, "draft");
    EXPECT_EQ(sent.to, "sent");
    EXPECT_THAT(iom.live(referral, "answer_by"), ElementsAre("IOM:" + today(14)));
    exchange();
    auto done = step(fia, referral, "accept", caseworker);
    ASSERT_TRUE(done.has_value()) << describe(done.error());
    EXPECT_THAT(fia.live(referral, "owner"), ElementsAre("FIA:FIA"));
    EXPECT_EQ(value_of(fia.registry->history(referral)).events.back().body.verb, "referral.accept");
    exchange();
    EXPECT_EQ(state(iom, referral), "accepted");
    EXPECT_TRUE(step(fia, referral, "finish", caseworker).has_value());
}

TEST_F(Casework, AStepIsRefusedToWhoeverMayNotTakeItAndFromWhereItDoesNotStart) {
    RecordId subject = person();
    consent(subject);
    RecordId referral = value_of(refer_to(subject, "FIA", caseworker)).record;
    auto early = step(iom, referral, "accept", caseworker);
    ASSERT_FALSE(early.has_value());
    EXPECT_EQ(early.error().code, ErrorCode::conflict);
    EXPECT_THAT(early.error().detail, HasSubstr("from 'draft' there is: send"));
    ASSERT_TRUE(step(iom, referral, "send", caseworker).has_value());
    auto other = step(iom, referral, "accept", caseworker);
    ASSERT_FALSE(other.has_value());
    EXPECT_EQ(other.error().code, ErrorCode::not_permitted);
    EXPECT_THAT(other.error().detail, HasSubstr("is for FIA; this node belongs to IOM"));
    auto role = step(iom, referral, "revoke", caseworker);
    ASSERT_FALSE(role.has_value());
    EXPECT_THAT(role.error().detail, HasSubstr("needs role supervisor; you have caseworker"));
    exchange();
    auto bare = step(fia, referral, "reject", caseworker);
    ASSERT_FALSE(bare.has_value());
    EXPECT_THAT(bare.error().detail, HasSubstr("needs: reason"));
    auto none = step(fia, referral, "dance", caseworker);
    ASSERT_FALSE(none.has_value());
    EXPECT_THAT(none.error().detail, HasSubstr("there are: send, accept, reject"));
    EXPECT_EQ(state(fia, referral), "sent");
    EXPECT_TRUE(step(fia, referral, "reject", caseworker, {{"reason", "no bed"}}).has_value());
}

TEST_F(Casework, RevokeBesideAcceptHasOneAnswerAtBothNodes) {
    RecordId subject = person();
    consent(subject);
    RecordId referral = value_of(refer_to(subject, "FIA", caseworker)).record;
    ASSERT_TRUE(step(iom, referral, "send", caseworker).has_value());
    exchange();
    ASSERT_TRUE(step(fia, referral, "accept", caseworker).has_value());
    ASSERT_TRUE(step(iom, referral, "revoke", supervisor).has_value());
    exchange();
    EXPECT_EQ(state(iom, referral), "revoked");
    EXPECT_EQ(state(fia, referral), "revoked");
    EXPECT_EQ(value_of(iom.derived->state_digest("movement", {})),
              value_of(fia.derived->state_digest("movement", {})));
    auto late = step(fia, referral, "finish", caseworker);
    ASSERT_FALSE(late.has_value());
    EXPECT_EQ(late.error().code, ErrorCode::conflict);
}

TEST_F(Casework, WithoutConsentNothingIsReferredAndTheRefusalNamesWhatIsMissing) {
    RecordId subject = person();
    auto bare = refer_to(subject, "FIA", caseworker);
    ASSERT_FALSE(bare.has_value());
    EXPECT_EQ(bare.error().code, ErrorCode::not_permitted);
    EXPECT_THAT(bare.error().detail, HasSubstr("group 'identity' to FIA"));
    RecordId given = consent(subject);
    EXPECT_TRUE(refer_to(subject, "FIA", caseworker).has_value());
    EXPECT_FALSE(refer_to(subject, "MOFA", caseworker).has_value()) << "consent names FIA";
    EXPECT_FALSE(refer_to(subject, "FIA", caseworker, "", "health").has_value())
        << "consent covers identity";
    ASSERT_TRUE(step(iom, given, "withdraw", caseworker).has_value());
    EXPECT_FALSE(refer_to(subject, "FIA", caseworker).has_value());
    consent(subject, {{"groups", "identity"}, {"recipients", "FIA"}, {"until", today(-1)}});
    EXPECT_FALSE(refer_to(subject, "FIA", caseworker).has_value()) << "it ended yesterday";
    consent(subject, {{"groups", "identity"}, {"recipients", "any"}, {"until", today()}});
    EXPECT_TRUE(refer_to(subject, "FIA", caseworker).has_value());
}

TEST_F(Casework, GoingOnWithoutConsentNeedsARoleAndAReasonAndIsOnRecord) {
    RecordId subject = person();
    auto plain = refer_to(subject, "FIA", caseworker, "life in danger");
    ASSERT_FALSE(plain.has_value());
    EXPECT_THAT(plain.error().detail, HasSubstr("needs role supervisor"));
    RecordId referral = value_of(refer_to(subject, "FIA", supervisor, "life in danger")).record;
    EXPECT_THAT(iom.live(referral, "override"), ElementsAre("IOM:life in danger"));
    ASSERT_TRUE(iom.set(subject, {{"never_to", "FIA"}}).has_value());
    auto never = refer_to(subject, "FIA", supervisor, "life in danger");
    ASSERT_FALSE(never.has_value());
    EXPECT_THAT(never.error().detail, HasSubstr("may go to FIA"));
}

TEST_F(Casework, WhoeverDatesAStepBackDoesNotBecomeTheAuthor) {
    RecordId subject = person();
    consent(subject);
    RecordId referral = value_of(refer_to(subject, "FIA", caseworker)).record;
    ASSERT_TRUE(step(iom, referral, "send", caseworker).has_value());
    exchange();
    StepCommand accept{referral, "accept", {}, "", "", ClaimedTime{1'000'000}};
    ASSERT_TRUE(take_step(*fia.registry, accept, caseworker).has_value());
    exchange();
    EXPECT_FALSE(step(fia, referral, "revoke", supervisor).has_value());
    EXPECT_TRUE(step(iom, referral, "revoke", supervisor).has_value());
}

TEST_F(Casework, ADueDateCountsFromTheDayOfTheStep) {
    RecordId subject = person();
    consent(subject);
    RecordId referral = value_of(refer_to(subject, "FIA", caseworker)).record;
    StepCommand send{referral, "send", {},
                     "",       "",     ClaimedTime{1'725'148'800'000'000}}; // 2024-09-01
    ASSERT_TRUE(take_step(*iom.registry, send, caseworker).has_value());
    EXPECT_THAT(iom.live(referral, "answer_by"), ElementsAre("IOM:2024-09-15"));
}

TEST_F(Casework, OnlyItsOwnerGivesACaseToAnotherAgency) {
    RecordId subject = person();
    consent(subject);
    RecordId referral = value_of(refer_to(subject, "FIA", caseworker)).record;
    exchange();
    EXPECT_FALSE(reassign(*fia.registry, referral, "FIA", "", caseworker).has_value())
        << "IOM recorded it, so it is IOM's";
    EXPECT_FALSE(reassign(*iom.registry, referral, "NOBODY", "", caseworker).has_value());
    EXPECT_FALSE(reassign(*iom.registry, subject, "FIA", "", caseworker).has_value())
        << "nobody owns a person here";
    ASSERT_TRUE(reassign(*iom.registry, referral, "FIA", "closer to her", caseworker).has_value());
    exchange();
    EXPECT_THAT(fia.live(referral, "owner"), ElementsAre("IOM:FIA"));
    EXPECT_FALSE(reassign(*iom.registry, referral, "IOM", "", caseworker).has_value());
    auto nowhere = reassign(*fia.registry, referral, "MOFA", "", caseworker);
    ASSERT_FALSE(nowhere.has_value()) << "MOFA could take no step with it";
    EXPECT_THAT(nowhere.error().detail, HasSubstr("is written by IOM, FIA"));
    ASSERT_TRUE(reassign(*fia.registry, referral, "IOM", "", caseworker).has_value());
    EXPECT_THAT(fia.live(referral, "owner"), ElementsAre("FIA:IOM"))
        << "no conflict: the decision replaces";
}

TEST_F(Casework, NumbersOfCasesDifferWhereverTheyAreGiven) {
    RecordId subject = person();
    consent(subject);
    std::set<std::string> numbers;
    for (int i = 0; i < 3; ++i)
        numbers.insert(
            iom.live(value_of(refer_to(subject, "FIA", caseworker)).record, "number").at(0));
    Registry restarted(*iom.node);
    for (Registry* each : {iom.registry.get(), fia.registry.get(), &restarted})
        numbers.insert("IOM:" + each->fresh_number());
    EXPECT_EQ(numbers.size(), 6u);
    for (const std::string& number : numbers)
        EXPECT_THAT(number, ::testing::MatchesRegex("IOM:[A-Z]+-[0-9A-Z]{8}-[0-9]+"));
}

TEST_F(Casework, AStatusIsNotSetByHand) {
    EXPECT_FALSE(create_record(*iom.registry, {"referral", {{"status", "accepted"}}, "", 0, {}},
                               supervisor, "")
                     .has_value());
    const Schema schema = value_of(charter_schema(*charter.charter));
    EXPECT_FALSE(check_not_stepped(*schema.kind("referral"), {"status"}).has_value());
    EXPECT_TRUE(check_not_stepped(*schema.kind("referral"), {"reason"}).has_value());
    EXPECT_TRUE(check_not_stepped(*schema.kind("person"), {"note"}).has_value());
}

TEST_F(Casework, TheInboxHoldsWhatWaitsForThisAgency) {
    RecordId subject = person();
    RecordId given = consent(subject);
    RecordId referral = value_of(refer_to(subject, "FIA", caseworker)).record;
    ASSERT_TRUE(step(iom, referral, "send", caseworker, {{"answer_by", today(-2)}}).has_value());
    exchange();
    auto inbox = value_of(read_inbox(*fia.registry, {}));
    ASSERT_EQ(inbox.items.size(), 1u);
    EXPECT_EQ(inbox.items[0].task->title, "Answer the referral");
    EXPECT_EQ(inbox.items[0].view.folded.id, referral);
    EXPECT_TRUE(inbox.items[0].overdue);
    auto ours = value_of(read_inbox(*iom.registry, {}));
    ASSERT_EQ(ours.items.size(), 1u) << "the answer is overdue";
    EXPECT_EQ(ours.items[0].task->title, "Ask why nobody answers");
    ASSERT_TRUE(step(iom, given, "withdraw", caseworker).has_value());
    exchange();
    inbox = value_of(read_inbox(*fia.registry, {}));
    ASSERT_EQ(inbox.items.size(), 2u);
    EXPECT_EQ(inbox.caseload.at("Acknowledge the withdrawal").waiting, 1u);
    EXPECT_EQ(inbox.caseload.at("Answer the referral").overdue, 1u);
    ASSERT_TRUE(fia.set(given, {{"acknowledged", "FIA"}}).has_value());
    EXPECT_EQ(value_of(read_inbox(*fia.registry, {})).items.size(), 1u);
    // A dispute waits for whoever has a part in it.
    ASSERT_TRUE(iom.set(subject, {{"note", "short"}}).has_value());
    ASSERT_TRUE(fia.set(subject, {{"note", "tall"}}).has_value());
    exchange();
    EXPECT_EQ(value_of(read_inbox(*iom.registry, {})).caseload.at("conflict").waiting, 1u);
}

TEST_F(Casework, AReferralTakesCopiesOfExactlyWhatWasPreviewed) {
    RecordId subject = person();
    consent(subject);
    ReferCommand command{subject, "", {"FIA"}, {"identity"}, {}, "", ""};
    auto plan = value_of(plan_referral(*iom.registry, command));
    ASSERT_EQ(plan.goes.size(), 1u);
    EXPECT_EQ(plan.goes[0].field->name, "name");
    EXPECT_TRUE(plan.missing.empty());
    EXPECT_EQ(plan.stays.size(), 2u);
    auto referred = value_of(refer(*iom.registry, command, plan, caseworker));
    exchange();
    ASSERT_EQ(referred.copies.size(), 1u);
    EXPECT_THAT(fia.live(referred.copies[0], "value"), ElementsAre("IOM:Zarmina"));
    EXPECT_THAT(fia.live(referred.copies[0], "source"), ElementsAre("IOM:" + show_id(subject)));
    EXPECT_THAT(fia.live(referred.copies[0], "said_by"), ElementsAre("IOM:IOM"));
    command.groups = {"health"};
    plan = value_of(plan_referral(*iom.registry, command));
    EXPECT_THAT(plan.missing, ElementsAre("group 'health' to FIA"));
    EXPECT_FALSE(refer(*iom.registry, command, plan, caseworker).has_value());
    command.groups = {"income"};
    EXPECT_FALSE(plan_referral(*iom.registry, command).has_value());
}

TEST_F(Casework, AJourneyHoldsWhatRefersToThePersonAndToWhatIsLinked) {
    RecordId subject = person(), twin = make(fia, "person", {{"name", "Zarmeena"}});
    RecordId given = consent(subject);
    RecordId referral = value_of(refer_to(subject, "FIA", caseworker)).record;
    exchange();
    RecordId theirs = make(fia, "consent", {{"person", show_id(twin)}, {"purposes", "referral"}});
    exchange();
    auto alone = value_of(read_journey(*iom.registry, subject));
    EXPECT_EQ(alone.records.size(), 3u);
    EXPECT_EQ(alone.entries.size(), 3u);
    RecordId link =
        make(iom, "link", {{"a", show_id(subject)}, {"b", show_id(twin)}, {"verdict", "same"}});
    auto both = value_of(read_journey(*iom.registry, subject));
    ASSERT_EQ(both.linked.size(), 1u);
    EXPECT_EQ(both.linked[0].record, twin);
    EXPECT_FALSE(both.linked[0].disputed);
    std::set<RecordId> ids;
    for (const auto& part : both.records) ids.insert(part.view.folded.id);
    EXPECT_EQ(ids, (std::set<RecordId>{subject, twin, given, referral, theirs}));
    exchange();
    ASSERT_TRUE(fia.set(link, {{"verdict", "different"}}).has_value());
    exchange();
    EXPECT_TRUE(value_of(read_journey(*iom.registry, subject)).linked.at(0).disputed);
    // A reference that was taken back no longer belongs to the journey.
    ASSERT_TRUE(iom.registry->retract({given, "person", "wrong person"}, {"x"}).has_value());
    EXPECT_EQ(value_of(read_journey(*iom.registry, subject)).records.size(), 4u);
}

TEST_F(Casework, AJourneyTakesInFilesThatItNamesButNobodyElsesRecords) {
    RecordId file = make(iom, "file", {{"title", "return flight"}});
    RecordId paper = make(iom, "paper", {{"file", show_id(file)}});
    RecordId subject = make(iom, "person", {{"name", "Zarmina"}, {"file", show_id(file)}});
    make(iom, "person", {{"name", "Somebody else"}, {"file", show_id(file)}});
    std::vector<RecordId> ids;
    const Journey journey = value_of(read_journey(*iom.registry, subject));
    for (const auto& part : journey.records) ids.push_back(part.view.folded.id);
    EXPECT_THAT(ids, ElementsAre(subject, file, paper));
    EXPECT_TRUE(journey.records[1].aside);
}

TEST_F(Casework, ARecordThatMayBeThereAlreadyIsFoundAcrossSpellings) {
    RecordId known = make(iom, "person", {{"name", "محمد بلال"}, {"note", "35202-1234567-1"}});
    make(iom, "person", {{"name", "Muhammad Iqbal"}});
    auto by_name = value_of(find_similar(*iom.registry, "person", {{"name", "Mohammed Bilal"}}, 5));
    ASSERT_EQ(by_name.size(), 1u);
    EXPECT_EQ(by_name[0].view.folded.id, known);
    EXPECT_THAT(by_name[0].matched, ElementsAre("name"));
    auto by_number =
        value_of(find_similar(*iom.registry, "person", {{"note", "3520212345671"}}, 5));
    ASSERT_EQ(by_number.size(), 1u);
    EXPECT_GT(by_number[0].likeness, by_name[0].likeness);
    EXPECT_TRUE(value_of(find_similar(*iom.registry, "person", {{"name", "Zarmina"}}, 5)).empty());
    EXPECT_TRUE(value_of(find_similar(*iom.registry, "movement", {{"name", "Bilal"}}, 5)).empty());
}

TEST_F(Casework, TheDossierTellsWhoHasAcknowledgedAWithdrawal) {
    RecordId subject = person();
    RecordId given =
        consent(subject, {{"groups", "identity"}, {"recipients", "FIA"}, {"recipients", "MOFA"}});
    ASSERT_TRUE(step(iom, given, "withdraw", caseworker).has_value());
    exchange();
    ASSERT_TRUE(fia.set(given, {{"acknowledged", "FIA"}}).has_value());
    exchange();
    auto waits =
        acknowledgements(*iom.node->charter(), value_of(read_journey(*iom.registry, subject)));
    ASSERT_EQ(waits.size(), 1u);
    EXPECT_THAT(waits[0].done, ElementsAre("FIA"));
    EXPECT_THAT(waits[0].missing, ElementsAre("MOFA"));
}

} // namespace
} // namespace safar

// Cases that change hands, cases that are opened again, and referrals whose copies come with them,
// over the repository's own catalogue.
#include "node/casework/inbox.hpp"
#include "node/casework/refer.hpp"
#include "node/casework/steps.hpp"
#include "tests/unit/node/registry/catalogue_fixture.hpp"

namespace safar {
namespace {

using namespace testing;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Handover : public ::testing::Test {
protected:
    Network network;
    HeldCharter charter = catalogue_charter(network);
    TestNode iom{network.iom, charter}, fia{network.fia, charter}, mofa{network.mofa, charter};
    const Worker supervisor{{"Sana"}, Roles().set(static_cast<std::size_t>(UserRole::supervisor))};

    RecordId make(TestNode& at, const std::string& kind, std::vector<FieldText> fields) {
        return value_of(create_record(*at.registry, {kind, std::move(fields), "", 0, {}},
                                      supervisor, ""))
            .record;
    }
    RecordId take(TestNode& at, const RecordId& id, const std::string& name,
                  std::vector<FieldText> fields = {}) {
        return value_of(take_step(*at.registry, {id, name, std::move(fields), "", ""}, supervisor))
            .change.record;
    }
    Result<StepDone> attempt(TestNode& at, const RecordId& id, const std::string& name,
                             std::vector<FieldText> fields = {}) {
        return take_step(*at.registry, {id, name, std::move(fields), "", ""}, supervisor);
    }
    // A person with a case of IOM's, and consent to everything.
    void begin() {
        subject = make(iom, "person", {{"name", "Zarmina Gul"}});
        its_case = make(iom, "victim_case", {{"person", show_id(subject)}});
        RecordId consent = make(iom, "consent",
                                {{"person", show_id(subject)},
                                 {"purposes", "any"},
                                 {"recipients", "any"},
                                 {"field_groups", "any"},
                                 {"until", today(30)}});
        take(iom, consent, "give", {{"form", "Written"}, {"signatory", "person"}});
    }
    RecordId send(const std::string& to, bool transfer) {
        RecordId id = make(iom, "referral",
                           {{"person", show_id(subject)},
                            {"recipient", to},
                            {"field_groups", "identity"},
                            {"victim_case", show_id(its_case)}});
        if (transfer) take(iom, id, "transfer");
        return id;
    }
    void exchange() {
        for (TestNode* from : {&iom, &fia, &mofa})
            for (TestNode* to : {&iom, &fia, &mofa})
                if (from != to) from->send_to(*to);
    }
    static std::string owner(TestNode& at, const RecordId& id) {
        return joined(party(value_of(at.registry->show(id)), "owner"));
    }
    static std::string state(TestNode& at, const RecordId& id) {
        return state_of(value_of(at.registry->show(id)));
    }
    void expect_owner(const RecordId& id, const std::string& who) {
        for (TestNode* at : {&iom, &fia, &mofa})
            EXPECT_EQ(owner(*at, id), who) << at->node->agency();
        for (const char* compartment : {"protection", "exchange"})
            EXPECT_EQ(value_of(iom.derived->state_digest(compartment, {})),
                      value_of(fia.derived->state_digest(compartment, {})));
    }
    RecordId subject, its_case;
};

TEST_F(Handover, AnAcceptedTransferGivesTheCaseAndAReferralMovesNone) {
    begin();
    RecordId asked = send("FIA", false), transfer = send("FIA", true);
    exchange();
    take(fia, asked, "accept");
    exchange();
    expect_owner(its_case, "IOM");
    expect_owner(subject, "IOM");
    const Position before = fia.log->last_position();
    auto done = value_of(attempt(fia, transfer, "take_over"));
    EXPECT_EQ(fia.log->last_position() - before, 2u)
        << "a batch for each compartment, in one commit";
    ASSERT_EQ(done.given.size(), 2u);
    EXPECT_EQ(done.given[1].to, "FIA");
    exchange();
    expect_owner(its_case, "FIA");
    expect_owner(subject, "FIA");
    auto history = value_of(iom.registry->history(its_case));
    EXPECT_EQ(history.events.back().body.verb, "referral.take_over");
    take(fia, asked, "done", {{"outcome", "seen"}});
    exchange();
    expect_owner(its_case, "FIA");
}

TEST_F(Handover, RevokeBesideTakingOverLeavesTheCaseWithTheSenderEverywhere) {
    begin();
    RecordId transfer = send("FIA", true);
    exchange();
    take(fia, transfer, "take_over");
    EXPECT_EQ(owner(fia, its_case), "FIA");
    take(iom, transfer, "revoke", {{"revoke_reason", "she stays"}});
    EXPECT_EQ(owner(iom, its_case), "IOM");
    exchange();
    EXPECT_EQ(state(fia, transfer), "revoked");
    expect_owner(its_case, "IOM");
    for (TestNode* at : {&iom, &fia})
        EXPECT_EQ(value_of(read_inbox(*at->registry, {})).caseload.at("conflict").waiting, 2u)
            << "both see that it was a race, about the person and the case";
}

TEST_F(Handover, ATransferThatWasDoneBesideARevocationStaysWithTheReceiver) {
    begin();
    RecordId transfer = send("FIA", true);
    exchange();
    take(fia, transfer, "take_over");
    take(fia, transfer, "done", {{"outcome", "she is safe"}});
    take(iom, transfer, "revoke", {{"revoke_reason", "she stays"}});
    exchange();
    EXPECT_EQ(state(iom, transfer), "done");
    expect_owner(its_case, "FIA");
}

TEST_F(Handover, TwoTransfersTakenOverAtOnceHaveOneAnswerAndShowTheConflict) {
    begin();
    RecordId first = send("FIA", true), second = send("MOFA", true);
    exchange();
    take(fia, first, "take_over");
    take(mofa, second, "take_over");
    exchange();
    expect_owner(its_case, owner(iom, its_case));
    EXPECT_THAT((std::vector<std::string>{"FIA", "MOFA"}), Contains(owner(iom, its_case)));
    EXPECT_EQ(value_of(read_inbox(*mofa.registry, {})).caseload.at("conflict").waiting, 2u);
    auto late = attempt(iom, its_case, "follow_up");
    EXPECT_FALSE(late.has_value()) << "it is another's now";
}

TEST_F(Handover, ARevocationGivesBackWhatWasTakenOverAndNothingThatWentOn) {
    begin();
    RecordId transfer = send("FIA", true);
    exchange();
    take(fia, transfer, "take_over");
    ASSERT_TRUE(reassign(*fia.registry, subject, "MOFA", "moved", supervisor).has_value());
    exchange();
    auto done = value_of(attempt(iom, transfer, "revoke", {{"revoke_reason", "a mistake"}}));
    exchange();
    expect_owner(its_case, "IOM");
    expect_owner(subject, "MOFA");
    EXPECT_EQ(done.given[0].to, "");
}

TEST_F(Handover, WhatIsNotTheSendersIsNotHandedOver) {
    begin();
    ASSERT_TRUE(reassign(*iom.registry, its_case, "MOFA", "", supervisor).has_value());
    ASSERT_TRUE(reassign(*iom.registry, subject, "MOFA", "", supervisor).has_value());
    RecordId id = send("FIA", false);
    auto refused = attempt(iom, id, "transfer");
    ASSERT_FALSE(refused.has_value());
    EXPECT_THAT(refused.error().detail, HasSubstr("is MOFA's"));
    RecordId nowhere =
        make(iom, "referral",
             {{"person", show_id(subject)}, {"recipient", "UKF"}, {"field_groups", "identity"}});
    ASSERT_TRUE(reassign(*mofa.registry, subject, "IOM", "", supervisor).error().code ==
                ErrorCode::not_found);
    exchange();
    ASSERT_TRUE(reassign(*mofa.registry, subject, "IOM", "", supervisor).has_value());
    exchange();
    refused = attempt(iom, nowhere, "transfer");
    ASSERT_FALSE(refused.has_value()) << "UKF writes no cases";
    EXPECT_THAT(refused.error().detail, HasSubstr("is written by"));
}

TEST_F(Handover, ARevocationTakesNothingThatWasNeverGiven) {
    begin();
    ASSERT_TRUE(reassign(*iom.registry, subject, "FIA", "theirs", supervisor).has_value());
    RecordId transfer = send("FIA", true);
    take(iom, transfer, "revoke", {{"revoke_reason", "before any answer"}});
    exchange();
    expect_owner(subject, "FIA");
    expect_owner(its_case, "IOM");
}

TEST_F(Handover, WhatIsTheReceiversAlreadyIsNothingToHandOver) {
    begin();
    ASSERT_TRUE(reassign(*iom.registry, its_case, "FIA", "", supervisor).has_value());
    ASSERT_TRUE(reassign(*iom.registry, subject, "FIA", "", supervisor).has_value());
    auto refused = attempt(iom, send("FIA", false), "transfer");
    ASSERT_FALSE(refused.has_value());
    EXPECT_THAT(refused.error().detail, HasSubstr("nothing would change hands"));
}

TEST_F(Handover, TheReceiverMakesNoTakeoverOfAReferral) {
    begin();
    RecordId referral = send("FIA", false);
    exchange();
    take(fia, referral, "reject", {{"rejection_reason", "no_capacity"}});
    auto refused = attempt(fia, referral, "reconsider", {{"type", "transfer"}});
    ASSERT_FALSE(refused.has_value());
    EXPECT_THAT(refused.error().detail, HasSubstr("for the steps to say"));
    const Worker caseworker{{"Amina"}, Roles().set(static_cast<std::size_t>(UserRole::caseworker))};
    EXPECT_FALSE(
        take_step(*fia.registry, {referral, "reconsider", {}, "", ""}, caseworker).has_value());
    take(fia, referral, "reconsider");
    exchange();
    expect_owner(subject, "IOM");
    expect_owner(its_case, "IOM");
}

TEST_F(Handover, TheReceiverNamesNothingThatItTakesOver) {
    begin();
    RecordId other = make(iom, "victim_case", {{"person", show_id(subject)}});
    RecordId transfer = send("FIA", true);
    exchange();
    EXPECT_FALSE(
        attempt(fia, transfer, "take_over", {{"victim_case", show_id(other)}}).has_value());
    EXPECT_FALSE(attempt(fia, transfer, "take_over", {{"recipient", "MOFA"}}).has_value());
    // An import may say so, whatever steps allow.
    ASSERT_TRUE(fia.set(transfer, {{"victim_case", show_id(other)}}).has_value());
    take(fia, transfer, "take_over");
    exchange();
    expect_owner(other, "IOM");
    expect_owner(its_case, "FIA");
}

TEST_F(Handover, NobodyHandsOverInAnothersName) {
    begin();
    exchange();
    RecordId id = make(fia, "referral",
                       {{"person", show_id(subject)},
                        {"sender", "IOM"},
                        {"recipient", "FIA"},
                        {"field_groups", "identity"},
                        {"victim_case", show_id(its_case)}});
    auto refused = attempt(fia, id, "transfer");
    ASSERT_FALSE(refused.has_value());
    EXPECT_THAT(refused.error().detail, HasSubstr("nothing would change hands"));
}

TEST_F(Handover, ATransferIsRejectedWhereverTheCaseWentMeanwhile) {
    begin();
    RecordId transfer = send("FIA", true);
    ASSERT_TRUE(reassign(*iom.registry, its_case, "MOFA", "", supervisor).has_value());
    ASSERT_TRUE(reassign(*iom.registry, subject, "MOFA", "", supervisor).has_value());
    exchange();
    take(fia, transfer, "reject", {{"rejection_reason", "no_capacity"}});
    EXPECT_EQ(state(fia, transfer), "rejected");
}

TEST_F(Handover, WhoseACaseIsIsSettledAmongWhatWasSaid) {
    begin();
    RecordId transfer = send("FIA", true);
    exchange();
    auto view = value_of(iom.registry->show(its_case));
    EXPECT_FALSE(check_not_settled(view, "IOM", {"owner"}).has_value());
    EXPECT_FALSE(check_keeps_settled(view, "IOM", "owner", "FIA").has_value());
    EXPECT_FALSE(check_keeps_settled(view, "IOM", "owner", std::nullopt).has_value());
    take(fia, transfer, "take_over");
    take(iom, transfer, "revoke", {{"revoke_reason", "she stays"}});
    exchange();
    view = value_of(iom.registry->show(its_case));
    EXPECT_TRUE(check_keeps_settled(view, "IOM", "owner", "FIA").has_value());
    EXPECT_TRUE(check_keeps_settled(view, "IOM", "owner", std::nullopt).has_value());
    EXPECT_FALSE(check_keeps_settled(view, "IOM", "owner", "MOFA").has_value());
}

TEST_F(Handover, AReferralWhoseStateWasNeverStatedWaitsAsASentOne) {
    begin();
    value_of(iom.registry->create(
        {"referral", {{"person", show_id(subject)}, {"recipient", "FIA"}}, "", 0, {}}, {"import"}));
    exchange();
    EXPECT_EQ(value_of(read_inbox(*fia.registry, {})).caseload["Answer the referral"].waiting, 1u);
}

TEST_F(Handover, WhoMayNotReceiveMayNotUnderAnySpelling) {
    begin();
    ASSERT_TRUE(iom.set(subject, {{"forbidden_recipients", "FIA"}}).has_value());
    for (const char* spelling : {"FIA", "fia", "Federal Investigation Agency"}) {
        auto made = create_record(
            *iom.registry,
            {"referral",
             {{"person", show_id(subject)}, {"recipient", spelling}, {"field_groups", "identity"}},
             "",
             0,
             {}},
            supervisor, "life in danger");
        ASSERT_FALSE(made.has_value()) << spelling;
        EXPECT_EQ(made.error().code, ErrorCode::not_permitted) << made.error().detail;
        auto plan =
            plan_referral(*iom.registry, {subject, "", {spelling}, {"identity"}, {}, "", "danger"});
        ASSERT_FALSE(plan.has_value()) << spelling;
        EXPECT_EQ(plan.error().code, ErrorCode::not_permitted) << plan.error().detail;
    }
    ASSERT_TRUE(iom.set(subject, {{"forbidden_recipients", "Any agency"}}).has_value());
    auto nobody = plan_referral(*iom.registry, {subject, "", {"MOFA"}, {"identity"}, {}, "", ""});
    ASSERT_FALSE(nobody.has_value());
    EXPECT_EQ(nobody.error().code, ErrorCode::not_permitted);
}

TEST_F(Handover, ConsentIsFoundUnderEverySpelling) {
    subject = make(iom, "person", {{"name", "Zarmina Gul"}});
    RecordId consent = make(iom, "consent",
                            {{"person", show_id(subject)},
                             {"purposes", "referral"},
                             {"recipients", "FIA"},
                             {"field_groups", "identity"},
                             {"until", today(30)}});
    take(iom, consent, "give", {{"form", "Written"}, {"signatory", "person"}});
    ReferCommand command{subject, "", {"fia"}, {"Names, birth, parents"}, {}, "", ""};
    auto plan = value_of(plan_referral(*iom.registry, command));
    EXPECT_TRUE(plan.missing.empty());
    ASSERT_EQ(plan.goes.size(), 1u);
    auto referred = value_of(refer(*iom.registry, command, plan, supervisor));
    EXPECT_THAT(iom.live(referred.referral, "recipient"), ElementsAre("IOM:FIA"));
}

TEST_F(Handover, AConsentThatAnotherAgencyAsksForPermitsWhatWasRecorded) {
    begin();
    RecordId other = make(iom, "person", {{"name", "Bilal"}});
    RecordId consent = make(iom, "consent",
                            {{"person", show_id(other)},
                             {"purposes", "referral"},
                             {"recipients", "MOFA"},
                             {"field_groups", "identity"},
                             {"until", today(30)}});
    ASSERT_TRUE(reassign(*iom.registry, consent, "FIA", "", supervisor).has_value());
    exchange();
    take(fia, consent, "give", {{"form", "Written"}, {"signatory", "person"}});
    make(fia, "referral",
         {{"person", show_id(other)}, {"recipient", "MOFA"}, {"field_groups", "identity"}});
}

TEST_F(Handover, AReferralAndItsCopiesAreOneBatch) {
    begin();
    ASSERT_TRUE(
        iom.set(subject, {{"cnic", "35202-1234567-1"}, {"birthdate", "1987-05-04"}}).has_value());
    ReferCommand command{subject, "", {"FIA"}, {"identity", "documents"}, {}, "", ""};
    auto plan = value_of(plan_referral(*iom.registry, command));
    ASSERT_EQ(plan.goes.size(), 3u);
    const Position before = iom.log->last_position();
    auto referred = value_of(refer(*iom.registry, command, plan, supervisor));
    EXPECT_EQ(iom.log->last_position(), before + 1);
    EXPECT_EQ(referred.copies.size(), 3u);
    ASSERT_TRUE(iom.node->await_own_writes().has_value());
    EXPECT_EQ(value_of(iom.derived->mentions(referred.referral, 10)).size(), 3u);
}

TEST_F(Handover, CopiesAreNotMadeWithoutAReferral) {
    begin();
    RecordId id = send("FIA", false);
    auto made = create_record(*iom.registry,
                              {"disclosure",
                               {{"referral", show_id(id)},
                                {"record", "x"},
                                {"kind", "person"},
                                {"field", "health"},
                                {"value", "burnt hand"}},
                               "",
                               0,
                               {}},
                              supervisor, "");
    ASSERT_FALSE(made.has_value());
    EXPECT_THAT(made.error().detail, HasSubstr("safar refer"));
}

TEST_F(Handover, AClosedCaseIsOpenedAgainAsOneRecordAtBothNodes) {
    begin();
    EXPECT_FALSE(attempt(iom, its_case, "reopen", {{"reopening_reason", "again"}}).has_value())
        << "it is not closed";
    take(iom, its_case, "propose_closure", {{"reason_for_case_closure", "safe"}});
    take(iom, its_case, "close");
    exchange();
    EXPECT_FALSE(attempt(iom, its_case, "reopen").has_value()) << "without a reason";
    RecordId here = take(iom, its_case, "reopen", {{"reopening_reason", "trafficked again"}});
    RecordId there = take(fia, its_case, "reopen", {{"reopening_reason", "found in a raid"}});
    EXPECT_EQ(here, there);
    EXPECT_NE(here, its_case);
    exchange();
    EXPECT_EQ(state(fia, here), "Active");
    EXPECT_EQ(state(fia, its_case), "Closed");
    EXPECT_THAT(fia.live(here, "person"), Contains("IOM:" + show_id(subject)));
    EXPECT_THAT(fia.live(here, "former_case"), Contains("FIA:" + show_id(its_case)));
    auto twice = attempt(iom, its_case, "reopen", {{"reopening_reason", "again"}});
    ASSERT_FALSE(twice.has_value());
    EXPECT_THAT(twice.error().detail, HasSubstr(show_id(here)));
    for (const StepOffer& offer :
         value_of(offered_steps(*iom.registry, its_case, supervisor)).steps)
        EXPECT_THAT(offer.blocked, HasSubstr(show_id(here)));
}

TEST_F(Handover, SmugglingCasesAndReturnsAreOpenedAgainToo) {
    begin();
    RecordId smuggled =
        make(iom, "smuggling_case", {{"person", show_id(subject)}, {"opened_on", "2026-01-02"}});
    take(iom, smuggled, "close", {{"reason", "crossed"}});
    RecordId again = take(iom, smuggled, "reopen", {{"reopening_reason", "caught again"}});
    EXPECT_THAT(iom.live(again, "opened_on"), ElementsAre("IOM:" + today()));
    RecordId back = make(iom, "return", {{"nationality", "PAK"}, {"returnee", "Bilal"}});
    take(iom, back, "withdraw");
    again = take(iom, back, "reopen", {{"reopening_reason", "asks again"}});
    EXPECT_EQ(state(iom, again), "expressed");
    EXPECT_THAT(iom.live(again, "returnee"), ElementsAre("IOM:Bilal"));
}

} // namespace
} // namespace safar

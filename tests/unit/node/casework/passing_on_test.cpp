// What of records goes to a stated recipient, over the repository's own catalogue.
#include "node/casework/passing_on.hpp"
#include "node/casework/steps.hpp"
#include "tests/unit/node/registry/catalogue_fixture.hpp"

namespace safar {
namespace {

using namespace testing;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class PassingOnTo : public ::testing::Test {
protected:
    Network network;
    HeldCharter charter = catalogue_charter(network);
    TestNode iom{network.iom, charter};
    const Worker supervisor{{"Sana"}, Roles().set(static_cast<std::size_t>(UserRole::supervisor))};

    RecordId make(const std::string& kind, std::vector<FieldText> fields) {
        return value_of(create_record(*iom.registry, {kind, std::move(fields), "", 0, {}},
                                      supervisor, ""))
            .record;
    }
    RecordId consent(const RecordId& of, const std::string& group, const std::string& to,
                     const std::string& purpose = "return", const std::string& until = today(30)) {
        RecordId id = make("consent", {{"person", show_id(of)},
                                       {"purposes", purpose},
                                       {"recipients", to},
                                       {"field_groups", group},
                                       {"until", until}});
        value_of(take_step(*iom.registry,
                           {id, "give", {{"form", "Written"}, {"signatory", "person"}}, "", ""},
                           supervisor));
        return id;
    }
    Result<PassingOnQuestion> read(std::string_view recipient, std::string_view purpose,
                                   std::string_view reason = "") {
        return read_passing_on(*iom.derived->schema(), *iom.node->charter(), recipient, purpose,
                               reason);
    }
    PassingOn asked(const std::string& reason = "", const std::string& purpose = "return") {
        return {*iom.registry, value_of(read("ROIGI", purpose, reason))};
    }
    // Names of the fields that go; "-" where the record does not.
    std::vector<std::string> going(PassingOn& passing, const RecordId& id) {
        auto view = value_of(iom.registry->show(id));
        auto verdict = value_of(passing.judge(*view.kind, view.folded));
        std::vector<std::string> out;
        if (!verdict.goes) return {"-"};
        for (const FoldedField& folded : view.folded.fields)
            if (const Field* field = view.kind->field(folded.field);
                PassingOn::goes(verdict, *field))
                out.push_back(field->name);
        return out;
    }
    RecordId subject =
        make("person", {{"name", "Zarmina"}, {"cnic", "35202-1234567-1"}, {"gender", "Feminine"}});
};

TEST_F(PassingOnTo, WithoutConsentTheRecordStaysAndTheAnswerNamesIt) {
    auto passing = asked();
    EXPECT_EQ(going(passing, subject), std::vector<std::string>{"-"});
    auto account = passing.account();
    EXPECT_EQ(account.records, 1u);
    EXPECT_EQ(account.missing, std::vector<std::string>{"consent of " + show_id(subject) +
                                                        " for purpose 'return' to ROIGI"});
}

TEST_F(PassingOnTo, ConsentIsByPurposeRecipientGroupAndEnd) {
    consent(subject, "identity", "UNHCR");
    consent(subject, "identity", "ROIGI", "health");
    consent(subject, "identity", "ROIGI", "return", today(-1));
    auto passing = asked();
    EXPECT_EQ(going(passing, subject), std::vector<std::string>{"-"});
    RecordId given = consent(subject, "identity", "ROIGI");
    passing = asked();
    auto fields = going(passing, subject);
    EXPECT_THAT(fields, Contains("name"));
    EXPECT_THAT(fields, Contains("status")) << "no group, and nothing personal";
    EXPECT_THAT(fields, ::testing::Not(Contains("cnic")));
    EXPECT_THAT(fields, ::testing::Not(Contains("gender")));
    EXPECT_EQ(passing.account().fields, 2u);
    EXPECT_THAT(passing.account().missing, Contains(HasSubstr("group 'documents'")));
    value_of(take_step(*iom.registry, {given, "withdraw", {}, "", ""}, supervisor));
    passing = asked();
    EXPECT_EQ(going(passing, subject), std::vector<std::string>{"-"}) << "a withdrawal dominates";
}

TEST_F(PassingOnTo, TheSubjectIsFoundThroughReferencesInEitherDirection) {
    RecordId back = make("return", {{"nationality", "PAK"}, {"returnee", "Zarmina"}});
    RecordId visit =
        make("follow_up", {{"return", show_id(back)}, {"due_on", "2026-12-01"}, {"round", "3"}});
    auto passing = asked();
    EXPECT_EQ(going(passing, visit), std::vector<std::string>{"-"});
    EXPECT_THAT(passing.account().missing, Contains(HasSubstr("nobody is known here")));
    ASSERT_TRUE(iom.set(subject, {{"returns", show_id(back)}}).has_value());
    consent(subject, "return", "ROIGI");
    passing = asked();
    EXPECT_THAT(going(passing, visit), Contains("return"));
    EXPECT_THAT(going(passing, back), ::testing::Not(Contains("returnee")));
}

TEST_F(PassingOnTo, EverybodyWhomARecordIsAboutMustConsent) {
    RecordId brother = make("person", {{"name", "Bilal"}});
    RecordId tie =
        make("relationship",
             {{"person", show_id(subject)}, {"other", show_id(brother)}, {"type", "sibling"}});
    consent(subject, "any", "any", "any");
    auto passing = asked();
    EXPECT_EQ(going(passing, tie), std::vector<std::string>{"-"});
    consent(brother, "family", "ROIGI");
    passing = asked();
    EXPECT_THAT(going(passing, tie), Contains("person"));
}

TEST_F(PassingOnTo, WhoeverIsNamedLateAmongManyIsAskedToo) {
    RecordId back = make("return", {{"nationality", "PAK"}});
    ASSERT_TRUE(iom.set(subject, {{"returns", show_id(back)}}).has_value());
    consent(subject, "any", "any", "any");
    for (int i = 0; i < 120; ++i)
        make("follow_up", {{"return", show_id(back)}, {"due_on", "2026-12-01"}, {"round", "3"}});
    auto passing = asked();
    EXPECT_THAT(going(passing, back), Contains("nationality"));
    make("person", {{"name", "Bilal"}, {"returns", show_id(back)}});
    passing = asked();
    EXPECT_EQ(going(passing, back), std::vector<std::string>{"-"});
}

TEST_F(PassingOnTo, WhoeverIsNotKnownHereHasNotConsented) {
    const RecordId unknown = derived_record_id("elsewhere", "1", "protection", "person", 0);
    RecordId tie =
        make("relationship",
             {{"person", show_id(subject)}, {"other", show_id(unknown)}, {"type", "sibling"}});
    consent(subject, "any", "any", "any");
    auto passing = asked();
    EXPECT_EQ(going(passing, tie), std::vector<std::string>{"-"});
    EXPECT_THAT(passing.account().missing, Contains(HasSubstr("not everybody is known here")));
    passing = asked("life in danger");
    EXPECT_EQ(value_of(passing.judge(*iom.derived->schema()->kind("relationship"),
                                     value_of(iom.registry->show(tie)).folded))
                  .whole,
              false)
        << "they may have forbidden it";
}

TEST_F(PassingOnTo, WhereItIsDisputedWhomARecordIsAboutAllAreAsked) {
    TestNode fia{network.fia, charter};
    RecordId brother = make("person", {{"name", "Bilal"}});
    RecordId its_case = make("victim_case", {{"person", show_id(subject)}});
    consent(subject, "any", "any", "any");
    auto passing = asked();
    EXPECT_THAT(going(passing, its_case), Contains("person"));
    iom.send_to(fia);
    ASSERT_TRUE(fia.set(its_case, {{"person", show_id(brother)}}).has_value());
    fia.send_to(iom);
    passing = asked();
    EXPECT_EQ(going(passing, its_case), std::vector<std::string>{"-"});
}

TEST_F(PassingOnTo, WhoForbidsEverybodyForbidsEachAgency) {
    consent(subject, "any", "any", "any");
    ASSERT_TRUE(iom.set(subject, {{"forbidden_recipients", "Any agency"}}).has_value());
    auto passing = asked("life in danger");
    EXPECT_EQ(going(passing, subject), std::vector<std::string>{"-"});
}

TEST_F(PassingOnTo, ARecipientIsAnAgencyInParticular) {
    EXPECT_EQ(value_of(read("roigi", "return")).recipient, "ROIGI");
    EXPECT_EQ(value_of(read("UKF", "return")).recipient, "UKF") << "of the charter alone";
    for (const char* nobody : {"any", "Any agency", "ROIGI ", "ROIG"}) {
        auto refused = read(nobody, "return");
        ASSERT_FALSE(refused.has_value()) << nobody;
        EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
    }
}

TEST_F(PassingOnTo, AReasonStandsInForConsentButNeverForAProhibition) {
    auto passing = asked("life in danger");
    EXPECT_THAT(going(passing, subject), Contains("cnic"));
    EXPECT_EQ(passing.account().overridden, 1u);
    EXPECT_FALSE(passing.account().missing.empty());
    ASSERT_TRUE(iom.set(subject, {{"forbidden_recipients", "ROIGI"}}).has_value());
    consent(subject, "any", "any", "any");
    passing = asked("life in danger");
    EXPECT_EQ(going(passing, subject), std::vector<std::string>{"-"});
    EXPECT_THAT(passing.account().missing,
                Contains(HasSubstr("nothing of " + show_id(subject) + " may go to ROIGI")));
}

TEST_F(PassingOnTo, KindsAboutNobodyGoWithoutTheirPersonalFields) {
    RecordId promoter = make("promoter_licence", {{"licence_number", "MPD/1/LHR"},
                                                  {"promoter", "Al Safar Travels"},
                                                  {"proprietor", "A. Khan"}});
    auto passing = asked();
    auto fields = going(passing, promoter);
    EXPECT_THAT(fields, Contains("licence_number"));
    EXPECT_THAT(fields, ::testing::Not(Contains("proprietor")));
    EXPECT_EQ(passing.account().records, 0u);
}

TEST_F(PassingOnTo, APurposeThatNobodyConsentsToIsRefused) {
    auto known = read("ROIGI", "Assisted return: the flight of 3 March");
    ASSERT_TRUE(known.has_value());
    EXPECT_EQ(known.value().purpose, "return");
    auto refused = read("ROIGI", "because");
    ASSERT_FALSE(refused.has_value());
    EXPECT_THAT(refused.error().detail, HasSubstr("family_tracing"));
}

// Every kind with personal fields about people it serves says whose consent is asked.
TEST_F(PassingOnTo, TheCatalogueSaysWhoseConsentIsAsked) {
    std::vector<std::string> without;
    for (const Kind& kind : iom.derived->schema()->kinds) {
        const bool personal = std::ranges::any_of(kind.fields, [](const Field& field) {
            return field.sensitivity == Sensitivity::personal ||
                   field.sensitivity == Sensitivity::sensitive;
        });
        if (personal && !kind.casework.guarded) without.push_back(kind.name);
    }
    // Perpetrators, proceedings against them and owners of firms are nobody's to consent for: they
    // stay.
    EXPECT_THAT(without,
                ::testing::UnorderedElementsAre("promoter_licence", "perpetrator", "proceeding"));
}

} // namespace
} // namespace safar

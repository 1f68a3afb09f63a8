// Exports and feeds for somebody else: what is in them, what is not and why, and what the access
// log has of it.
#include "node/casework/steps.hpp"
#include "people_fixture.hpp"
#include "tests/unit/node/registry/catalogue_fixture.hpp"

namespace safar {
namespace {

using namespace testing;
using ::testing::HasSubstr;
using ::testing::Not;
namespace json = boost::json;

class LeftOut : public ::testing::Test {
protected:
    TestApi api{catalogue_charter(Network{})};
    const Worker supervisor{{"Sana"}, Roles().set(static_cast<std::size_t>(UserRole::supervisor))};

    RecordId make(const std::string& kind, std::vector<FieldText> fields) {
        return value_of(create_record(*api.node.registry, {kind, std::move(fields), "", 0, {}},
                                      supervisor, ""))
            .record;
    }
    void consent(const RecordId& subject, const std::string& group) {
        RecordId id = make("consent", {{"person", show_id(subject)},
                                       {"purposes", "return"},
                                       {"recipients", "ROIGI"},
                                       {"field_groups", group},
                                       {"until", today(30)}});
        value_of(take_step(*api.node.registry,
                           {id, "give", {{"form", "Written"}, {"signatory", "person"}}, "", ""},
                           supervisor));
    }
    std::string ask(const std::string& target) {
        const std::string method = target.starts_with("/v1/feed") ? "GET" : "POST";
        const ApiReply reply = api.ask(method, target);
        EXPECT_EQ(reply.status, 200u) << reply.body;
        return reply.body;
    }
    static std::string last_line(const std::string& text) {
        const std::size_t cut = text.rfind('\n', text.size() - 2);
        return cut == std::string::npos ? text : text.substr(cut + 1);
    }
    // Alone in its line, so that whoever keeps the file can take it off.
    static std::string left_out_line(const std::string& text) {
        const std::size_t at = text.find("\n{\"left_out\"");
        EXPECT_NE(at, std::string::npos) << text;
        if (at == std::string::npos) return "{}";
        return text.substr(at + 1, text.find('\n', at + 1) - at - 1);
    }
    RecordId amina = make("person", {{"name", "Amina"}, {"cnic", "35202-1234567-1"}});
    RecordId bilal = make("person", {{"name", "Bilal"}, {"cnic", "42101-7654321-2"}});
};

TEST_F(LeftOut, AFileForTheAgencyItselfHasEverything) {
    const std::string csv = ask("/v1/export?kind=person");
    EXPECT_THAT(
        csv, ::testing::AllOf(HasSubstr("Amina"), HasSubstr("Bilal"), Not(HasSubstr("left_out"))));
    EXPECT_THAT(ask("/v1/export?kind=person&format=jsonl"), HasSubstr(R"("for":"IOM")"));
}

TEST_F(LeftOut, AFileForAnotherHasWhatConsentCoversAndSaysWhatIsMissing) {
    consent(amina, "identity");
    for (const char* format : {"csv", "jsonl"}) {
        const std::string file =
            ask(std::string("/v1/export?kind=person&for=ROIGI&purpose=return&format=") + format);
        EXPECT_THAT(file, ::testing::AllOf(HasSubstr("Amina"), Not(HasSubstr("35202")),
                                           Not(HasSubstr("Bilal"))));
        const json::value line = json::parse(left_out_line(file));
        const json::value& left = line.at("left_out");
        EXPECT_EQ(left.at("records").as_int64(), 1);
        EXPECT_EQ(left.at("fields").as_int64(), 1);
        EXPECT_EQ(left.at("without_consent").as_int64(), 0);
        const std::string missing = json::serialize(left.at("missing"));
        EXPECT_THAT(missing,
                    HasSubstr("consent of " + show_id(bilal) + " for purpose 'return' to ROIGI"));
        EXPECT_THAT(missing, HasSubstr("consent of " + show_id(amina) +
                                       " for purpose 'return' to ROIGI: group 'documents'"));
    }
    const json::value digest =
        json::parse(ask("/v1/export?kind=person&for=ROIGI&purpose=return&format=digest"));
    EXPECT_EQ(digest.at("records").as_int64(), 1);
    EXPECT_EQ(digest.at("left_out").at("records").as_int64(), 1);
}

TEST_F(LeftOut, NoOtherLineOfAFileNamesWhoForbadeTheRecipient) {
    consent(amina, "identity");
    ASSERT_TRUE(api.node.set(bilal, {{"forbidden_recipients", "ROIGI"}}).has_value());
    for (const char* format : {"csv", "jsonl"}) {
        std::string file =
            ask(std::string("/v1/export?kind=person&for=ROIGI&purpose=return&format=") + format);
        const std::string line = left_out_line(file);
        EXPECT_THAT(line, HasSubstr(show_id(bilal)));
        file.erase(file.find(line), line.size());
        EXPECT_THAT(file, ::testing::AllOf(HasSubstr("Amina"), Not(HasSubstr(show_id(bilal)))));
        if (std::string_view(format) == "jsonl") {
            EXPECT_THAT(last_line(file), HasSubstr("\"end\""));
        }
    }
}

TEST_F(LeftOut, WithoutAPurposeThatPeopleConsentToNothingGoes) {
    EXPECT_EQ(api.ask("POST", "/v1/export?kind=person&for=ROIGI").status, 400u);
    EXPECT_EQ(api.ask("POST", "/v1/export?kind=person&for=ROIGI&purpose=because").status, 400u);
    EXPECT_EQ(api.ask("GET", "/v1/feed?for=ROIGI").status, 400u);
    EXPECT_EQ(api.ask("POST", "/v1/export?kind=person&without_consent=x").status, 400u);
}

TEST_F(LeftOut, GoingOnWithoutConsentIsInTheAccessLogWithRecipientAndReason) {
    const std::string csv =
        ask("/v1/export?kind=person&for=ROIGI&purpose=return&without_consent=life%20in%20danger");
    EXPECT_THAT(csv, ::testing::AllOf(HasSubstr("35202"), HasSubstr("Bilal"),
                                      HasSubstr("\"without_consent\":2")));
    const std::string log = api.ask("GET", "/v1/access").body;
    EXPECT_THAT(log,
                HasSubstr("goes to ROIGI without consent where it is missing: life in danger"));
    ASSERT_TRUE(api.node.set(bilal, {{"forbidden_recipients", "ROIGI"}}).has_value());
    EXPECT_THAT(ask("/v1/export?kind=person&for=ROIGI&purpose=return&without_consent=x"),
                ::testing::AllOf(HasSubstr("Amina"), Not(HasSubstr("Bilal"))));
    EXPECT_EQ(api.ask("GET", "/v1/feed?for=ROIGI&purpose=return&without_consent=x").status, 400u);
}

TEST_F(LeftOut, AReasonThatNobodyCouldReadInTheAccessLogIsRefused) {
    for (const std::string& reason :
         {std::string("x%FF"), std::string("%1B[2J"), std::string(1001, 'x')}) {
        const ApiReply reply = api.ask(
            "POST", "/v1/export?kind=person&for=ROIGI&purpose=return&without_consent=" + reason);
        EXPECT_EQ(reply.status, 400u);
        EXPECT_THAT(reply.body, HasSubstr("'without_consent'"));
    }
    EXPECT_THAT(api.ask("GET", "/v1/access").body, Not(HasSubstr("without consent")));
}

TEST_F(LeftOut, AFeedForAnotherLeavesOutEventsAndWithholdsFields) {
    consent(amina, "identity");
    const std::string lines = ask("/v1/feed?for=ROIGI&purpose=return");
    EXPECT_THAT(lines,
                ::testing::AllOf(HasSubstr("Amina"), Not(HasSubstr("35202")),
                                 Not(HasSubstr("Bilal")), HasSubstr("no consent to pass it on")));
    const json::value end = json::parse(last_line(lines)).at("end");
    EXPECT_GE(end.at("left_out").at("records").as_int64(), 1);
    EXPECT_FALSE(end.at("more").as_bool());
    // Everything was passed over, so the next request begins after it.
    const std::string cursor(end.at("cursor").as_string());
    EXPECT_EQ(json::parse(ask("/v1/feed?for=ROIGI&purpose=return&since=" + cursor))
                  .at("end")
                  .at("events")
                  .as_int64(),
              0);
}

} // namespace
} // namespace safar

// Working on cases where roles apply: what a step shows, and what a referral may say.
#include "people_fixture.hpp"
#include "tests/unit/node/casework/casework_fixture.hpp"

namespace safar {
namespace {

using namespace testing;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;
namespace json = boost::json;

// A stay that can be opened again, with the name of whoever stays.
const char* const stay_text = R"(kind = "stay"
tag = 20
title = "A stay"
time = "since"
[[field]]
tag = 1
name = "name"
type = "text"
class = "personal"
[[field]]
tag = 2
name = "city"
type = "text"
[[field]]
tag = 3
name = "status"
type = "code"
codes = "stay_status"
rule = "status"
role = "dimension"
initial = "open"
steps = [["open", "closed"]]
order = ["open", "closed"]
[[field]]
tag = 4
name = "former"
type = "reference"
to = "stay"
[[field]]
tag = 5
name = "since"
type = "date"
[workflow]
status = "status"
[[step]]
name = "close"
from = ["open"]
to = "closed"
[[step]]
name = "reopen"
from = ["closed"]
again = { former = "former", carries = ["name", "city"] }
)";

// A referral lies in another compartment than the person, and why it is made is sensitive.
HeldCharter cases_charter() {
    Network network;
    CharterDraft draft = casework_draft(network);
    for (NamedText& document : draft.documents)
        if (document.name == "schema/referral.toml")
            document.text = replaced(document.text, "name = \"reason\"\n",
                                     "name = \"reason\"\nclass = \"sensitive\"\n");
    for (const char* kind : {"referral", "disclosure", "link"}) {
        std::erase(draft.compartments[0].kinds, kind);
        draft.compartments[1].kinds.push_back(kind);
    }
    draft.documents.push_back({"schema/stay.toml", stay_text});
    draft.documents.push_back(
        code_document("stay_status", R"(["open", "Open"], ["closed", "Closed"])"));
    draft.compartments[0].kinds.push_back("stay");
    return signed_by_stewards(draft, network);
}

class CaseworkRights : public RolesApi {
protected:
    std::string stay, person; // paths

    CaseworkRights() : RolesApi(cases_charter()) {}
    std::string made(const std::string& body) {
        return std::string(api.json("POST", "/v1/records", body).at("id").as_string());
    }
    void SetUp() override {
        stay =
            "/v1/records/" +
            made(
                R"({"kind":"stay","fields":[["name","Zarmina"],["city","Quetta"],["since","2021-02-03"]]})");
        api.json("POST", stay + "/steps", R"({"step":"close"})");
        const std::string id = made(R"({"kind":"person","fields":[["name","Zarmina"]]})");
        made(R"({"kind":"consent","fields":[["person",")" + id +
             R"("],["purposes","any"],["recipients","MOFA"],["groups","identity"]]})");
        person = "/v1/records/" + id;
    }
    ApiReply reopen(const std::string& purpose) {
        return ask_as("bin", "POST", stay + "/steps", R"({"step":"reopen"})", purpose);
    }
    // Its id; by the node's owner, before roles apply.
    std::string referred() {
        const json::value made =
            api.json("POST", person + "/refer", R"({"to":["MOFA"],"groups":["identity"]})");
        return std::string(made.at("id").as_string());
    }
    // `more`: members of the body, each with a comma before it.
    ApiReply refer(const std::string& login, const std::string& more) {
        return ask_as(login, "POST", person + "/refer",
                      R"({"to":["MOFA"],"groups":["identity"])" + more + "}", "shelter");
    }
};

TEST_F(CaseworkRights, WhatACaseOpenedAgainCarriesIsWithheldWithoutAPurpose) {
    let_in("bin", R"("roles":["supervisor"])");
    const ApiReply reply = reopen("");
    ASSERT_EQ(reply.status, 200u) << reply.body;
    EXPECT_THAT(reply.body, AllOf(Not(HasSubstr("Zarmina")), HasSubstr(R"(["city","Quetta"])")));
    const json::value answer = json::parse(reply.body);
    ASSERT_TRUE(answer.as_object().contains("withheld")) << reply.body;
    EXPECT_THAT(std::string(answer.at("withheld").at("name").as_string()),
                HasSubstr("--purpose TEXT"));
    const std::string logged = log_lines().back();
    EXPECT_THAT(logged, HasSubstr(stay.substr(stay.rfind('/') + 1)));
    EXPECT_THAT(logged, HasSubstr(R"("outcome":"withheld","classes":[],"withheld":["personal"])"));
    // It was carried all the same.
    const std::string id(answer.at("id").as_string());
    EXPECT_THAT(ask_as("bin", "GET", "/v1/records/" + id, "", "shelter").body,
                HasSubstr("Zarmina"));
}

TEST_F(CaseworkRights, WhatACaseOpenedAgainCarriesIsShownForAPurposeAndLogged) {
    let_in("bin", R"("roles":["supervisor"])");
    const ApiReply reply = reopen("shelter");
    ASSERT_EQ(reply.status, 200u) << reply.body;
    EXPECT_THAT(reply.body, AllOf(HasSubstr(R"(["name","Zarmina"])"), Not(HasSubstr("withheld"))));
    const std::string logged = log_lines().back();
    EXPECT_THAT(logged, HasSubstr(stay.substr(stay.rfind('/') + 1)));
    EXPECT_THAT(logged,
                HasSubstr(R"("purpose":"shelter","outcome":"allowed","classes":["personal"])"));
}

TEST_F(CaseworkRights, AReferralSaysNothingThatWhoeverMakesItMayNotWrite) {
    let_in("daemon", R"("roles":["caseworker"])");
    let_in("sys", R"("roles":["protection_officer"])");
    let_in("bin", R"("roles":["protection_officer"],"classes_up_to":"personal")");
    const std::string reason = R"(,"fields":[["reason","beaten at home"]])";
    for (const char* login : {"daemon", "bin"})
        for (const char* preview : {"", R"(,"preview":true)"}) {
            const ApiReply reply = refer(login, reason + preview);
            EXPECT_EQ(reply.status, 403u) << login << ": " << reply.body;
            EXPECT_THAT(reply.body, HasSubstr("field 'reason'"));
            EXPECT_THAT(log_lines().back(),
                        AllOf(HasSubstr(R"("action":"refer")"),
                              HasSubstr(R"("outcome":"refused","classes":["sensitive"])")));
        }
    EXPECT_EQ(refer("sys", reason).status, 200u);
    const ApiReply plain = refer("daemon", "");
    EXPECT_EQ(plain.status, 200u) << plain.body;
    EXPECT_THAT(plain.body, HasSubstr(R"("copies":1)"));
}

// A value may be seen, and what was written with it speaks of the whole record.
TEST_F(CaseworkRights, APreviewShowsNoTextThatTheRecordWithholds) {
    person = "/v1/records/" + made(R"({"kind":"person","basis":"beaten, she says in confidence",)"
                                   R"("fields":[["name","Zarmina"],["wounds","a burnt hand"]]})");
    let_in("daemon", R"("roles":["caseworker"])");
    let_in("sys", R"("roles":["protection_officer"])");
    const auto preview = [&](const char* login, const char* group) {
        return ask_as(login, "POST", person + "/refer",
                      std::string(R"({"to":["MOFA"],"preview":true,"groups":[")") + group +
                          R"("]})",
                      "shelter");
    };
    const ApiReply shown = preview("daemon", "identity");
    EXPECT_EQ(shown.status, 200u) << shown.body;
    EXPECT_THAT(shown.body, AllOf(HasSubstr("Zarmina"), Not(HasSubstr("in confidence"))));
    EXPECT_EQ(preview("daemon", "health").status, 403u);
    EXPECT_THAT(log_lines().back(), HasSubstr(R"("outcome":"refused","classes":["sensitive"])"));
    EXPECT_THAT(preview("sys", "identity").body, HasSubstr("in confidence"));
    EXPECT_THAT(log_lines().back(), HasSubstr(R"("classes":["personal","sensitive"])"));
}

// Neither a state nor a day is told by another name than the field's.
TEST_F(CaseworkRights, WhatAFieldSaysIsWithheldUnderEachOfItsNames) {
    const std::string referral = "/v1/records/" + referred();
    api.json("POST", referral + "/steps", R"({"step":"send"})");
    let_in("daemon", R"("roles":["supervisor"],"classes_up_to":"public")");
    let_in("bin", R"("roles":["supervisor"])");
    for (const std::string& path : {stay + "/steps", referral + "/steps", person + "/journey",
                                    person + "/dossier", std::string("/v1/inbox?everybody=1")}) {
        const std::string open = ask_as("bin", "GET", path, "", "shelter").body,
                          limited = ask_as("daemon", "GET", path, "", "shelter").body;
        const auto states = AnyOf(HasSubstr(R"("state":"closed")"), HasSubstr(R"("state":"sent")"));
        EXPECT_THAT(open, states) << path;
        EXPECT_THAT(limited, Not(states)) << path;
    }
    const auto item = [&](const char* login) {
        const json::value inbox =
            json::parse(ask_as(login, "GET", "/v1/inbox?everybody=1", "", "shelter").body);
        return inbox.at("items").at(0);
    };
    EXPECT_EQ(item("bin").at("for").as_array().size(), 1u);
    EXPECT_TRUE(item("daemon").at("for").as_array().empty());
    EXPECT_NE(item("bin").at("due").as_string(), "");
    EXPECT_EQ(item("daemon").at("due").as_string(), "");
    const auto day = [&](const char* login) {
        const json::value journey =
            json::parse(ask_as(login, "GET", stay + "/journey", "", "shelter").body);
        return std::string(journey.at("entries").at(0).at("on").as_string());
    };
    EXPECT_EQ(day("bin"), "2021-02-03");
    EXPECT_EQ(day("daemon"), "");
}

TEST_F(CaseworkRights, AReferralIsNotMadeInACompartmentThatIsClosedToWhoeverMakesIt) {
    let_in("daemon", R"("roles":["caseworker"],"compartments":["movement"])");
    const ApiReply reply = refer("daemon", "");
    EXPECT_EQ(reply.status, 403u) << reply.body;
    EXPECT_THAT(reply.body, HasSubstr("compartment 'protection'"));
    EXPECT_THAT(log_lines().back(), HasSubstr(R"("outcome":"refused")"));
}

TEST_F(CaseworkRights, WhatConsentWasAskedForIsNotSaidAnewByHand) {
    const std::string referral = "/v1/records/" + referred();
    for (const char* field : {R"(["recipient","IOM"])", R"(["groups","health"])"}) {
        const std::string fields = std::string(R"("fields":[)") + field + "]";
        for (const auto& [path, body] :
             {std::pair{"/fields", "{" + fields + "}"},
              std::pair{"/fields", "{" + fields + R"(,"replace":true,"why":"x"})"},
              std::pair{"/steps", R"({"step":"send",)" + fields + "}"}}) {
            const ApiReply reply = api.ask("POST", referral + path, body);
            EXPECT_EQ(reply.status, 400u) << body;
            EXPECT_THAT(reply.body, HasSubstr("make a new referral"));
        }
    }
    const ApiReply resolved =
        api.ask("POST", referral + "/resolve", R"({"field":"recipient","value":"IOM","why":"x"})");
    EXPECT_EQ(resolved.status, 400u) << resolved.body;
    EXPECT_EQ(api.ask("POST", referral + "/fields", R"({"fields":[["reason","x"]]})").status, 200u);
}

TEST_F(CaseworkRights, AnOwnerChangesByReassigningOnly) {
    const std::string referral = "/v1/records/" + referred();
    const ApiReply set = api.ask("POST", referral + "/fields", R"({"fields":[["owner","MOFA"]]})");
    EXPECT_EQ(set.status, 400u) << set.body;
    EXPECT_THAT(set.body, HasSubstr("safar reassign ID AGENCY"));
    EXPECT_EQ(api.ask("POST", referral + "/steps", R"({"step":"send","fields":[["owner","MOFA"]]})")
                  .status,
              400u);
    ASSERT_EQ(api.ask("POST", referral + "/owner", R"({"agency":"MOFA"})").status, 200u);
    EXPECT_EQ(api.ask("POST", referral + "/retract", R"({"field":"owner"})").status, 400u)
        << "who gave it away does not take it back";
    EXPECT_EQ(api.ask("POST", referral + "/resolve", R"({"field":"owner","value":"IOM","why":"x"})")
                  .status,
              400u);
}

TEST_F(CaseworkRights, AClosedCompartmentIsNeitherCountedNorNamed) {
    const std::string twin = made(R"({"kind":"person","fields":[["name","Zarmeena"]]})");
    const std::string link = made(R"({"kind":"link","fields":[["a",")" + person.substr(12) +
                                  R"("],["b",")" + twin + R"("],["verdict","same"]]})");
    const std::string referral = referred();
    api.json("POST", "/v1/records/" + referral + "/steps", R"({"step":"send"})");
    let_in("daemon", R"("roles":["supervisor"],"compartments":["movement"])");
    let_in("bin", R"("roles":["supervisor"])");
    const auto inbox = [&](const char* login) {
        return json::parse(ask_as(login, "GET", "/v1/inbox?everybody=1", "", "shelter").body);
    };
    EXPECT_EQ(inbox("bin").at("total").as_int64(), 1);
    EXPECT_FALSE(inbox("bin").at("truncated").as_bool());
    EXPECT_EQ(inbox("daemon").at("total").as_int64(), 0);
    EXPECT_TRUE(inbox("daemon").at("caseload").as_array().empty());
    for (const char* what : {"/journey", "/dossier"}) {
        const std::string open = ask_as("bin", "GET", person + what, "", "shelter").body,
                          closed = ask_as("daemon", "GET", person + what, "", "shelter").body;
        for (const std::string& id : {twin, link, referral}) {
            EXPECT_THAT(open, HasSubstr(id)) << what;
            EXPECT_THAT(closed, Not(HasSubstr(id))) << what;
        }
    }
}

TEST_F(CaseworkRights, FieldsThatNothingIsLookedForByNeedNoPurposeToLook) {
    let_in("daemon", R"("roles":["caseworker"])");
    const auto similar = [&](const std::string& fields) {
        return ask_as("daemon", "POST", "/v1/similar", R"({"kind":)" + fields + "}").status;
    };
    EXPECT_EQ(similar(R"("person","fields":[["name","Zarmina"]])"), 403u);
    EXPECT_EQ(similar(R"("stay","fields":[["name","Zarmina"]])"), 200u);
}

} // namespace
} // namespace safar

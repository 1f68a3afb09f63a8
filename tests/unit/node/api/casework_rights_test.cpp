// Working on cases where roles apply: what a step shows.
#include "people_fixture.hpp"
#include "tests/unit/node/casework/casework_fixture.hpp"

namespace safar {
namespace {

using namespace testing;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
namespace json = boost::json;

// A stay that can be opened again, with the name of whoever stays.
const char* const stay_text = R"(kind = "stay"
tag = 20
title = "A stay"
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

HeldCharter cases_charter() {
    Network network;
    CharterDraft draft = casework_draft(network);
    draft.documents.push_back({"schema/stay.toml", stay_text});
    draft.documents.push_back(
        code_document("stay_status", R"(["open", "Open"], ["closed", "Closed"])"));
    draft.compartments[0].kinds.push_back("stay");
    return signed_by_stewards(draft, network);
}

class CaseworkRights : public RolesApi {
protected:
    std::string stay; // its path

    CaseworkRights() : RolesApi(cases_charter()) {}
    std::string made(const std::string& body) {
        return std::string(api.json("POST", "/v1/records", body).at("id").as_string());
    }
    void SetUp() override {
        stay = "/v1/records/" +
               made(R"({"kind":"stay","fields":[["name","Zarmina"],["city","Quetta"]]})");
        api.json("POST", stay + "/steps", R"({"step":"close"})");
    }
    ApiReply reopen(const std::string& purpose) {
        return ask_as("bin", "POST", stay + "/steps", R"({"step":"reopen"})", purpose);
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

} // namespace
} // namespace safar

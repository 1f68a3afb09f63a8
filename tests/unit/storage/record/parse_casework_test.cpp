// How people work on a kind, read from its document.
#include "storage/record/schema.hpp"

#include <gtest/gtest.h>

namespace safar {
namespace {

const std::string head = R"(kind = "referral"
tag = 7
[[field]]
tag = 1
name = "status"
type = "code"
codes = "state"
rule = "status"
role = "dimension"
initial = "sent"
steps = [["sent", "accepted"], ["sent", "revoked"], ["accepted", "revoked"]]
order = ["sent", "accepted", "revoked"]
[[field]]
tag = 2
name = "recipient"
type = "code"
codes = "agency"
[[field]]
tag = 3
name = "person"
type = "reference"
to = "referral"
[[field]]
tag = 4
name = "reason"
[[field]]
tag = 5
name = "answer_by"
type = "date"
[[field]]
tag = 6
name = "owner"
type = "code"
codes = "agency"
[[field]]
tag = 7
name = "seen"
type = "code"
codes = "agency"
rule = "each"
[[field]]
tag = 8
name = "groups"
type = "code"
codes = "agency"
rule = "set"
)";

const std::string flow =
    "[workflow]\nstatus = \"status\"\nowner = \"owner\"\nsubject = \"person\"\n";

Result<Schema> parsed(std::string sections) {
    std::string text = head;
    for (std::size_t at = 0; (at = text.find("name = \"reason\"", at)) != std::string::npos;
         at += 10)
        text.insert(at + 15, "\ntype = \"text\"");
    NamedText kind{"schema/referral.toml", text + std::move(sections)};
    std::array codes{
        NamedText{"codes/state.toml",
                  "name = \"state\"\ntitle = \"s\"\nopen = false\ncodes = [[\"sent\", "
                  "\"Sent\"], [\"accepted\", \"Accepted\"], [\"revoked\", \"Revoked\"]]\n"},
        NamedText{"codes/agency.toml",
                  "name = \"agency\"\ntitle = \"a\"\nopen = true\ncodes = [[\"IOM\", \"IOM\"]]\n"}};
    return parse_schema({&kind, 1}, codes);
}

TEST(ParseCasework, ReadsStepsTasksAndGates) {
    auto schema = parsed(flow + R"([[step]]
name = "accept"
title = "Accept"
from = ["sent"]
to = "accepted"
by = "recipient"
roles = ["supervisor"]
needs = ["reason"]
sets = { owner = "@recipient", reason = "taken" }
due = { field = "answer_by", days = 14 }
consent = { purpose = "referral", subject = "person", recipient = "recipient", groups = "groups" }
[create]
needs = ["recipient"]
consent = { purpose = "referral", subject = "person", recipient = "recipient", override = "reason" }
[[task]]
title = "Answer"
when = ["sent"]
for = "recipient"
due = "answer_by"
step = "accept"
unless = "seen"
overdue_only = true
[never]
recipients = "groups"
)");
    ASSERT_TRUE(schema.has_value()) << schema.error().detail;
    const Kind* kind = schema.value().kind("referral");
    const Casework& work = kind->casework;
    ASSERT_TRUE(work.workflow);
    EXPECT_EQ(work.workflow->owner, "owner");
    EXPECT_EQ(work.workflow->number, "");
    const WorkStep* step = work.step("accept");
    ASSERT_NE(step, nullptr);
    EXPECT_EQ(step->by, "recipient");
    EXPECT_EQ(step->due->days, 14);
    EXPECT_EQ(step->consent->purpose, "referral");
    std::vector<std::pair<std::string, std::string>> sets{{"owner", "@recipient"},
                                                          {"reason", "taken"}};
    EXPECT_EQ(step->sets, sets);
    ASSERT_EQ(work.tasks.size(), 1u);
    EXPECT_TRUE(work.tasks[0].overdue_only);
    EXPECT_EQ(work.never, "groups");
    EXPECT_EQ(work.step("revoke"), nullptr);
    ASSERT_TRUE(work.create && work.create->consent);
    EXPECT_EQ(work.create->to, "sent");
    EXPECT_EQ(work.create->consent->override_field, "reason");
    EXPECT_EQ(work.create->consent->groups, "");
}

TEST(ParseCasework, ReadsWhatChangesHandsWhatBeginsAgainAndWhoseConsentIsAsked) {
    auto schema = parsed(flow + R"([[step]]
name = "accept"
from = ["sent"]
to = "accepted"
gives = { records = ["person"], from = "owner", to = "recipient", only = { reason = "transfer" }, holds = true }
[[step]]
name = "reopen"
from = ["revoked"]
again = { former = "person", carries = ["recipient"] }
[protected]
subjects = ["person", "self"]
named_in = ["referral.person"]
)");
    ASSERT_TRUE(schema.has_value()) << schema.error().detail;
    const Casework& work = schema.value().kind("referral")->casework;
    ASSERT_TRUE(work.step("accept")->gives);
    EXPECT_EQ(work.step("accept")->gives->to, "recipient");
    EXPECT_TRUE(work.step("accept")->gives->holds);
    ASSERT_TRUE(work.step("reopen")->again);
    EXPECT_EQ(work.step("reopen")->to, "sent") << "a new record begins where every one does";
    ASSERT_TRUE(work.guarded);
    EXPECT_EQ(work.guarded->named_in[0].field, "person");
}

TEST(ParseCasework, OnlyTheWholeSchemaTellsWhetherOtherKindsFit) {
    auto named = parsed(flow + "[protected]\nnamed_in = [\"referral.reason\"]\n");
    ASSERT_FALSE(named.has_value());
    EXPECT_NE(named.error().detail.find("\"referral.reason\" is no reference field to this kind"),
              std::string::npos)
        << named.error().detail;
    auto ownerless =
        parsed("[workflow]\nstatus = \"status\"\n[[step]]\nname = \"a\"\nfrom = [\"sent\"]\nto = "
               "\"accepted\"\n"
               "gives = { records = [\"person\"], from = \"owner\", to = \"recipient\" }\n");
    ASSERT_FALSE(ownerless.has_value());
    EXPECT_NE(ownerless.error().detail.find("has no owner"), std::string::npos)
        << ownerless.error().detail;
}

TEST(ParseCasework, AKindWithoutSectionsHasNone) {
    auto schema = parsed("");
    ASSERT_TRUE(schema.has_value()) << schema.error().detail;
    EXPECT_FALSE(schema.value().kind("referral")->casework.workflow);
}

TEST(ParseCasework, WhatDoesNotFitTheFieldsIsRefusedByName) {
    const std::pair<std::string, std::string> cases[] = {
        {"[workflow]\nstatus = \"owner\"\n", "rule = \"status\""},
        {"[workflow]\nstatus = \"state\"\n", "no field"},
        {"[[task]]\ntitle = \"x\"\nwhen = [\"sent\"]\nfor = \"author\"\n", "needs a [workflow]"},
        {"[create]\nneeds = [\"reason\"]\n", "needs a [workflow]"},
        {flow + "[[step]]\nname = \"a\"\nfrom = [\"gone\"]\nto = \"accepted\"\n", "no state"},
        {flow + "[[step]]\nname = \"a\"\nfrom = [\"revoked\"]\nto = \"accepted\"\n",
         "is no step of field"},
        {flow + "[[step]]\nname = \"a\"\nfrom = [\"sent\"]\nto = \"accepted\"\nby = \"reason\"\n",
         "code field"},
        {flow + "[[step]]\nname = \"a\"\nfrom = [\"sent\"]\nto = \"accepted\"\nneeds = "
                "[\"nothing\"]\n",
         "no field"},
        {flow + "[[step]]\nname = \"a\"\nfrom = [\"sent\"]\nto = \"accepted\"\nsets = { status = "
                "\"sent\" }\n",
         "`to`"},
        {flow + "[[step]]\nname = \"a\"\nfrom = [\"sent\"]\nto = \"accepted\"\nsets = { owner = "
                "\"@nobody\" }\n",
         "no field"},
        {flow + "[[step]]\nname = \"a\"\nfrom = [\"sent\"]\nto = \"accepted\"\ndue = { field = "
                "\"reason\", days = 1 }\n",
         "date field"},
        {flow + "[[step]]\nname = \"a\"\nfrom = [\"sent\"]\nto = \"accepted\"\nmagic = \"x\"\n",
         "unknown key"},
        {flow + "[[step]]\nname = \"a\"\nfrom = [\"sent\"]\nagain = { former = \"reason\" }\n",
         "reference field to this kind"},
        {flow + "[[step]]\nname = \"a\"\nfrom = [\"sent\"]\nto = \"sent\"\nagain = { former = "
                "\"person\" }\n",
         "unknown key"},
        {flow + "[[step]]\nname = \"a\"\nfrom = [\"sent\"]\nto = \"accepted\"\ngives = { records = "
                "[\"reason\"], from = "
                "\"owner\", to = \"recipient\" }\n",
         "reference field"},
        {flow +
             "[create]\ngives = { records = [\"person\"], from = \"owner\", to = \"recipient\" }\n",
         "unknown key"},
        {"[protected]\nsubjects = [\"owner\"]\n", "reference field"},
        {"[protected]\n", "is missing"},
        {flow + "[[task]]\ntitle = \"x\"\nwhen = [\"sent\"]\nfor = \"author\"\nstep = \"b\"\n",
         "no [[step]]"},
        {flow +
             "[[task]]\ntitle = \"x\"\nwhen = [\"sent\"]\nfor = \"author\"\noverdue_only = true\n",
         "needs `due`"},
        {flow +
             "[[task]]\ntitle = \"x\"\nwhen = [\"sent\"]\nfor = \"author\"\nunless = \"owner\"\n",
         "rule = \"each\""},
    };
    for (const auto& [sections, expected] : cases) {
        auto schema = parsed(sections);
        ASSERT_FALSE(schema.has_value()) << sections;
        EXPECT_NE(schema.error().detail.find(expected), std::string::npos) << schema.error().detail;
        EXPECT_TRUE(schema.error().detail.starts_with("schema/referral.toml:"))
            << schema.error().detail;
    }
}

} // namespace
} // namespace safar

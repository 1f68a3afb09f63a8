// Commands against a node that answers as the test says.
#include "tests/unit/cli/fake_node.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace safar::cli {

using testing::HasSubstr;
using testing::Not;

namespace {

const std::string id = "0G3T7ZB1N5V9Q4M2K8R6XWCY7D";

} // namespace

TEST(Talk, JsonIsPrintedAsItCame) {
    const std::string odd = R"({"compartments":[ ], "charter" :{"epoch":1}})";
    FakeNode node(always(200, odd));
    EXPECT_EQ(run_safar({"status", "--json"}, node.directory()).out, odd + "\n");
}

TEST(Talk, AnErrorOfTheNodeIsToldByNameAndEndsWithItsCode) {
    FakeNode node(always(
        403, R"({"error":{"code":"not_permitted","detail":"FIA may not write\u001b[2J here"}})"));
    const Ran ran = run_safar({"record", "set", id, "dead=1"}, node.directory());
    EXPECT_EQ(ran.code, 77);
    EXPECT_EQ(ran.err, "safar: not permitted: FIA may not write\\x1b[2J here\n");
}

TEST(Talk, ACodeOfALaterVersionIsShownWithItsName) {
    FakeNode node(always(400, R"({"error":{"code":"too_purple","detail":"x"}})"));
    const Ran ran = run_safar({"status"}, node.directory());
    EXPECT_EQ(ran.code, 78);
    EXPECT_THAT(ran.err, HasSubstr("too_purple"));
}

TEST(Talk, AnAnswerThatIsNoJsonIsBadData) {
    FakeNode node(always(200, "<html>"));
    EXPECT_EQ(run_safar({"status"}, node.directory()).code, 65);
}

TEST(Talk, ASilentNodeIsGivenUp) {
    FakeNode node([](const FakeRequest&) { return FakeAnswer{200, "", false, true}; });
    const Ran ran = run_safar({"--timeout", "1", "status"}, node.directory());
    EXPECT_EQ(ran.code, 69);
    EXPECT_THAT(ran.err, HasSubstr("--timeout"));
}

TEST(Talk, StatusShowsCompartments) {
    FakeNode node(
        always(200, R"({"node":"aabbccdd00","agency":"IOM","version":"0.1.0","uptime_s":4000,
        "charter":{"network":"N","epoch":1,"identity":"ffff"},"conflicts":12,"position":{"log":9,"derived":9},
        "compartments":[{"name":"return","held":true,"may_write":true,"batches":4,"events":1000,"records":999},
                        {"name":"protection","held":false,"may_write":false,"batches":0,"events":0,"records":0}]})"));
    const Ran ran = run_safar({"status"}, node.directory());
    EXPECT_EQ(ran.code, 0);
    EXPECT_THAT(ran.out, HasSubstr("1,000"));
    EXPECT_THAT(ran.out, HasSubstr("12 open conflicts"));
}

TEST(Talk, RecordCreateSendsFieldsInOrder) {
    FakeNode node(always(200, R"({"id":")" + id + R"(","events":1,"position":3})"));
    const Ran ran = run_safar(
        {"record", "create", "return", "nationality=PAK", "note=a=b", "--quality", "4", "--new"},
        node.directory());
    EXPECT_EQ(ran.code, 0) << ran.err;
    ASSERT_EQ(node.requests().size(), 1u);
    EXPECT_EQ(
        boost::json::parse(node.requests()[0].body),
        boost::json::parse(
            R"({"kind":"return","fields":[["nationality","PAK"],["note","a=b"]],"quality":4})"));
}

TEST(Talk, NothingIsCreatedWhereItMayBeThereAlready) {
    FakeNode node([](const FakeRequest& request) {
        const std::string known =
            R"({"id":")" + id +
            R"(","kind":"person","likeness":1.2,"matched":["cnic"],"title":""})";
        const bool asked = request.target == "/v1/similar";
        return FakeAnswer{200, asked ? R"({"records":[)" + known + "]}"
                                     : R"({"id":"X","events":1,"position":1})"};
    });
    const Ran ran =
        run_safar({"record", "create", "person", "cnic=35202-1234567-1"}, node.directory());
    EXPECT_EQ(ran.code, 1);
    EXPECT_THAT(ran.err, HasSubstr("\n" + id + "  person"));
    EXPECT_THAT(ran.err, HasSubstr("--new"));
    EXPECT_THAT(ran.err, Not(HasSubstr("\\n")));
    ASSERT_EQ(node.requests().size(), 1u);
    EXPECT_EQ(
        run_safar({"record", "create", "person", "cnic=35202-1234567-1", "--new"}, node.directory())
            .code,
        0);
    EXPECT_EQ(node.requests().back().target, "/v1/records");
}

TEST(Talk, NothingIsCreatedWhereNobodyCouldLookWhetherItIsThere) {
    int status = 403;
    std::string error = "not_permitted";
    FakeNode node([&](const FakeRequest& request) {
        if (request.target != "/v1/similar")
            return FakeAnswer{200, R"({"id":"X","events":1,"position":1})"};
        return FakeAnswer{status, R"({"error":{"code":")" + error + R"(","detail":"not now"}})"};
    });
    const std::vector<std::string> create{"record", "create", "person", "cnic=35202-1234567-1"};
    Ran ran = run_safar(create, node.directory());
    EXPECT_NE(ran.code, 0);
    EXPECT_THAT(ran.err, HasSubstr("not now"));
    EXPECT_THAT(ran.err, HasSubstr("--purpose TEXT"));
    EXPECT_THAT(ran.err, HasSubstr("--new"));
    status = 503;
    error = "storage_full";
    EXPECT_NE(run_safar(create, node.directory()).code, 0);
    for (const FakeRequest& request : node.requests()) EXPECT_EQ(request.target, "/v1/similar");
    // What is wrong with an argument, creating says better.
    status = 400;
    error = "invalid_argument";
    EXPECT_EQ(run_safar(create, node.directory()).code, 0);
}

TEST(Talk, WhyAFieldIsWithheldStandsInALineOfItsOwn) {
    FakeNode found(always(200, R"({"records":[{"id":")" + id +
                                   R"(","fields":{}}],"truncated":true,"withheld":{)"
                                   R"("name":"personal: name a purpose","cnic":"needs role"}})"));
    EXPECT_THAT(run_safar({"find", "person"}, found.directory()).out,
                HasSubstr("\nname: withheld (personal: name a purpose)\n"
                          "cnic: withheld (needs role)\nthe first 1; "));
    FakeNode explained(always(200, R"({"id":")" + id +
                                       R"(","field":"name","rule":"single","reading":"",)"
                                       R"("withheld":"needs role"})"));
    EXPECT_EQ(run_safar({"explain", id, "name"}, explained.directory()).out,
              "name of " + id + "\nreads: withheld (needs role)   (rule: single)\n");
}

// 0: not stated. What was taken for a number must not become that.
TEST(Talk, QualityGoesOutAsTheNumberThatWasTaken) {
    FakeNode node(always(200, R"({"id":"X","events":1,"position":1})"));
    const auto with = [&](const char* quality) {
        return run_safar({"record", "create", "return", "a=b", "--new", "--quality", quality},
                         node.directory())
            .code;
    };
    for (const char* quality : {"0", "6", "0x6", "x"}) EXPECT_EQ(with(quality), 2) << quality;
    EXPECT_TRUE(node.requests().empty());
    EXPECT_EQ(with("0x3"), 0);
    EXPECT_THAT(node.requests().at(0).body, HasSubstr(R"("quality":3)"));
}

TEST(Talk, WhatTheTableOfTheAccessLogCutsFollowsInFull) {
    const std::string note = "goes to ROIGI without consent where it is missing: life in danger";
    FakeNode node(always(200, R"({"entries":[{"n":7,"note":")" + note +
                                  R"("},{"n":8,"note":"short"}],"truncated":true})"));
    const Ran ran = run_safar({"access", "log"}, node.directory());
    EXPECT_THAT(ran.out, HasSubstr("\nnote of 7: " + note + "\n"));
    EXPECT_THAT(ran.out, Not(HasSubstr("note of 8")));
    EXPECT_THAT(ran.out, HasSubstr("the last 2; more do not fit into one answer"));
}

TEST(Talk, FiltersTravelEncoded) {
    FakeNode node(always(200, R"({"records":[],"truncated":false})"));
    EXPECT_EQ(run_safar({"find", "incident", "route=A & B"}, node.directory()).code,
              1); // nothing matches
    EXPECT_EQ(node.requests()[0].target,
              "/v1/records?kind=incident&limit=20&where=route%3DA%20%26%20B");
}

TEST(Talk, ResolvingNeedsExactlyOneChoice) {
    FakeNode node(always(200, R"({"id":")" + id + R"(","events":1,"position":3})"));
    const std::vector<std::string> base{"conflict", "resolve", id, "dead", "--why", "w"};
    const auto with = [&](std::vector<std::string> more) {
        auto all = base;
        all.insert(all.end(), more.begin(), more.end());
        return run_safar(all, node.directory()).code;
    };
    EXPECT_EQ(with({}), 2);
    EXPECT_EQ(with({"--pick", "1", "--value", "3"}), 2);
    EXPECT_EQ(with({"--pick", "0"}), 2);
    EXPECT_EQ(with({"--pick", "2"}), 0);
    EXPECT_EQ(with({"--value", "3", "--dot", "x"}), 2);
    EXPECT_EQ(with({"--value", ""}), 0);
    ASSERT_EQ(node.requests().size(), 2u);
    EXPECT_EQ(boost::json::parse(node.requests()[1].body),
              boost::json::parse(R"({"field":"dead","why":"w","value":""})"));
    EXPECT_EQ(with({"--pick", "2", "--dot", "x"}), 0);
    EXPECT_EQ(boost::json::parse(node.requests()[2].body),
              boost::json::parse(R"({"field":"dead","why":"w","pick":2,"dot":"x"})"));
}

TEST(Talk, StatsAsCsvHasPlainNumbers) {
    FakeNode node(always(
        200,
        R"({"by":["year"],"rows":[{"key":["2012"],"count":5801,"sum":0}],"count":5801,"sum":0,"position":1})"));
    EXPECT_EQ(
        run_safar({"stats", "return", "--by", "year", "--format", "csv"}, node.directory()).out,
        "year,count\r\n2012,5801\r\n");
    EXPECT_THAT(run_safar({"stats", "return", "--by", "year"}, node.directory()).out,
                HasSubstr("total  5,801"));
}

TEST(Talk, StatsSaysInWhichCurrencyASumIs) {
    FakeNode node(always(
        200,
        R"({"by":["year"],"rows":[{"key":["2025"],"count":2,"sum":350000000,"money":"3500000.00 USD"},)"
        R"({"key":["2026"],"count":1,"sum":0,"money":""}],)"
        R"("count":3,"sum":350000000,"money":"3500000.00 USD","position":1})"));
    const std::vector<std::string> asked{"stats", "contribution", "--by",
                                         "year",  "--sum",        "amount"};
    const std::string table = run_safar(asked, node.directory()).out;
    EXPECT_THAT(table, HasSubstr("2025       2  3500000.00 USD"));
    EXPECT_THAT(table, HasSubstr("total      3  3500000.00 USD"));
    EXPECT_THAT(table, ::testing::Not(HasSubstr("350,000,000")));
    std::vector<std::string> csv = asked;
    csv.insert(csv.end(), {"--format", "csv"});
    EXPECT_EQ(run_safar(csv, node.directory()).out,
              "year,count,sum_amount\r\n2025,2,3500000.00 USD\r\n2026,1,\r\n");
}

TEST(Talk, VerifyEndsWithOneWhereThereAreProblems) {
    FakeNode node(always(
        200,
        R"({"batches":2,"events":3,"problems":["log a: batch 2: wrong_hash"],"derived":"same"})"));
    const Ran ran = run_safar({"verify"}, node.directory());
    EXPECT_EQ(ran.code, 1);
    EXPECT_THAT(ran.out, HasSubstr("wrong_hash"));
}

TEST(Talk, VerifyAdvisesNoRebuildWhereNothingWasCompared) {
    FakeNode node(always(200, R"({"batches":2,"events":3,"problems":[],"derived":"could not be )"
                              R"(compared: the log grew all the while; try again"})"));
    const Ran ran = run_safar({"verify", "--deep"}, node.directory());
    EXPECT_EQ(ran.code, 1);
    EXPECT_THAT(ran.out, HasSubstr("derived state could not be compared: the log grew"));
    EXPECT_THAT(ran.out, Not(HasSubstr("rebuild")));
    EXPECT_THAT(ran.out, Not(HasSubstr("differs")));
}

TEST(Talk, RebuildSaysWhatWasNotTheSame) {
    FakeNode node(
        always(200, R"({"position":7,"seconds":0.1,"same":["case"],"differs":["return"]})"));
    const Ran ran = run_safar({"rebuild"}, node.directory());
    EXPECT_THAT(ran.out, HasSubstr("\nNOT the same state as before: return;"));
    EXPECT_THAT(ran.out, HasSubstr("\nsame state as before: case\n"));
}

TEST(Casework, WhatFollowsAGroupIsAFieldOfTheReferral) {
    FakeNode node(always(200, R"({"kind":"referral","id":"X","copies":2})"));
    const std::vector<std::string> options{"--group", "identity", "--group",
                                           "contact", "--to",     "FIA"};
    for (const bool fields_last : {true, false}) {
        std::vector<std::string> words{"refer", id};
        if (!fields_last) words.push_back("reason=shelter");
        words.insert(words.end(), options.begin(), options.end());
        if (fields_last) words.push_back("reason=shelter");
        const Ran ran = run_safar(words, node.directory());
        EXPECT_EQ(ran.code, 0) << ran.err;
        EXPECT_EQ(boost::json::parse(node.requests().back().body),
                  boost::json::parse(R"({"to":["FIA"],"groups":["identity","contact"],
                                         "fields":[["reason","shelter"]],"preview":false})"));
    }
}

TEST(Casework, ALanguageThatIsNotThereRefusesBeforeAnythingIsWritten) {
    FakeNode node(always(200, "{}"));
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"refer", id, "--to", "FIA", "--group", "identity"},
          {"step", id, "accept"},
          {"reassign", id, "NCHR"},
          {"steps", id},
          {"inbox"}}) {
        auto asked = words;
        asked.insert(asked.begin(), {"--language", "tlh"});
        const Ran ran = run_safar(asked, node.directory());
        EXPECT_EQ(ran.code, 1) << words.front();
        EXPECT_THAT(ran.err, HasSubstr("tlh")) << words.front();
        EXPECT_TRUE(node.requests().empty()) << words.front();
    }
    // Programs read no labels.
    EXPECT_EQ(run_safar({"--language", "tlh", "inbox", "--json"}, node.directory()).code, 0);
}

} // namespace safar::cli

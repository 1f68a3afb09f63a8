// Doctor, peer test, watch and backup against a node that answers as the test says.
#include "cli/watch.hpp"
#include "tests/unit/cli/fake_node.hpp"

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace safar::cli {

using testing::HasSubstr;
using testing::Not;
namespace json = boost::json;

namespace {

WatchSample sample(const char* peers, std::int64_t position, int second) {
    WatchSample out;
    out.status = json::object{{"agency", "IOM"},
                              {"position", json::object{{"log", position}, {"derived", position}}}};
    out.peers = json::parse(peers);
    out.at = std::chrono::steady_clock::time_point(std::chrono::seconds(second));
    return out;
}

} // namespace

TEST(Doctor, WarningsEndWithZeroAndProblemsWithOne) {
    FakeNode worried(
        always(200, R"({"health":"warning","findings":[{"check":"conflicts","health":"warning",
        "found":"3 are open","advice":"safar conflict list"}]})"));
    const Ran warned = run_safar({"doctor"}, worried.directory());
    EXPECT_EQ(warned.code, 0);
    EXPECT_THAT(warned.out,
                HasSubstr("warning  conflicts: 3 are open\n           -> safar conflict list\n"));
    FakeNode ill(always(200, R"({"health":"problem","findings":[]})"));
    EXPECT_EQ(run_safar({"doctor"}, ill.directory()).code, 1);
    EXPECT_EQ(run_safar({"doctor", "--json"}, ill.directory()).code, 1);
}

TEST(Doctor, ANodeThatDoesNotAnswerIsAFindingToo) {
    const TempDir empty;
    const Ran ran = run_safar({"doctor"}, empty.path());
    EXPECT_EQ(ran.code, 1);
    EXPECT_THAT(ran.out, HasSubstr("problem  safard:"));
    EXPECT_THAT(ran.out, HasSubstr("problem  keys:")); // there are none
}

TEST(Doctor, WhoMayNotOpenTheSocketIsNotToldToStartANode) {
    FakeNode node(always(200, "{}"));
    const auto all = std::filesystem::perms::all;
    std::filesystem::permissions(node.directory(), std::filesystem::perms::none);
    constexpr uid_t nobody = 65534;
    const bool root = ::geteuid() == 0; // who may open everything
    if (root) {
        ASSERT_EQ(::seteuid(nobody), 0);
    }
    for (const char* command : {"doctor", "status"}) {
        const Ran ran = run_safar({command}, node.directory());
        EXPECT_EQ(ran.code, 77);
        EXPECT_THAT(ran.err, HasSubstr("this account may not open"));
        EXPECT_THAT(ran.err, HasSubstr("safar user add"));
        EXPECT_THAT(ran.err, Not(HasSubstr("start it")));
    }
    if (root) {
        ASSERT_EQ(::seteuid(0), 0);
    }
    std::filesystem::permissions(node.directory(), all);
}

TEST(Doctor, ANodeThatHangsIsNotToBeStarted) {
    FakeNode node([](const FakeRequest&) { return FakeAnswer{200, "", false, true}; });
    const Ran ran = run_safar({"--timeout", "1", "doctor"}, node.directory());
    EXPECT_EQ(ran.code, 1);
    EXPECT_THAT(ran.out, HasSubstr("it runs, and is busy or hangs"));
    EXPECT_THAT(ran.out, Not(HasSubstr("start it")));
}

TEST(PeerTest, TheCauseAndTheAdviceAreShown) {
    FakeNode node(
        always(200, R"([{"agency":"FIA","cause":"connection_refused","ok":false,"took_ms":3,
        "detail":"10.0.0.7:7400: Connection refused","advice":"is safard running at FIA"}])"));
    const Ran ran = run_safar({"peer", "test", "FIA"}, node.directory());
    EXPECT_EQ(ran.code, 1);
    EXPECT_EQ(ran.out, "FIA: connection_refused: 10.0.0.7:7400: Connection refused (3 ms)\n  is "
                       "safard running at FIA\n");
    EXPECT_THAT(node.requests().at(0).body, HasSubstr(R"("agency":"FIA")"));
}

TEST(PeerTest, AllWellEndsWithZero) {
    FakeNode node(always(
        200, R"([{"agency":"FIA","cause":"ok","ok":true,"took_ms":3,"detail":"x","advice":""}])"));
    EXPECT_EQ(run_safar({"peer", "test"}, node.directory()).code, 0);
}

TEST(Watch, OnceShowsPeersWithoutTerminalCodes) {
    FakeNode node([](const FakeRequest& request) {
        if (request.target.find("/v1/peers") != std::string::npos)
            return FakeAnswer{
                200, R"([{"agency":"FIA","node":"ab","state":"connected","behind_here":7}])"};
        return FakeAnswer{
            200,
            R"({"agency":"IOM","node":"cd","position":{"log":1234,"derived":1234},"conflicts":2})"};
    });
    const Ran ran = run_safar({"watch", "--once"}, node.directory());
    EXPECT_EQ(ran.code, 0);
    EXPECT_THAT(ran.out, HasSubstr("batches 1,234 (-/s)  derived 1,234  conflicts 2"));
    EXPECT_THAT(ran.out, HasSubstr("FIA"));
    EXPECT_THAT(ran.out, Not(HasSubstr("\x1b")));
}

TEST(Watch, ARefusalEndsIt) {
    FakeNode node([](const FakeRequest& request) {
        if (request.target.find("/v1/peers") == std::string::npos) return FakeAnswer{200, "{}"};
        return FakeAnswer{403, R"({"error":{"code":"not_permitted","detail":"needs role"}})"};
    });
    const Ran ran = run_safar({"watch"}, node.directory());
    EXPECT_EQ(ran.code, 77);
    EXPECT_EQ(ran.out, "");
    EXPECT_EQ(node.requests().size(), 2u);
}

TEST(Watch, JsonIsAllThatItPrintsWhileANodeIsAway) {
    int looks = 0;
    FakeNode node([&](const FakeRequest& request) {
        if (request.head.empty() && request.target.find("/v1/status") != std::string::npos) ++looks;
        if (looks > 1)
            return FakeAnswer{403, R"({"error":{"code":"not_permitted","detail":"enough"}})"};
        return FakeAnswer{503, R"({"error":{"code":"stopping","detail":"ends"}})"};
    });
    const Ran ran = run_safar({"watch", "--json"}, node.directory());
    EXPECT_EQ(ran.code, 77);
    EXPECT_EQ(ran.out, "");
    EXPECT_THAT(ran.err, HasSubstr("stopping: ends\n"));
}

TEST(Watch, RatesAreDifferencesAndANewSessionHasNone) {
    const WatchSample before =
        sample(R"([{"agency":"FIA","node":"ab","events_in":100,"events_out":900}])", 40, 10);
    const WatchSample now =
        sample(R"([{"agency":"FIA","node":"ab","events_in":1100,"events_out":3}])", 60, 12);
    const std::string text = watch_text(now, &before);
    EXPECT_THAT(text, HasSubstr("batches 60 (10/s)"));
    EXPECT_THAT(text, testing::ContainsRegex(" 500 +- ")); // in; out fell, so the session is new
}

TEST(Backup, ATargetThatIsThereIsRefusedBeforeTheNodeIsAsked) {
    FakeNode node(always(200, "{}"));
    const TempDir there;
    const std::string file = there.file("b.tar", "precious");
    const Ran ran = run_safar({"backup", file}, node.directory());
    EXPECT_EQ(ran.code, 1);
    EXPECT_THAT(ran.err, HasSubstr("is there already"));
    EXPECT_TRUE(node.requests().empty());
}

TEST(Backup, TheNodeLetsGoOfTheCopyEvenWhereItCouldNotBeCarriedAway) {
    FakeNode node(
        always(200, R"({"directory":"/nowhere","manifest":"nonsense","files":1,"bytes":1})"));
    const TempDir there;
    const Ran ran = run_safar({"backup", there.path() + "/b.tar"}, node.directory());
    EXPECT_NE(ran.code, 0);
    ASSERT_EQ(node.requests().size(), 2u);
    EXPECT_THAT(node.requests()[1].body, HasSubstr(R"("directory":"/nowhere","kept":false)"));
    EXPECT_FALSE(std::filesystem::exists(there.path() + "/b.tar"));
}

TEST(Backup, ATargetInTheNodesOwnDirectoryIsRefusedBeforeTheNodeIsAsked) {
    FakeNode node(always(200, "{}"));
    const TempDir there;
    std::filesystem::create_directory_symlink(node.directory(), there.path() + "/link");
    for (const std::string& target :
         {node.directory() + "/monday.tar",
          node.directory() + "/../" + std::filesystem::path(node.directory()).filename().string() +
              "/monday",
          there.path() + "/link/monday.tar"}) {
        const Ran ran = run_safar({"backup", target}, node.directory());
        EXPECT_EQ(ran.code, 2) << target;
        EXPECT_THAT(ran.err, HasSubstr("lies in the node's own directory"));
    }
    EXPECT_TRUE(node.requests().empty());
    // Beside it is no part of it.
    EXPECT_THAT(run_safar({"backup", node.directory() + "-monday.tar"}, node.directory()).err,
                Not(HasSubstr("lies in the node's own directory")));
}

TEST(Restore, WhatIsNoBackupIsNamed) {
    const TempDir there;
    const Ran ran = run_safar({"restore", there.path(), there.path() + "/new"});
    EXPECT_EQ(ran.code, 1);
    EXPECT_THAT(ran.err, HasSubstr("has no backup.manifest"));
}

} // namespace safar::cli

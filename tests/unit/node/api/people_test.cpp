#include "people_fixture.hpp"

#include <filesystem>
#include <sys/stat.h>
#include <thread>

namespace safar {
namespace {

using namespace testing;
using ::testing::HasSubstr;
namespace json = boost::json;

class People : public PeopleApi {};

TEST_F(People, AStrangerIsRefusedInEitherModeAndLoggedOnceAMinute) {
    const std::size_t before = log_lines().size();
    EXPECT_EQ(ask_as("games", "GET", "/v1/status").status, 403u);
    EXPECT_EQ(ask_as("games", "GET", "/v1/status").status, 403u);
    EXPECT_EQ(log_lines().size(), before + 1);
    EXPECT_THAT(log_lines().back(), HasSubstr(R"("user":"games","roles":[],"action":"connect")"));
    let_in("bin", R"("roles":["analyst"])");
    EXPECT_THAT(ask_as("games", "GET", "/v1/status").body, HasSubstr("not a user of this node"));
}

TEST_F(People, TheFirstUserPutsRolesInForceAndTheOwnerKeepsTheOperators) {
    EXPECT_EQ(api.ask("GET", "/v1/records/" + id).status, 200u);
    EXPECT_THAT(api.ask("GET", "/v1/users").body, HasSubstr(R"("single_user":true)"));
    let_in("games", R"("roles":["analyst"])");
    EXPECT_THAT(api.ask("GET", "/v1/users").body, HasSubstr(R"("single_user":false)"));
    EXPECT_THAT(api.ask("GET", "/v1/records/" + id + "?purpose=x").body, HasSubstr("needs role"));
    EXPECT_EQ(api.ask("GET", "/v1/access").status, 403u);
    EXPECT_EQ(api.ask("POST", "/v1/rebuild").status, 200u);
    EXPECT_EQ(api.ask("POST", "/v1/users/games/remove", "{}").status, 200u);
    EXPECT_THAT(api.ask("GET", "/v1/users").body, HasSubstr(R"("single_user":false)"))
        << "no way back by accident";
}

TEST_F(People, RightsLastOverARestartAndTheirChangesAreLogged) {
    let_in("games", R"("roles":["analyst"],"compartments":["movement"],"name":"Gul")");
    EXPECT_THAT(log_lines().back(), HasSubstr(R"("action":"user change")"));
    EXPECT_THAT(log_lines().back(), HasSubstr("add games: analyst; compartments movement"));
    EXPECT_EQ(api.ask("POST", "/v1/users/games/roles", R"({"roles":["auditor"]})").status, 200u);
    EXPECT_THAT(log_lines().back(), HasSubstr("change games: analyst; compartments movement -> "
                                              "games: auditor; compartments movement"));
    api.desk.reset();
    api.desk = api.open_desk();
    EXPECT_EQ(ask_as("games", "GET", "/v1/access").status, 200u);
    EXPECT_THAT(log_lines().back(), HasSubstr("roles of users.toml "));
}

TEST_F(People, WhatIsWrongWithAUserIsSaidAndNothingChanges) {
    let_in("games", R"("roles":["analyst"])");
    struct Case {
        const char *body, *says;
        unsigned status;
    };
    for (const Case& one :
         {Case{R"({"unix":"games","roles":["analyst"]})", "is a user already", 409},
          Case{R"({"unix":"no-such-account","roles":["analyst"]})", "no Unix account", 400},
          Case{R"({"unix":"../x","roles":["analyst"]})", "not the name of a Unix account", 400},
          Case{R"({"roles":["analyst"]})", "needs 'unix'", 400},
          Case{R"({"unix":"bin","login":"b","roles":["analyst"]})", "not both", 400},
          Case{R"({"login":"sara","roles":["analyst"]})", "needs a certificate", 400},
          Case{R"({"login":"sara","certificate":"x","roles":["analyst"]})", "64 lower-case", 400},
          Case{R"({"unix":"bin","roles":["boss"]})", "'boss' is not a role", 400},
          Case{R"({"unix":"bin","roles":["analyst"],"name":"a\u0007b"})", "control character", 400},
          Case{R"({"unix":"bin","roles":["analyst"],"compartments":["x"]})", "no compartment 'x'",
               400},
          Case{R"({"unix":"bin","roles":["analyst"],"classes_up_to":"x"})", "is one of public",
               400}}) {
        ApiReply reply = api.ask("POST", "/v1/users", one.body);
        EXPECT_EQ(reply.status, one.status) << one.body;
        EXPECT_THAT(reply.body, HasSubstr(one.says)) << one.body;
    }
    EXPECT_EQ(api.ask("POST", "/v1/users/bin/remove", "{}").status, 404u);
    EXPECT_EQ(api.desk->users().size(), 1u);
}

TEST_F(People, AFileThatWasChangedByHandIsNotWrittenOver) {
    const std::string file = api.directory / "users.toml";
    std::ofstream(file) << ""; // nobody but the owner: in force at the next start
    const std::string bin = R"({"unix":"bin","roles":["analyst"]})";
    EXPECT_EQ(api.ask("POST", "/v1/users", bin).status, 409u);
    std::filesystem::remove(file);
    let_in("games", R"("roles":["analyst"])");
    let_in("bin", R"("roles":["analyst"])");
    std::ofstream(file) << "[[user]]\nunix = \"bin\"\nname = \"B\"\nroles = [\"auditor\"]\n";
    for (const auto& [target, body] : {std::pair<const char*, const char*>{
                                           "/v1/users", R"({"unix":"daemon","roles":["analyst"]})"},
                                       {"/v1/users/bin/roles", R"({"roles":["analyst"]})"},
                                       {"/v1/users/games/remove", "{}"}}) {
        const ApiReply reply = api.ask("POST", target, body);
        EXPECT_EQ(reply.status, 409u) << target;
        EXPECT_THAT(reply.body, HasSubstr("was changed by hand"));
    }
    api.desk.reset();
    api.desk = api.open_desk();
    EXPECT_EQ(api.ask("POST", "/v1/users/bin/roles", R"({"roles":["analyst"]})").status, 200u);
    ASSERT_EQ(api.desk->users().size(), 1u);
}

// Each over what the other wrote: nobody's old rights come back.
TEST_F(People, ChangesOfOneUserAtOnceAreBothKept) {
    let_in("games", R"("roles":["analyst"])");
    std::thread certificates([&] {
        for (int i = 0; i < 40; ++i)
            EXPECT_EQ(api.ask("POST", "/v1/users/games/certificate",
                              R"({"certificate":")" + std::string(64, "0123456789"[i % 10]) + "\"}")
                          .status,
                      200u);
    });
    for (int i = 0; i < 40; ++i) {
        const auto role = i % 2 == 0 ? UserRole::auditor : UserRole::analyst;
        EXPECT_EQ(api.ask("POST", "/v1/users/games/roles",
                          R"({"roles":[")" + std::string(name(role)) + "\"]}")
                      .status,
                  200u);
        EXPECT_EQ(api.desk->users().at(0).roles, Roles().set(static_cast<std::size_t>(role)));
    }
    certificates.join();
    EXPECT_EQ(api.desk->users().at(0).certificate, std::string(64, '9'));
}

TEST_F(People, AnOperatorDoesNotChangeTheirOwnRights) {
    let_in("games", R"("roles":["operator"])");
    ApiReply reply =
        ask_as("games", "POST", "/v1/users/games/roles", R"({"roles":["protection_officer"]})");
    EXPECT_EQ(reply.status, 403u);
    EXPECT_THAT(log_lines().back(), HasSubstr(R"("outcome":"refused")"));
    EXPECT_EQ(ask_as("games", "POST", "/v1/users", R"({"unix":"bin","roles":["analyst"]})").status,
              200u);
}

TEST_F(People, WhoActsIsWhoTheKernelNamesOnceRolesApply) {
    let_in("bin", R"("roles":["caseworker"])");
    auto request = value_of(parse_target("POST", "/v1/records/" + id + "/fields"));
    const Route* route = value_of(find_route(request));
    request.caller = {70000, "bin"};
    request.claimed_actor = "somebody else";
    request.body = R"({"fields":[["group","B"]]})";
    EXPECT_EQ(run_route(api.context, *route, request).status, 200u);
    EXPECT_EQ(value_of(api.node.registry->history(record)).events.back().body.actor, "bin");
}

TEST_F(People, AnAuditorFindsWhoReadAPersonAndWhatFor) {
    let_all_in();
    ask_as("daemon", "GET", "/v1/records/" + id, "", "family tracing");
    ask_as("sys", "GET", "/v1/records?kind=movement", "", "review");
    auto log = json::parse(ask_as("mail", "GET", "/v1/access?subject=" + id).body);
    ASSERT_EQ(log.at("entries").as_array().size(), 2u);
    EXPECT_EQ(log.at("entries").at(0).at("user").as_string(), "daemon");
    EXPECT_EQ(log.at("entries").at(0).at("purpose").as_string(), "family tracing");
    EXPECT_EQ(json::parse(ask_as("mail", "GET", "/v1/access?user=sys").body)
                  .at("entries")
                  .as_array()
                  .size(),
              1u);
    EXPECT_EQ(json::parse(ask_as("mail", "GET", "/v1/access?since=2999-01-01").body)
                  .at("entries")
                  .as_array()
                  .size(),
              0u);
    EXPECT_EQ(json::parse(ask_as("mail", "GET", "/v1/access?user=sys&since=1970-01-01").body)
                  .at("entries")
                  .as_array()
                  .size(),
              1u);
    EXPECT_TRUE(
        json::parse(ask_as("mail", "GET", "/v1/access?limit=1").body).at("truncated").as_bool());
    EXPECT_EQ(ask_as("mail", "GET", "/v1/access?subject=x").status, 400u);
    auto report = json::parse(ask_as("mail", "POST", "/v1/access/verify").body);
    EXPECT_TRUE(report.at("problems").as_array().empty());
    EXPECT_EQ(ask_as("daemon", "GET", "/v1/access").status, 403u);
}

TEST_F(People, APurposeThatCannotStandInALogIsRefused) {
    EXPECT_EQ(ask_as("tester", "GET", "/v1/status").status, 403u);
    for (const std::string& purpose :
         {std::string(201, 'x'), std::string("a\nb"), std::string("\xff\xfe")})
        EXPECT_EQ(
            dispatch(api.context, "GET", "/v1/records/" + id, "", TestApi::owner(), purpose).status,
            400u);
}

TEST_F(People, TheDoorOpensForOthersAndTheRestOfTheDirectoryCloses) {
    std::ofstream(api.directory / "safard.toml") << "x";
    ASSERT_EQ(::mkdir((api.directory / "store").c_str(), 0755), 0);
    auto mode = [](const std::string& path) {
        struct stat found {};
        EXPECT_EQ(::stat(path.c_str(), &found), 0) << path;
        return found.st_mode & 0777;
    };
    ASSERT_TRUE(api.desk->open_door().has_value());
    EXPECT_EQ(mode(api.directory.path()), 0700u) << "single-user mode changes nothing";
    let_in("games", R"("roles":["analyst"])");
    EXPECT_EQ(mode(api.directory.path()), 0711u);
    EXPECT_EQ(mode(api.directory / "store"), 0700u);
    EXPECT_EQ(mode(api.directory / "safard.toml"), 0600u);
    EXPECT_EQ(mode(api.directory / "users.toml"), 0600u);
}

TEST_F(People, WithoutADeskNobodyIsLetIn) {
    api.context.desk = nullptr;
    for (const Route& route : api_routes()) {
        ApiRequest request;
        request.captures = {id};
        request.caller = TestApi::owner();
        EXPECT_EQ(run_route(api.context, route, request).status, 403u) << route.pattern;
    }
}

} // namespace
} // namespace safar

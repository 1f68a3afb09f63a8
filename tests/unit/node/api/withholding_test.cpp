#include "people_fixture.hpp"
#include "tests/unit/node/registry/catalogue_fixture.hpp"

#include "node/access/access_read.hpp"

#include <set>

namespace safar {
namespace {

using namespace testing;
using ::testing::HasSubstr;
using ::testing::Not;
namespace json = boost::json;

std::string import_body(const std::string& field, const std::string& rows) {
    std::string profile = "source = \"r\"\ntitle = \"R\"\nkind = \"movement\"\nid = "
                          "[\"Key\"]\n\n[[map]]\nfield = \"" +
                          field + "\"\ncolumn = \"Name\"\n";
    std::string out;
    for (int i = 0; i < 4; ++i) out += static_cast<char>(profile.size() >> (8 * i) & 0xff);
    return out + profile + "Key,Name\n" + rows;
}

// What every path can be asked, by its pattern; a path that is not here fails the test.
std::map<std::string, std::vector<std::pair<std::string, std::string>>>
everything(const std::string& id) {
    const std::string record = "/v1/records/" + id;
    std::map<std::string, std::vector<std::pair<std::string, std::string>>> out;
    auto add = [&](std::string route, std::string target, std::string body = "") {
        out[route].emplace_back(std::move(target), std::move(body));
    };
    for (const char* plain :
         {"/v1/status", "/v1/peers", "/v1/gaps", "/v1/charter", "/v1/charter/epochs",
          "/v1/charter/notices", "/v1/logs", "/v1/quarantine", "/v1/schema", "/v1/health",
          "/v1/users", "/v1/access", "/metrics", "/openapi.json"})
        add(std::string("GET ") + plain, plain);
    for (const char* query :
         {"", "&where=group=A", "&where=name=Zarmina", "&where=birth=1987-05-04",
          "&where=wound=burnt hand", "&where=name=", "&where=nofield=x", "&limit=0",
          "&as_of=2999-01-01", "&as_known=2999-01-01&where=name=Zarmina"})
        add("GET /v1/records", std::string("/v1/records?kind=movement") + query);
    add("GET /v1/records/{id}", record);
    add("GET /v1/records/{id}", record + "?as_of=2999-01-01");
    add("GET /v1/records/{id}/history", record + "/history?as_known=2999-01-01");
    add("GET /v1/records/{id}/explain", record + "/explain?field=name&as_of=2999-01-01");
    add("GET /v1/records/{id}/history", record + "/history");
    for (const char* field : {"name", "birth", "wound", "group", "date", "nofield"})
        add("GET /v1/records/{id}/explain", record + "/explain?field=" + field);
    add("GET /v1/records/{id}/steps", record + "/steps");
    add("POST /v1/records/{id}/steps", record + "/steps",
        R"({"step":"send","fields":[["name","X"]]})");
    add("POST /v1/records/{id}/owner", record + "/owner", R"({"agency":"FIA"})");
    add("POST /v1/records/{id}/refer", record + "/refer",
        R"({"to":["FIA"],"groups":["identity"],"preview":true})");
    add("GET /v1/records/{id}/journey", record + "/journey");
    add("GET /v1/records/{id}/dossier", record + "/dossier");
    add("POST /v1/similar", "/v1/similar",
        R"({"kind":"movement","fields":[["name","Zarmina"],["birth","1987-05-04"]]})");
    add("GET /v1/inbox", "/v1/inbox?everybody=1");
    for (const char* query : {"", "?limit=2", "?since=now", "?since=nonsense"})
        add("GET /v1/feed", std::string("/v1/feed") + query);
    add("GET /v1/conflicts", "/v1/conflicts?limit=10");
    for (const char* query :
         {"by=group,year", "by=name", "by=birth", "where=name=Zarmina", "sum=wound"})
        add("GET /v1/statistics", std::string("/v1/statistics?kind=movement&") + query);
    add("GET /v1/digest", "/v1/digest?state=1");
    add("POST /v1/records", "/v1/records", R"({"kind":"movement","fields":[["name","X"]]})");
    add("POST /v1/records/{id}/fields", record + "/fields", R"({"fields":[["birth","never"]]})");
    add("POST /v1/records/{id}/retract", record + "/retract", R"({"field":"name"})");
    add("POST /v1/records/{id}/resolve", record + "/resolve",
        R"({"field":"name","pick":1,"why":"x"})");
    add("POST /v1/records/{id}/resolve", record + "/resolve",
        R"({"field":"name","pick":9,"why":"x"})");
    add("POST /v1/import", "/v1/import?profile=r&file=r.csv", import_body("birth", "a,never\n"));
    for (const char* query :
         {"", "&format=jsonl", "&format=digest", "&where=name=Zarmina", "&where=group=A"})
        add("POST /v1/export", std::string("/v1/export?kind=movement") + query);
    add("POST /v1/export/iati", "/v1/export/iati?check=1",
        "[activity]\nkind = \"movement\"\ntitle = \"name\"\n");
    add("POST /v1/import/exported", "/v1/import/exported?format=csv",
        "id,kind,birth\n" + id + ",movement,never\n");
    add("POST /v1/charter", "/v1/charter", R"({"text":"x"})");
    add("POST /v1/charter/notices", "/v1/charter/notices", R"({"notice":"00"})");
    add("GET /v1/maintenance", "/v1/maintenance");
    add("POST /v1/maintenance", "/v1/maintenance", "{}");
    add("POST /v1/peers/test", "/v1/peers/test", "{}");
    add("POST /v1/backup", "/v1/backup", "{}");
    add("POST /v1/backup/done", "/v1/backup/done", R"({"directory":"/nowhere","kept":false})");
    add("GET /v1/impact", "/v1/impact?node=" + std::string(64, '0'));
    add("GET /v1/bundle", "/v1/bundle?for=FIA");
    add("POST /v1/bundle", "/v1/bundle", "not a bundle");
    add("POST /v1/verify", "/v1/verify?deep=1");
    add("POST /v1/rebuild", "/v1/rebuild");
    add("POST /v1/users", "/v1/users", R"({"unix":"lp","roles":["caseworker"]})");
    add("POST /v1/users/{unix}/roles", "/v1/users/games/roles",
        R"({"roles":["protection_officer"]})");
    add("POST /v1/users/{unix}/certificate", "/v1/users/games/certificate",
        R"({"certificate":""})");
    add("POST /v1/users/{unix}/remove", "/v1/users/sys/remove", "{}");
    add("POST /v1/access/verify", "/v1/access/verify");
    return out;
}

class Withholding : public PeopleApi {
protected:
    // An event of that kind about the record, in the log of movements, with no field of its kind.
    void say_of_it(std::string_view kind) {
        EventDraft draft;
        draft.body.kind = api.node.derived->schema()->kind(kind)->tag;
        draft.body.record = record;
        draft.body.verb = "recorded";
        draft.body.assertions.push_back({2, Text{"where the shelter is"}});
        ASSERT_TRUE(api.node.node->append({"movement", {draft}}).has_value());
    }
    // Asks everything with a purpose, as `login`; returns all answers. The import reads its body in
    // pieces.
    std::string ask_everything(const std::string& login, const std::string& purpose) {
        auto all = everything(id);
        std::string answers;
        for (const Route& route : api_routes()) {
            const std::string key = std::string(route.method) + " " + std::string(route.pattern);
            EXPECT_TRUE(all.contains(key)) << key << " is never tried";
            for (auto& [target, body] : all[key]) {
                std::string escaped;
                for (char c : target) escaped += c == ' ' ? std::string("%20") : std::string(1, c);
                auto request = value_of(parse_target(route.method, escaped));
                EXPECT_EQ(value_of(find_route(request)), &route);
                request.caller = {70000, login};
                request.purpose = purpose;
                request.body = body;
                std::size_t at = 0;
                request.body_source = [&](std::span<std::byte> out) -> Result<std::size_t> {
                    std::size_t count = std::min(out.size(), body.size() - at);
                    std::memcpy(out.data(), body.data() + at, count);
                    at += count;
                    return count;
                };
                // A bundle holds everything in the clear: an operator may make one, and that is
                // logged (docs/access.md).
                const bool clear = login == "news" && key == "GET /v1/bundle";
                request.send_part = [&answers, clear](std::string_view part) -> Result<> {
                    if (!clear) answers += part;
                    return success();
                };
                answers += key + ": " + run_route(api.context, route, request).body;
            }
        }
        return answers;
    }
};

TEST_F(Withholding, NoPathTellsAnAnalystAnOperatorOrAnAuditorWhatIsPersonal) {
    let_all_in();
    for (const char* login : {"games", "news", "mail"}) {
        const std::string answers = ask_everything(login, "curiosity");
        for (const std::string& secret : secrets) {
            std::size_t at = answers.find(secret);
            EXPECT_EQ(at, std::string::npos) << login << " is told " << secret << " in: ..."
                                             << answers.substr(at < 300 ? 0 : at - 300, 400);
        }
    }
}

TEST_F(Withholding, TheTestAboveCanFail) {
    const std::string before = api.ask("GET", "/v1/records/" + id).body +
                               api.ask("GET", "/v1/records/" + id + "/history").body;
    let_all_in();
    const std::string answers = before + ask_everything("sys", "protection");
    for (const std::string& secret : secrets) EXPECT_THAT(answers, HasSubstr(secret));
}

TEST_F(Withholding, TheAccessLogHoldsNoValue) {
    let_all_in();
    for (const char* login : {"games", "daemon", "bin", "sys", "mail"})
        ask_everything(login, "a visit");
    EXPECT_GT(log_lines().size(), 50u);
    for (const std::string& secret : secrets) EXPECT_THAT(log_text(), Not(HasSubstr(secret)));
    EXPECT_TRUE(value_of(verify_access(api.directory / "access")).problems.empty());
}

TEST_F(Withholding, AnAnalystSeesWhichFieldsThereAreAndWhyTheyAreWithheld) {
    let_all_in();
    auto shown = json::parse(ask_as("games", "GET", "/v1/records/" + id, "", "report").body);
    std::map<std::string, bool> withheld;
    for (const json::value& field : shown.at("fields").as_array()) {
        withheld[std::string(field.at("field").as_string())] =
            field.as_object().contains("withheld");
        if (field.as_object().contains("withheld")) {
            EXPECT_TRUE(field.at("reading").as_array().empty());
            EXPECT_THAT(std::string(field.at("withheld").as_string()), HasSubstr("needs role"));
        }
    }
    EXPECT_EQ(
        withheld,
        (std::map<std::string, bool>{
            {"name", true}, {"group", false}, {"wound", true}, {"date", false}, {"birth", true}}));
    EXPECT_THAT(
        log_lines().back(),
        HasSubstr(R"("outcome":"withheld","classes":[],"withheld":["personal","sensitive"])"));
    EXPECT_THAT(log_lines().back(), HasSubstr(id));
}

// It is without effect; whoever reads the history must not read by it what its own kind withholds.
TEST_F(Withholding, AnEventOfAnotherKindIsWithheldAsThatKindSays) {
    let_all_in();
    say_of_it("screening");
    for (const char* path : {"/history", "/journey"}) {
        const ApiReply reply = ask_as("games", "GET", "/v1/records/" + id + path, "", "report");
        EXPECT_EQ(reply.status, 200u) << reply.body;
        EXPECT_THAT(reply.body, Not(HasSubstr("where the shelter is"))) << path;
    }
    EXPECT_THAT(ask_as("sys", "GET", "/v1/records/" + id + "/history", "", "protection").body,
                HasSubstr("where the shelter is"));
}

// Whoever writes movements says something of a victim's case: it is without effect, and nobody who
// reads movements reads it.
TEST_F(Withholding, AnEventOfAnotherCompartmentsKindIsInNobodysHistory) {
    let_all_in();
    say_of_it("victim_case");
    for (const char* path : {"/history", "/journey"})
        for (const auto& [login, purpose] : {std::pair{"games", "report"}, {"sys", "protection"}}) {
            const ApiReply reply = ask_as(login, "GET", "/v1/records/" + id + path, "", purpose);
            EXPECT_EQ(reply.status, 200u) << reply.body;
            EXPECT_THAT(reply.body, Not(HasSubstr("where the shelter is"))) << login << path;
        }
}

TEST_F(Withholding, ACaseworkerNamesAPurposeAndIsToldHow) {
    let_all_in();
    ApiReply without = ask_as("daemon", "GET", "/v1/records/" + id);
    EXPECT_THAT(without.body, Not(HasSubstr("Zarmina")));
    EXPECT_THAT(without.body, HasSubstr("--purpose TEXT"));
    ApiReply with = ask_as("daemon", "GET", "/v1/records/" + id, "", "family tracing");
    EXPECT_THAT(with.body, HasSubstr("Zarmina"));
    EXPECT_THAT(with.body, Not(HasSubstr("burnt hand")));
    EXPECT_THAT(
        log_lines().back(),
        HasSubstr(
            R"("purpose":"family tracing","outcome":"allowed","classes":["personal"],"withheld":["sensitive"])"));
    ApiReply by_query = ask_as("daemon", "GET", "/v1/records/" + id + "?purpose=family+tracing");
    EXPECT_EQ(with.body, by_query.body);
    EXPECT_THAT(ask_as("sys", "GET", "/v1/records/" + id, "", "protection").body,
                HasSubstr("burnt hand"));
}

// What was written with a value that anybody may see speaks of her name as well.
TEST_F(Withholding, ATextThatIsShownIsLoggedForAllThatItIsAbout) {
    EXPECT_TRUE(
        api.node.set(record, {{"group", "C"}}, true, "by Zarmina, at the desk").has_value());
    EXPECT_TRUE(api.other.set(record, {{"group", "B"}}, true, "by Zarmina, later").has_value());
    api.other.send_to(api.node);
    let_all_in();
    for (const std::string& target :
         {"/v1/records/" + id + "/explain?field=group", std::string("/v1/conflicts")}) {
        const std::size_t before = log_lines().size();
        EXPECT_THAT(ask_as("sys", "GET", target, "", "protection").body, HasSubstr("by Zarmina"))
            << target;
        ASSERT_EQ(log_lines().size(), before + 1) << target;
        EXPECT_THAT(log_lines().back(), HasSubstr(id)) << target;
        EXPECT_THAT(log_lines().back(), HasSubstr(R"("classes":["personal","sensitive"])"))
            << target;
    }
}

TEST_F(Withholding, APersonalFieldIsNoFilterForWhoMayNotSeeIt) {
    let_all_in();
    ApiReply reply =
        ask_as("games", "GET", "/v1/records?kind=movement&where=name=Zarmina", "", "x");
    EXPECT_EQ(reply.status, 403u);
    EXPECT_THAT(reply.body, HasSubstr("field 'name'"));
    EXPECT_THAT(log_lines().back(), HasSubstr(R"("outcome":"refused","classes":["personal"])"));
    EXPECT_EQ(ask_as("daemon", "GET", "/v1/records?kind=movement&where=name=Zarmina").status, 403u);
    EXPECT_EQ(
        ask_as("daemon", "GET", "/v1/records?kind=movement&where=birth=1987-05-04", "", "x").status,
        200u);
    EXPECT_THAT(log_lines().back(), HasSubstr(id));
}

TEST_F(Withholding, ASearchThatFindsNobodyIsLoggedAsWell) {
    let_all_in();
    ask_as("daemon", "GET", "/v1/records?kind=movement&where=name=Nobody", "", "x");
    EXPECT_THAT(
        log_lines().back(),
        HasSubstr(
            R"("action":"find","subject":[],"purpose":"x","outcome":"allowed","classes":["personal"])"));
}

TEST_F(Withholding, AnotherCompartmentIsClosed) {
    ASSERT_TRUE(api.other.set(record, {{"group", "B"}}).has_value());
    api.other.send_to(api.node); // in conflict with our A
    let_in("daemon", R"("roles":["caseworker"],"compartments":["protection"])");
    EXPECT_EQ(ask_as("daemon", "GET", "/v1/records/" + id, "", "x").status, 403u);
    EXPECT_EQ(ask_as("daemon", "GET", "/v1/records?kind=movement", "", "x").status, 403u);
    EXPECT_EQ(ask_as("daemon", "GET", "/v1/statistics?kind=movement").status, 403u);
    EXPECT_EQ(ask_as("daemon", "GET", "/v1/statistics?kind=victim_case").status, 200u);
    const auto conflicts = json::parse(ask_as("daemon", "GET", "/v1/conflicts", "", "x").body);
    EXPECT_TRUE(conflicts.at("conflicts").as_array().empty());
    EXPECT_EQ(conflicts.at("total").as_int64(), 0) << "as many as there are for whoever asks";
    EXPECT_EQ(json::parse(api.ask("GET", "/v1/conflicts").body).at("total").as_int64(), 1);
    EXPECT_EQ(
        ask_as("daemon", "POST", "/v1/records/" + id + "/fields", R"({"fields":[["group","B"]]})")
            .status,
        403u);
}

TEST_F(Withholding, ACaseworkerWritesNoSensitiveFieldAndResolvesNothing) {
    let_all_in();
    EXPECT_EQ(
        ask_as("daemon", "POST", "/v1/records/" + id + "/fields", R"({"fields":[["wound","x"]]})")
            .status,
        403u);
    EXPECT_EQ(ask_as("daemon", "POST", "/v1/records/" + id + "/fields",
                     R"({"fields":[["birth","1988"]]})")
                  .status,
              200u);
    const char* resolution = R"({"field":"name","pick":1,"why":"seen"})";
    EXPECT_EQ(ask_as("daemon", "POST", "/v1/records/" + id + "/resolve", resolution).status, 403u);
    EXPECT_EQ(ask_as("bin", "POST", "/v1/records/" + id + "/resolve", resolution).status, 200u);
}

TEST_F(Withholding, WithoutUsersTheOwnerSeesEverythingWithoutAPurposeAndIsLogged) {
    const std::size_t before = log_lines().size();
    EXPECT_THAT(api.ask("GET", "/v1/records/" + id).body, HasSubstr("burnt hand"));
    ASSERT_EQ(log_lines().size(), before + 1);
    EXPECT_THAT(
        log_lines().back(),
        HasSubstr(R"("purpose":"","outcome":"allowed","classes":["personal","sensitive"])"));
    api.ask("GET", "/v1/statistics?kind=movement&by=group");
    EXPECT_EQ(log_lines().size(), before + 1) << "nothing guarded, nothing logged";
}

TEST_F(Withholding, NothingPersonalGoesOutThatIsNotInTheLog) {
    bool synced = false;
    api.desk->log().sync_for_tests = [&](int) {
        synced = true;
        return 0;
    };
    EXPECT_EQ(api.ask("GET", "/v1/records/" + id).status, 200u);
    EXPECT_TRUE(synced);
    api.desk->log().sync_for_tests = [](int) {
        errno = ENOSPC;
        return -1;
    };
    ApiReply reply = api.ask("GET", "/v1/records/" + id);
    EXPECT_EQ(reply.status, 507u);
    EXPECT_THAT(reply.body, Not(HasSubstr("Zarmina")));
    EXPECT_EQ(api.ask("GET", "/v1/status").status, 200u);
}

class IatiQuestions : public RolesApi {
protected:
    IatiQuestions() : RolesApi(catalogue_charter(Network{})) {}
};

// A map that picks records by a field tells who has the value.
TEST_F(IatiQuestions, AMapFiltersByNoFieldThatWhoAsksMayNotSee) {
    const auto create = [&](const std::string& kind, std::vector<FieldText> fields) {
        return show_id(
            value_of(api.node.registry->create({kind, std::move(fields), "", 0, {}}, {"tester"}))
                .record);
    };
    const std::string person = create("person", {{"name", "Zarmina"}});
    create("victim_case", {{"person", person}, {"location_of_exploitation", "kiln"}});
    let_all_in();
    const auto asked = [&](const char* login, const char* only, const char* purpose) {
        return ask_as(login, "POST", "/v1/export/iati?check=1",
                      std::string("[activity]\nkind = \"person\"\n[[indicator]]\nkind = "
                                  "\"victim_case\"\nof = \"person\"\nonly = [\"") +
                          only + "\"]\n",
                      purpose);
    };
    const ApiReply refused = asked("bin", "location_of_exploitation=kiln", "");
    EXPECT_EQ(refused.status, 403u) << refused.body;
    EXPECT_THAT(refused.body, HasSubstr("field 'location_of_exploitation'"));
    EXPECT_EQ(asked("bin", "gender=Female", "").status, 200u);
    EXPECT_EQ(asked("sys", "location_of_exploitation=kiln", "protection").status, 200u);
}

TEST_F(Withholding, RejectedRowsAreWithheldWhereThePurposeIsMissing) {
    let_all_in();
    auto import = [&](const std::string& purpose) {
        std::string body = import_body("birth", "a,never\n");
        auto request = value_of(parse_target("POST", "/v1/import?profile=r&file=r.csv"));
        const Route* route = value_of(find_route(request));
        request.caller = {70000, "bin"};
        request.purpose = purpose;
        std::size_t at = 0;
        request.body_source = [&](std::span<std::byte> out) -> Result<std::size_t> {
            std::size_t count = std::min(out.size(), body.size() - at);
            std::memcpy(out.data(), body.data() + at, count);
            at += count;
            return count;
        };
        return run_route(api.context, *route, request).body;
    };
    EXPECT_THAT(import(""), ::testing::AllOf(HasSubstr(R"("line":2)"), HasSubstr("withheld"),
                                             Not(HasSubstr("never"))));
    EXPECT_THAT(import("register of 2024"), HasSubstr("never"));
}

} // namespace
} // namespace safar

#include "api_fixture.hpp"
#include "tests/unit/node/casework/casework_fixture.hpp"

#include <set>

namespace safar {
namespace {

using namespace testing;
namespace json = boost::json;

const json::value& document() {
    static const json::value parsed = json::parse({openapi_text().data(), openapi_text().size()});
    return parsed;
}

// Follows a chain of member names; `what` for the message.
const json::value& at(const json::value& value, std::initializer_list<std::string_view> path) {
    const json::value* here = &value;
    for (std::string_view name : path) {
        const json::value* next = here->is_object() ? here->as_object().if_contains(name) : nullptr;
        if (next == nullptr) {
            ADD_FAILURE() << "openapi.json: no '" << name << "'";
            static const json::value none = json::object{};
            return none;
        }
        here = next;
    }
    return *here;
}

const json::value& resolved(const json::value& schema) {
    if (const json::value* reference = schema.as_object().if_contains("$ref")) {
        std::string name(reference->as_string());
        return at(document(), {"components", "schemas", name.substr(name.rfind('/') + 1)});
    }
    return schema;
}

bool is_type(const json::value& value, std::string_view type) {
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "string") return value.is_string();
    if (type == "integer") return value.is_int64() || value.is_uint64();
    if (type == "number") return value.is_number();
    if (type == "boolean") return value.is_bool();
    return false;
}

// The part of JSON Schema that openapi.json uses: types, required and known members, items, allOf.
void check(const json::value& value, const json::value& raw, const std::string& where) {
    const json::object& schema = resolved(raw).as_object();
    if (const json::value* all = schema.if_contains("allOf")) {
        // Each part knows only its own members, so only what it requires is held against the value.
        for (const json::value& part : all->as_array())
            if (const json::value* required = resolved(part).as_object().if_contains("required")) {
                for (const json::value& name : required->as_array())
                    EXPECT_TRUE(value.as_object().contains(name.as_string()))
                        << where << "." << name;
            }
        return;
    }
    std::string type(schema.at("type").as_string());
    ASSERT_TRUE(is_type(value, type))
        << where << " is not of type " << type << ": " << json::serialize(value);
    if (type == "array")
        for (std::size_t i = 0; i < value.as_array().size(); ++i)
            check(value.as_array()[i], schema.at("items"), where + "[" + std::to_string(i) + "]");
    if (type != "object" || schema.contains("additionalProperties")) return;
    for (const json::value& name : schema.at("required").as_array())
        EXPECT_TRUE(value.as_object().contains(name.as_string())) << where << " lacks " << name;
    const json::object& known = schema.at("properties").as_object();
    for (const auto& member : value.as_object()) {
        const json::value* described = known.if_contains(member.key());
        EXPECT_TRUE(described != nullptr || known.empty())
            << where << "." << member.key() << " is not described";
        if (described != nullptr)
            check(member.value(), *described, where + "." + std::string(member.key()));
    }
}

TEST(OpenApi, DescribesEveryRouteAndNoOther) {
    std::set<std::string> routes, described;
    for (const Route& route : api_routes())
        routes.insert(std::string(route.method) + " " + std::string(route.pattern));
    for (const auto& path : at(document(), {"paths"}).as_object())
        for (const auto& operation : path.value().as_object()) {
            std::string method(operation.key());
            for (char& c : method) c = static_cast<char>(c - 'a' + 'A');
            described.insert(method + " " + std::string(path.key()));
        }
    EXPECT_EQ(routes, described);
}

TEST(OpenApi, DescribesEveryParameterAndNoOther) {
    for (const Route& route : api_routes()) {
        std::string method = route.method == "GET" ? "get" : "post";
        const json::object& operation =
            at(document(), {"paths", route.pattern, method}).as_object();
        std::string names;
        if (const json::value* parameters = operation.if_contains("parameters"))
            for (const json::value& parameter : parameters->as_array())
                if (parameter.at("in").as_string() == "query")
                    names +=
                        (names.empty() ? "" : " ") + std::string(parameter.at("name").as_string());
        EXPECT_EQ(names, route.parameters) << route.method << " " << route.pattern;
    }
}

TEST(OpenApi, EveryJsonAnswerHasTheShapeItDescribes) {
    TestApi api(casework_charter(Network{}));
    std::string id = show_id(api.disputed());
    const auto made = [&](const std::string& body) {
        return std::string(api.json("POST", "/v1/records", body).at("id").as_string());
    };
    const std::string person =
        made(R"({"kind":"person","fields":[["name","Zarmina"],["note","tall"]]})");
    const std::string consent =
        made(R"({"kind":"consent","fields":[["person",")" + person +
             R"("],["purposes","any"],["recipients","FIA"],["groups","identity"]]})");
    const std::string referred = made(R"({"kind":"referral","fields":[["person",")" + person +
                                      R"("],["recipient","FIA"],["groups","identity"]]})");
    const std::string refer = R"({"to":["FIA"],"groups":["identity"],"preview":)";
    struct Case {
        std::string method, target, pattern, body;
    };
    const std::string record = "/v1/records/" + id;
    const std::string dot(
        api.json("GET", record + "/explain?field=name").at("live").at(0).at("dot").as_string());
    Suspension stop;
    stop.network = api.node.node->authority()->network();
    stop.epoch = api.charter.charter->identity;
    stop.node = api.network.ukf.id();
    stop.reason = "its key is said to be stolen";
    const std::string stopped = value_of(write_suspension(stop, "FIA", api.network.fia.signing));
    const std::string notice = to_hex(make_suspension_notice(stopped, stop).bytes);
    const std::vector<Case> cases{
        {"GET", "/v1/status", "/v1/status", ""},
        {"GET", "/v1/peers", "/v1/peers", ""},
        {"GET", "/v1/gaps", "/v1/gaps", ""},
        {"GET", "/v1/charter", "/v1/charter", ""},
        {"POST", "/v1/charter", "/v1/charter",
         json::serialize(json::object{{"text", api.charter.text}})},
        {"POST", "/v1/charter/notices", "/v1/charter/notices",
         json::serialize(json::object{{"notice", notice}})},
        {"GET", "/v1/charter/notices", "/v1/charter/notices", ""},
        {"GET", "/v1/charter/epochs", "/v1/charter/epochs", ""},
        {"GET", "/v1/logs", "/v1/logs", ""},
        {"GET", "/v1/quarantine", "/v1/quarantine", ""},
        {"GET", "/v1/impact?node=" + api.network.fia.id().hex(), "/v1/impact", ""},
        {"GET", "/v1/schema", "/v1/schema", ""},
        {"POST", "/v1/records", "/v1/records",
         R"({"kind":"movement","fields":[["name","Bilal"]],"at":"2020-01-08","quality":3})"},
        {"GET", "/v1/records?kind=movement&where=means=A", "/v1/records", ""},
        {"GET", record, "/v1/records/{id}", ""},
        {"GET", record + "?as_of=2999-01-01&as_known=2999-01-01", "/v1/records/{id}", ""},
        {"GET", "/v1/records?kind=movement&as_of=2999-01-01", "/v1/records", ""},
        {"GET", record + "/explain?field=name&as_known=2999-01-01", "/v1/records/{id}/explain", ""},
        {"GET", record + "/history", "/v1/records/{id}/history", ""},
        {"GET", record + "/explain?field=name", "/v1/records/{id}/explain", ""},
        {"GET", record + "/explain?field=persons", "/v1/records/{id}/explain", ""},
        {"GET", "/v1/records/" + consent + "/steps", "/v1/records/{id}/steps", ""},
        {"POST", "/v1/records/" + person + "/refer", "/v1/records/{id}/refer", refer + "true}"},
        {"POST", "/v1/records/" + person + "/refer", "/v1/records/{id}/refer", refer + "false}"},
        {"POST", "/v1/records/" + consent + "/steps", "/v1/records/{id}/steps",
         R"({"step":"withdraw"})"},
        {"POST", "/v1/records/" + referred + "/owner", "/v1/records/{id}/owner",
         R"({"agency":"FIA","why":"closer to him"})"},
        {"GET", "/v1/records/" + person + "/journey", "/v1/records/{id}/journey", ""},
        {"GET", "/v1/records/" + person + "/dossier", "/v1/records/{id}/dossier", ""},
        {"POST", "/v1/similar", "/v1/similar",
         R"({"kind":"person","fields":[["name","Zarmeena"]]})"},
        {"GET", "/v1/inbox?everybody=1", "/v1/inbox", ""},
        {"GET", "/v1/conflicts?limit=5", "/v1/conflicts", ""},
        {"GET", "/v1/statistics?kind=movement&by=means,year&sum=persons", "/v1/statistics", ""},
        {"GET", "/v1/digest?state=1", "/v1/digest", ""},
        {"POST", record + "/fields", "/v1/records/{id}/fields", R"({"fields":[["group","Beta"]]})"},
        {"POST", record + "/retract", "/v1/records/{id}/retract",
         R"({"field":"group","why":"mistaken"})"},
        {"POST", record + "/resolve", "/v1/records/{id}/resolve",
         R"({"field":"name","pick":1,"dot":")" + dot + R"(","why":"passport"})"},
        {"POST", "/v1/verify?deep=1", "/v1/verify", ""},
        {"POST", "/v1/rebuild", "/v1/rebuild", ""},
        {"POST", "/v1/bundle?dry_run=1", "/v1/bundle", api.ask("GET", "/v1/bundle?for=FIA").body},
        {"POST", "/v1/export/iati?check=1", "/v1/export/iati",
         "[activity]\nkind = \"movement\"\ntitle = \"name\"\n"},
        {"GET", "/v1/health", "/v1/health", ""},
        {"POST", "/v1/peers/test", "/v1/peers/test", "{}"},
        {"GET", "/v1/maintenance", "/v1/maintenance", ""},
        {"GET", "/openapi.json", "/openapi.json", ""},
        {"GET", "/v1/access?limit=5", "/v1/access", ""},
        {"POST", "/v1/access/verify", "/v1/access/verify", ""},
        {"GET", "/v1/users", "/v1/users", ""},
        {"POST", "/v1/users", "/v1/users",
         R"({"unix":"games","roles":["analyst"],"compartments":["movement"]})"},
        {"POST", "/v1/users/games/roles", "/v1/users/{unix}/roles", R"({"roles":["auditor"]})"},
        {"POST", "/v1/users/games/certificate", "/v1/users/{unix}/certificate",
         R"({"certificate":")" + std::string(64, 'a') + R"("})"},
        {"POST", "/v1/users/games/remove", "/v1/users/{unix}/remove", ""},
    };
    std::set<std::string> asked{
        "POST /v1/import",          "GET /v1/bundle",      "GET /metrics", "GET /v1/feed",
        "POST /v1/export",
        "POST /v1/import/exported",                          // no JSON document
        "POST /v1/maintenance",                              // maintenance_test.cpp
        "POST /v1/backup",          "POST /v1/backup/done"}; // need a disk:
                                                             // tests/process/operate_test.cpp
    for (const Case& one : cases) {
        asked.insert(one.method + " " + one.pattern);
        std::string method = one.method == "GET" ? "get" : "post";
        const json::value& schema =
            at(document(), {"paths", one.pattern, method, "responses", "200", "content",
                            "application/json", "schema"});
        check(api.json(one.method, one.target, one.body), schema, one.method + " " + one.pattern);
    }
    for (const Route& route : api_routes())
        EXPECT_TRUE(asked.contains(std::string(route.method) + " " + std::string(route.pattern)))
            << route.pattern << " is never asked";
}

TEST(OpenApi, ErrorsHaveTheShapeTheyDescribe) {
    TestApi api;
    for (auto [target, status] :
         {std::pair{"/v1/records/nonsense", 400u},
          std::pair{"/v1/records/00000000000000000000000000", 404u}, std::pair{"/v1/nowhere", 404u},
          std::pair{"/v1/status?colour=red", 400u},
          std::pair{"/v1/statistics?kind=movement&by=colour", 400u}}) {
        ApiReply reply = api.ask("GET", target);
        EXPECT_EQ(reply.status, status) << target << ": " << reply.body;
        check(json::parse(reply.body), at(document(), {"components", "schemas", "Error"}), target);
    }
}

} // namespace
} // namespace safar

#include "api_fixture.hpp"
#include "tests/unit/node/registry/catalogue_fixture.hpp"

namespace safar {
namespace {

using namespace testing;
using ::testing::HasSubstr;
namespace json = boost::json;

TEST(Routes, ATargetIsDecodedOnceAndCapturesItsId) {
    auto request = value_of(parse_target("GET", "/v1/records/AB%43?field=a%3Db+c&field=d"));
    EXPECT_EQ(request.path, "/v1/records/ABC");
    EXPECT_EQ(request.parameter("field"), "a=b c");
    EXPECT_EQ(request.parameters("field").size(), 2u);
    const Route* route = value_of(find_route(request));
    EXPECT_EQ(route->pattern, "/v1/records/{id}");
    EXPECT_EQ(request.captures.at(0), "ABC");
    EXPECT_FALSE(parse_target("GET", "/v1/%4").has_value());
    EXPECT_FALSE(parse_target("GET", "/v1/%zz").has_value());
}

TEST(Routes, PathsMatchWholeSegmentsOnly) {
    for (const char* target : {"/v1/records/", "/v1/recordsx", "/v1", "/", "", "v1/status",
                               "/v1/status/", "//v1/status"}) {
        auto request = value_of(parse_target("GET", target));
        EXPECT_FALSE(find_route(request).has_value()) << target;
    }
}

TEST(Routes, AWrongMethodIsToldWhatThePathTakes) {
    TestApi api;
    ApiReply reply = api.ask("DELETE", "/v1/records");
    EXPECT_EQ(reply.status, 404u);
    EXPECT_THAT(reply.body, HasSubstr("takes POST, GET, not DELETE"));
}

TEST(Routes, BodiesAreReadStrictly) {
    TestApi api;
    struct Case {
        const char *body, *detail;
    };
    for (const Case& one :
         {Case{"", "not JSON"}, Case{"[]", "JSON object"}, Case{"{\"kind\":1}", "'kind' is needed"},
          Case{"{\"kind\":\"movement\"}", "'fields' must be a list"},
          Case{"{\"kind\":\"movement\",\"fields\":[[\"name\"]]}", "pairs"},
          Case{"{\"kind\":\"movement\",\"fields\":[[\"name\",\"x\"]],\"colour\":1}",
               "'colour' is unknown"},
          Case{"{\"kind\":\"movement\",\"fields\":[[\"name\",\"x\"]],\"quality\":6}",
               "from 0 to 5"},
          Case{"{\"kind\":\"movement\",\"fields\":[[\"name\",\"x\"]],\"at\":\"soon\"}",
               "not a time"},
          Case{"{\"kind\":\"movement\",\"fields\":[[\"name\",\"x\"]]} x", "not JSON"}}) {
        ApiReply reply = api.ask("POST", "/v1/records", one.body);
        EXPECT_EQ(reply.status, 400u) << one.body;
        EXPECT_THAT(reply.body, HasSubstr(one.detail)) << one.body;
    }
    const std::string deep = "{\"kind\":" + std::string(100'000, '['); // H22
    EXPECT_THAT(api.ask("POST", "/v1/records", deep).body, HasSubstr("not JSON"));
    EXPECT_EQ(api.node.events(), 0u);
}

TEST(Routes, ADisputedFieldShowsWhoSaysWhat) {
    TestApi api;
    std::string id = show_id(api.disputed());
    json::value shown = api.json("GET", "/v1/records/" + id);
    const json::object& name = shown.at("fields").at(0).as_object();
    EXPECT_EQ(name.at("field").as_string(), "name");
    EXPECT_TRUE(name.at("conflict").as_bool());
    EXPECT_EQ(name.at("values").as_array().size(), 2u);
    EXPECT_EQ(api.json("GET", "/v1/conflicts").at("total").to_number<int>(), 1);
}

TEST(Routes, AResolutionThatNamesAnotherValueIsAConflict) {
    TestApi api;
    const std::string record = "/v1/records/" + show_id(api.disputed());
    const json::value why = api.json("GET", record + "/explain?field=name");
    const std::string second(why.at("live").at(1).at("dot").as_string());
    const auto pick = [&](const std::string& place) {
        return api.ask("POST", record + "/resolve",
                       R"({"field":"name","pick":)" + place + R"(,"dot":")" + second +
                           R"(","why":"seen"})");
    };
    EXPECT_EQ(pick("1").status, 409u);
    EXPECT_EQ(pick("2").status, 200u);
    EXPECT_EQ(api.json("GET", record + "/explain?field=name").at("reading").at(0),
              why.at("live").at(1).at("value"));
}

TEST(Routes, ExplainSaysWhatWasSetAsideAndByWhom) {
    TestApi api;
    std::string id = show_id(api.disputed());
    json::value why = api.json("GET", "/v1/records/" + id + "/explain?field=persons");
    EXPECT_EQ(why.at("reading").at(0).as_string(), "3");
    const json::object& past = why.at("replaced").at(0).as_object();
    EXPECT_EQ(past.at("value").as_string(), "2");
    EXPECT_EQ(past.at("replaced_by").at("agency").as_string(), "IOM");
    EXPECT_EQ(past.at("replaced_by").at("verb").as_string(), "updated");
}

TEST(Routes, TwoMembersThatHoldTheSameAnswerTheSameDigest) {
    TestApi api;
    api.disputed();
    ApiMetrics metrics;
    ApiContext other{*api.other.registry, metrics, {}, {}, "The FIA"};
    other.desk = api.desk.get();
    ApiReply here = api.ask("GET", "/v1/digest?compartment=movement&state=1");
    ApiReply there =
        dispatch(other, "GET", "/v1/digest?compartment=movement&state=1", "", TestApi::owner());
    EXPECT_EQ(here.body, there.body);
    EXPECT_THAT(here.body, HasSubstr("\"state\""));
}

TEST(Routes, WhatThisNodeMayNotHoldIsRefusedWithTheNamesOfItsHolders) {
    TestApi api;
    ApiMetrics metrics;
    ApiContext other{*api.other.registry, metrics, {}, {}, "The FIA"};
    other.desk = api.desk.get();
    for (const char* target :
         {"/v1/statistics?kind=victim_case", "/v1/records?kind=victim_case",
          "/v1/digest?compartment=protection", "/v1/digest?compartment=protection&state=1"}) {
        ApiReply reply = dispatch(other, "GET", target, "", TestApi::owner());
        EXPECT_EQ(reply.status, 403u) << target;
        EXPECT_THAT(reply.body, HasSubstr("'protection' is held by IOM, MOFA")) << target;
        EXPECT_EQ(api.ask("GET", target).status, 200u) << target;
    }
}

TEST(Routes, AFilterLetsNothingThroughBecauseOfACommaInAValue) {
    TestApi api;
    for (const char* name : {"Khan, Ali", "Khan", " Ali"}) api.node.create({{"name", name}});
    for (const char* group : {"A", "B", "C", "Gambia, The"})
        api.node.create({{"name", "x"}, {"group", group}});
    const auto found = [&](const std::string& filter) {
        const std::string query = "?kind=movement&where=" + filter;
        const auto count = api.json("GET", "/v1/records" + query).at("records").as_array().size();
        const auto lines = api.ask("POST", "/v1/export" + query).body;
        EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(lines, '\n')), count + 1) << filter;
        return count;
    };
    EXPECT_EQ(found("name=Khan,%20Ali"), 1u);
    EXPECT_EQ(found("name=Khan"), 1u);
    EXPECT_EQ(found("group=A,Beta"), 2u);
    EXPECT_EQ(found("group=Gambia,%20The"), 1u);
    EXPECT_EQ(found("group=A,G"), 2u);
    auto counted = api.json("GET", "/v1/statistics?kind=movement&where=group=Gambia,%20The");
    EXPECT_EQ(counted.at("count").to_number<int>(), 1);
}

TEST(Routes, ASumOfMoneyNamesItsCurrency) {
    TestApi api{catalogue_charter(Network{})};
    const auto contribute = [&](const char* amount, const char* donor) {
        value_of(api.node.registry->create(
            {"contribution",
             {{"date", "2025-09-10"}, {"amount", amount}, {"donor", donor}},
             "",
             0,
             {}},
            {"tester"}));
    };
    contribute("2000000.00 USD", "CA-5");
    contribute("1500000.00 USD", "CA-5");
    const json::value dollars =
        api.json("GET", "/v1/statistics?kind=contribution&by=donor&sum=amount");
    EXPECT_EQ(dollars.at("rows").at(0).at("sum").as_int64(), 350'000'000);
    EXPECT_EQ(dollars.at("rows").at(0).at("money").as_string(), "3500000.00 USD");
    EXPECT_EQ(dollars.at("money").as_string(), "3500000.00 USD");
    contribute("250 JPY", "JP-8");
    const json::value both =
        api.json("GET", "/v1/statistics?kind=contribution&by=donor,amount.currency&sum=amount");
    EXPECT_EQ(both.at("rows").at(1).at("money").as_string(), "250 JPY");
    EXPECT_EQ(both.at("money").as_string(), "") << "a total of two currencies";
    EXPECT_FALSE(
        api.json("GET", "/v1/statistics?kind=contribution&by=donor").as_object().contains("money"));
}

TEST(Routes, MetricsCountRequestsAndWhatIsHeld) {
    TestApi api;
    api.node.create({{"name", "Amina"}});
    api.ask("GET", "/v1/status");
    ApiReply reply = api.ask("GET", "/metrics");
    EXPECT_THAT(reply.body, HasSubstr("safar_events{compartment=\"movement\"} 1"));
    EXPECT_THAT(reply.body,
                HasSubstr("safar_request_seconds_count{method=\"GET\",route=\"/v1/status\"} 1"));
    EXPECT_THAT(reply.body, HasSubstr("safar_peer_connected{agency=\"FIA\""));
    EXPECT_THAT(reply.body, HasSubstr("process_resident_memory_bytes"));
    EXPECT_THAT(reply.body, HasSubstr("safar_store_memory_bytes"));
}

} // namespace
} // namespace safar

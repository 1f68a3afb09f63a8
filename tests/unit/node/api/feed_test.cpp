#include "people_fixture.hpp"

namespace safar {
namespace {

using namespace testing;
using ::testing::HasSubstr;
using ::testing::Not;
namespace json = boost::json;

std::vector<json::value> lines(const ApiReply& reply) {
    EXPECT_EQ(reply.status, 200u) << reply.body;
    std::vector<json::value> out;
    std::istringstream in(reply.body);
    for (std::string line; std::getline(in, line);) out.push_back(json::parse(line));
    return out;
}

class FeedRoute : public PeopleApi {};

TEST_F(FeedRoute, OneLineAnEventAndAnEnd) {
    auto all = lines(api.ask("GET", "/v1/feed"));
    ASSERT_EQ(all.size(), api.node.events() + 1);
    EXPECT_EQ(all.front().at("id").as_string(), id);
    EXPECT_EQ(all.front().at("verb").as_string(), "recorded");
    EXPECT_EQ(all.front().at("agency").as_string(), "IOM");
    EXPECT_EQ(all.front().at("compartment").as_string(), "movement");
    const json::value& end = all.back().at("end");
    EXPECT_FALSE(end.at("more").as_bool());
    EXPECT_EQ(end.at("events").as_int64(), static_cast<std::int64_t>(all.size() - 1));
    // The cursor of any line leads to the line after it.
    const std::string cursor(all[1].at("cursor").as_string());
    auto rest = lines(api.ask("GET", "/v1/feed?since=" + cursor));
    ASSERT_EQ(rest.size(), all.size() - 2);
    EXPECT_EQ(rest.front(), all[2]);
}

TEST_F(FeedRoute, ValuesAreWithheldByNameAndReason) {
    let_all_in();
    auto first = lines(ask_as("games", "GET", "/v1/feed?limit=1", "", "x")).front();
    std::map<std::string, bool> shown;
    for (const json::value& field : first.at("fields").as_array())
        shown[std::string(field.at("field").as_string())] = field.as_object().contains("value");
    EXPECT_EQ(
        shown,
        (std::map<std::string, bool>{
            {"name", false}, {"group", true}, {"wound", false}, {"date", true}, {"birth", false}}));
    ApiReply without = ask_as("daemon", "GET", "/v1/feed");
    EXPECT_THAT(without.body,
                ::testing::AllOf(Not(HasSubstr("Zarmina")), HasSubstr("--purpose TEXT")));
    ApiReply with = ask_as("daemon", "GET", "/v1/feed", "", "mirror");
    EXPECT_THAT(with.body, ::testing::AllOf(HasSubstr("Zarmina"), Not(HasSubstr("burnt hand"))));
    EXPECT_THAT(log_lines().back(), ::testing::AllOf(HasSubstr(R"("action":"feed")"), HasSubstr(id),
                                                     HasSubstr("mirror")));
    EXPECT_EQ(ask_as("mail", "GET", "/v1/feed").status, 403u);
}

TEST_F(FeedRoute, OtherCompartmentsAreLeftOut) {
    let_in("daemon", R"("roles":["caseworker"],"compartments":["protection"])");
    auto only = lines(ask_as("daemon", "GET", "/v1/feed", "", "x"));
    ASSERT_EQ(only.size(), 1u);
    EXPECT_FALSE(only.front().at("end").at("more").as_bool());
}

// The bytes of a peer's event hold any text; a line that nobody can parse is a line lost.
TEST_F(FeedRoute, TextThatIsNoUtf8IsJsonAllTheSame) {
    EventDraft draft;
    draft.body.kind = 1;
    draft.body.record.raw[0] = std::byte{7};
    draft.body.verb = "recorded";
    draft.body.source = "Caf\xe9";
    draft.body.assertions = {{1, Text{"Zo\xeb \xf0\x9f\x98\x80"}}};
    ASSERT_TRUE(api.other.node->append({"movement", {draft}}).has_value());
    api.other.send_to(api.node);
    const std::string made = show_id(draft.body.record);
    const json::value line = *(lines(api.ask("GET", "/v1/feed")).rbegin() + 1);
    EXPECT_EQ(line.at("source").as_string(), "Caf\xef\xbf\xbd");
    EXPECT_EQ(line.at("fields").at(0).at("value").as_string(), "Zo\xef\xbf\xbd \xf0\x9f\x98\x80");
    EXPECT_THAT(json::serialize(api.json("GET", "/v1/records/" + made)), HasSubstr("Zo\xef"));
    EXPECT_GT(lines(api.ask("POST", "/v1/export?kind=movement&format=jsonl")).size(), 3u);
    EXPECT_THAT(api.ask("POST", "/v1/export?kind=movement").body, HasSubstr("Zo\xef\xbf\xbd"));
}

TEST_F(FeedRoute, ASourceThatIsNoUtf8GetsIntoNoEvent) {
    const ApiReply reply = api.ask("POST", "/v1/import?kind=movement&file=x.csv&source=Caf%E9",
                                   std::string(4, '\0') + "name\nAmina\n");
    EXPECT_EQ(reply.status, 400u);
    EXPECT_THAT(reply.body, HasSubstr("parameter 'source': byte 4 is not UTF-8"));
}

TEST_F(FeedRoute, WaitsForNews) {
    const std::string end(
        lines(api.ask("GET", "/v1/feed")).back().at("end").at("cursor").as_string());
    std::thread later([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(300));
        api.node.create({{"name", "Late"}});
    });
    auto news = lines(api.ask("GET", "/v1/feed?wait=20&since=" + end));
    later.join();
    ASSERT_EQ(news.size(), 2u);
    EXPECT_EQ(news.front().at("fields").at(0).at("value").as_string(), "Late");
}

TEST_F(FeedRoute, AForeignCursorIsRefused) {
    EXPECT_EQ(api.ask("GET", "/v1/feed?since=1.1.0123456789abcdef").status, 409u);
    EXPECT_EQ(api.ask("GET", "/v1/feed?since=yesterday").status, 400u);
}

TEST_F(FeedRoute, WhatCountsHasAStandingThatFollowsTheCharter) {
    const auto standing = [&] {
        return std::string(
            lines(api.ask("GET", "/v1/feed")).back().at("end").at("standing").as_string());
    };
    const std::string before = standing();
    api.node.create({{"name", "More"}});
    EXPECT_EQ(standing(), before);
    Suspension stop;
    stop.network = api.node.node->authority()->network();
    stop.epoch = api.charter.charter->identity;
    stop.node = api.network.fia.id();
    stop.reason = "its key is said to be stolen";
    const std::string text = value_of(write_suspension(stop, "FIA", api.network.fia.signing));
    const std::string notice = to_hex(make_suspension_notice(text, stop).bytes);
    ASSERT_EQ(
        api.ask("POST", "/v1/charter/notices", json::serialize(json::object{{"notice", notice}}))
            .status,
        200u);
    EXPECT_NE(standing(), before);
}

} // namespace
} // namespace safar

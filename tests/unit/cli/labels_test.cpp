// Answers in another language.
#include "cli/labels.hpp"
#include "cli/table.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace safar::cli {
namespace {

namespace json = boost::json;

const json::value schema = json::parse(R"({"kinds":[{"name":"return","fields":[
    {"name":"status","codes":"return_status","rule":"status"},{"name":"sex","codes":"sex","rule":"single"},
    {"name":"note","codes":"","rule":"single"}]}]})");

Labels labels() {
    auto parsed = Labels::parse("ur.toml", R"(language = "urd"
[kinds]
return = "واپسی"
[fields]
status = "حالت"
note = "یادداشت"
[kind.return]
status = "مرحلہ"
[codes.return_status]
departed = "روانہ"
[steps]
depart = "روانگی"
)");
    EXPECT_TRUE(parsed.has_value());
    return parsed.has_value() ? std::move(parsed).value() : Labels();
}

TEST(Labels, KindsFieldsCodesAndStepsReadInTheLanguageAndTheRestKeepsItsName) {
    json::value shown = labels().translated(schema, json::parse(R"({"id":"X","kind":"return","state":"departed","fields":[
        {"field":"status","reading":["departed"],"values":[{"value":"departed","agency":"IOM"}]},
        {"field":"sex","reading":["F"]},{"field":"note","reading":["departed"]}],
        "steps":[{"step":"depart","title":"Departed","to":"departed"}]})"));
    EXPECT_EQ(json::serialize(shown), json::serialize(json::parse(R"({"id":"X","kind":"واپسی","state":"روانہ","fields":[
        {"field":"مرحلہ","reading":["روانہ"],"values":[{"value":"روانہ","agency":"IOM"}]},
        {"field":"sex","reading":["F"]},{"field":"یادداشت","reading":["departed"]}],
        "steps":[{"step":"depart","title":"روانگی","to":"روانہ"}]})")));
}

TEST(Labels, RecordsFoundByKindReadInTheLanguage) {
    json::value shown = labels().translated(schema, json::parse(R"({"records":[{"id":"X","fields":{"status":"departed","sex":"F"}}]})"),
                                            "return");
    EXPECT_EQ(json::serialize(shown), json::serialize(json::parse(R"({"records":[{"id":"X","fields":{"مرحلہ":"روانہ","sex":"F"}}]})")));
}

TEST(Labels, WithoutALanguageNothingChangesAndAnUnknownOneIsRefusedByName) {
    const json::value answer = json::parse(R"({"kind":"return"})");
    EXPECT_EQ(Labels().translated(schema, answer), answer);
    auto none = Labels::load("tlh");
    ASSERT_FALSE(none.has_value());
    EXPECT_NE(none.error().detail.find("tlh"), std::string::npos);
    EXPECT_FALSE(Labels::parse("x.toml", "[kinds").has_value());
}

TEST(Labels, TextThatRunsFromTheRightDoesNotReorderItsNeighbours) {
    Table table({{"field"}, {"value"}});
    table.row({"حالت", "IOM 17"});
    const std::string text = table.render();
    EXPECT_NE(text.find("\u2068حالت\u2069"), std::string::npos) << text;
    EXPECT_EQ(text.find("\u2068IOM"), std::string::npos) << "only where it matters";
    EXPECT_EQ(display_width("\u2068حالت\u2069"), display_width("حالت"));
}

} // namespace
} // namespace safar::cli

// Answers in another language.
#include "cli/labels.hpp"
#include "cli/table.hpp"

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <regex>
#include <set>
#include <sstream>

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
    json::value shown = labels().translated(
        schema, json::parse(R"({"id":"X","kind":"return","state":"departed","fields":[
        {"field":"status","reading":["departed"],"values":[{"value":"departed","agency":"IOM"}]},
        {"field":"sex","reading":["F"]},{"field":"note","reading":["departed"]}],
        "steps":[{"step":"depart","title":"Departed","to":"departed"}]})"));
    EXPECT_EQ(json::serialize(shown),
              json::serialize(json::parse(R"({"id":"X","kind":"واپسی","state":"روانہ","fields":[
        {"field":"مرحلہ","reading":["روانہ"],"values":[{"value":"روانہ","agency":"IOM"}]},
        {"field":"sex","reading":["F"]},{"field":"یادداشت","reading":["departed"]}],
        "steps":[{"step":"depart","title":"روانگی","to":"روانہ"}]})")));
}

TEST(Labels, RecordsFoundByKindReadInTheLanguage) {
    json::value shown = labels().translated(
        schema, json::parse(R"({"records":[{"id":"X","fields":{"status":"departed","sex":"F"}}]})"),
        "return");
    EXPECT_EQ(json::serialize(shown),
              json::serialize(
                  json::parse(R"({"records":[{"id":"X","fields":{"مرحلہ":"روانہ","sex":"F"}}]})")));
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

std::string slurp(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}
const std::filesystem::path repository = SAFAR_SOURCE_DIR;

Labels urdu() {
    auto parsed = Labels::parse("ur.toml", slurp(repository / "config" / "labels" / "ur.toml"));
    EXPECT_TRUE(parsed.has_value());
    return parsed.has_value() ? std::move(parsed).value() : Labels();
}

std::size_t holes(std::string_view text) {
    std::size_t out = 0;
    for (std::size_t at = 0; (at = text.find('{', at)) != std::string_view::npos; ++at) ++out;
    return out;
}

// Every text that `pattern` (one group) finds in these files.
std::set<std::string> found(const std::vector<std::filesystem::path>& files,
                            const std::string& pattern) {
    std::set<std::string> out;
    for (const auto& file : files) {
        const std::string text = slurp(file);
        EXPECT_FALSE(text.empty()) << file;
        const std::regex wanted(pattern);
        for (std::sregex_iterator at(text.begin(), text.end(), wanted), end; at != end; ++at)
            out.insert((*at)[1]);
    }
    return out;
}

TEST(Messages, TheCommandsOfCaseworkSayEverythingInUrdu) {
    const Labels labels = urdu();
    const auto said =
        found({repository / "cli/casework_text.cpp", repository / "cli/casework_commands.cpp"},
              R"re((?:say|format|cell)\(\s*"([^"]+)")re");
    EXPECT_GT(said.size(), 40u);
    for (const std::string& english : said) {
        const std::string_view known = labels.label("messages", english);
        EXPECT_FALSE(known.empty()) << "no Urdu for: " << english;
        EXPECT_EQ(holes(known), holes(english)) << english;
    }
}

TEST(Messages, TasksAndStepsOfTheCatalogueReadInUrdu) {
    std::vector<std::filesystem::path> kinds;
    for (const auto& entry : std::filesystem::directory_iterator(repository / "config/schema"))
        kinds.push_back(entry.path());
    const auto tasks = found(kinds, R"re(\[\[task\]\]\ntitle = "([^"]+)")re");
    const auto steps = found(kinds, R"re(\[\[step\]\]\nname = "([^"]+)")re");
    EXPECT_GT(tasks.size(), 60u);
    EXPECT_GT(steps.size(), 80u);
    const Labels labels = urdu();
    for (const std::string& each : tasks) EXPECT_FALSE(labels.label("tasks", each).empty()) << each;
    for (const std::string& each : steps) EXPECT_FALSE(labels.label("steps", each).empty()) << each;
}

// A translation of words that no refusal has any more would never be shown.
TEST(Messages, RefusalsAreStillSaid) {
    std::string sources;
    for (const auto& entry : std::filesystem::directory_iterator(repository / "node/casework"))
        if (entry.path().extension() == ".cpp") sources += slurp(entry.path());
    // Texts that go over several lines or values are one here.
    sources = std::regex_replace(sources, std::regex("\"\\s*\n\\s*\""), "");
    const auto patterns =
        found({repository / "config/labels/ur.toml"}, R"re(\n"([^"\n]*\{\}[^"\n]*)" = )re");
    const Labels labels = urdu();
    std::size_t refusals = 0;
    for (const std::string& pattern : patterns) {
        const std::string_view known = labels.label("refusals", pattern);
        if (known.empty()) continue;
        ++refusals;
        EXPECT_EQ(holes(known), holes(pattern)) << pattern;
        for (std::size_t from = 0, to = 0; to != std::string::npos; from = to + 2) {
            to = pattern.find("{}", from);
            const std::string part = pattern.substr(from, to == std::string::npos ? to : to - from);
            EXPECT_NE(sources.find(part), std::string::npos) << "nothing says: " << part;
        }
    }
    EXPECT_GT(refusals, 15u);
}

TEST(Messages, WhatIsFilledInKeepsItsDirectionAndItsPlace) {
    auto parsed =
        Labels::parse("x.toml", "[messages]\n\"{} of {}\" = \"{1} میں سے {0}\"\nyes = \"ہاں\"\n"
                                "[refusals]\n\"step '{}' is for {}; not {}\" = \"{} {} {}\"\n");
    ASSERT_TRUE(parsed.has_value());
    const Labels& labels = parsed.value();
    EXPECT_EQ(labels.say("yes"), "ہاں");
    EXPECT_EQ(labels.say("no"), "no");
    EXPECT_EQ(labels.format("{} of {}", "3", "10"), "\u206810\u2069 میں سے \u20683\u2069");
    EXPECT_EQ(labels.format("{} in {}", "3", "10"), "3 in 10");
    EXPECT_EQ(labels.refusal("step 'a' is for FIA; not IOM"),
              "\u2068a\u2069 \u2068FIA\u2069 \u2068IOM\u2069");
    EXPECT_EQ(labels.refusal("step 'a' is for FIA"), "step 'a' is for FIA");
}

} // namespace
} // namespace safar::cli

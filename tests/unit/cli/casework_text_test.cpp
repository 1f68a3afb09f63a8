// Inboxes, journeys and referrals as people read them.
#include "cli/casework_text.hpp"
#include "cli/files.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace safar::cli {
namespace {

namespace json = boost::json;
using testing::HasSubstr;
using testing::Not;

const json::value journey = json::parse(R"({"id":"X","entries":[
  {"id":"A","kind":"return","verb":"return.depart","agency":"IOM","on":"2024-09-01","at":"","asserts":[
    {"field":"status","value":"departed"},{"field":"name","value":"","withheld":"needs role caseworker"}]},
  {"id":"B","kind":"case","verb":"recorded","agency":"F<I>A","on":"2024-Q2","at":"","asserts":[{"field":"note","value":"secret words"}]},
  {"id":"C","kind":"case","verb":"recorded","agency":"IOM","on":"some day","at":"","asserts":[]}],
  "linked":[{"id":"Y","by":"L","disputed":true}],"truncated":false})");

TEST(CaseworkText, AJourneyNamesWhatIsWithheldAndWhoIsDisputed) {
    const std::string text = journey_text(journey);
    EXPECT_THAT(text, HasSubstr("status: departed, name (withheld)"));
    EXPECT_THAT(text, HasSubstr("with Y, which is said to be the same (disputed)"));
}

TEST(CaseworkText, APictureHasALaneForEachAgencyAndNoValues) {
    const std::string svg = journey_svg(journey);
    EXPECT_TRUE(svg.starts_with("<svg ")) << svg;
    EXPECT_TRUE(svg.ends_with("</svg>\n"));
    EXPECT_THAT(svg, HasSubstr("F&lt;I&gt;A"));
    EXPECT_THAT(svg, HasSubstr("2024-09-01 return return.depart"));
    EXPECT_THAT(svg, HasSubstr("2024-04-01"));
    EXPECT_THAT(svg, HasSubstr("1 without a date"));
    EXPECT_THAT(svg, Not(HasSubstr("secret words")));
    EXPECT_THAT(svg, Not(HasSubstr("more than is shown")));
    EXPECT_TRUE(journey_svg(json::object{}).ends_with("</svg>\n"));
    json::value cut = journey;
    cut.as_object()["truncated"] = true;
    EXPECT_THAT(journey_svg(cut), HasSubstr("1 without a date; there is more than is shown here"));
}

TEST(CaseworkText, AnInboxMarksWhatIsOverdueAndSaysWhenThereIsMore) {
    json::value inbox = json::parse(
        R"({"agency":"FIA","items":[{"id":"A","kind":"referral","task":"Answer","step":"accept",
        "field":"","state":"sent","for":["FIA"],"due":"2024-01-01","overdue":true,"since":"2023-12-01T10:00","title":""}],
        "total":7,"caseload":[{"task":"Answer","waiting":7,"overdue":1}]})");
    EXPECT_THAT(inbox_text(inbox), HasSubstr("2024-01-01 !"));
    EXPECT_THAT(inbox_text(inbox), HasSubstr("1 of 7; --limit shows more"));
    EXPECT_THAT(caseload_text(inbox), HasSubstr("Answer"));
    EXPECT_EQ(inbox_text(json::parse(R"({"agency":"FIA"})")), "nothing waits for FIA\n");
}

TEST(CaseworkText, TablesInUrduHoldWordsAndNoMarks) {
    const auto file = read_file(SAFAR_SOURCE_DIR "/config/labels/ur.toml");
    ASSERT_TRUE(file);
    const auto urdu = Labels::parse("ur.toml", file.value());
    ASSERT_TRUE(urdu);
    const Labels& labels = urdu.value();
    const auto translated = [&](const char* text) {
        return labels.translated(json::object{}, json::parse(text));
    };
    const std::string steps = steps_text(
        translated(R"({"id":"X","kind":"referral","state":"sent","steps":[{"step":"accept",
            "title":"Accept","to":"accepted","consent":true,"missing":["reason"],
            "blocked":"step 'accept' needs role supervisor; you have caseworker"}]})"),
        labels);
    const std::string inbox = inbox_text(
        translated(R"({"agency":"FIA","items":[{"id":"A","kind":"person","task":"Conflict",
            "field":"status","for":["FIA"],"due":"","since":"2023-12-01T10:00"}],"total":1})"),
        labels);
    for (const std::string& text : {steps, inbox}) EXPECT_THAT(text, Not(HasSubstr("\\u{")));
    EXPECT_THAT(inbox, HasSubstr("\u2068خانہ حالت\u2069"));
    EXPECT_THAT(steps, HasSubstr("supervisor"));
    EXPECT_THAT(steps, Not(HasSubstr("needs role"))) << "the refusal is translated";
}

TEST(CaseworkText, AStepNamesWhatItSetAndWhatOfThatIsWithheld) {
    const std::string text = step_text(
        json::parse(R"({"id":"Y","from":"closed","to":"open","decided":[["city","Quetta"]],
        "withheld":{"name":"personal: say what for"}})"),
        "X");
    EXPECT_THAT(text, HasSubstr("X: closed -> open, city=Quetta, name (withheld); durable here"));
    EXPECT_THAT(text, HasSubstr("it goes on as Y"));
}

TEST(CaseworkText, APreviewSaysWhatGoesWhatStaysAndWhatIsMissing) {
    const std::string text =
        referral_text(json::parse(R"({"subject":"X","kind":"referral","preview":true,
        "goes":[{"field":"name","group":"identity","value":"Bilal\u001b[2J","agency":"IOM"}],"stays":["health"],
        "missing_consent":["group 'identity' to FIA"]})"));
    EXPECT_THAT(text, HasSubstr("Bilal\\x1b[2J"));
    EXPECT_THAT(text, HasSubstr("stays: health"));
    EXPECT_THAT(text, HasSubstr("consent is missing: group 'identity' to FIA"));
    EXPECT_THAT(text, HasSubstr("nothing was written"));
}

} // namespace
} // namespace safar::cli

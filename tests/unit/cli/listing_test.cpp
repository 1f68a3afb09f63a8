// What a node says is not what was expected: said, not a crash. And nodes named by their first
// digits.
#include "cli/arguments.hpp"
#include "cli/charter_epochs.hpp"
#include "tests/unit/cli/fake_node.hpp"
#include "tests/unit/node/charter/charter_fixture.hpp"

#include <gmock/gmock.h>

namespace safar::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Lists, AnAnswerThatIsNoListIsSaidAndEndsWithBadData) {
    FakeNode node([](const FakeRequest&) { return FakeAnswer{200, R"({"surprise":[1]})"}; });
    for (const std::vector<std::string>& words : {std::vector<std::string>{"peers"},
                                                  {"charter", "heads"},
                                                  {"charter", "notices"},
                                                  {"charter", "quarantine"},
                                                  {"watch", "--once"},
                                                  {"peer", "test"}}) {
        for (bool json : {false, true}) {
            auto asked = words;
            if (json) asked.push_back("--json");
            const Ran ran = run_safar(asked, node.directory());
            EXPECT_EQ(ran.code, 65) << words.back();
            EXPECT_THAT(ran.err, HasSubstr("answered no list")) << words.back();
            EXPECT_EQ(ran.out, "") << words.back();
        }
    }
}

TEST(Lists, ElementsOfAnotherShapeReadAsEmpty) {
    FakeNode node([](const FakeRequest&) {
        return FakeAnswer{200, R"([1,"x",null,{"agency":5}])"};
    });
    for (const std::vector<std::string>& words : {std::vector<std::string>{"peers"},
                                                  {"charter", "heads"},
                                                  {"charter", "notices"},
                                                  {"charter", "quarantine"}})
        EXPECT_EQ(run_safar(words, node.directory()).code, 0) << words.back();
}

TEST(NodesByTheirFirstDigits, OneIsFoundSeveralAreRefused) {
    // Of seventeen ids two begin with the same digit.
    std::vector<safar::testing::Member> members;
    CharterDraft draft;
    draft.network_name = "Many";
    draft.stewards = {"A1"};
    for (std::uint64_t i = 1; i <= 17; ++i) {
        members.emplace_back("A" + std::to_string(i), i);
        draft.enrolments.push_back(members.back().enrolment);
    }
    draft.documents = {safar::testing::kind_document("movement", 1)};
    std::vector<std::string> all;
    for (const auto& member : members) all.push_back(member.agency);
    draft.compartments = {{"movement", "", {"movement"}, all, {}}};
    const std::string text = safar::testing::value_of(
        sign_charter(safar::testing::value_of(write_charter(draft)), "A1", members[0].signing));
    CharterState state = safar::testing::value_of(CharterState::begin(
        {std::make_shared<const Charter>(safar::testing::value_of(parse_charter(text))), text}));
    for (const auto& member : members)
        EXPECT_EQ(safar::testing::value_of(listed_node(state, "--x", member.id().hex())),
                  member.id());
    std::size_t refused = 0;
    for (char digit : std::string("0123456789abcdef")) {
        auto found = listed_node(state, "--x", std::string(1, digit));
        if (!found.has_value() && found.error().detail.find("more digits") != std::string::npos)
            ++refused;
    }
    EXPECT_GT(refused, 0u);
    EXPECT_FALSE(listed_node(state, "--x", "").has_value());
}

TEST(Arguments, SplitKeepsEmptyParts) {
    EXPECT_THAT(split("a:b:", ':'), ElementsAre("a", "b", ""));
    EXPECT_THAT(split("", ':'), ElementsAre(""));
}

} // namespace
} // namespace safar::cli

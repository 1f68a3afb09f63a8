// safar feed against a node that answers as the test says.
#include "cli/app.hpp"
#include "tests/unit/cli/fake_node.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>

namespace safar::cli {

using testing::HasSubstr;
using testing::Not;

namespace {

// Takes so many bytes and no more, as a full disk does.
class FullBuffer : public std::streambuf {
public:
    explicit FullBuffer(std::size_t room) : room_(room) {}

protected:
    std::streamsize xsputn(const char*, std::streamsize count) override {
        const auto taken = std::min(static_cast<std::size_t>(count), room_);
        room_ -= taken;
        return static_cast<std::streamsize>(taken);
    }
    int_type overflow(int_type c) override {
        const char byte = traits_type::to_char_type(c);
        return xsputn(&byte, 1) == 1 ? c : traits_type::eof();
    }

private:
    std::size_t room_;
};

std::string line(const std::string& cursor) { return R"({"cursor":")" + cursor + "\"}\n"; }
std::string end(const std::string& cursor, const std::string& standing = "aa") {
    return R"({"end":{"cursor":")" + cursor + R"(","more":false,"standing":")" + standing +
           "\"}}\n";
}

// One answer to the first request, another to those that follow.
class Answers {
public:
    Answers(FakeAnswer first, FakeAnswer then) : first_(std::move(first)), then_(std::move(then)) {}
    FakeAnswer operator()(const FakeRequest& request) {
        if (request.head.empty()) ++requests_; // each is shown twice: first without its headers
        return requests_ == 1 ? first_ : then_;
    }

private:
    FakeAnswer first_, then_;
    int requests_ = 0;
};

} // namespace

TEST(FeedFollowed, OutlastsANodeThatIsSilentForAWhile) {
    const FakeAnswer silence{200, "", false, true};
    FakeNode node(Answers(silence, {200, line("7.1.ab") + end("7.1.ab")}));
    const Ran ran =
        run_safar({"--timeout", "1", "feed", "--follow", "--limit", "1"}, node.directory());
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_EQ(ran.out, line("7.1.ab"));
    EXPECT_THAT(ran.err, HasSubstr("waiting for the node: "));
}

TEST(FeedFollowed, GoesOnFromTheLastLineOfAnAnswerThatBrokeOff) {
    FakeNode node(Answers({200, line("7.1.ab")}, {200, line("8.1.cd") + end("8.1.cd")}));
    const Ran ran = run_safar({"feed", "--follow", "--limit", "2"}, node.directory());
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_EQ(ran.out, line("7.1.ab") + line("8.1.cd"));
    ASSERT_EQ(node.requests().size(), 2u);
    EXPECT_THAT(node.requests()[1].target, HasSubstr("limit=1&since=7.1.ab&"));
}

TEST(FeedFollowed, AsksTheNodeToWaitForLessThanItsOwnPatience) {
    for (const auto& [timeout, waits] : {std::pair<const char*, const char*>{"1", "since=6.1.aa"},
                                         {"3", "wait=1"},
                                         {"5", "wait=2"},
                                         {"600", "wait=10"}}) {
        FakeNode node(Answers({200, end("6.1.aa")}, {200, line("7.1.ab") + end("7.1.ab")}));
        EXPECT_EQ(
            run_safar({"--timeout", timeout, "feed", "--follow", "--limit", "1"}, node.directory())
                .code,
            0);
        const auto requests = node.requests();
        ASSERT_EQ(requests.size(), 2u);
        EXPECT_THAT(requests[0].target, Not(HasSubstr("wait=")));
        EXPECT_TRUE(requests[1].target.ends_with(waits)) << requests[1].target;
    }
}

// What comes between two requests for "now" would be lost.
TEST(FeedFollowed, AsksForNowOnlyUntilAnAnswerSaysWhereThatIs) {
    FakeNode node(Answers({200, end("6.1.aa")}, {200, line("7.1.ab") + end("7.1.ab")}));
    EXPECT_EQ(
        run_safar({"feed", "--since", "now", "--follow", "--limit", "1"}, node.directory()).code,
        0);
    const auto requests = node.requests();
    ASSERT_EQ(requests.size(), 2u);
    EXPECT_TRUE(requests[0].target.ends_with("since=now")) << requests[0].target;
    EXPECT_THAT(requests[1].target, HasSubstr("since=6.1.aa&"));
}

TEST(FeedFollowed, SaysOnceWhereWhatCountsMayHaveChanged) {
    FakeNode node(Answers({200, line("7.1.ab") + end("7.1.ab")},
                          {200, line("8.1.cd") + end("8.1.cd", "bb")}));
    const Ran ran = run_safar({"feed", "--follow", "--limit", "3", "--json"}, node.directory());
    EXPECT_EQ(ran.code, 0);
    const std::size_t at = ran.err.find("what counts may have changed");
    ASSERT_NE(at, std::string::npos) << ran.err;
    EXPECT_EQ(ran.err.find("what counts", at + 1), std::string::npos);
}

TEST(FeedRead, AsksAgainUntilItHasEverything) {
    const std::string more = R"({"end":{"cursor":"7.1.ab","more":true,"standing":"aa"}})"
                             "\n";
    FakeNode node(Answers({200, line("7.1.ab") + more}, {200, line("8.1.cd") + end("8.1.cd")}));
    const Ran ran = run_safar({"feed"}, node.directory());
    EXPECT_EQ(ran.code, 0);
    EXPECT_EQ(ran.out, line("7.1.ab") + line("8.1.cd"));
    EXPECT_EQ(ran.err, "go on with --since 8.1.cd\n");
    EXPECT_THAT(node.requests().back().target, HasSubstr("since=7.1.ab"));
}

TEST(FeedRead, NamesNoCursorBehindWhatAFullDiskDidNotTake) {
    const std::string first = line("7.1.ab") + R"({"end":{"cursor":"7.1.ab","more":true}})"
                                               "\n";
    for (const std::size_t room : {std::size_t{0}, 2 * line("7.1.ab").size() + 3}) {
        FakeNode node(
            Answers({200, first}, {200, line("8.1.cd") + line("9.1.ef") + end("9.1.ef")}));
        FullBuffer buffer(room);
        std::ostream out(&buffer);
        std::ostringstream err;
        Context context{out, err, false, false, {}, false, 30, {}};
        EXPECT_EQ(run({"--node", node.directory(), "feed"}, context), 74);
        EXPECT_THAT(err.str(), HasSubstr("go on with the cursor of its last whole line"));
        EXPECT_THAT(err.str(), Not(HasSubstr("9.1.ef")));
    }
}

TEST(FeedRead, ALineThatIsNoJsonIsNotPassedOver) {
    FakeNode node(always(200, line("7.1.ab") + "{\"cursor\":\"8.1.cd\",\"source\":\"Caf\xe9\"}\n" +
                                  line("9.1.ef") + end("9.1.ef")));
    for (const bool follow : {false, true}) {
        std::vector<std::string> asked{"feed"};
        if (follow) asked.push_back("--follow");
        const Ran ran = run_safar(asked, node.directory());
        EXPECT_EQ(ran.code, 65);
        EXPECT_EQ(ran.out, line("7.1.ab"));
        EXPECT_THAT(ran.err, HasSubstr("no JSON; it follows cursor 7.1.ab"));
    }
}

TEST(FeedFollowed, EndsWithARefusal) {
    FakeNode node(always(409, R"({"error":{"code":"conflict","detail":"another journal"}})"));
    const Ran ran = run_safar({"feed", "--follow", "--since", "7.1.ab"}, node.directory());
    EXPECT_EQ(ran.code, 1);
    EXPECT_THAT(ran.err, HasSubstr("another journal"));
}

} // namespace safar::cli

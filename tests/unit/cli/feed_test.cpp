// safar feed against a node that answers as the test says.
#include "tests/unit/cli/fake_node.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace safar::cli {

using testing::HasSubstr;

namespace {

std::string line(const std::string& cursor) { return R"({"cursor":")" + cursor + "\"}\n"; }
std::string end(const std::string& cursor) {
    return R"({"end":{"cursor":")" + cursor +
           R"(","more":false}})"
           "\n";
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
    FakeNode node(always(200, line("7.1.ab") + end("7.1.ab")));
    for (const char* timeout : {"1", "5", "600"})
        EXPECT_EQ(
            run_safar({"--timeout", timeout, "feed", "--follow", "--limit", "1"}, node.directory())
                .code,
            0);
    const auto requests = node.requests();
    ASSERT_EQ(requests.size(), 3u);
    EXPECT_TRUE(requests[0].target.ends_with("wait=1")) << requests[0].target;
    EXPECT_TRUE(requests[1].target.ends_with("wait=2")) << requests[1].target;
    EXPECT_TRUE(requests[2].target.ends_with("wait=10")) << requests[2].target;
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

// The demo as a visitor runs it: five agencies up, the tour, the story, down. Both check every
// answer themselves and end with 1 where one is not what it should be.
#include "tests/process/federation.hpp"

#include <cstdlib>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace safar::process {
namespace {

using testing::HasSubstr;
using testing::Not;

class Demo : public testing::Test {
protected:
    void SetUp() override {
        char name[] = "/tmp/safar-demo-XXXXXX";
        root = ::mkdtemp(name);
        ::setenv("SAFAR_DEMO", (root + "/demo").c_str(), 1);
        ::setenv("SAFAR_CONFIG", SAFAR_SOURCE_DIR "/config", 0);
        Ran up = safar({"demo", "up"});
        if (up.err.find("Address already in use") != std::string::npos)
            GTEST_SKIP() << "the demo's ports are taken: another demo runs on this machine (safar "
                            "demo down stops it)";
        ASSERT_EQ(up.exit_code, 0) << up.out << up.err;
    }
    void TearDown() override {
        safar({"demo", "down"});
        std::filesystem::remove_all(root);
        ::unsetenv("SAFAR_DEMO");
    }
    static Ran safar(std::vector<std::string> words) {
        words.insert(words.begin(), SAFAR);
        return run(words);
    }
    std::string root;
};

TEST_F(Demo, TheTourAndTheStoryFindEverythingAsItShouldBe) {
    Ran tour = safar({"demo", "tour"});
    EXPECT_EQ(tour.exit_code, 0) << tour.out << tour.err;
    EXPECT_THAT(tour.out, HasSubstr("Everything was as it should be."));
    Ran story = safar({"demo", "story"});
    EXPECT_EQ(story.exit_code, 0) << story.out << story.err;
    EXPECT_THAT(story.out, HasSubstr("Everything was as it should be."));
    EXPECT_THAT(story.out, Not(HasSubstr("✗")));
}

} // namespace
} // namespace safar::process

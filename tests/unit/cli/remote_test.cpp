// A node elsewhere, as the command line names it; tests/process/remote_test.cpp speaks to a real
// one.
#include "tests/unit/cli/fake_node.hpp"

#include <boost/json.hpp>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace safar::cli {

using testing::HasSubstr;

namespace {

const std::string print(64, 'a');

} // namespace

TEST(Elsewhere, WhatIsMissingIsNamed) {
    EXPECT_THAT(run_safar({"--node-key", print, "status"}, "https://127.0.0.1:1").err,
                HasSubstr("--user-key"));
    const Ran unknown = run_safar({"--user-key", "k", "status"}, "https://127.0.0.1:1");
    EXPECT_EQ(unknown.code, 2);
    EXPECT_THAT(unknown.err, HasSubstr("safar key show"));
    EXPECT_THAT(
        run_safar({"--user-key", "k", "--node-key", print, "status"}, "http://127.0.0.1:1").err,
        HasSubstr("https://HOST:PORT"));
    EXPECT_THAT(run_safar({"--user-key", "/nowhere/k", "--node-key", print, "status"},
                          "https://127.0.0.1:1")
                    .err,
                HasSubstr("/nowhere/k"));
}

TEST(Elsewhere, WhatNeedsTheNodesFilesIsRefusedThere) {
    for (const std::vector<std::string>& words : {std::vector<std::string>{"key", "rotate"},
                                                  {"charter", "show"},
                                                  {"backup", "/tmp/never.tar"}}) {
        const Ran ran = run_safar(words, "https://127.0.0.1:1");
        EXPECT_EQ(ran.code, 2) << words[0];
        EXPECT_THAT(ran.err, HasSubstr("on the node's machine")) << words[0];
    }
}

TEST(Elsewhere, NobodyAnsweringIsUnreachable) {
    TempDir temp;
    const std::string file = temp.path() + "/me.key";
    EXPECT_EQ(run_safar({"user", "key", "me", "--file", file}).code, 0);
    const Ran ran =
        run_safar({"--user-key", file, "--node-key", print, "status"}, "https://127.0.0.1:1");
    EXPECT_EQ(ran.code, 69);
    EXPECT_THAT(ran.err, HasSubstr("no node answers at https://127.0.0.1:1"));
}

TEST(UserKey, IsMadeOnceForItsOwnerAloneAndShownAgain) {
    namespace fs = std::filesystem;
    TempDir temp;
    const std::string file = temp.path() + "/sara.key";
    const Ran made = run_safar({"user", "key", "sara", "--file", file, "--json"});
    ASSERT_EQ(made.code, 0) << made.err;
    EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
    const std::string certificate(boost::json::parse(made.out).at("certificate").as_string());
    EXPECT_EQ(certificate.size(), 64u);
    const Ran again = run_safar({"user", "key", "sara", "--file", file});
    EXPECT_EQ(again.out, "certificate = \"" + certificate + "\"\n");
    EXPECT_THAT(again.err, HasSubstr("\n  safar user add sara --certificate " + certificate));
    EXPECT_THAT(again.err, testing::Not(HasSubstr("\\n")));
    EXPECT_TRUE(again.err.ends_with("\n"));
    fs::permissions(file, fs::perms(0644));
    EXPECT_EQ(run_safar({"user", "key", "sara", "--file", file}).code, 77);
    EXPECT_EQ(run_safar({"user", "key", "a b"}).code, 2);
}

} // namespace safar::cli

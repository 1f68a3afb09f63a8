#include "node/access/users.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace safar {
namespace {

using ::testing::HasSubstr;

TEST(UsersFile, ReadsBackWhatIsWritten) {
    User one;
    one.login = "amina";
    one.name = "Amina \"A\" Khan";
    one.roles.set(0).set(5);
    one.compartments = {"movement", "protection"};
    one.up_to = Sensitivity::personal;
    User two;
    two.login = "b.khan_2";
    two.name = "Bilal";
    two.compartments.emplace();
    one.certificate = std::string(64, 'a');
    User three;
    three.login = "sara";
    three.name = "Sara";
    three.remote = true;
    three.certificate = std::string(63, '0') + "b";
    auto text = write_users({one, two, three});
    auto read = parse_users("users.toml", text);
    ASSERT_TRUE(read.has_value()) << describe(read.error());
    EXPECT_EQ(write_users(read.value()), text);
    ASSERT_EQ(read.value().size(), 3u);
    EXPECT_EQ(read.value()[0].certificate, one.certificate);
    EXPECT_FALSE(read.value()[0].remote);
    EXPECT_TRUE(read.value()[2].remote);
    EXPECT_EQ(read.value()[0].roles, one.roles);
    EXPECT_EQ(read.value()[0].compartments, one.compartments);
    EXPECT_EQ(read.value()[0].up_to, Sensitivity::personal);
    EXPECT_TRUE(read.value()[1].compartments.has_value()) << "none is not all";
    EXPECT_TRUE(parse_users("users.toml", "").value().empty());
}

TEST(UsersFile, ErrorsNameTheFileTheLineAndTheKey) {
    struct Case {
        const char *text, *says;
    };
    for (const Case& one : {
             Case{"[[user]]\nunix = \"amina\"\nname = \"A\"\nroles = [\"boss\"]\n",
                  "line 4: [[user]] 1: roles: 'boss' is not a role"},
             Case{"[[user]]\nunix = \"amina\"\nname = \"A\"\nroles = []\ncolour = 1\n",
                  "line 5: [[user]] 1: key \"colour\""},
             Case{"[[user]]\nname = \"A\"\nroles = []\n", "unix: is missing"},
             Case{"[[user]]\nunix = \"a b\"\nname = \"A\"\nroles = []\n",
                  "line 2: [[user]] 1: unix: is not the name"},
             Case{"[[user]]\nunix = \"a\"\nname = \"A\"\nroles = []\n[[user]]\nunix = \"a\"\nname "
                  "= \"B\"\nroles = []\n",
                  "line 6: [[user]] 2: unix: 'a' is listed twice"},
             Case{"[[user]]\nunix = \"a\"\nname = \"A\"\nroles = [\"analyst\", \"analyst\"]\n",
                  "given twice"},
             Case{"[[user]]\nunix = \"a\"\nname = \"A\"\nroles = []\nclasses_up_to = \"all\"\n",
                  "classes_up_to: is not one of"},
             Case{"[[user]]\nlogin = \"a\"\nname = \"A\"\nroles = []\n", "certificate: is missing"},
             Case{"[[user]]\nunix = \"a\"\nlogin = \"b\"\nname = \"A\"\nroles = []\n",
                  "key \"login\""},
             Case{"[[user]]\nunix = \"a\"\nname = \"A\"\nroles = []\ncertificate = \"ABC\"\n",
                  "line 5: [[user]] 1: certificate: is the SHA-256"},
             Case{"users = 1\n", "line 1: users.toml: key \"users\""},
             Case{"[[user]]\nunix = \"a\"\nunix = \"b\"\n", "line 3"},
         }) {
        auto read = parse_users("DIR/users.toml", one.text);
        ASSERT_FALSE(read.has_value()) << one.text;
        EXPECT_THAT(read.error().detail, HasSubstr("DIR/users.toml")) << one.text;
        EXPECT_THAT(read.error().detail, HasSubstr(one.says)) << one.text;
    }
}

TEST(UsersFile, TwoPeopleMayNotShareACertificate) {
    const std::string print = "certificate = \"" + std::string(64, '1') + "\"\n";
    auto read = parse_users("users.toml",
                            "[[user]]\nunix = \"a\"\nname = \"A\"\nroles = []\n" + print +
                                "[[user]]\nlogin = \"b\"\nname = \"B\"\nroles = []\n" + print);
    ASSERT_FALSE(read.has_value());
    EXPECT_THAT(read.error().detail,
                HasSubstr("line 10: [[user]] 2: certificate: 'a' has the same"));
}

} // namespace
} // namespace safar

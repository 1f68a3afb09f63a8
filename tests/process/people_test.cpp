// Several people at one real node, each a Unix account of its own, and the log of what they read.
#include "tests/process/federation.hpp"

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>
#include <unistd.h>

namespace safar::process {
namespace {
using ::testing::HasSubstr;
using ::testing::Not;
namespace fs = std::filesystem;

std::string whole_file(const std::string& path) {
    std::ifstream in(path);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

// A node with one person on record. Other accounts are taken on by root, so the tests need to be
// it.
class PeopleOfANode : public ::testing::Test {
protected:
    Federation net{{"IOM"}};
    std::string id, directory = net.directory("IOM");

    void SetUp() override {
        if (::getuid() != 0) GTEST_SKIP() << "needs root, to act as several Unix accounts";
        fs::permissions(fs::path(directory).parent_path(), fs::perms(0711));
        net.start_all();
        auto made = net.ask("IOM", {"record", "create", "person", "first_name=Zarmina",
                                    "gender=Woman", "--basis", "told by Zarmina herself"});
        id = made.at("id").as_string().c_str();
        ASSERT_EQ(net.safar("IOM", {"user", "add", "games", "--role", "analyst"}).exit_code, 0);
        ASSERT_EQ(
            net.safar("IOM", {"user", "add", "daemon", "--role", "caseworker", "--name", "Dania"})
                .exit_code,
            0);
        ASSERT_EQ(net.safar("IOM", {"user", "add", "mail", "--role", "auditor"}).exit_code, 0);
    }
    Ran as(const std::string& login, std::vector<std::string> args) const {
        std::vector<std::string> command{
            "/usr/bin/setpriv", "--reuid", login, "--clear-groups", SAFAR, "--node", directory};
        command.insert(command.end(), args.begin(), args.end());
        return run(command);
    }
};

TEST_F(PeopleOfANode, NoCommandTellsAnAnalystAName) {
    const std::vector<std::vector<std::string>> commands{
        {"record", "show", id},
        {"record", "history", id},
        {"find", "person"},
        {"find", "person", "first_name=Zarmina"},
        {"explain", id, "first_name"},
        {"explain", id, "gender"},
        {"conflict", "list"},
        {"stats", "person", "--by", "gender"},
        {"stats", "person", "--by", "first_name"},
        {"status"},
        {"peers"},
        {"digest", "--state"},
        {"verify", "--deep"},
        {"rebuild"},
        {"charter", "show"},
        {"user", "list"},
        {"access", "log"},
        {"access", "verify"},
        {"record", "set", id, "first_name=X"},
        {"record", "retract", id, "first_name"},
        {"conflict", "resolve", id, "first_name", "--pick", "1", "--why", "x"},
        {"access", "verify", directory}};
    for (auto command : commands)
        for (bool json : {false, true}) {
            if (json) command.push_back("--json");
            Ran ran = as("games", command);
            std::string text;
            for (const std::string& word : command) text += word + " ";
            const bool asked_by_name = text.find("first_name=Zarmina") != std::string::npos;
            EXPECT_THAT(ran.out, Not(HasSubstr("Zarmina"))) << text;
            if (!asked_by_name) { // else the person said it
                EXPECT_THAT(ran.err, Not(HasSubstr("Zarmina"))) << text;
            }
        }
    EXPECT_THAT(as("games", {"record", "show", id}).out, HasSubstr("withheld"));
    EXPECT_EQ(as("games", {"find", "person", "first_name=Zarmina"}).exit_code, 77);
    EXPECT_EQ(as("games", {"rebuild"}).exit_code, 77);
    EXPECT_EQ(as("games", {"stats", "person", "--by", "gender"}).exit_code, 0);
    EXPECT_EQ(as("nobody", {"status"}).exit_code, 77) << "not a user";
    Ran files = run({"/usr/bin/setpriv", "--reuid", "games", "--clear-groups", "/bin/cat",
                     directory + "/users.toml", directory + "/access/000001.jsonl",
                     directory + "/store/CURRENT", directory + "/keys/signing.key"});
    EXPECT_EQ(files.exit_code, 1);
    EXPECT_EQ(files.out, "");
}

TEST_F(PeopleOfANode, ACaseworkersReadIsInTheLogThatAnAuditorReads) {
    EXPECT_THAT(as("daemon", {"record", "show", id}).out, Not(HasSubstr("Zarmina")));
    EXPECT_THAT(as("daemon", {"record", "show", id, "--purpose", "family tracing"}).out,
                HasSubstr("Zarmina"));
    Ran log = as("mail", {"access", "log", "--subject", id});
    EXPECT_THAT(log.out, HasSubstr("family tracing"));
    EXPECT_THAT(log.out, HasSubstr("daemon"));
    EXPECT_THAT(as("mail", {"access", "verify"}).out, HasSubstr("none altered"));
    EXPECT_THAT(whole_file(directory + "/access/000001.jsonl"), Not(HasSubstr("Zarmina")));
}

TEST_F(PeopleOfANode, ACrashTearsAtMostTheLastLineAndTheChainGoesOn) {
    as("daemon", {"record", "show", id, "--purpose", "before the crash"});
    net.kill("IOM");
    const std::string file = directory + "/access/000001.jsonl";
    std::ofstream(file, std::ios::app) << R"({"n":99,"time":"2026-)";
    net.start("IOM");
    EXPECT_EQ(as("mail", {"access", "verify"}).exit_code, 0);
    EXPECT_THAT(as("mail", {"access", "log"}).out, HasSubstr("a torn last line"));
    EXPECT_THAT(as("mail", {"access", "log", "--subject", id}).out, HasSubstr("before the crash"));

    net.stop("IOM");
    const std::string copy = directory + "/../copy";
    fs::copy(directory + "/access", copy, fs::copy_options::recursive);
    EXPECT_EQ(run({SAFAR, "access", "verify", copy}).exit_code, 0);
    std::string text = whole_file(copy + "/000001.jsonl");
    text.replace(text.find("before the crash"), 6, "behind");
    std::ofstream(copy + "/000001.jsonl") << text;
    Ran found = run({SAFAR, "access", "verify", copy});
    EXPECT_EQ(found.exit_code, 1);
    EXPECT_THAT(found.out, HasSubstr("copy/000001.jsonl line "));
    EXPECT_THAT(found.out, HasSubstr("was altered"));
}

TEST_F(PeopleOfANode, AUsersFileThatIsWrongKeepsTheNodeFromStarting) {
    net.stop("IOM");
    std::ofstream(directory + "/users.toml", std::ios::app)
        << "\n[[user]]\nunix = \"bin\"\nname = \"B\"\nroles = [\"boss\"]\n";
    EXPECT_EQ(net.try_start("IOM"), 78);
    EXPECT_THAT(net.log_of("IOM"), HasSubstr("'boss' is not a role"));
}

} // namespace
} // namespace safar::process

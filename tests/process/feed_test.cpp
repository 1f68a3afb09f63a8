// The feed followed by a reader that is killed, of a node that is killed and restored.
#include "tests/process/federation.hpp"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

namespace safar::process {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;
namespace json = boost::json;

std::vector<json::value> whole_lines(const std::string& text) {
    std::vector<json::value> out;
    std::size_t from = 0;
    for (std::size_t at; (at = text.find('\n', from)) != std::string::npos; from = at + 1)
        out.push_back(json::parse(text.substr(from, at - from)));
    return out;
}

std::vector<std::string> leaves(const std::vector<json::value>& lines) {
    std::vector<std::string> out;
    for (const json::value& line : lines) out.emplace_back(line.at("event").at("leaf").as_string());
    return out;
}

// A reader as somebody would write one: keeps whole lines, goes on from the cursor of the last.
class Reader {
public:
    Reader(const Federation& net, std::string agency)
        : net_(net), agency_(std::move(agency)), path_(net.path("reader.jsonl")) {}

    // Follows for a while, then dies without a word.
    void follow_and_die(std::chrono::milliseconds after) {
        const std::string part = path_ + ".part";
        std::string command =
            std::string("exec ") + SAFAR + " --node " + net_.directory(agency_) + " feed --follow";
        if (!cursor_.empty()) command += " --since " + cursor_;
        fs::remove(part); // what was kept of it is not to be kept twice
        const pid_t pid = fork();
        if (pid == 0) {
            execl("/bin/sh", "sh", "-c", (command + " > " + part + " 2>/dev/null").c_str(),
                  nullptr);
            _exit(127);
        }
        std::this_thread::sleep_for(after);
        ::kill(pid, SIGKILL);
        wait_for_exit(pid);
        keep(slurp(part));
    }
    void read_the_rest() {
        Ran ran = net_.safar(agency_, cursor_.empty()
                                          ? std::vector<std::string>{"feed"}
                                          : std::vector<std::string>{"feed", "--since", cursor_});
        EXPECT_EQ(ran.exit_code, 0) << ran.err;
        keep(ran.out);
    }
    [[nodiscard]] const std::vector<json::value>& lines() const { return lines_; }
    [[nodiscard]] const std::string& cursor() const { return cursor_; }

private:
    void keep(const std::string& text) {
        for (json::value& line : whole_lines(text)) {
            cursor_ = std::string(line.at("cursor").as_string());
            lines_.push_back(std::move(line));
        }
    }
    const Federation& net_;
    std::string agency_, path_, cursor_;
    std::vector<json::value> lines_;
};

std::string create(const Federation& net, const std::string& agency,
                   const std::string& nationality) {
    return std::string(net.ask(agency, {"record", "create", "return", "nationality=" + nationality,
                                        "date=2023-03-31"})
                           .at("id")
                           .as_string());
}

TEST(Feed, AKilledReaderOfAKilledNodeLosesNothingAndRepeatsNothing) {
    Federation net({"IOM", "FIA"});
    net.start_all();
    Reader reader(net, "IOM");
    for (int round = 0; round < 4; ++round) {
        for (int i = 0; i < 5; ++i) create(net, i % 2 == 0 ? "IOM" : "FIA", "Pakistan");
        reader.follow_and_die(std::chrono::milliseconds(150 + 100 * round));
        if (round % 2 == 1) {
            net.kill("IOM");
            net.start("IOM");
        }
    }
    net.wait_equal({"IOM", "FIA"}, "return");
    reader.read_the_rest();
    const auto got = leaves(reader.lines());
    EXPECT_EQ(got.size(), 20u);
    EXPECT_EQ(got, leaves(whole_lines(net.safar("IOM", {"feed"}).out)));
    auto elsewhere = leaves(whole_lines(net.safar("FIA", {"feed"}).out));
    EXPECT_THAT(elsewhere, ::testing::UnorderedElementsAreArray(got)); // in another order
    Ran foreign = net.safar("FIA", {"feed", "--since", reader.cursor()});
    EXPECT_NE(foreign.exit_code, 0);
    EXPECT_THAT(foreign.err, HasSubstr("is not of this node's journal"));
}

TEST(Feed, FollowsANodeThatComesBack) {
    Federation net({"IOM"});
    net.start_all();
    create(net, "IOM", "Pakistan");
    const std::string out = net.path("follow.jsonl");
    const pid_t pid = fork();
    if (pid == 0) {
        execl("/bin/sh", "sh", "-c",
              (std::string("exec ") + SAFAR + " --node " + net.directory("IOM") +
               " feed --follow --limit 2 > " + out + " 2>/dev/null")
                  .c_str(),
              nullptr);
        _exit(127);
    }
    for (int i = 0; i < 200 && whole_lines(slurp(out)).empty(); ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_EQ(whole_lines(slurp(out)).size(), 1u) << "a line is kept back";
    net.stop("IOM");
    net.start("IOM");
    create(net, "IOM", "Afghanistan");
    EXPECT_EQ(wait_for_exit(pid), 0);
    EXPECT_EQ(whole_lines(slurp(out)).size(), 2u);
}

TEST(Feed, ARestoredNodeTakesCursorsUpToItsBackupAndRefusesLaterOnes) {
    Federation net({"IOM"});
    net.start_all();
    create(net, "IOM", "Pakistan");
    Reader early(net, "IOM"), late(net, "IOM");
    early.read_the_rest();
    const std::string backup = net.path("iom.tar");
    ASSERT_EQ(net.safar("IOM", {"backup", "--with-keys", backup}).exit_code, 0);
    create(net, "IOM", "Afghanistan");
    late.read_the_rest();
    net.stop("IOM");
    fs::rename(net.directory("IOM"), net.path("old"));
    Ran restored = run({SAFAR, "restore", backup, net.directory("IOM")});
    ASSERT_EQ(restored.exit_code, 0) << restored.err;
    net.start("IOM");
    create(net, "IOM", "Bangladesh"); // at the position of the one that was lost
    Ran refused = net.safar("IOM", {"feed", "--since", late.cursor()});
    EXPECT_NE(refused.exit_code, 0);
    EXPECT_THAT(refused.err, HasSubstr("before it was restored from a backup"));
    early.read_the_rest();
    ASSERT_EQ(early.lines().size(), 2u);
    EXPECT_EQ(early.lines()[1].at("fields").at(0).at("value").as_string(), "BGD");
}

} // namespace
} // namespace safar::process

// Backups of nodes that write, that are killed in the middle of one, and files that are no backup
// any more. SAFAR_BACKUP_KILLS for the long run.
#include "tests/process/load.hpp"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iostream>
#include <random>

namespace safar::process {
namespace fs = std::filesystem;
namespace {
using ::testing::HasSubstr;
using namespace std::chrono_literals;

TEST(Backup, OfANodeUnderLoadAndKilledInTheMiddleOfOneIsWholeOrNone) {
    const unsigned rounds = size_of_hunt("SAFAR_BACKUP_KILLS", 4);
    Federation net({"IOM", "FIA"});
    net.start_all();
    std::mt19937 random(13);
    Load load(net, {"IOM", "FIA"}, 2ms);
    std::this_thread::sleep_for(500ms);
    unsigned whole = 0;
    for (unsigned round = 0; round < rounds; ++round) {
        const std::string file = net.path("kill" + std::to_string(round) + ".tar");
        const pid_t making = net.safar_in_background("IOM", {"backup", file});
        std::this_thread::sleep_for(std::chrono::milliseconds(1 + random() % 150));
        net.kill("IOM");
        const int code = wait_for_exit(making);
        EXPECT_TRUE(code != 0 || fs::exists(file));
        // A file has its name only once it is whole, also where the node could not be told any
        // more.
        if (fs::exists(file)) {
            ++whole;
            EXPECT_EQ(run({SAFAR, "restore", file, net.path("trial" + std::to_string(round)),
                           "--keys", net.directory("IOM") + "/keys"})
                          .exit_code,
                      0);
        }
        net.start("IOM");
    }
    const std::string last = net.path("last.tar");
    Ran made = net.safar("IOM", {"backup", last});
    EXPECT_EQ(made.exit_code, 0) << made.err;
    EXPECT_FALSE(fs::exists(net.directory("IOM") + "/backup"))
        << "what the killed ones left is still there";
    EXPECT_EQ(
        run({SAFAR, "restore", last, net.path("trial"), "--keys", net.directory("IOM") + "/keys"})
            .exit_code,
        0);
    load.stop();
    net.wait_equal({"IOM", "FIA"}, "return");
    for (const char* agency : {"IOM", "FIA"})
        EXPECT_EQ(count_lost(net, agency, load.acknowledged()), 0u);
    std::cout << rounds << " backups killed, " << whole << " of them done before\n";
}

// The newest takes the place of the one before, and a killed command line is in nobody's way.
TEST(Backup, OfTwoAtOnceEachIsWholeOrSaysThatItIsNone) {
    Federation net({"IOM"});
    net.start_all();
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(write_one(net, "IOM"));
    std::mt19937 random(19);
    for (int round = 0; round < 8; ++round) {
        const bool killed = round % 2 == 0;
        const std::string name = net.path("two" + std::to_string(round));
        const std::string first = name + "-first.tar", second = name + "-second.tar";
        const pid_t making = net.safar_in_background("IOM", {"backup", first});
        std::this_thread::sleep_for(std::chrono::milliseconds(random() % 60));
        if (killed) ::kill(making, SIGKILL);
        const Ran ran = net.safar("IOM", {"backup", second});
        const bool first_well = wait_for_exit(making) == 0, second_well = ran.exit_code == 0;
        EXPECT_TRUE(first_well || second_well || killed) << ran.err;
        EXPECT_TRUE(fs::exists(first) || !first_well);
        EXPECT_EQ(fs::exists(second), second_well);
        if (!second_well) {
            EXPECT_THAT(ran.err, HasSubstr("another backup of this node"));
        }
        for (const std::string& file : {first, second})
            if (fs::exists(file)) {
                EXPECT_EQ(run({SAFAR, "restore", file, file + ".trial"}).exit_code, 0) << file;
            }
    }
    EXPECT_EQ(net.safar("IOM", {"backup", net.path("alone.tar")}).exit_code, 0);
    EXPECT_FALSE(fs::exists(net.directory("IOM") + "/backup"));
}

TEST(Backup, OneThatIsDamagedCutOrSomebodyElsesIsRefused) {
    Federation net({"IOM", "FIA"});
    net.start_all();
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(write_one(net, "IOM"));
    net.wait_equal({"IOM", "FIA"}, "return");
    const std::string good = net.path("good.tar"), bad = net.path("bad.tar");
    ASSERT_EQ(net.safar("IOM", {"backup", good}).exit_code, 0);
    const std::string text = slurp(good), keys = net.directory("IOM") + "/keys";
    std::mt19937 random(17);
    const auto refused = [&](const std::string& changed, const std::string& how) {
        std::ofstream(bad, std::ios::binary) << changed;
        Ran ran = run({SAFAR, "restore", bad, net.path("there"), "--keys", keys});
        EXPECT_NE(ran.exit_code, 0) << how;
        EXPECT_NE(ran.err, "") << how;
        EXPECT_FALSE(fs::exists(net.path("there") + "/store")) << how;
        fs::remove_all(net.path("there"));
    };
    const unsigned flips = size_of_hunt("SAFAR_BACKUP_FLIPS", 12);
    unsigned counted = 0;
    while (counted < flips) {
        std::string changed = text;
        const std::size_t at = random() % changed.size();
        if (changed[at] == 0) continue; // most likely padding, which says nothing
        changed[at] ^= static_cast<char>(1u << (random() % 8));
        refused(changed, "byte " + std::to_string(at));
        ++counted;
    }
    for (int i = 0; i < 6; ++i) refused(text.substr(0, random() % (text.size() - 1024)), "cut");
    // Another node's keys.
    Ran foreign = run(
        {SAFAR, "restore", good, net.path("foreign"), "--keys", net.directory("FIA") + "/keys"});
    EXPECT_NE(foreign.exit_code, 0);
    EXPECT_THAT(foreign.err, HasSubstr("key"));
    EXPECT_EQ(run({SAFAR, "restore", good, net.path("fine"), "--keys", keys}).exit_code, 0);
}

// What the node says of its directory is true wherever somebody stands.
TEST(Backup, OfANodeThatWasStartedWithARelativePathWorksFromAnyFolder) {
    Federation net({"IOM"});
    const fs::path directory = net.directory("IOM");
    const auto shell = [](const fs::path& from, const std::string& line) {
        return run({"/bin/bash", "-c", "cd " + from.string() + " && " + line});
    };
    Ran started =
        shell(directory.parent_path(), "{ " SAFARD " --data ./" + directory.filename().string() +
                                           "/ >/dev/null 2>&1 & echo $!; }");
    const std::string safar = SAFAR " --node " + directory.string() + " ";
    EXPECT_TRUE(eventually([&] { return shell("/", safar + "status").exit_code == 0; }));
    Ran made = shell("/", safar + "backup " + net.path("b.tar"));
    EXPECT_EQ(made.exit_code, 0) << made.err;
    Ran inside = shell(directory, safar + "backup monday.tar");
    EXPECT_EQ(inside.exit_code, 2) << inside.err;
    ::kill(std::stoi(started.out), SIGTERM);
    EXPECT_TRUE(eventually([&] { return !node_runs_on(directory); }));
}

// A newer program's store, and one that an earlier release made.
TEST(Versions, ANewerStoreIsRefusedWithBothVersionsNamedAndUntouched) {
    Federation net({"IOM"});
    net.start("IOM");
    ASSERT_TRUE(write_one(net, "IOM"));
    net.stop("IOM");
    const std::string format = net.directory("IOM") + "/store/FORMAT";
    ASSERT_EQ(slurp(format), "safar store format 1\n");
    std::ofstream(format) << "safar store format 2\n";
    ASSERT_EQ(run({"/bin/cp", "-a", net.directory("IOM") + "/store", net.path("before")}).exit_code,
              0);
    const auto code = net.try_start("IOM");
    ASSERT_TRUE(code);
    EXPECT_EQ(*code, 78);
    const std::string log = net.log_of("IOM");
    EXPECT_THAT(log,
                HasSubstr("is a store of format 2, this version of safar knows formats up to 1"));
    EXPECT_EQ(run({"/usr/bin/diff", "-r", "--exclude=safar.lock", net.path("before"),
                   net.directory("IOM") + "/store"})
                  .exit_code,
              0);
    std::ofstream(format) << "safar store format 1\n";
    net.start("IOM");
}

TEST(Keys, OfAnotherNodeAreNamedAtTheStartAndNobodyIsBlamedForThem) {
    Federation net({"IOM", "FIA"});
    net.start("FIA");
    for (const char* key : {"tls.key", "signing.key"}) {
        const fs::path own = net.directory("IOM") + "/keys/" + key;
        fs::copy_file(own, net.path("kept"), fs::copy_options::overwrite_existing);
        fs::copy_file(net.directory("FIA") + "/keys/" + key, own,
                      fs::copy_options::overwrite_existing);
        const auto code = net.try_start("IOM");
        ASSERT_TRUE(code) << key;
        EXPECT_EQ(*code, 78);
        EXPECT_THAT(net.log_of("IOM"), HasSubstr(std::string("keys/") + key));
        fs::copy_file(net.path("kept"), own, fs::copy_options::overwrite_existing);
    }
    net.start("IOM");
    ASSERT_TRUE(write_one(net, "IOM"));
    net.wait_equal({"IOM", "FIA"}, "return");
}

} // namespace
} // namespace safar::process

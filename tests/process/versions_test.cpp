// A data directory that an earlier build wrote (tests/vectors/v1/node.tar.gz: store format 1,
// killed while it ran; keys made for it alone) is read as it was written, and goes on.
#include "tests/process/federation.hpp"

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <regex>

namespace safar::process {
namespace {
namespace fs = std::filesystem;
using ::testing::HasSubstr;

const std::string vectors = SAFAR_SOURCE_DIR "/tests/vectors/v1";

TEST(Versions, AStoreOfFormatOneIsReadAsItWasWrittenAndGoesOn) {
    Federation net({"IOM"}); // gives a directory and a port
    const std::string directory = net.directory("IOM");
    const std::string settings = slurp(directory + "/safard.toml");
    std::smatch listen;
    ASSERT_TRUE(std::regex_search(settings, listen, std::regex("listen = \"[^\"]*\"")));
    fs::remove_all(directory);
    ASSERT_EQ(run({"/bin/tar", "-xzf", vectors + "/node.tar.gz", "-C", net.path("")}).exit_code, 0);
    fs::rename(net.path("node-iom"), directory);
    const std::string kept = slurp(directory + "/safard.toml");
    std::ofstream(directory + "/safard.toml")
        << std::regex_replace(kept, std::regex("listen = \"[^\"]*\""), listen.str());

    net.start("IOM");
    EXPECT_EQ(net.ask("IOM", {"digest", "--state"}),
              boost::json::parse(slurp(vectors + "/node.json")));
    const Ran verified = net.safar("IOM", {"verify", "--deep"});
    EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
    EXPECT_THAT(verified.out, HasSubstr("616 events verified"));
    const Ran contested = net.safar("IOM", {"record", "show", "1844SZ62NP76WYP1W79XF3CZKQ"});
    EXPECT_THAT(contested.out, HasSubstr("DEU             says FIA"));
    const Ran person = net.safar("IOM", {"record", "show", "64PVW01QCMJBHB7YX4DSS121YB"});
    EXPECT_THAT(person.out, HasSubstr("زہرا خان"));

    const Ran written =
        net.safar("IOM", {"record", "set", "1844SZ62NP76WYP1W79XF3CZKQ", "date=2022-12-31"});
    EXPECT_EQ(written.exit_code, 0) << written.err;
    net.stop("IOM");
    net.start("IOM");
    EXPECT_THAT(net.safar("IOM", {"record", "show", "1844SZ62NP76WYP1W79XF3CZKQ"}).out,
                HasSubstr("2022-12-31"));
}

} // namespace
} // namespace safar::process

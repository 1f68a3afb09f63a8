// A node that goes away on purpose: its peer shows it, and its doctor finds no fault in it.
#include "tests/process/federation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace safar::process {
namespace {
using ::testing::HasSubstr;
using ::testing::Not;

std::string in_an_hour() {
    Ran ran = run({"/bin/date", "-u", "-d", "+1 hour", "+%Y-%m-%dT%H:%M:%SZ"});
    return ran.out.substr(0, 20);
}

TEST(Maintenance, IsShownByPeersAndNoFaultOfANodeThatAnnouncedIt) {
    Federation net({"IOM", "FIA"});
    net.start_all();
    const std::string until = in_an_hour();
    ASSERT_TRUE(eventually(
        [&] { return net.safar("IOM", {"peers"}).out.find("connected") != std::string::npos; }));
    Ran said =
        net.safar("FIA", {"maintenance", "announce", "--until", until, "--why", "a new disk"});
    ASSERT_EQ(said.exit_code, 0) << said.err;
    EXPECT_THAT(said.out, HasSubstr(until));
    ASSERT_TRUE(eventually(
        [&] { return net.safar("IOM", {"peers"}).out.find("a new disk") != std::string::npos; }));

    net.stop("FIA");
    ASSERT_TRUE(eventually(
        [&] { return net.safar("IOM", {"peers"}).out.find("connected") == std::string::npos; }));
    EXPECT_THAT(net.safar("IOM", {"peers"}).out,
                HasSubstr("maintenance until " + until + ": a new disk"));
    EXPECT_THAT(net.safar("IOM", {"watch", "--once"}).out, HasSubstr("a new disk"));
    EXPECT_THAT(net.safar("IOM", {"doctor"}).out,
                HasSubstr("away for maintenance, as it announced, until " + until));

    // It is back early, and still says what it said until it is told to stop.
    net.start("FIA");
    EXPECT_THAT(net.safar("FIA", {"maintenance", "show"}).out, HasSubstr("a new disk"));
    ASSERT_EQ(net.safar("FIA", {"maintenance", "end"}).exit_code, 0);
    EXPECT_TRUE(eventually([&] {
        const std::string peers = net.safar("IOM", {"peers"}).out;
        return peers.find("connected") != std::string::npos &&
               peers.find("a new disk") == std::string::npos;
    }));
    net.stop("FIA");
    ASSERT_TRUE(eventually(
        [&] { return net.safar("IOM", {"peers"}).out.find("connected") == std::string::npos; }));
    EXPECT_THAT(net.safar("IOM", {"doctor"}).out, Not(HasSubstr("away for maintenance")));
    EXPECT_EQ(net.safar("IOM", {"maintenance", "announce", "--until", "2020-01-01T00:00:00Z",
                                "--why", "x"})
                  .exit_code,
              65);
}

} // namespace
} // namespace safar::process

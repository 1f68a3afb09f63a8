// A node that is never connected, with bundles both ways, and nodes that are: the same registry.
#include "tests/process/federation.hpp"

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>

namespace safar::process {
namespace {
using ::testing::HasSubstr;
namespace fs = std::filesystem;

std::string bytes_of(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

// IOM and FIA talk to each other. PUNJAB listens on an address that the others cannot reach and
// dials nobody: its directory runs only while the network does not, so that no frame passes between
// them.
class AirGap : public ::testing::Test {
protected:
    Federation net{{"IOM", "FIA", "PUNJAB"},
                   {{"return", {"return"}, {"IOM", "FIA", "PUNJAB"}, {}},
                    {"movement", {"movement"}, {"IOM", "FIA"}, {}}}};

    std::string create(const std::string& agency, const std::string& nationality) {
        auto made = net.ask(agency, {"record", "create", "return", "nationality=" + nationality,
                                     "date=2023-03-31"});
        return std::string(made.at("id").as_string());
    }
    void online() {
        if (net.running("PUNJAB")) net.stop("PUNJAB");
        for (const char* agency : {"IOM", "FIA"})
            if (!net.running(agency)) net.start(agency);
    }
    void offline() {
        for (const char* agency : {"IOM", "FIA"})
            if (net.running(agency)) net.stop(agency);
        if (!net.running("PUNJAB")) net.start("PUNJAB");
    }
    std::string make(const std::string& from, const std::string& agency, const std::string& name,
                     bool since_last = true) {
        const std::string file = net.path(name);
        std::vector<std::string> command{"bundle", "make", "--for", agency, "-o", file};
        if (since_last) command.push_back("--since-last");
        Ran made = net.safar(from, command);
        EXPECT_EQ(made.exit_code, 0) << made.err;
        EXPECT_FALSE(fs::exists(file + ".part"));
        return file;
    }
    boost::json::value apply(const std::string& to, const std::string& file, int exit_code = 0) {
        Ran ran = net.safar(to, {"bundle", "apply", file, "--json"});
        EXPECT_EQ(ran.exit_code, exit_code) << ran.out << ran.err;
        return boost::json::parse(ran.out);
    }
};

TEST_F(AirGap, BundlesBothWaysMakeTheSameRegistry) {
    online();
    const std::string id = create("IOM", "Pakistan");
    create("FIA", "Bangladesh");
    net.wait_equal({"IOM", "FIA"}, "return");
    // A compartment that PUNJAB may not hold.
    net.ask("IOM",
            {"record", "create", "movement", "direction=entry", "date=2023-03-31", "people=1"});
    const std::string out1 = make("IOM", "PUNJAB", "out-1.bundle");

    offline();
    apply("PUNJAB", out1);
    create("PUNJAB", "Afghanistan");
    Ran set = net.safar("PUNJAB", {"record", "set", id, "nationality=Afghanistan"});
    ASSERT_EQ(set.exit_code, 0) << set.err;
    const std::string back1 = make("PUNJAB", "FIA", "back-1.bundle");

    online();
    const auto report = apply("FIA", back1);
    EXPECT_EQ(report.at("conflicts").at("after").as_int64(),
              report.at("conflicts").at("before").as_int64() + 1);
    EXPECT_EQ(report.at("conflicts").at("new").at(0).at("id").as_string(), id);
    net.wait_equal({"IOM", "FIA"}, "return"); // FIA passes it on
    create("IOM", "India");
    const std::string out2 = make("IOM", "PUNJAB", "out-2.bundle");

    // After a restart PUNJAB goes on in a new incarnation; nothing is lost by it.
    offline();
    create("PUNJAB", "Iran");
    apply("PUNJAB", out2);
    apply("PUNJAB", out1); // again, and late: nothing changes
    const std::string back2 = make("PUNJAB", "FIA", "back-2.bundle");
    const std::string at_punjab = net.digest("PUNJAB", "return", true);

    online();
    EXPECT_EQ(apply("FIA", back2).at("whole").as_bool(), true);
    net.wait_equal({"IOM", "FIA"}, "return");
    EXPECT_EQ(net.digest("FIA", "return", true), at_punjab);
    EXPECT_EQ(net.digest("IOM", "return", true), at_punjab);
    EXPECT_NE(at_punjab.find("state"), std::string::npos);
}

TEST_F(AirGap, ABundleCanBeLookedIntoCutAndAppliedInPart) {
    online();
    for (const char* nationality : {"Pakistan", "India", "Iran"}) create("IOM", nationality);
    net.wait_equal({"IOM", "FIA"}, "return");
    const std::string file = make("IOM", "PUNJAB", "whole.bundle", /*since_last=*/false);
    Ran piped = run({"/bin/sh", "-c",
                     std::string(SAFAR) + " --node " + net.directory("IOM") +
                         " bundle make --for PUNJAB > " + net.path("piped.bundle")});
    EXPECT_EQ(piped.exit_code, 0) << piped.err;
    EXPECT_EQ(bytes_of(net.path("piped.bundle")), bytes_of(file));

    Ran looked = run({SAFAR, "bundle", "inspect", file}); // no node
    EXPECT_EQ(looked.exit_code, 0) << looked.err;
    EXPECT_THAT(looked.out, HasSubstr("IOM"));
    EXPECT_THAT(looked.out, HasSubstr("Test network"));
    EXPECT_THAT(looked.out, HasSubstr("whole    yes"));
    EXPECT_THAT(looked.out, ::testing::Not(HasSubstr("movement")));
    Ran for_fia =
        net.safar("IOM", {"bundle", "make", "--for", "FIA", "-o", net.path("fia.bundle")});
    EXPECT_EQ(for_fia.exit_code, 0) << for_fia.err;
    EXPECT_THAT(run({SAFAR, "bundle", "inspect", net.path("fia.bundle")}).out,
                HasSubstr("movement"));

    // Nobody needs to be asked whether it holds; its frontier is that of the nodes.
    const auto proven = [&](std::vector<std::string> words, int exit_code) {
        words.insert(words.begin(), {SAFAR, "bundle", "verify", "--json"});
        Ran ran = run(words);
        EXPECT_EQ(ran.exit_code, exit_code) << ran.out << ran.err;
        return boost::json::parse(ran.out);
    };
    const std::string network(
        net.ask("IOM", {"status"}).at("charter").at("network_id").as_string());
    const auto verified = proven({file, "--network", network}, 0);
    EXPECT_TRUE(verified.at("verified").as_bool());
    EXPECT_EQ(verified.at("compartments").at(0).at("events").as_int64(), 3);
    EXPECT_EQ(verified.at("compartments").at(0).at("frontier").as_string(),
              net.ask("FIA", {"digest", "--compartment", "return"})
                  .at("compartments")
                  .at(0)
                  .at("frontier")
                  .as_string());
    EXPECT_THAT(run({SAFAR, "bundle", "verify", file}).out, HasSubstr("verified: every batch"));
    EXPECT_FALSE(proven({file, "--network", std::string(64, '0')}, 65).at("verified").as_bool());
    const std::string changed = net.path("changed.bundle");
    std::string bytes = bytes_of(file);
    bytes[bytes.size() - 30] ^= 1; // in the last batch
    std::ofstream(changed, std::ios::binary) << bytes;
    const auto refused = proven({changed}, 65);
    EXPECT_EQ(refused.at("problems").as_array().size(), 1u) << refused;
    EXPECT_EQ(refused.at("compartments").at(0).at("events").as_int64(), 2);

    const std::string cut = net.path("cut.bundle");
    std::ofstream(cut, std::ios::binary) << bytes_of(file).substr(0, bytes_of(file).size() - 30);
    Ran cut_looked = run({SAFAR, "bundle", "inspect", cut});
    EXPECT_EQ(cut_looked.exit_code, 3);
    EXPECT_THAT(cut_looked.out, HasSubstr("whole    no"));

    offline();
    const auto dry = net.safar("PUNJAB", {"bundle", "apply", file, "--dry-run"});
    EXPECT_EQ(dry.exit_code, 0) << dry.err;
    EXPECT_THAT(dry.out, HasSubstr("3 new with 3 events"));
    const auto part = apply("PUNJAB", cut, 3);
    EXPECT_EQ(part.at("batches").at("new").as_int64(), 2);
    EXPECT_FALSE(part.at("whole").as_bool());
    const auto rest = apply("PUNJAB", file);
    EXPECT_EQ(rest.at("batches").at("known").as_int64(), 2);
    EXPECT_EQ(rest.at("batches").at("new").as_int64(), 1);

    Ran junk = net.safar("PUNJAB", {"bundle", "apply", net.path("charter.toml")});
    EXPECT_EQ(junk.exit_code, 65) << junk.err;
    EXPECT_THAT(junk.err, HasSubstr("no bundle"));
    EXPECT_EQ(
        net.safar("PUNJAB", {"bundle", "make", "--for", "NOBODY", "-o", net.path("x")}).exit_code,
        1);
    EXPECT_FALSE(fs::exists(net.path("x")));
}

} // namespace
} // namespace safar::process

// No node signs twice at one place after a rollback; one key at work in two places is caught by
// peers that never speak to each other, and the proof stands alone.
#include "tests/process/federation.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>
#include <thread>

namespace safar::process {
namespace {
namespace fs = std::filesystem;
using ::testing::HasSubstr;
using namespace std::chrono_literals;
using Agencies = std::vector<std::string>;

std::string create(const Federation& net, const std::string& agency) {
    auto made =
        net.ask(agency, {"record", "create", "return", "nationality=Pakistan", "date=2023-03-31"});
    return std::string(made.at("id").as_string());
}

// Has the peer said what it holds, and so confirmed the heads that it holds as well?
bool has_confirmed(const Federation& net, const std::string& agency, const std::string& peer) {
    const Ran asked = net.safar(agency, {"peers", "--json"});
    if (asked.exit_code != 0) return false;
    const auto peers = boost::json::parse(asked.out);
    for (const auto& each : peers.as_array())
        if (each.at("agency").as_string() == peer)
            return each.at("state").as_string() == "connected" && each.at("compared").as_bool();
    return false;
}

// The incarnations of a node's own logs, and whether one of them has forked.
std::set<std::string> incarnations(const Federation& net, const std::string& agency) {
    std::set<std::string> out;
    const auto status = net.ask(agency, {"status"});
    for (const auto& log : status.at("incarnations").as_array())
        out.insert(std::string(log.at("incarnation").as_string()));
    return out;
}

std::string only_proof(const Federation& net, const std::string& agency) {
    const auto forks = net.ask(agency, {"evidence", "show"});
    return forks.as_array().size() == 1 ? std::string(forks.at(0).at("hash").as_string()) : "";
}

// A killed node leaves its socket, which only cp copies.
void replace_directory(const std::string& from, const std::string& to) {
    fs::remove_all(to);
    ASSERT_EQ(run({"/bin/cp", "-a", from, to}).exit_code, 0);
}

TEST(Identity, OneKeyInTwoPlacesIsCaughtByPeersThatNeverMeet) {
    Federation net({"IOM", "FIA", "MOFA", "NCHR"});
    const Agencies all{"IOM", "FIA", "MOFA", "NCHR"};
    net.start_all();
    create(net, "IOM");
    net.wait_equal(all, "return");
    for (const std::string& agency : all) net.stop(agency);
    for (const std::string& agency : all)
        replace_directory(net.directory(agency), net.path("before-" + agency));

    // Only where every other node was put back as well does nobody tell the second copy that it is
    // one. Of the first life FIA is kept, of the second NCHR.
    std::vector<std::string> written;
    for (const char* witness : {"FIA", "NCHR"}) {
        for (const std::string& agency : all)
            replace_directory(net.path("before-" + agency), net.directory(agency));
        net.start_all();
        for (const char* agency : {"FIA", "MOFA", "NCHR"})
            ASSERT_TRUE(eventually([&] { return has_confirmed(net, "IOM", agency); }));
        written.push_back(create(net, "IOM"));
        net.wait_equal(all, "return");
        EXPECT_EQ(incarnations(net, "IOM").size(), 1u)
            << "it did not go on in its log, nothing is shown";
        for (const std::string& agency : all) net.stop(agency);
        replace_directory(net.directory(witness), net.path(std::string("after-") + witness));
    }
    for (const char* witness : {"FIA", "NCHR"})
        replace_directory(net.path(std::string("after-") + witness), net.directory(witness));
    replace_directory(net.path("before-MOFA"), net.directory("MOFA"));

    // MOFA hears the one, then the other; FIA and NCHR never meet.
    net.start("MOFA");
    net.start("FIA");
    net.wait_equal({"FIA", "MOFA"}, "return");
    net.stop("FIA");
    net.start("NCHR");
    ASSERT_TRUE(eventually(
        [&] { return !only_proof(net, "MOFA").empty() && !only_proof(net, "NCHR").empty(); }));
    net.stop("NCHR");
    net.start("FIA");
    ASSERT_TRUE(eventually([&] { return !only_proof(net, "FIA").empty(); }));
    EXPECT_EQ(only_proof(net, "FIA"), only_proof(net, "MOFA"));

    Ran proof = net.safar("FIA", {"evidence", "export", only_proof(net, "FIA").substr(0, 8)});
    ASSERT_EQ(proof.exit_code, 0) << proof.err;
    std::ofstream(net.path("fork.toml")) << proof.out;
    Ran verified = net.safar("MOFA", {"evidence", "verify", net.path("fork.toml"), "--charter",
                                      net.path("charter.toml")});
    EXPECT_EQ(verified.exit_code, 0) << verified.err;
    EXPECT_THAT(verified.out, HasSubstr("The charter lists that key for IOM"));
    std::string forged = proof.out;
    forged[forged.find("signature_b = \"") + 20] ^= 1;
    std::ofstream(net.path("forged.toml")) << forged;
    EXPECT_NE(net.safar("MOFA", {"evidence", "verify", net.path("forged.toml")}).exit_code, 0);

    // The node itself hears of it and goes on in a new log.
    net.start("NCHR");
    net.start("IOM");
    ASSERT_TRUE(eventually([&] { return !only_proof(net, "IOM").empty(); }));
    create(net, "IOM");
    net.wait_equal(all, "return");
    EXPECT_EQ(incarnations(net, "IOM").size(), 2u);
    for (const std::string& agency : all)
        EXPECT_EQ(net.digest(agency, "return", true), net.digest("FIA", "return", true)) << agency;

    // An epoch admits one branch, a later one the other: at every node the one counts and the other
    // does not.
    const auto shows = [&](const std::string& agency, const std::string& id) {
        return net.safar(agency, {"record", "show", id}).exit_code == 0;
    };
    for (const std::string& agency : all)
        for (const std::string& id : written) EXPECT_FALSE(shows(agency, id)) << agency;
    const auto closed = [&](const std::string& agency) {
        const auto forks = net.ask(agency, {"status"}).at("forks").as_int64();
        const std::string doctor = net.safar(agency, {"doctor"}).out;
        EXPECT_EQ(doctor.find("ok       forks: none") != std::string::npos, forks == 0) << doctor;
        return forks;
    };
    for (const std::string& agency : all) EXPECT_EQ(closed(agency), 1) << agency;
    std::set<std::string> counted;
    for (const char* branch : {"branch_a", "branch_b"}) {
        const auto forks = net.ask("FIA", {"evidence", "show"});
        const std::string hash(forks.at(0).at(branch).as_string());
        Ran drafted = net.safar("IOM", {"charter", "amend", "--admit-branch", hash.substr(0, 12),
                                        "--why", "checked on paper"});
        ASSERT_EQ(drafted.exit_code, 0) << drafted.err;
        EXPECT_THAT(drafted.err, HasSubstr("counts, and what follows it"));
        std::ofstream(net.path("draft.toml")) << drafted.out;
        for (const char* steward : {"FIA", "IOM"}) {
            Ran ran = net.safar(steward, {"charter", "sign", net.path("draft.toml")});
            ASSERT_EQ(ran.exit_code, 0) << ran.err;
        }
        Ran published = net.safar("IOM", {"charter", "publish", net.path("draft.toml")});
        ASSERT_EQ(published.exit_code, 0) << published.err;
        std::string one;
        for (const std::string& agency : all) {
            ASSERT_TRUE(eventually([&] {
                return shows(agency, written[0]) || shows(agency, written[1]);
            })) << agency;
            if (!one.empty()) {
                EXPECT_TRUE(eventually([&] { return shows(agency, one); })) << agency;
            } else {
                EXPECT_TRUE(eventually([&] {
                    return shows(agency, written[0]) != shows(agency, written[1]) &&
                           !counted.contains(shows(agency, written[0]) ? written[0] : written[1]);
                }));
                one = shows(agency, written[0]) ? written[0] : written[1];
            }
        }
        net.wait_equal(all, "return");
        for (const std::string& agency : all) {
            EXPECT_FALSE(shows(agency, one == written[0] ? written[1] : written[0])) << agency;
            EXPECT_EQ(net.digest(agency, "return", true), net.digest("FIA", "return", true))
                << agency;
        }
        // Settled: nobody is called for it any more, though the proof stays.
        for (const std::string& agency : all) EXPECT_EQ(closed(agency), 0) << agency;
        counted.insert(one);
        EXPECT_THAT(net.safar("NCHR", {"evidence", "show"}).out,
                    HasSubstr(branch == std::string("branch_a") ? "the first counts"
                                                                : "the second counts"));
    }
    EXPECT_EQ(counted.size(), 2u);
    for (const std::string& agency : all)
        EXPECT_EQ(net.safar(agency, {"verify", "--deep"}).exit_code, 0) << agency;
}

// SAFAR_CYCLES=100 for the long run.
TEST(Identity, ANodeThatWasRolledBackNeverSignsTwiceAtOnePlace) {
    const char* set = std::getenv("SAFAR_CYCLES");
    const int cycles = set != nullptr ? std::atoi(set) : 20;
    Federation net({"IOM", "FIA"});
    const Agencies both{"IOM", "FIA"};
    net.start_all();
    for (int cycle = 0; cycle < cycles; ++cycle) {
        create(net, "IOM");
        net.wait_equal(both, "return");
        if (cycle % 2 == 0)
            net.stop("IOM");
        else
            net.kill("IOM");
        replace_directory(net.directory("IOM"), net.path("old"));
        net.start("IOM");
        ASSERT_TRUE(eventually([&] { return has_confirmed(net, "IOM", "FIA"); }));
        std::this_thread::sleep_for(100ms);
        const std::string lost = create(net, "IOM");
        net.wait_equal(both, "return");

        // The data directory of before, witness and all; with a peer in reach or without.
        net.kill("IOM");
        replace_directory(net.path("old"), net.directory("IOM"));
        const bool alone = cycle % 3 == 2;
        if (alone) net.stop("FIA");
        net.start("IOM");
        create(net, "IOM");
        if (alone) net.start("FIA");
        net.wait_equal(both, "return");
        for (const std::string& agency : both) {
            EXPECT_EQ(net.ask(agency, {"status"}).at("forks").as_int64(), 0)
                << agency << ", cycle " << cycle;
            // What it had forgotten comes back from its peer.
            EXPECT_EQ(net.safar(agency, {"record", "show", lost}).exit_code, 0)
                << agency << ", cycle " << cycle;
        }
    }
}

// Its witness goes back with the rest, and what it had said may be out in the world without a peer.
TEST(Identity, ANodeThatIsAloneInItsCharterNeverSignsTwiceAtOnePlaceEither) {
    Federation net({"IOM"});
    net.start_all();
    create(net, "IOM");
    net.stop("IOM");
    replace_directory(net.directory("IOM"), net.path("old"));
    net.start("IOM");
    const std::string lost = create(net, "IOM");
    const std::string file = net.path("all.bundle");
    ASSERT_EQ(net.safar("IOM", {"bundle", "make", "--for", "IOM", "-o", file}).exit_code, 0);
    net.kill("IOM");
    replace_directory(net.path("old"), net.directory("IOM"));
    net.start("IOM");
    create(net, "IOM");
    Ran applied = net.safar("IOM", {"bundle", "apply", file});
    EXPECT_EQ(applied.exit_code, 0) << applied.err;
    EXPECT_EQ(net.ask("IOM", {"status"}).at("forks").as_int64(), 0);
    EXPECT_EQ(net.safar("IOM", {"record", "show", lost}).exit_code, 0);
}

// A peer that was away when the lost part was written knows no more than the copy does.
TEST(Identity, APeerThatIsAsFarBehindAsTheCopyDoesNotSpeakForTheOthers) {
    Federation net({"IOM", "FIA", "MOFA"});
    const Agencies all{"IOM", "FIA", "MOFA"};
    net.start_all();
    create(net, "IOM");
    net.wait_equal(all, "return");
    net.stop("MOFA");
    net.stop("IOM");
    replace_directory(net.directory("IOM"), net.path("old"));
    net.start("MOFA"); // so that all can confirm the head
    net.start("IOM");
    for (const char* agency : {"FIA", "MOFA"})
        ASSERT_TRUE(eventually([&] { return has_confirmed(net, "IOM", agency); }));
    net.stop("MOFA");
    const std::string lost = create(net, "IOM");
    net.wait_equal({"IOM", "FIA"}, "return");
    ASSERT_EQ(incarnations(net, "IOM").size(), 1u)
        << "it did not go on in its log, nothing is shown";

    net.stop("FIA");
    net.kill("IOM");
    replace_directory(net.path("old"), net.directory("IOM"));
    net.start("MOFA");
    net.start("IOM");
    // MOFA holds exactly what the copy does, and says so.
    ASSERT_TRUE(eventually([&] { return has_confirmed(net, "IOM", "MOFA"); }));
    create(net, "IOM");
    net.start("FIA");
    net.wait_equal(all, "return");
    for (const std::string& agency : all) {
        EXPECT_EQ(net.ask(agency, {"status"}).at("forks").as_int64(), 0) << agency;
        EXPECT_EQ(net.safar(agency, {"record", "show", lost}).exit_code, 0) << agency;
    }
}

} // namespace
} // namespace safar::process

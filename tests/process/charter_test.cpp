// A network that governs itself: a sixth member admitted, one suspended while a steward is out of
// reach, removed with a cut, and a part of what it wrote admitted later. The same state everywhere
// at each step.
#include "tests/process/governance.hpp"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace safar::process {
using namespace std::chrono_literals;
namespace {
using ::testing::HasSubstr;

class Governance : public ::testing::Test, protected Governed {};

TEST_F(Governance, AdmitsSuspendsRemovesAndAdmitsAPartAgain) {
    Agencies all{"IOM", "FIA", "UNODC", "MOFA", "NCHR"};
    net.start_all();
    for (const std::string& agency : all) create(agency);
    expect_one_state(all);

    // A sixth member.
    const std::string enrolment = net.enrol("PUNJAB");
    amend(
        2,
        {"--admit", enrolment, "--grant", "PUNJAB:return:write", "--grant", "PUNJAB:movement:read"},
        all);
    ASSERT_EQ(net.safar("FIA", {"charter", "history", "--export", net.path("")}).exit_code, 0);
    Ran joined = net.safar(
        "PUNJAB", {"charter", "adopt", net.path("charter-1.toml"), net.path("charter-2.toml")});
    ASSERT_EQ(joined.exit_code, 0) << joined.err;
    net.start("PUNJAB");
    create("PUNJAB");
    all.push_back("PUNJAB");
    expect_one_state(all);

    // NCHR writes what the stewards have not seen, then one steward alone suspends it.
    net.stop("FIA");
    net.stop("IOM");
    const std::string first = create("NCHR"), second = create("NCHR");
    net.wait_equal({"UNODC", "MOFA", "PUNJAB", "NCHR"}, "return");
    for (const char* agency : {"UNODC", "MOFA", "PUNJAB", "NCHR"}) net.stop(agency);
    net.start("IOM");
    Ran suspended =
        net.safar("IOM", {"charter", "suspend", "NCHR", "--why", "its laptop was stolen"});
    ASSERT_EQ(suspended.exit_code, 0) << suspended.err;
    for (const char* agency : {"UNODC", "MOFA", "PUNJAB"}) net.start(agency);
    const Agencies up{"IOM", "UNODC", "MOFA", "PUNJAB"};
    expect_one_state(up);
    for (const std::string& agency : up) {
        EXPECT_FALSE(shows(agency, first)) << agency;
        EXPECT_THAT(net.safar(agency, {"charter", "notices"}).out,
                    HasSubstr("IOM suspends agency NCHR"));
    }
    // Out of reach until now; it hears the same and comes to the same.
    net.start("FIA");
    const Agencies rest{"IOM", "FIA", "UNODC", "MOFA", "PUNJAB"};
    expect_one_state(rest);
    EXPECT_FALSE(shows("FIA", first));
    net.start("NCHR"); // hears it too, and writes no more
    wait_notice("NCHR");
    Ran refused = net.safar(
        "NCHR", {"record", "create", "return", "nationality=Pakistan", "date=2023-03-31"});
    EXPECT_EQ(refused.exit_code, 77) << refused.err;
    EXPECT_THAT(refused.err, HasSubstr("suspended"));
    expect_one_state(rest);

    // Removed, with the cut that the suspension named.
    amend(3, {"--remove", "NCHR", "--why", "left the network"}, rest);
    expect_one_state(rest);
    for (const std::string& agency : rest)
        EXPECT_TRUE(eventually([&] { return !shows(agency, first); })) << agency;

    // Half of what lies beyond is admitted.
    std::string log;
    const auto heads = net.ask("UNODC", {"charter", "heads"});
    for (const auto& cut : heads.as_array())
        if (cut.at("agency").as_string() == "NCHR" && cut.at("compartment").as_string() == "return")
            log = std::string(cut.at("node").as_string()) +
                  ":return:" + std::string(cut.at("incarnation").as_string()) + ":" +
                  std::to_string(cut.at("batch").as_int64() + 1);
    ASSERT_FALSE(log.empty());
    amend(4, {"--cut", log}, rest);
    expect_one_state(rest);
    for (const std::string& agency : rest) {
        EXPECT_TRUE(eventually([&] { return shows(agency, first); })) << agency;
        EXPECT_FALSE(shows(agency, second)) << agency;
    }
    expect_one_state(rest);
    // And it all stands after a restart.
    net.stop("MOFA");
    net.start("MOFA");
    expect_one_state(rest);
}

// A field of a newer schema reaches a node that was away, with what was written under it meanwhile,
// and what that node wrote under the older one reaches the others.
TEST_F(Governance, ANewFieldReachesANodeThatWasAway) {
    const Agencies all{"IOM", "FIA", "UNODC", "MOFA", "NCHR"};
    net.start_all();
    const std::string known = create("IOM");
    expect_one_state(all);
    for (const std::string& agency : all) net.stop(agency);
    net.start("MOFA"); // alone, under the older schema
    const std::string older = create("MOFA");
    net.stop("MOFA");
    for (const char* agency : {"IOM", "FIA", "UNODC", "NCHR"}) net.start(agency);

    const std::string schema = net.path("schema");
    ASSERT_EQ(run({"/bin/cp", "-r", SAFAR_SOURCE_DIR "/config/schema", schema}).exit_code, 0);
    std::ofstream(schema + "/return.toml", std::ios::app)
        << "\n[[field]]\ntag = 900\nname = \"flight\"\ntitle = \"Flight\"\ntype = \"text\"\n";
    amend(2, {"--schema", schema}, {"IOM", "FIA", "UNODC", "NCHR"});
    net.ask("FIA", {"record", "set", known, "flight=PK 702"});
    net.wait_equal({"IOM", "FIA", "UNODC", "NCHR"}, "return");

    EXPECT_NE(net.safar("MOFA", {"charter", "show"}).out.find("epoch 1"), std::string::npos);
    net.start("MOFA");
    wait_epoch("MOFA", 2);
    expect_one_state(all);
    EXPECT_THAT(net.safar("MOFA", {"record", "show", known}).out, HasSubstr("PK 702"));
    EXPECT_TRUE(shows("IOM", older));
}

TEST_F(Governance, NewKeysTakeOverWhenTheirEpochIsInForce) {
    const Agencies all{"IOM", "FIA", "UNODC", "MOFA", "NCHR"};
    net.start_all();
    create("MOFA");
    expect_one_state(all);
    Ran staged = net.safar("MOFA", {"key", "rotate"});
    ASSERT_EQ(staged.exit_code, 0) << staged.err;
    const std::string file = net.path("mofa-new.toml");
    std::ofstream(file) << staged.out;
    const std::string node(net.ask("MOFA", {"key", "show"}).at("node").as_string());
    const std::string before(net.ask("MOFA", {"key", "show"}).at("signing_key").as_string());
    // What the old key is answerable for, before it goes.
    auto impact = net.ask("IOM", {"key", "revoke", node.substr(0, 12), "--impact"});
    EXPECT_EQ(impact.at("events").as_int64(), 1);
    EXPECT_EQ(impact.at("kinds").at(0).at("vanish").as_int64(), 1);

    amend(2, {"--rotate", node.substr(0, 12) + "=" + file}, {"IOM", "FIA", "UNODC", "NCHR"});
    EXPECT_TRUE(eventually([&] {
        const auto shown = net.ask("MOFA", {"key", "show"});
        return shown.at("listed").as_bool() && shown.at("signing_key").as_string() != before;
    }));
    // It ends and begins again with them.
    EXPECT_TRUE(eventually([&] { return net.safar("MOFA", {"status"}).exit_code == 0; }));
    EXPECT_EQ(std::string(net.ask("MOFA", {"key", "show"}).at("node").as_string()), node);
    wait_epoch("MOFA", 2);
    create("MOFA"); // signed with the new key, and it counts everywhere
    create("IOM");
    expect_one_state(all);
    EXPECT_EQ(net.ask("NCHR", {"stats", "return"}).at("count").as_int64(), 3);
    EXPECT_TRUE(net.ask("NCHR", {"charter", "quarantine"}).as_array().empty());
    net.stop("MOFA"); // still the process that was started
}

// FIA lets NCHR, a reader, write returns up to batch 2, and ends it.
TEST(Delegations, APartnerWritesWhatItIsLetAndNoMore) {
    Federation net({"IOM", "FIA", "NCHR"}, {{"return", {"return"}, {"IOM", "FIA"}, {"NCHR"}}});
    const Agencies all{"IOM", "FIA", "NCHR"};
    net.start_all();
    const std::vector<std::string> create{"record", "create", "return", "nationality=Pakistan",
                                          "date=2023-03-31"};
    EXPECT_EQ(net.safar("NCHR", create).exit_code, 77);
    Ran refused = net.safar("NCHR", {"delegate", "give", "NCHR", "--compartment", "return",
                                     "--kind", "return", "--until-batch", "2"});
    EXPECT_NE(refused.exit_code, 0);
    EXPECT_THAT(refused.err, HasSubstr("does not write"));
    Ran given = net.safar("FIA", {"delegate", "give", "NCHR", "--compartment", "return", "--kind",
                                  "return", "--until-batch", "2", "--why", "field registration"});
    ASSERT_EQ(given.exit_code, 0) << given.err;

    std::vector<std::string> written;
    const auto eventually = [](const auto& condition) {
        for (auto end = std::chrono::steady_clock::now() + 30s;
             std::chrono::steady_clock::now() < end;) {
            if (condition()) return true;
            std::this_thread::sleep_for(20ms);
        }
        return false;
    };
    ASSERT_TRUE(eventually([&] { return net.safar("NCHR", create).exit_code == 0; }))
        << "it never heard of it";
    auto made = net.ask("NCHR", create);
    net.wait_equal(all, "return");
    for (const std::string& agency : all) {
        EXPECT_EQ(
            net.safar(agency, {"record", "show", std::string(made.at("id").as_string())}).exit_code,
            0)
            << agency;
        EXPECT_EQ(net.digest(agency, "return", true), net.digest("IOM", "return", true)) << agency;
    }
    Ran third = net.safar("NCHR", create);
    EXPECT_EQ(third.exit_code, 77) << third.err;
    EXPECT_THAT(third.err, HasSubstr("a delegation is over"));

    const auto list = net.ask("IOM", {"delegate", "list"});
    ASSERT_EQ(list.as_array().size(), 1u);
    EXPECT_EQ(list.at(0).at("agency").as_string(), "NCHR");
    const std::string hash(list.at(0).at("hash").as_string());
    EXPECT_NE(net.safar("IOM", {"delegate", "revoke", hash.substr(0, 8)}).exit_code, 0)
        << "it is FIA's to end";
    Ran ended =
        net.safar("FIA", {"delegate", "revoke", hash.substr(0, 8), "--why", "the project is over"});
    ASSERT_EQ(ended.exit_code, 0) << ended.err;
    Ran again = net.safar("FIA", {"delegate", "revoke", hash.substr(0, 8)});
    EXPECT_EQ(again.exit_code, 1);
    EXPECT_THAT(again.err, HasSubstr("ended already"));
    ASSERT_TRUE(eventually([&] {
        const auto now = net.ask("NCHR", {"delegate", "list"});
        return now.at(0).at("ended").as_bool();
    }));
    EXPECT_THAT(net.safar("NCHR", create).err, HasSubstr("return"));
    net.wait_equal(all, "return");
    for (const std::string& agency : all)
        EXPECT_EQ(
            net.safar(agency, {"record", "show", std::string(made.at("id").as_string())}).exit_code,
            0)
            << agency;
}

} // namespace
} // namespace safar::process

// One event, two nodes, one answer; then what everybody does with a registry every day.
#include "tests/process/federation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace safar::process {
namespace {
using ::testing::HasSubstr;

const std::vector<std::string> both = {"IOM", "FIA"};

std::string create(Federation& net, const std::string& agency, std::vector<std::string> fields) {
    std::vector<std::string> args = {"record", "create"};
    args.insert(args.end(), fields.begin(), fields.end());
    auto made = net.ask(agency, args);
    return made.is_object() ? std::string(made.at("id").as_string()) : "";
}

TEST(Spine, OneEventTwoNodesOneAnswer) {
    Federation net(both);
    net.start_all();
    std::string id = create(net, "IOM", {"return", "nationality=Pakistan", "date=2023-03-31"});
    net.wait_equal(both, "return");
    EXPECT_EQ(net.safar("IOM", {"record", "show", id, "--json"}).out,
              net.safar("FIA", {"record", "show", id, "--json"}).out);
    EXPECT_THAT(net.safar("FIA", {"record", "show", id}).out, HasSubstr("PAK"));
    EXPECT_EQ(net.digest("IOM", "return", /*state=*/true),
              net.digest("FIA", "return", /*state=*/true));
}

TEST(Spine, ConcurrentValuesStandSideBySideUntilAPersonResolvesThem) {
    Federation net(both);
    net.start_all();
    std::string id = create(net, "IOM", {"return", "nationality=Pakistan", "date=2023-03-31"});
    net.wait_equal(both, "return");
    net.stop("FIA");
    net.ask("IOM", {"record", "set", id, "sex=Male"});
    net.stop("IOM");
    net.start("FIA");
    net.ask("FIA", {"record", "set", id, "sex=Female"});
    net.start("IOM");
    net.wait_equal(both, "return");

    auto conflicts = net.ask("FIA", {"conflict", "list"});
    EXPECT_EQ(conflicts.at("total").as_int64(), 1);
    auto said = net.ask("FIA", {"explain", id, "sex"});
    EXPECT_TRUE(said.at("conflict").as_bool());
    EXPECT_EQ(said.at("live").as_array().size(), 2u);

    net.ask("IOM", {"conflict", "resolve", id, "sex", "--pick", "1", "--why", "passport seen"});
    net.wait_equal(both, "return");
    for (const auto& agency : both) {
        EXPECT_EQ(net.ask(agency, {"conflict", "list"}).at("total").as_int64(), 0) << agency;
        auto now = net.ask(agency, {"explain", id, "sex"});
        EXPECT_EQ(now.at("live").as_array().size(), 1u);
        EXPECT_EQ(now.at("replaced").as_array().size(), 2u);
    }
    EXPECT_EQ(net.digest("IOM", "return", true), net.digest("FIA", "return", true));
}

TEST(Spine, ACompartmentReachesOnlyItsHolders) {
    Federation net({"IOM", "FIA", "NGO"},
                   {{"return", {"return"}, {"IOM", "FIA", "NGO"}, {}},
                    {"protection", {"person", "victim_case"}, {"IOM", "FIA"}, {}}});
    net.start_all();
    std::string open = create(net, "IOM", {"return", "nationality=Pakistan", "date=2023-03-31"});
    std::string closed =
        create(net, "FIA", {"victim_case", "nationality=Pakistan", "date=2023-03-31"});
    net.wait_equal({"IOM", "FIA", "NGO"}, "return");
    net.wait_equal({"IOM", "FIA"}, "protection");
    EXPECT_EQ(net.safar("NGO", {"record", "show", open}).exit_code, 0);
    EXPECT_EQ(net.safar("IOM", {"record", "show", closed}).exit_code, 0);
    EXPECT_NE(net.safar("NGO", {"record", "show", closed}).exit_code, 0);
    Ran refused = net.safar("NGO", {"record", "create", "victim_case", "nationality=Pakistan"});
    EXPECT_EQ(refused.exit_code, 77) << refused.err;
    EXPECT_THAT(refused.err, HasSubstr("protection"));
    for (const std::vector<std::string>& question :
         {std::vector<std::string>{"stats", "victim_case"},
          {"find", "victim_case"},
          {"digest", "--compartment", "protection"}}) {
        Ran none = net.safar("NGO", question);
        EXPECT_EQ(none.exit_code, 77) << question.front() << ": " << none.out << none.err;
        EXPECT_THAT(none.err, HasSubstr("'protection' is held by IOM, FIA")) << question.front();
    }
}

TEST(Spine, ErrorsNameWhatAndWhere) {
    Federation net({"IOM"});
    net.start_all();
    Ran unknown = net.safar("IOM", {"record", "create", "return", "nationalty=Pakistan"});
    EXPECT_NE(unknown.exit_code, 0);
    EXPECT_THAT(unknown.err, HasSubstr("nationalty"));
    EXPECT_THAT(unknown.err, HasSubstr("nationality")); // what would be accepted
    Ran missing = net.safar("IOM", {"record", "show", "00000000000000000000000000"});
    EXPECT_NE(missing.exit_code, 0);
    Ran nowhere = run({SAFAR, "--node", "/tmp/no-such-node", "status"});
    EXPECT_EQ(nowhere.exit_code, 69) << nowhere.err;
    net.stop("IOM");
    EXPECT_EQ(net.safar("IOM", {"status"}).exit_code, 69);
}

TEST(Spine, ASecondProcessOnTheSameDirectoryIsRefused) {
    Federation net({"IOM"});
    net.start_all();
    Ran second = run({SAFARD, "--data", net.directory("IOM")}, std::chrono::seconds(20));
    EXPECT_EQ(second.exit_code, 75) << second.err;
}

TEST(Spine, VerifyAndRebuildFindNothingToChange) {
    Federation net({"IOM"});
    net.start_all();
    for (int i = 0; i < 5; ++i)
        create(net, "IOM", {"return", "nationality=Pakistan", "date=2023-03-31"});
    std::string before = net.digest("IOM", "return", true);
    EXPECT_EQ(net.safar("IOM", {"verify", "--deep"}).exit_code, 0);
    EXPECT_EQ(net.safar("IOM", {"rebuild"}).exit_code, 0);
    EXPECT_EQ(net.digest("IOM", "return", true), before);
    net.kill("IOM");
    net.start("IOM");
    EXPECT_EQ(net.digest("IOM", "return", true), before);
}

} // namespace
} // namespace safar::process

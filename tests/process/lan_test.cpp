// Governance between machines of their own, with cables that are really pulled: what each node can
// know is what the network let through, and all come to the same.
#include "tests/process/governance.hpp"

#include <gmock/gmock.h>

namespace safar::process {
namespace {
using ::testing::HasSubstr;
using namespace std::chrono_literals;

// A pulled cable ends no connection: TCP waits, and tries again a while after the cable is back.
constexpr auto patience = 60s;

class OnALan : public ::testing::Test {
protected:
    std::optional<Lan> lan;
    std::optional<Governed> at;

    void SetUp() override {
        if (auto why = Lan::unavailable()) GTEST_SKIP() << *why;
        lan.emplace();
        at.emplace(&*lan);
    }
    void expect_one_state(const Agencies& agencies, const std::string& when) {
        SCOPED_TRACE(when);
        at->net.wait_equal(agencies, "return", patience);
        for (const std::string& agency : agencies)
            EXPECT_EQ(at->net.digest(agency, "return", true),
                      at->net.digest(agencies[0], "return", true))
                << agency;
    }
    void expect_shown(const Agencies& agencies, const std::string& id, bool shown) {
        for (const std::string& agency : agencies)
            EXPECT_TRUE(eventually([&] { return at->shows(agency, id) == shown; }, patience))
                << agency << " " << id;
    }
    std::string log_of(const std::string& asked, const std::string& agency, int beyond) {
        const auto heads = at->net.ask(asked, {"charter", "heads"});
        for (const auto& cut : heads.as_array())
            if (cut.at("agency").as_string() == agency &&
                cut.at("compartment").as_string() == "return")
                return std::string(cut.at("node").as_string()) +
                       ":return:" + std::string(cut.at("incarnation").as_string()) + ":" +
                       std::to_string(cut.at("batch").as_int64() + beyond);
        ADD_FAILURE() << asked << " knows no log of " << agency;
        return "";
    }
};

TEST_F(OnALan, NothingPassesAPulledCableAndAllOfItAfterwards) {
    Federation& net = at->net;
    net.start("IOM");
    net.start("FIA");
    at->create("IOM");
    expect_one_state({"IOM", "FIA"}, "joined");
    lan->cut("FIA");
    const std::string meanwhile = at->create("IOM"), there = at->create("FIA");
    std::this_thread::sleep_for(1s);
    EXPECT_FALSE(at->shows("FIA", meanwhile));
    EXPECT_FALSE(at->shows("IOM", there));
    lan->heal("FIA");
    expect_one_state({"IOM", "FIA"}, "healed");
    EXPECT_TRUE(at->shows("FIA", meanwhile));
    EXPECT_TRUE(at->shows("IOM", there));
}

TEST_F(OnALan, AdmitsSuspendsRemovesWithACutAndAdmitsAPartAgain) {
    Federation& net = at->net;
    Agencies all{"IOM", "FIA", "UNODC", "MOFA", "NCHR"};
    net.start_all();
    for (const std::string& agency : all) at->create(agency);
    expect_one_state(all, "founded");

    const std::string enrolment = net.enrol("PUNJAB");
    at->amend(2, {"--admit", enrolment, "--grant", "PUNJAB:return:write"}, all);
    ASSERT_EQ(net.safar("FIA", {"charter", "history", "--export", net.path("")}).exit_code, 0);
    Ran joined = net.safar(
        "PUNJAB", {"charter", "adopt", net.path("charter-1.toml"), net.path("charter-2.toml")});
    ASSERT_EQ(joined.exit_code, 0) << joined.err;
    net.start("PUNJAB");
    at->create("PUNJAB");
    all.push_back("PUNJAB");
    expect_one_state(all, "a sixth admitted");

    // Both stewards are out of reach while NCHR writes; then NCHR is alone, and writes on.
    lan->cut("FIA");
    lan->cut("IOM");
    const std::string first = at->create("NCHR"), second = at->create("NCHR");
    expect_one_state({"UNODC", "MOFA", "PUNJAB", "NCHR"}, "the stewards cut off");
    lan->cut("NCHR");
    Ran suspended =
        net.safar("IOM", {"charter", "suspend", "NCHR", "--why", "its laptop was stolen"});
    ASSERT_EQ(suspended.exit_code, 0) << suspended.err;
    lan->heal("IOM"); // the other steward stays out of reach
    const Agencies up{"IOM", "UNODC", "MOFA", "PUNJAB"};
    for (const std::string& agency : up)
        EXPECT_TRUE(eventually(
            [&] {
                return !net.ask(agency, {"charter", "notices"}).as_array().empty();
            },
            patience))
            << agency;
    expect_shown(up, first, false);
    expect_one_state(up, "suspended, one steward out of reach");
    EXPECT_TRUE(net.ask("FIA", {"charter", "notices"}).as_array().empty());
    const std::string third = at->create("NCHR"); // has heard nothing, and writes beyond the cut

    lan->heal("FIA");
    const Agencies rest{"IOM", "FIA", "UNODC", "MOFA", "PUNJAB"};
    EXPECT_TRUE(eventually(
        [&] {
            return !net.ask("FIA", {"charter", "notices"}).as_array().empty();
        },
        patience));
    expect_one_state(rest, "the other steward is back");

    at->amend(3, {"--remove", "NCHR", "--why", "left the network"}, rest);
    const std::string fourth = at->create("NCHR"); // removed, and does not know it
    expect_one_state(rest, "removed");
    expect_shown(rest, first, false);

    const std::string log = log_of("UNODC", "NCHR", 1);
    ASSERT_FALSE(log.empty());
    at->amend(4, {"--cut", log}, rest);
    expect_one_state(rest, "a part admitted");
    expect_shown(rest, first, true);
    lan->heal("NCHR"); // whom nobody hears any more
    std::this_thread::sleep_for(2s);
    for (const std::string& id : {second, third, fourth}) expect_shown(rest, id, false);
    expect_one_state(rest, "the removed node is back on the network");
}

} // namespace
} // namespace safar::process

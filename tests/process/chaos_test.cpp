// Whatever stands between two nodes, they come to the same once it lets them, and neither blames
// the other for what the network did. SAFAR_CHAOS_ROUNDS for the long run.
#include "tests/process/chaos_gate.hpp"
#include "tests/process/federation.hpp"

#include <gtest/gtest.h>

namespace safar::process {
namespace {
using namespace std::chrono_literals;

std::string create(const Federation& net, const std::string& agency) {
    auto made =
        net.ask(agency, {"record", "create", "return", "nationality=Pakistan", "date=2023-03-31"});
    return std::string(made.at("id").as_string());
}

// What it takes until bytes flow again: at most one wait before the next call (5 s), one handshake.
constexpr auto patience = 20s;

TEST(ChaosGate, NodesConvergeAfterEveryFaultOfTheNetworkAndBlameNobody) {
    Federation net({"IOM", "FIA"});
    const auto iom = net.step_aside("IOM"), fia = net.step_aside("FIA");
    ChaosGate before_iom(iom.charter, iom.own), before_fia(fia.charter, fia.own);
    net.start_all();
    create(net, "IOM");
    net.wait_equal({"IOM", "FIA"}, "return", patience);
    const unsigned rounds = size_of_hunt("SAFAR_CHAOS_ROUNDS", 1);
    for (unsigned round = 0; round < rounds; ++round)
        for (Chaos chaos : every_chaos) {
            SCOPED_TRACE(std::string(name(chaos)) + ", round " + std::to_string(round));
            const std::uint64_t came = before_iom.connections() + before_fia.connections(),
                                spoilt = before_iom.damaged() + before_fia.damaged();
            before_iom.set(chaos);
            before_fia.set(chaos);
            const std::string here = create(net, "IOM"), there = create(net, "FIA");
            if (gets_through(chaos))
                net.wait_equal({"IOM", "FIA"}, "return", patience);
            else if (chaos == Chaos::damage) {
                EXPECT_TRUE(eventually(
                    [&] { return before_iom.damaged() + before_fia.damaged() > spoilt; }, patience))
                    << "nothing was damaged";
            } else {
                const auto calls = [&] {
                    return before_iom.connections() + before_fia.connections();
                };
                // What is not accepted is not seen to call.
                EXPECT_TRUE(chaos == Chaos::not_accept ||
                            eventually([&] { return calls() > came; }, patience))
                    << "nobody called";
                std::this_thread::sleep_for(500ms);
                EXPECT_EQ(net.safar("FIA", {"record", "show", here}).exit_code, 1);
            }
            before_iom.set(Chaos::pass);
            before_fia.set(Chaos::pass);
            net.wait_equal({"IOM", "FIA"}, "return", patience);
            for (const char* agency : {"IOM", "FIA"}) {
                EXPECT_EQ(net.safar(agency, {"record", "show", here}).exit_code, 0) << agency;
                EXPECT_EQ(net.safar(agency, {"record", "show", there}).exit_code, 0) << agency;
                EXPECT_EQ(net.log_of(agency).find("peer refused"), std::string::npos)
                    << net.log_of(agency);
            }
        }
}

} // namespace
} // namespace safar::process

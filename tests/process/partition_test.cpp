// Networks that fall apart in every way that three and five nodes can, and flap: each part goes on
// writing, and all come to the same soon after it heals. SAFAR_SPLITS=40 for the long run.
#include "tests/process/load.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <iostream>
#include <random>

namespace safar::process {
namespace {
using namespace std::chrono_literals;
using Agencies = std::vector<std::string>;

constexpr auto heals_within = 60s; // a try of TCP after a short cut, and the exchange

// All ways to cut n into parts: 2+1, 1+1+1; 4+1, 3+2, 3+1+1 ...
void cuts(unsigned left, unsigned largest, std::vector<unsigned> parts,
          std::vector<std::vector<unsigned>>& out) {
    if (left == 0) {
        if (parts.size() > 1) out.push_back(parts);
        return;
    }
    for (unsigned part = std::min(left, largest); part > 0; --part) {
        parts.push_back(part);
        cuts(left - part, part, parts, out);
        parts.pop_back();
    }
}
std::vector<std::vector<unsigned>> shapes(unsigned nodes) {
    std::vector<std::vector<unsigned>> out;
    cuts(nodes, nodes, {}, out);
    return out;
}

class Partition : public ::testing::TestWithParam<Agencies> {
protected:
    std::optional<Lan> lan;
    std::optional<Federation> net;
    std::mt19937 random{7};
    std::chrono::milliseconds slowest{0};

    void SetUp() override {
        if (auto why = Lan::unavailable()) GTEST_SKIP() << *why;
        lan.emplace();
        net.emplace(GetParam(), std::vector<Federation::Compartment>{}, &*lan);
        net->start_all();
        ASSERT_TRUE(write_one(*net, "IOM"));
        net->wait_equal(GetParam(), "return");
    }
    std::vector<Agencies> parts_of(const std::vector<unsigned>& shape) {
        Agencies order = GetParam();
        std::shuffle(order.begin(), order.end(), random);
        std::vector<Agencies> out;
        auto at = order.begin();
        for (const unsigned part : shape) {
            out.emplace_back(at, at + part);
            at += part;
        }
        return out;
    }
    // Every part writes and agrees within itself; what the others wrote is not there.
    void apart(const std::vector<unsigned>& shape, std::chrono::milliseconds time) {
        const auto parts = parts_of(shape);
        lan->split(parts);
        std::vector<std::string> written;
        for (const Agencies& part : parts)
            written.push_back(write_one(*net, part[0]).value_or("nothing"));
        std::this_thread::sleep_for(time);
        for (std::size_t i = 0; i < parts.size(); ++i) {
            for (const std::string& agency : parts[i])
                EXPECT_TRUE(eventually([&] { return shows(*net, agency, written[i]); })) << agency;
            EXPECT_FALSE(shows(*net, parts[i][0], written[(i + 1) % parts.size()]));
        }
    }
    void together() {
        lan->join();
        const auto healed = std::chrono::steady_clock::now();
        net->wait_equal(GetParam(), "return", heals_within);
        slowest = std::max(slowest, std::chrono::duration_cast<std::chrono::milliseconds>(
                                        std::chrono::steady_clock::now() - healed));
    }
};

TEST_P(Partition, EveryShapeHealsAndNothingIsLost) {
    const auto all = shapes(static_cast<unsigned>(GetParam().size()));
    const unsigned rounds =
        std::max<unsigned>(size_of_hunt("SAFAR_SPLITS", 0), static_cast<unsigned>(all.size()));
    for (unsigned round = 0; round < rounds && !HasFailure(); ++round) {
        std::string name;
        for (const unsigned part : all[round % all.size()])
            name += (name.empty() ? "" : "+") + std::to_string(part);
        SCOPED_TRACE(name + ", round " + std::to_string(round));
        apart(all[round % all.size()], 2s);
        together();
    }
    // The cable of one is pulled and put back again and again.
    {
        Load load(*net, {"IOM", "FIA"}, 20ms);
        for (int i = 0; i < 4; ++i) {
            lan->cut("FIA");
            std::this_thread::sleep_for(1s);
            lan->heal("FIA");
            std::this_thread::sleep_for(1s);
        }
        load.stop();
        together();
        for (const std::string& agency : GetParam())
            EXPECT_EQ(count_lost(*net, agency, load.acknowledged()), 0u);
    }
    for (const std::string& agency : GetParam()) {
        EXPECT_EQ(net->digest(agency, "return", true), net->digest("IOM", "return", true));
        EXPECT_EQ(net->log_of(agency).find("peer refused"), std::string::npos)
            << agency << " blames somebody";
    }
    std::cout << rounds << " splits of " << GetParam().size() << " nodes, equal at most "
              << slowest.count() << " ms after they healed\n";
}
INSTANTIATE_TEST_SUITE_P(Of, Partition,
                         ::testing::Values(Agencies{"IOM", "FIA", "MOFA"},
                                           Agencies{"IOM", "FIA", "MOFA", "NCHR", "UNODC"}),
                         [](const auto& of) { return std::to_string(of.param.size()) + "Nodes"; });

} // namespace
} // namespace safar::process

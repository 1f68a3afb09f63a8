// Five agencies that govern themselves, and what a person does there step by step.
#pragma once

#include "tests/process/federation.hpp"

#include <fstream>
#include <gtest/gtest.h>

namespace safar::process {

using Agencies = std::vector<std::string>;

// IOM and FIA are the stewards, and both have to sign.
struct Governed {
    Federation net;
    explicit Governed(Lan* lan = nullptr) : net({"IOM", "FIA", "UNODC", "MOFA", "NCHR"}, {}, lan) {}

    std::string create(const std::string& agency) {
        auto made = net.ask(
            agency, {"record", "create", "return", "nationality=Pakistan", "date=2023-03-31"});
        return std::string(made.at("id").as_string());
    }
    // Drafts, signs at both stewards, publishes at IOM; waits until all of `agencies` are ruled by
    // it.
    void amend(int epoch, std::vector<std::string> with, const Agencies& agencies) {
        with.insert(with.begin(), {"charter", "amend"});
        Ran drafted = net.safar("IOM", with);
        ASSERT_EQ(drafted.exit_code, 0) << drafted.err;
        const std::string file = net.path("draft.toml");
        std::ofstream(file) << drafted.out;
        for (const char* steward : {"FIA", "IOM"}) {
            Ran ran = net.safar(steward, {"charter", "sign", file});
            ASSERT_EQ(ran.exit_code, 0) << ran.err;
        }
        Ran published = net.safar("IOM", {"charter", "publish", file});
        ASSERT_EQ(published.exit_code, 0) << published.err;
        for (const std::string& agency : agencies) wait_epoch(agency, epoch);
    }
    void wait_epoch(const std::string& agency, int epoch) {
        EXPECT_TRUE(eventually([&] {
            return net.ask(agency, {"status"}).at("charter").at("epoch").as_int64() == epoch;
        })) << agency
            << " never heard of epoch " << epoch;
    }
    void wait_notice(const std::string& agency) {
        EXPECT_TRUE(eventually([&] {
            return !net.ask(agency, {"charter", "notices"}).as_array().empty();
        })) << agency
            << " never heard of the suspension";
    }
    void expect_one_state(const Agencies& agencies) {
        net.wait_equal(agencies, "return");
        for (const std::string& agency : agencies)
            EXPECT_EQ(net.digest(agency, "return", true), net.digest(agencies[0], "return", true))
                << agency;
    }
    bool shows(const std::string& agency, const std::string& id) {
        return net.safar(agency, {"record", "show", id}).exit_code == 0;
    }
};

} // namespace safar::process

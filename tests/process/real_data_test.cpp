// The real files, each with the totals that their publishers state (domain figures carried over).
#include "tests/process/federation.hpp"

#include <algorithm>
#include <array>
#include <gtest/gtest.h>

namespace safar::process {
namespace {

#define REQUIRE_DATA(name, file)                                                                   \
    auto name##_found = real_data(file);                                                           \
    if (!name##_found) GTEST_SKIP() << "real data not present: set SAFAR_DATA (" << file << ")";   \
    const std::string name = *name##_found

std::int64_t total(const boost::json::value& table) { return table.at("count").as_int64(); }

// Counts by group and year as published by the UK Home Office, for nationals of Pakistan.
struct Published {
    int year;
    std::int64_t enforced, refused, voluntary;
};
constexpr Published pakistan[] = {
    {2012, 2235, 400, 3166}, {2013, 2713, 410, 3298}, {2014, 2407, 402, 3410},
    {2015, 1461, 301, 3737}, {2016, 811, 308, 3129},  {2019, 163, 534, 1132},
    {2020, 63, 420, 481},    {2021, 26, 159, 385},    {2022, 39, 143, 481},
    {2023, 61, 163, 534},
};

void expect_published(const boost::json::value& table, const std::string& agency) {
    std::map<std::pair<std::string, std::string>, std::int64_t> counts;
    for (const auto& row : table.at("rows").as_array())
        counts[{std::string(row.at("key").at(0).as_string()),
                std::string(row.at("key").at(1).as_string())}] = row.at("count").as_int64();
    auto of = [&](std::string_view start, int year) {
        std::int64_t sum = 0;
        for (const auto& [key, count] : counts) {
            std::string group = key.first;
            for (char& c : group)
                c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
            if (group.starts_with(start) && key.second == std::to_string(year)) sum += count;
        }
        return sum;
    };
    for (const auto& figure : pakistan) {
        EXPECT_EQ(of("enforced", figure.year), figure.enforced) << agency << ' ' << figure.year;
        EXPECT_EQ(of("refused", figure.year), figure.refused) << agency << ' ' << figure.year;
        EXPECT_EQ(of("voluntary", figure.year), figure.voluntary) << agency << ' ' << figure.year;
    }
}

TEST(RealData, AllReturnsAtTwoNodesEqualThePublishedFigures) {
    REQUIRE_DATA(file, "uk-returns/returns.csv.gz");
    Federation net({"IOM", "FIA"});
    net.start_all();
    auto done = net.ask("IOM", {"import", "uk-returns", file});
    net.wait_equal({"IOM", "FIA"}, "return", std::chrono::seconds(180));
    for (const char* agency : {"IOM", "FIA"}) {
        EXPECT_EQ(total(net.ask(agency, {"stats", "return"})), 1'084'931) << agency;
        expect_published(net.ask(agency, {"stats", "return", "--by", "return_type_group,year",
                                          "--where", "nationality=Pakistan"}),
                         agency);
        std::cout << agency << ": peak memory " << peak_memory_mib(net.pid(agency)) << " MiB\n";
    }
    EXPECT_EQ(net.digest("IOM", "return", true), net.digest("FIA", "return", true));

    // Importing the same file again says nothing.
    auto again = net.ask("IOM", {"import", "uk-returns", file});
    EXPECT_EQ(again.at("summary").at("events").as_int64(), 0);
}

TEST(RealData, FourClassesOfFirstRespondersAtFourNodes) {
    constexpr std::array<std::pair<const char*, std::int64_t>, 4> quarters = {
        {{"2022_q2", 3221}, {"2022_q3", 3617}, {"2022_q4", 3383}, {"2023_q1", 3703}}};
    constexpr std::array<std::pair<const char*, const char*>, 4> parts = {
        {{"FIA", "Police"},
         {"IOM", "Government agency"},
         {"UNODC", "Local Authority"},
         {"NGO", "NGO and third sector"}}};
    std::vector<std::string> files;
    for (const auto& [quarter, people] : quarters) {
        REQUIRE_DATA(file, std::string("uk-nrm/nrm_referrals_") + quarter + ".csv.gz");
        files.push_back(file);
    }
    Federation net({"IOM", "FIA", "UNODC", "NGO", "DONOR"},
                   {{"return", {"return"}, {"IOM", "FIA", "UNODC", "NGO", "DONOR"}, {}},
                    {"protection", {"person", "victim_case"}, {"IOM", "FIA", "UNODC", "NGO"}, {}}});
    net.start_all();
    for (const auto& [agency, responder] : parts) {
        for (const auto& file : files)
            net.ask(agency, {"import", "uk-nrm", file, "--where",
                             std::string("First responder type=") + responder});
    }
    std::vector<std::string> holders = {"IOM", "FIA", "UNODC", "NGO"};
    net.wait_equal(holders, "protection");
    for (const auto& agency : holders) {
        auto table = net.ask(agency, {"stats", "victim_case", "--by", "quarter"});
        std::map<std::string, std::int64_t> counts;
        for (const auto& row : table.at("rows").as_array())
            counts[std::string(row.at("key").at(0).as_string())] = row.at("count").as_int64();
        EXPECT_EQ(counts["2022-Q2"], 3221) << agency;
        EXPECT_EQ(counts["2022-Q3"], 3617) << agency;
        EXPECT_EQ(counts["2022-Q4"], 3383) << agency;
        EXPECT_EQ(counts["2023-Q1"], 3703) << agency;
    }
    // The fifth may not hold the compartment: it says so, instead of counting nothing.
    Ran donor = net.safar("DONOR", {"stats", "victim_case", "--json"});
    EXPECT_EQ(donor.exit_code, 77) << donor.out << donor.err;
}

const char* const older = "iom-missing-migrants/2019-12-31_global.csv.gz";
const char* const newer = "iom-missing-migrants/2020-01-08_global.csv.gz";
const std::string profile = "iom-missing-migrants-2019";

TEST(RealData, ANewerEditionWritesOnlyItsCorrections) {
    REQUIRE_DATA(first, older);
    REQUIRE_DATA(second, newer);
    Federation net({"IOM"});
    net.start_all();
    auto summary = [&](const std::string& file) {
        return net.ask("IOM", {"import", profile, file}).at("summary").as_object();
    };
    auto one = summary(first);
    EXPECT_EQ(one["records"].as_int64(), one["new"].as_int64());
    auto two = summary(second);
    EXPECT_EQ(two["new"].as_int64(), 282);
    EXPECT_EQ(two["changed"].as_int64(), 98);
    EXPECT_EQ(two["events"].as_int64(), 282 + 98);
    EXPECT_EQ(summary(first)["events"].as_int64(), 0);
    EXPECT_EQ(summary(second)["events"].as_int64(), 0);
    EXPECT_EQ(net.ask("IOM", {"conflict", "list"}).at("total").as_int64(), 0);
    EXPECT_EQ(total(net.ask("IOM", {"stats", "incident"})), 5987 + 282);
}

// One edition at each of two agencies, in either order and before or after they meet.
TEST(RealData, TwoEditionsAtTwoAgenciesGiveTheSameConflictsInAnyOrder) {
    REQUIRE_DATA(first, older);
    REQUIRE_DATA(second, newer);
    std::vector<std::string> seen;
    for (int order = 0; order < 4; ++order) {
        const bool newer_first = (order & 1) != 0, apart = (order & 2) != 0;
        Federation net({"IOM", "FIA"});
        auto give = [&](const std::string& agency, const std::string& file) {
            if (apart) net.start(agency);
            net.ask(agency, {"import", profile, file});
            if (apart) net.stop(agency);
        };
        if (!apart) net.start_all();
        if (newer_first) {
            give("FIA", second);
            if (!apart) net.wait_equal({"IOM", "FIA"}, "movement");
            give("IOM", first);
        } else {
            give("IOM", first);
            if (!apart) net.wait_equal({"IOM", "FIA"}, "movement");
            give("FIA", second);
        }
        net.start_all();
        net.wait_equal({"IOM", "FIA"}, "movement");
        EXPECT_EQ(net.digest("IOM", "movement", true), net.digest("FIA", "movement", true));
        std::string conflicts[2];
        for (int i = 0; i < 2; ++i) {
            auto list = net.ask(i == 0 ? "IOM" : "FIA", {"conflict", "list", "--limit", "10000"});
            std::vector<std::string> lines;
            for (const auto& entry : list.at("conflicts").as_array())
                lines.push_back(std::string(entry.at("id").as_string()) + " " +
                                std::string(entry.at("field").as_string()));
            std::sort(lines.begin(), lines.end());
            for (const auto& line : lines) conflicts[i] += line + "\n";
            // Single values that both editions state and contradict; a value beside an empty cell
            // agrees.
            EXPECT_EQ(lines.size(), 45u);
        }
        EXPECT_EQ(conflicts[0], conflicts[1]);
        seen.push_back(conflicts[0]);
    }
    for (const auto& other : seen) EXPECT_EQ(other, seen[0]);
}

} // namespace
} // namespace safar::process

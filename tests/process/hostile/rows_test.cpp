// rows.tsv says which test plays which row of the catalogue: each exists, and each test that is
// named by a row stands there.
#include "tests/process/federation.hpp"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <set>

namespace safar::process {
namespace {
namespace fs = std::filesystem;

const std::string tests = std::string(SAFAR_SOURCE_DIR) + "/tests";

std::set<std::pair<std::string, std::string>> listed() { // row, suite.test
    std::set<std::pair<std::string, std::string>> out;
    std::ifstream in(tests + "/process/hostile/rows.tsv");
    for (std::string line; std::getline(in, line);) {
        if (line.empty() || line[0] == '#' || line == "row\ttest") continue;
        const std::size_t tab = line.find('\t');
        EXPECT_EQ(tab, 3u) << line;
        EXPECT_TRUE(out.emplace(line.substr(0, tab), line.substr(tab + 1)).second) << line;
    }
    return out;
}

std::set<std::string> of_this_program() {
    std::set<std::string> out;
    const auto& all = *::testing::UnitTest::GetInstance();
    for (int i = 0; i < all.total_test_suite_count(); ++i)
        for (int j = 0; j < all.GetTestSuite(i)->total_test_count(); ++j)
            out.insert(std::string(all.GetTestSuite(i)->name()) + "." +
                       all.GetTestSuite(i)->GetTestInfo(j)->name());
    return out;
}

// In the source of whatever other program: "(Suite, Test)".
bool of_another(const std::string& test) {
    const std::size_t dot = test.find('.');
    const std::string written = "(" + test.substr(0, dot) + ", " + test.substr(dot + 1) + ")";
    for (const auto& each : fs::recursive_directory_iterator(tests))
        if (each.path().string().ends_with("_test.cpp") &&
            each.path().parent_path().filename() != "hostile" &&
            slurp(each.path()).find(written) != std::string::npos)
            return true;
    return false;
}

TEST(HostileTable, NamesNoTestThatDoesNotExist) {
    const auto rows = listed();
    const auto here = of_this_program();
    EXPECT_GT(rows.size(), 45u);
    for (const auto& [row, test] : rows)
        EXPECT_TRUE(here.contains(test) || of_another(test)) << row << ": " << test;
}

TEST(HostileTable, NamesEveryTestOfARow) {
    const auto rows = listed();
    for (const std::string& test : of_this_program()) {
        const std::string name = test.substr(test.find('.') + 1);
        const bool of_a_row = test.starts_with("Hostile") && name[0] == 'H' && name[1] >= '0' &&
                              name[1] <= '9' && !name.starts_with("H00");
        EXPECT_TRUE(!of_a_row || rows.contains({name.substr(0, 3), test})) << test;
    }
}

} // namespace
} // namespace safar::process

#include "node/imports/csv_rows.hpp"

#include "import_support.hpp"

namespace safar {
namespace {

using namespace testing;

struct Seen {
    std::uint64_t line;
    std::vector<std::string> cells;
    std::string problem;
    std::size_t problem_cell = 0;
    std::string raw;
};

std::vector<Seen> rows_of(const std::string& text, std::size_t piece = 1u << 16,
                          char separator = ',') {
    CsvRows rows(std::make_unique<TextSource>(text_source(text, piece), "f.csv", Encoding::utf8),
                 separator);
    std::vector<Seen> out;
    CsvRow row;
    while (rows.next(row).value()) {
        Seen seen{row.line,
                  {row.cells.begin(), row.cells.end()},
                  row.problem,
                  row.problem_cell,
                  std::string(row.raw)};
        out.push_back(std::move(seen));
    }
    return out;
}

using Cells = std::vector<std::string>;

TEST(CsvRows, QuotedCellsHoldSeparatorsNewlinesAndQuotes) {
    auto rows = rows_of("a,b\n\"x, y\",\"line 1\nline 2\"\n\"say \"\"hi\"\"\",\n");
    ASSERT_EQ(rows.size(), 3u);
    EXPECT_EQ(rows[1].cells, (Cells{"x, y", "line 1\nline 2"}));
    EXPECT_EQ(rows[2].cells, (Cells{"say \"hi\"", ""}));
}

TEST(CsvRows, LinesArePhysicalAndCountInsideQuotes) {
    auto rows = rows_of("a\r\n\"1\n2\n3\"\r\n\r\nz\r\n");
    ASSERT_EQ(rows.size(), 3u);
    EXPECT_EQ(rows[1].line, 2u);
    EXPECT_EQ(rows[2].line, 6u);
    EXPECT_EQ(rows[2].cells, Cells{"z"});
}

TEST(CsvRows, ARowMayEndWithTheFile) {
    EXPECT_EQ(rows_of("a,b").at(0).cells, (Cells{"a", "b"}));
    EXPECT_EQ(rows_of("a,").at(0).cells, (Cells{"a", ""}));
    EXPECT_EQ(rows_of("a,\"b\"").at(0).cells, (Cells{"a", "b"}));
    EXPECT_TRUE(rows_of("").empty());
}

TEST(CsvRows, HowTheSourceCutsTheTextMakesNoDifference) {
    std::string text = "a,\"b \"\"c\"\"\r\nd\",e\r\n\"\",\"x\"y,z\n1,2,3\r\n\"open";
    auto whole = rows_of(text);
    for (std::size_t piece = 1; piece < 9; ++piece) {
        auto cut = rows_of(text, piece);
        ASSERT_EQ(cut.size(), whole.size()) << piece;
        for (std::size_t i = 0; i < whole.size(); ++i) {
            EXPECT_EQ(cut[i].line, whole[i].line);
            EXPECT_EQ(cut[i].problem, whole[i].problem);
            if (whole[i].problem.empty()) {
                EXPECT_EQ(cut[i].cells, whole[i].cells);
            }
        }
    }
}

TEST(CsvRows, AMalformedQuoteCostsOneLine) {
    auto rows = rows_of("a,b\n1,x\"y\n2,\"x\"y\n3,fine\n");
    ASSERT_EQ(rows.size(), 4u);
    EXPECT_NE(rows[1].problem.find("not quoted"), std::string::npos);
    EXPECT_EQ(rows[1].problem_cell, 1u);
    EXPECT_EQ(rows[1].raw, "1,x\"y");
    EXPECT_NE(rows[2].problem.find("after the closing quote"), std::string::npos);
    EXPECT_EQ(rows[2].line, 3u);
    EXPECT_EQ(rows[3].cells, (Cells{"3", "fine"}));
}

TEST(CsvRows, AQuoteThatNobodyClosesDoesNotSwallowTheRest) {
    auto rows = rows_of("a,b\n1,\"open\n2,fine\n3,fine\n");
    ASSERT_EQ(rows.size(), 4u);
    EXPECT_EQ(rows[1].line, 2u);
    EXPECT_NE(rows[1].problem.find("not closed"), std::string::npos);
    EXPECT_EQ(rows[3].cells, (Cells{"3", "fine"}));
    EXPECT_EQ(rows[3].line, 4u);
}

TEST(CsvRows, ARowAboveTheLimitIsRejectedAndReadingGoesOn) {
    std::string long_line(CsvRows::row_bytes_max + 200'000, 'x');
    auto rows = rows_of("a\n" + long_line + "\nend\n");
    ASSERT_EQ(rows.size(), 3u);
    EXPECT_NE(rows[1].problem.find("longer"), std::string::npos);
    EXPECT_EQ(rows[2].cells, Cells{"end"});
    EXPECT_EQ(rows[2].line, 3u);
}

TEST(CsvRows, TheSeparatorIsTheProfiles) {
    EXPECT_EQ(rows_of("a,b;c\n", 100, ';').at(0).cells, (Cells{"a,b", "c"}));
}

} // namespace
} // namespace safar

#include "node/exports/cell.hpp"

#include "node/imports/csv_rows.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>

namespace safar {
namespace {

using Texts = std::vector<std::string>;

// A file of one row of these cells, read as the import reads it.
Texts read_back(const Texts& cells) {
    std::string file;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        if (i > 0) file += ',';
        append_csv(file, cells[i]);
    }
    file += '\n';
    auto source = [&,
                   at = std::size_t{0}](std::span<std::byte> out) mutable -> Result<std::size_t> {
        const std::size_t count = std::min(out.size(), file.size() - at);
        std::memcpy(out.data(), file.data() + at, count);
        at += count;
        return count;
    };
    CsvRows rows(std::make_unique<TextSource>(source, "x.csv", Encoding::utf8), ',');
    CsvRow row;
    auto any = rows.next(row);
    EXPECT_TRUE(any.has_value() && any.value()) << file;
    EXPECT_EQ(row.problem, "") << file;
    return {row.cells.begin(), row.cells.end()};
}

TEST(Cell, WhatASpreadsheetWouldRunIsText) {
    for (const char* bad : {"=1+1", "+1", "-2", "@SUM(A1)", "\t1", "\r1", "\n1", "＝1", "＋1",
                            "－1", "＠x", "'=1", "'"}) {
        const std::string cell = write_cell(Texts{bad}, false);
        EXPECT_EQ(cell, std::string("'") + bad);
        EXPECT_EQ(read_cell(cell, false).value(), Texts{bad});
    }
    EXPECT_EQ(write_cell(Texts{"=2", "a"}, true), "'=2;a");
}

// Where ';' separates cells, a quote in the middle of a row is a letter.
TEST(Cell, NoPartOfACellIsAFormulaWhereItIsCutInto) {
    EXPECT_EQ(write_cell(Texts{"a=1", "=2"}, true), "a=1;\\e=2");
    EXPECT_EQ(write_cell(Texts{"a;=cmd|'/C calc'!A0;z"}, false), "a;\\e=cmd|'/C calc'!A0;z");
    EXPECT_EQ(write_cell(Texts{"a;＝2"}, true), "a\\;\\e＝2");
    for (const char* bad : {"a;=1", "a\t+1", "a\n-1", "a\r@x", "a\r\n=1", ";=1", "a;;－1"})
        for (const bool many : {false, true}) {
            const std::string cell = write_cell(Texts{bad}, many);
            EXPECT_THAT(cell, ::testing::HasSubstr("\\e")) << bad;
            EXPECT_EQ(read_cell(cell, many).value(), Texts{bad}) << cell;
        }
}

TEST(Cell, NothingAndTextWithoutLettersAreNotTheSame) {
    EXPECT_EQ(write_cell({}, true), "");
    EXPECT_TRUE(read_cell("", true).value().empty());
    EXPECT_EQ(read_cell(write_cell(Texts{""}, false), false).value(), Texts{""});
    EXPECT_EQ(read_cell(write_cell(Texts{"", "a", ""}, true), true).value(), (Texts{"", "a", ""}));
}

TEST(Cell, AMarkThatNothingFollowsIsRefused) {
    for (const char* bad : {"a\\", "a\\x", "\\;"})
        EXPECT_FALSE(read_cell(bad, false).has_value()) << bad;
    EXPECT_EQ(read_cell("\\;", true).value(), Texts{";"});
}

TEST(Cell, AnythingComesBackExactlyThroughAFile) {
    std::mt19937 random(20260302);
    const std::string letters = "ab;\\',\"=+-@\t\n e";
    for (int round = 0; round < 3000; ++round) {
        const bool many = random() % 2 == 0;
        Texts values(many ? random() % 4 : random() % 2);
        for (std::string& value : values)
            for (std::size_t i = random() % 6; i > 0; --i)
                value += letters[random() % letters.size()];
        const std::string cell = write_cell(values, many);
        Texts row = read_back({"id", cell, "end"});
        ASSERT_EQ(row.size(), 3u);
        ASSERT_EQ(row[1], cell);
        ASSERT_EQ(read_cell(row[1], many).value(), values) << cell;
        for (std::size_t i = 0; i < cell.size(); ++i)
            ASSERT_TRUE((i > 0 && std::string(";\t\r\n").find(cell[i - 1]) == std::string::npos) ||
                        std::string("=+-@").find(cell[i]) == std::string::npos)
                << cell;
        ASSERT_TRUE(cell.empty() || std::string("\t\r\n").find(cell[0]) == std::string::npos);
    }
}

} // namespace
} // namespace safar

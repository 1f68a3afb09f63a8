// safar export against a node that answers as the test says.
#include "cli/files.hpp"
#include "tests/unit/cli/fake_node.hpp"

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <tuple>

namespace safar::cli {

using testing::HasSubstr;

namespace {

// Onto a file that holds "old".
class ExportedFile : public testing::Test {
protected:
    TempDir temp;
    const std::string path = temp.file("out", "old");

    Ran export_as(const std::string& format, const std::string& answer) {
        const FakeNode node(always(200, answer));
        return run_safar({"export", "return", "--format", format, "-o", path}, node.directory());
    }
    [[nodiscard]] std::string text() const { return read_file(path).value(); }
    [[nodiscard]] bool part_is_left() const { return std::filesystem::exists(path + ".part"); }
};

const std::string error = R"({"error":{"code":"storage_corrupt","detail":"a blob is damaged"}})";
const std::string json_row = R"({"id":"0G3T7ZB1N5V9Q4M2K8R6XWCY7D","kind":"return"})"
                             "\n";

} // namespace

TEST_F(ExportedFile, AnErrorAfterTheFirstRowsKeepsTheOldFile) {
    for (const std::string format : {"csv", "jsonl"})
        for (const std::string end : {"\n", "\n\n", "\nmore\n"}) {
            const std::string rows = format == "csv" ? "id,kind\n0G3T,return\n" : json_row;
            const Ran ran = export_as(format, rows + error + end);
            EXPECT_EQ(ran.code, 74) << format;
            EXPECT_THAT(ran.err, HasSubstr("storage corrupt: the file ends early: a blob is"));
            EXPECT_EQ(text(), "old");
            EXPECT_FALSE(part_is_left());
        }
}

TEST_F(ExportedFile, JsonLinesThatStopWithoutTheirEndKeepTheOldFile) {
    const Ran ran = export_as("jsonl", json_row);
    EXPECT_EQ(ran.code, 69);
    EXPECT_THAT(ran.err, HasSubstr("ended early"));
    EXPECT_EQ(text(), "old");
    EXPECT_FALSE(part_is_left());
}

TEST_F(ExportedFile, AWholeAnswerTakesItsPlace) {
    const std::string whole = json_row + R"({"end":{"records":1}})"
                                         "\n";
    EXPECT_EQ(export_as("jsonl", whole).code, 0);
    EXPECT_EQ(text(), whole);
    EXPECT_TRUE(is_private(path));
    EXPECT_EQ(export_as("csv", "id,kind\n\"a\n\nb\",return\n").code, 0);
    EXPECT_EQ(text(), "id,kind\n\"a\n\nb\",return\n");
}

TEST_F(ExportedFile, WhatWasLeftOutIsToldAndInNoFile) {
    const std::string left =
        R"({"left_out":{"for":"ROIGI","records":2,"fields":1,"missing":["nothing of 0B5"]}})"
        "\n";
    const std::string end = R"({"end":{"records":1}})"
                            "\n";
    for (const auto& [format, rows, last] :
         {std::tuple<const char*, std::string, std::string>("csv", "id,kind\n", ""),
          {"jsonl", json_row, end}}) {
        const Ran ran = export_as(format, rows + left + last);
        EXPECT_EQ(ran.code, 0) << ran.err;
        EXPECT_EQ(text(), rows + last);
        EXPECT_THAT(ran.err, HasSubstr("for ROIGI: 2 records and 1 fields were left out"));
        EXPECT_THAT(ran.err, HasSubstr("missing: nothing of 0B5"));
    }
}

TEST(ExportOptions, OnesThatWouldDoNothingAreRefused) {
    const FakeNode node(always(200, "{}"));
    const TempDir temp;
    const std::string out = temp.path() + "/out", map = temp.file("map.toml", "");
    for (const std::vector<std::string>& more :
         std::vector<std::vector<std::string>>{{"iati", "--map", map, "--for", "ROIGI"},
                                               {"iati", "--map", map, "--without-consent", "x"},
                                               {"iati", "--map", map, "--format", "jsonl"},
                                               {"iati", "--map", map, "--template"},
                                               {"iati", "--map", map, "--check", "-o", out},
                                               {"return", "--map", map},
                                               {"return", "--tags", map},
                                               {"return", "--template", "--where", "a=b"},
                                               {"return", "--template", "--for", "ROIGI"},
                                               {"return", "--format", "digest", "-o", out}}) {
        std::vector<std::string> asked{"export"};
        asked.insert(asked.end(), more.begin(), more.end());
        EXPECT_EQ(run_safar(asked, node.directory()).code, 2) << more[1] << " " << more[2];
    }
    EXPECT_FALSE(std::filesystem::exists(out));
}

TEST(ReplacedFile, LeavesNothingBesideWhereItFails) {
    const TempDir temp;
    const std::string place = temp.path() + "/folder";
    std::filesystem::create_directories(place + "/inner"); // nothing can be renamed onto it
    EXPECT_FALSE(replace_file(place, "text").has_value());
    EXPECT_FALSE(std::filesystem::exists(place + ".new"));
}

TEST(ExportToTheScreen, EndsWithTheErrorOfItsLastLine) {
    const FakeNode node(always(200, "id,kind\n" + error + "\n\n"));
    const Ran ran = run_safar({"export", "return"}, node.directory());
    EXPECT_EQ(ran.code, 74);
    EXPECT_EQ(ran.out, "id,kind\n");
}

} // namespace safar::cli

#include "node/imports/cells.hpp"

#include "import_support.hpp"

namespace safar {
namespace {

std::string day(std::string_view text, const std::vector<std::string>& formats) {
    auto date = read_date(text, formats);
    return date ? show_value(Value(*date)) : "none";
}

TEST(Cells, NumbersMayCarryGroupsAndAPointZero) {
    EXPECT_EQ(read_number("12"), 12);
    EXPECT_EQ(read_number("1.0"), 1);
    EXPECT_EQ(read_number("-2.0"), -2);
    EXPECT_EQ(read_number("1,022"), 1022);
    EXPECT_EQ(read_number("1,234,567.0"), 1234567);
    EXPECT_EQ(read_number("1e+05"), 100'000);
    EXPECT_EQ(read_number("1.25e+06"), 1'250'000);
    for (const char* wrong : {"", "1,2", "1.5", "1.", "12,34", "1,,000", ",100", "1000,000", "x",
                              "1 000", "0x10", "1e", "1e-5", "1.25e+01", "1e+99", "e5", "1.e+05"})
        EXPECT_EQ(read_number(wrong), std::nullopt) << wrong;
}

TEST(Cells, DatesComeInTheFormatsOfTheProfile) {
    EXPECT_EQ(day("December 30, 2019", {"%B %d, %Y"}), "2019-12-30");
    EXPECT_EQ(day("Dec  3, 2019", {"%B %d, %Y"}), "2019-12-03");
    EXPECT_EQ(day("2019-12-31", {"%B %d, %Y", "%Y-%m-%d"}), "2019-12-31");
    EXPECT_EQ(day("31/12/2019", {"%d/%m/%Y"}), "2019-12-31");
}

TEST(Cells, WhatAFormatDoesNotSayIsNotKnown) {
    EXPECT_EQ(day("2014 January", {"%Y %B"}), "2014-01");
    EXPECT_EQ(day("2014", {"%Y"}), "2014");
    EXPECT_EQ(day("2022 Q3", {"%Y Q%q"}), "2022-Q3");
}

TEST(Cells, DaysThatDoNotExistAreNoDates) {
    EXPECT_EQ(day("February 30, 2019", {"%B %d, %Y"}), "none");
    EXPECT_EQ(day("2019-13-01", {"%Y-%m-%d"}), "none");
    EXPECT_EQ(day("2019 Q5", {"%Y Q%q"}), "none");
    EXPECT_EQ(day("2019-12-31 tail", {"%Y-%m-%d"}), "none");
    EXPECT_EQ(day("Marchember 1, 2019", {"%B %d, %Y"}), "none");
}

TEST(Cells, AYearHasFourDigits) {
    EXPECT_EQ(day("05/06/23", {"%d/%m/%Y"}), "none");
    EXPECT_EQ(day("05/06/202", {"%d/%m/%Y"}), "none");
    EXPECT_EQ(day("05/06/20235", {"%d/%m/%Y"}), "none");
    EXPECT_EQ(day("23-06-05", {"%Y-%m-%d"}), "none");
}

TEST(Cells, CommasInAnAmountStandBetweenGroupsOfThreeOnly) {
    Field field;
    field.type = FieldType::money;
    FieldMap map;
    map.currency = "USD";
    const auto amount = [&](std::string_view text) {
        auto values = read_cell(Schema{}, field, map, text);
        return values ? show_value(values.value().at(0)) : "none";
    };
    EXPECT_EQ(amount("1,234.56"), "1234.56 USD");
    EXPECT_EQ(amount("-1,234,567"), "-1234567.00 USD");
    EXPECT_EQ(amount("12.50"), "12.50 USD");
    for (const char* wrong : {"12,50", "1,2345", "1,23,456", "1.234,56", ",100", "1,,000"})
        EXPECT_EQ(amount(wrong), "none") << wrong;
}

TEST(Cells, ClaimedTimeIsTheLastDayOfWhatIsKnown) {
    auto at = [](std::string_view text, const char* format) {
        return claimed_time(*read_date(text, {format})).microseconds / 86'400'000'000;
    };
    EXPECT_EQ(at("1970-01-02", "%Y-%m-%d"), 1);
    EXPECT_EQ(at("1970-02", "%Y-%m"), 58);
    EXPECT_EQ(at("1970-Q1", "%Y-Q%q"), 89);
    EXPECT_EQ(at("1970", "%Y"), 364);
    EXPECT_EQ(at("2020-02", "%Y-%m"), 18321); // 29 February
}

TEST(Cells, TrimmingTakesNoBreakSpacesToo) {
    EXPECT_EQ(trimmed(" \t a b\xc2\xa0\n"), "a b");
    EXPECT_EQ(trimmed("\xc2\xa0"), "");
}

} // namespace
} // namespace safar

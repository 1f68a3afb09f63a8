#include "tests/unit/storage/record/record_fixture.hpp"

#include "storage/base/limits.hpp"
#include "storage/record/text.hpp"

namespace safar::record_test {
namespace {

using testing::HasSubstr;

class ValueText : public testing::Test {
protected:
    Schema schema_ = schema();

    Result<Value> parsed(std::string_view field, std::string_view text) {
        return parse_value(schema_, *schema_.kind("return")->field(field), text);
    }
    // What is shown of the parsed text, or the refusal.
    std::string shown(std::string_view field, std::string_view text) {
        Result<Value> value = parsed(field, text);
        if (!value) return value.error().detail;
        std::string out = show_value(value.value());
        EXPECT_EQ(parsed(field, out).value(), value.value()) << "no round trip: " << out;
        return out;
    }
    bool refused(std::string_view field, std::string_view text) { return !parsed(field, text); }
};

TEST_F(ValueText, DatesKeepWhatIsKnown) {
    EXPECT_EQ(shown("date", "2024-03-31"), "2024-03-31");
    EXPECT_EQ(shown("date", "2024-03"), "2024-03");
    EXPECT_EQ(shown("date", "2024-Q1"), "2024-Q1");
    EXPECT_EQ(shown("date", "2024-Q4"), "2024-Q4");
    EXPECT_EQ(shown("date", "2024"), "2024");
    EXPECT_EQ(shown("date", "0001-01-01"), "0001-01-01");
    EXPECT_EQ(shown("date", "9999-12-31"), "9999-12-31");
    EXPECT_EQ(std::get<Date>(parsed("date", "1970-01-02").value()),
              (Date{1, Date::Precision::day}));
    EXPECT_EQ(std::get<Date>(parsed("date", "1970-Q2").value()),
              (Date{90, Date::Precision::quarter}));
    EXPECT_EQ(shown("date", "2024-02-29"), "2024-02-29");
}

TEST_F(ValueText, DatesThatDoNotExistAreRefused) {
    for (const char* text :
         {"2023-02-29", "2024-13", "2024-00", "2024-Q0", "2024-Q5", "2024-3-1", "31.03.2024",
          "0000", "", "24", "2024-", "2024-03-31 ", " 2024", "-024", "2024-+1", "2024/03/31"})
        EXPECT_TRUE(refused("date", text)) << text;
    EXPECT_THAT(shown("date", "31/03/2024"),
                HasSubstr("field date: \"31/03/2024\" is no date; give 2024-03-31"));
}

TEST_F(ValueText, MoneyHasTheDecimalsOfItsCurrency) {
    EXPECT_EQ(shown("paid", "1234.56 USD"), "1234.56 USD");
    EXPECT_EQ(shown("paid", "1234.5 USD"), "1234.50 USD");
    EXPECT_EQ(shown("paid", "1234 PKR"), "1234.00 PKR");
    EXPECT_EQ(shown("paid", "-0.05 EUR"), "-0.05 EUR");
    EXPECT_EQ(shown("paid", "5000 JPY"), "5000 JPY");
    EXPECT_EQ(shown("paid", "1.234 KWD"), "1.234 KWD");
    EXPECT_EQ(std::get<Money>(parsed("paid", "1 BHD").value()).minor_units, 1000);
    EXPECT_EQ(shown("paid", "92233720368547758.07 USD"), "92233720368547758.07 USD");
    EXPECT_THAT(shown("paid", "92233720368547758.08 USD"), HasSubstr("too large"));
    EXPECT_THAT(shown("paid", "1.5 JPY"), HasSubstr("more decimals than JPY has (0)"));
    for (const char* text : {"12", "12 usd", "12 US", "1,234.56 USD", ".5 USD", "5. USD", "USD 5",
                             "+5 USD", "--5 USD", "5  USD", "1e3 USD", " USD", ""})
        EXPECT_TRUE(refused("paid", text)) << text;
}

TEST_F(ValueText, PointsRoundHalfAwayFromZero) {
    EXPECT_EQ(shown("place", "31.5204, 74.3587"), "31.5204, 74.3587");
    EXPECT_EQ(shown("place", "31.5204,74.3587"), "31.5204, 74.3587");
    EXPECT_EQ(shown("place", "-0.00000005, 0.00000004999"), "-0.0000001, 0");
    EXPECT_EQ(shown("place", "1.99999995, -1.99999995"), "2, -2");
    EXPECT_EQ(shown("place", "90, -180"), "90, -180");
    EXPECT_EQ(shown("place", "-90.0000000, 180.000000000000000000000000"), "-90, 180");
    for (const char* text : {"90.0000001, 0", "0, -180.0000001", "91, 0", "99999999999999999999, 0",
                             "1", "1,", ",1", "1, 2, 3", "31.5N, 74E", "1., 2", "a, b", "1 , 2"})
        EXPECT_TRUE(refused("place", text)) << text;
}

TEST_F(ValueText, FlagsAreYesOrNo) {
    for (const char* text : {"yes", "Yes", "TRUE", "1"}) EXPECT_EQ(shown("escorted", text), "yes");
    for (const char* text : {"no", "NO", "false", "0"}) EXPECT_EQ(shown("escorted", text), "no");
    for (const char* text : {"", "y", "2", "yes ", "unknown"})
        EXPECT_TRUE(refused("escorted", text)) << text;
}

TEST_F(ValueText, IntegersRefuseSeparatorsAndOverflow) {
    EXPECT_EQ(shown("persons", "-9223372036854775808"), "-9223372036854775808");
    EXPECT_EQ(shown("persons", "007"), "7");
    EXPECT_THAT(shown("persons", "1,234"), HasSubstr("without separators"));
    EXPECT_THAT(shown("persons", "9223372036854775808"), HasSubstr("too large"));
    for (const char* text : {"", "1 234", "1.0", "+1", "0x10", "1'000", " 1"})
        EXPECT_TRUE(refused("persons", text)) << text;
}

TEST_F(ValueText, CodesAreReadByLabelAndClosedListsSayWhatTheyAccept) {
    EXPECT_EQ(shown("return_type", "voluntary"), "VOL");
    EXPECT_THAT(shown("return_type", "Other"),
                HasSubstr("not in list \"return_type\"; give one of VOL, ENF"));
    EXPECT_EQ(shown("needs", "Food"), "food");
    EXPECT_EQ(shown("needs", "Legal help"), "Legal help")
        << "an open list keeps what it does not know";
    EXPECT_TRUE(refused("needs", ""));
}

TEST_F(ValueText, ClosedListNamesAtMostEightCodes) {
    CodeList list;
    list.name = "many";
    for (int i = 0; i < 20; ++i) list.entries.push_back({"C" + std::to_string(i), "", {}});
    list.build_lookup();
    schema_.codes["many"] = list;
    Field field;
    field.type = FieldType::code;
    field.codes = "many";
    EXPECT_THAT(parse_value(schema_, field, "x").error().detail,
                testing::EndsWith("C6, C7 and 12 more"));
}

TEST_F(ValueText, ReferencesAreRecordIds) {
    std::string id = show_id(record_id(200));
    EXPECT_EQ(shown("person", id), id);
    EXPECT_THAT(shown("person", "someone"), HasSubstr("26 letters and digits"));
}

TEST_F(ValueText, TextIsKeptAsIsButValid) {
    EXPECT_EQ(shown("opinion", "سفر\n\tжурнал 旅 🧳 "),
              "سفر\n\tжурнал 旅 🧳 ");
    EXPECT_EQ(shown("opinion", std::string(limits::text_bytes_max, 'x')).size(),
              limits::text_bytes_max);
    EXPECT_TRUE(refused("opinion", std::string(limits::text_bytes_max + 1, 'x')));
    EXPECT_TRUE(refused("opinion", ""));
}

TEST(Text, InvalidUtf8AndControlCharactersAreRefused) {
    using namespace std::string_view_literals;
    for (std::string_view text :
         {"\x80"sv, "\xc0\xaf"sv, "\xc3"sv, "\xe0\x80\xaf"sv, "\xed\xa0\x80"sv,
          "\xf4\x90\x80\x80"sv, "\xf8\x88\x80\x80\x80"sv, "ab\xff"sv, "\xe2\x82"sv, "a\0b"sv,
          "\r\n"sv, "\x1b[0m"sv, "\x7f"sv, "\xc2\x85"sv})
        EXPECT_FALSE(check_text(text)) << quoted(text);
    for (std::string_view text :
         {""sv, "a\n\tb"sv, "\xc2\xa0"sv, "\xed\x9f\xbf"sv, "\xf4\x8f\xbf\xbf"sv})
        EXPECT_TRUE(check_text(text)) << quoted(text);
    EXPECT_THAT(check_text("ab\xff").error().detail, HasSubstr("byte 3"));
}

TEST(Text, QuotedNeverBreaksATerminalOrACharacter) {
    EXPECT_EQ(quoted("a\x1b[0m\nb\xff"), "\"a?[0m?b?\"");
    EXPECT_EQ(quoted("a b~"), "\"a b~\"");
    std::string long_text(59, 'x');
    EXPECT_EQ(quoted(long_text + "é"), "\"" + long_text + "...\"");
}

TEST(AppendValue, WritesTheBytesOfEncodeValueAfterWhatIsThere) {
    const Value values[] = {
        Text{"سفر"},      Integer{-2},  Code{"VOL"}, Date{-1, Date::Precision::quarter},
        Money{-5, "USD"}, Point{-1, 2}, Flag{true},  Reference{record_id(3)}};
    for (const Value& value : values) {
        Bytes out{std::byte{7}};
        append_value(out, value);
        EXPECT_EQ(copy(ByteView(out).subspan(1)), encode_value(value)) << show_value(value);
        EXPECT_EQ(out[0], std::byte{7});
    }
}

TEST(ShowValue, ShowsWhatNobodyCouldTypeWithoutFailing) {
    EXPECT_EQ(show_value(Date{std::numeric_limits<std::int32_t>::min(), Date::Precision::day}),
              "day -2147483648");
    EXPECT_EQ(show_value(Money{std::numeric_limits<std::int64_t>::min(), "USD"}),
              "-92233720368547758.08 USD");
    EXPECT_EQ(show_value(Point{std::numeric_limits<std::int32_t>::min(), 1}),
              "-214.7483648, 0.0000001");
}

} // namespace
} // namespace safar::record_test

#include "cli/table.hpp"

#include "cli/files.hpp"
#include "cli/progress.hpp"

#include <filesystem>
#include <gtest/gtest.h>

namespace safar::cli {

TEST(Width, CountsColumnsOfATerminalNotBytes) {
    EXPECT_EQ(display_width("Safar"), 5u);
    EXPECT_EQ(display_width("سفر"), 3u);
    EXPECT_EQ(display_width("日本"), 4u);
    EXPECT_EQ(display_width("e\u0301"), 1u); // a combining accent
    EXPECT_EQ(display_width("Türkiye"), 7u);
}

TEST(Visible, NothingInDataDrivesTheTerminal) {
    EXPECT_EQ(visible("a\x1b[31mb"), "a\\x1b[31mb");
    EXPECT_EQ(visible("two\nlines\tand\r"), "two\\nlines\\tand\\r");
    EXPECT_EQ(visible("a\u202Eb"), "a\\u{202e}b");
    EXPECT_EQ(visible("\u009b"), "\\x9b");
    EXPECT_EQ(visible("\xff\x41"), "\\xffA");
    EXPECT_EQ(visible("سفر"), "سفر");
}

// It would be written out as two characters, and the line never ended.
TEST(Visible, NoLineEndOfOurOwnIsPutIntoIt) {
    for (const auto& file : std::filesystem::directory_iterator(SAFAR_SOURCE_DIR "/cli")) {
        if (file.path().extension() != ".cpp") continue;
        const std::string text = read_file(file.path()).value();
        const std::string call = "visible(";
        for (std::size_t at = 0; (at = text.find(call, at)) != std::string::npos;) {
            const std::size_t begin = at;
            at += call.size();
            bool quoted = false;
            for (int depth = 1; depth > 0 && at < text.size(); ++at) {
                if (quoted && text[at] == '\\') {
                    EXPECT_NE(text[at + 1], 'n')
                        << file.path() << ": " << text.substr(begin, at + 2 - begin);
                    ++at;
                } else if (text[at] == '"' && text[at - 1] != '\'') {
                    quoted = !quoted;
                } else if (!quoted) {
                    depth += text[at] == '(' ? 1 : text[at] == ')' ? -1 : 0;
                }
            }
        }
    }
}

TEST(Shorten, NeverExceedsTheColumns) {
    EXPECT_EQ(shorten("abcdef", 6), "abcdef");
    EXPECT_EQ(shorten("abcdefg", 6), "abcde…");
    for (std::size_t columns : {2u, 3u, 5u})
        EXPECT_LE(display_width(shorten("日本語日本語", columns)), columns);
}

TEST(Grouped, PutsCommasBetweenThousands) {
    EXPECT_EQ(grouped(0), "0");
    EXPECT_EQ(grouped(999), "999");
    EXPECT_EQ(grouped(1000), "1,000");
    EXPECT_EQ(grouped(-1084931), "-1,084,931");
}

TEST(Csv, QuotesOnlyWhatNeedsIt) {
    EXPECT_EQ(csv_row({"a", "b,c", "d\"e", "f\ng"}), "a,\"b,c\",\"d\"\"e\",\"f\ng\"\r\n");
}

TEST(Csv, NoCellIsAFormula) {
    EXPECT_EQ(csv_row({"=cmd|'/C calc'!A0", "+1", "@x", "＝1", "-2+3"}),
              "'=cmd|'/C calc'!A0,'+1,'@x,'＝1,'-2+3\r\n");
    EXPECT_EQ(csv_row({"-", "'a", "\t1"}), "'-,''a,\"'\t1\"\r\n");
    EXPECT_EQ(csv_row({"-5", "12", "a=1"}), "-5,12,a=1\r\n");
    EXPECT_EQ(csv_row({"x", "a;=1;b"}), "x,\"a;'=1;b\"\r\n"); // where ';' separates cells
}

TEST(Table, LinesUpAcrossScripts) {
    Table table({{"name"}, {"n", Align::right}});
    table.row({"日本", "7"});
    table.row({"Safar", "1,234"});
    EXPECT_EQ(table.render(), "name       n\n"
                              "────────────\n"
                              "日本       7\n"
                              "Safar  1,234\n");
}

TEST(Table, TitlesThatRunFromTheRightStandOverTheirColumns) {
    Table table({{"حالت"}, {"n", Align::right}});
    table.row({"IOM", "7"});
    EXPECT_EQ(table.render(), "\u2068حالت\u2069  n\n"
                              "───────\n"
                              "IOM   7\n");
}

TEST(Table, ACellWithALineEndStaysOnItsLine) {
    Table table({{"a"}});
    table.row({"x\ny"});
    EXPECT_EQ(table.render(), "a\n────\nx\\ny\n");
}

TEST(ProgressLine, SaysRateAndTimeLeft) {
    EXPECT_EQ(progress_line("f.csv", 50'000'000, 100'000'000, 5.0),
              "f.csv [############            ]  50 %  10.0 MB/s  5 s left");
    EXPECT_NE(progress_line("f.csv", 10, 10, 1.0).find("the node is finishing"), std::string::npos);
}

} // namespace safar::cli

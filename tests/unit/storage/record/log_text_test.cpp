#include "storage/record/log_text.hpp"

#include <gtest/gtest.h>

namespace safar {

TEST(LogValue, IsOneLineThatNoTerminalObeysWhateverWasSaid) {
    EXPECT_EQ(log_value("plain text, Zoë"), "\"plain text, Zoë\"");
    EXPECT_EQ(log_value("a \"b\" \\ c"), R"("a \"b\" \\ c")");
    EXPECT_EQ(log_value("x\ntime=2026 level=error"), "\"x time=2026 level=error\"");
    EXPECT_EQ(log_value("\x1b[2J\r\x7f"), R"("\x1b[2J\x0d\x7f")");
    EXPECT_EQ(log_value("\xc2\x9b"
                        "1m"),
              R"("\x9b1m")");
    EXPECT_EQ(log_value("\xff."), "\"\xef\xbf\xbd.\"");
    EXPECT_EQ(log_value("\xc2"), "\"\xef\xbf\xbd\""); // cut off in the middle
    EXPECT_EQ(log_value(std::string_view("\0", 1)), R"("\x00")");
}

} // namespace safar

#include "storage/base/bytes.hpp"
#include "storage/base/error.hpp"
#include "storage/base/ids.hpp"

#include <gtest/gtest.h>
#include <set>

namespace safar {
namespace {

TEST(Bytes, IntegersAreLittleEndianAndRoundTrip) {
    Bytes out;
    ByteWriter writer(out);
    writer.integer(std::uint32_t{0x01020304});
    writer.integer(std::int64_t{-2});
    EXPECT_EQ(to_hex(out), "04030201feffffffffffffff");
    ByteReader in(out);
    EXPECT_EQ(in.integer<std::uint32_t>(), 0x01020304u);
    EXPECT_EQ(in.integer<std::int64_t>(), -2);
    EXPECT_TRUE(in.at_end());
}

TEST(Bytes, ReaderStaysFailedPastTheEnd) {
    Bytes three(3);
    ByteReader in(three);
    EXPECT_EQ(in.integer<std::uint32_t>(), 0u);
    EXPECT_FALSE(in.ok());
    EXPECT_EQ(in.integer<std::uint8_t>(), 0u); // though three bytes are there
    EXPECT_FALSE(in.ok());
    EXPECT_FALSE(in.at_end());
}

TEST(Bytes, SizeBeyondTheEndIsNotRead) {
    Bytes out;
    ByteWriter writer(out);
    writer.integer(std::uint32_t{0xffffffff});
    ByteReader in(out);
    EXPECT_TRUE(in.sized().empty());
    EXPECT_FALSE(in.ok());
}

TEST(Bytes, HexRefusesOddAndForeignDigits) {
    std::byte two[2];
    EXPECT_TRUE(from_hex("00fF", two));
    EXPECT_EQ(to_hex(two), "00ff");
    EXPECT_FALSE(from_hex("00f", two));
    EXPECT_FALSE(from_hex("00fg", two));
    EXPECT_FALSE(from_hex("00ff00", two));
}

TEST(Errors, EveryCodeHasANameAndSomebodyOrNobodyToBlame) {
    std::set<std::string_view> names;
    for (int i = 0; i <= static_cast<int>(ErrorCode::stopping); ++i) {
        auto text = name(static_cast<ErrorCode>(i));
        EXPECT_NE(text, "unknown") << i;
        EXPECT_TRUE(names.insert(text).second) << text;
    }
    EXPECT_EQ(blame(ErrorCode::bad_signature), Blame::sender);
    EXPECT_EQ(blame(ErrorCode::fork_detected), Blame::author);
    EXPECT_EQ(blame(ErrorCode::gap), Blame::nobody);
    EXPECT_EQ(blame(ErrorCode::storage_full), Blame::us);
}

} // namespace
} // namespace safar

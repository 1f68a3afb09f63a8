#include "tests/unit/storage/record/record_fixture.hpp"

namespace safar::record_test {
namespace {

TEST(RecordId, TextIsCrockfordBase32OfAllBits) {
    RecordId all;
    all.raw.fill(std::byte{0xff});
    EXPECT_EQ(show_id(RecordId{}), "00000000000000000000000000");
    EXPECT_EQ(show_id(all), "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
    EXPECT_EQ(show_id(record_id(32)), "00000000000000000000000010");
    EXPECT_EQ(parse_id("7ZZZZZZZZZZZZZZZZZZZZZZZZZ"), all);
}

TEST(RecordId, EveryBitSurvivesTheRoundTrip) {
    for (std::size_t bit = 0; bit < 128; ++bit) {
        RecordId id;
        id.raw[bit / 8] = static_cast<std::byte>(1u << (bit % 8));
        EXPECT_EQ(parse_id(show_id(id)), id) << bit;
    }
}

TEST(RecordId, ParsingForgivesCaseAndLookAlikesAndNothingElse) {
    EXPECT_EQ(parse_id("0000000000000000000000000l"), record_id(1));
    EXPECT_EQ(parse_id("oooooooooooooooooooooooooI"), record_id(1));
    EXPECT_EQ(parse_id("0000000000000000000000000Z"), parse_id("0000000000000000000000000z"));
    EXPECT_EQ(parse_id("8ZZZZZZZZZZZZZZZZZZZZZZZZZ"), std::nullopt) << "more than 128 bits";
    EXPECT_EQ(parse_id("0000000000000000000000000U"), std::nullopt);
    EXPECT_EQ(parse_id("000000000000000000000000-1"), std::nullopt);
    EXPECT_EQ(parse_id("000000000000000000000000000"), std::nullopt);
    EXPECT_EQ(parse_id("0000000000000000000000000"), std::nullopt);
    EXPECT_EQ(parse_id(""), std::nullopt);
}

TEST(RecordId, NativeIdsAscendWithTheirLogAndTextSortsAlike) {
    LogName log = log_of("IOM");
    RecordId low = native_record_id(log, 255), high = native_record_id(log, 256);
    EXPECT_LT(low, high);
    EXPECT_LT(show_id(low), show_id(high));
    EXPECT_NE(native_record_id(log_of("UNHCR"), 255), low);
    log.incarnation.raw[15] = std::byte{9};
    EXPECT_NE(native_record_id(log, 255), low);
}

TEST(RecordId, DerivedIdsDependOnEveryPartAndOnItsBounds) {
    RecordId id = derived_record_id("register", "17", "return", "return", 0);
    EXPECT_EQ(id, derived_record_id("register", "17", "return", "return", 0));
    EXPECT_NE(id, derived_record_id("register", "17", "return", "return", 1));
    EXPECT_NE(id, derived_record_id("register1", "7", "return", "return", 0));
    EXPECT_NE(id, derived_record_id("register", "17", "returnr", "eturn", 0));
    EXPECT_NE(id, derived_record_id("register", "18", "return", "return", 0));
}

// A changed id would tear every imported record from its history: these may only be added to.
TEST(RecordId, IdsOfTheFirstVersionNeverChange) {
    EXPECT_EQ(show_id(derived_record_id("uk-returns", "2020-Q1/ALB", "return", "return", 0)),
              "0BR0W9VHBQE3W3YAMG6KCD6WNH");
    EXPECT_EQ(show_id(native_record_id(LogName{}, 1)), "2GVRNM3G2Q8810000000000001");
}

} // namespace
} // namespace safar::record_test

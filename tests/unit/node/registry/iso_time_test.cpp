#include "node/registry/iso_time.hpp"

#include <gtest/gtest.h>
#include <limits>

namespace safar {
namespace {

TEST(IsoTime, WhatIsWrittenReadsBack) {
    for (const char* text : {"2020-01-08T09:30:00Z", "1969-12-31T23:59:59Z", "0001-01-01T00:00:00Z",
                             "9999-12-31T23:59:59Z", "2024-02-29T00:00:00Z"}) {
        auto time = parse_time(text);
        ASSERT_TRUE(time.has_value()) << text;
        EXPECT_EQ(show_time(time.value()), text);
    }
    EXPECT_EQ(show_time(parse_time("2020-01-08").value()), "2020-01-08T00:00:00Z");
    EXPECT_EQ(show_time(parse_time("2020-01-08T09:30Z").value()), "2020-01-08T09:30:00Z");
}

TEST(IsoTime, TimesComeBackToTheMicrosecond) {
    constexpr auto least = std::numeric_limits<std::int64_t>::min();
    constexpr auto most = std::numeric_limits<std::int64_t>::max();
    for (std::int64_t us :
         {1ll, -1ll, 1'700'000'000'000'001ll, 1'700'000'000'000'000ll, -62'135'596'800'000'000ll,
          9'000'000'000'000'000'000ll, -9'000'000'000'000'000'000ll, 0ll + least, 0ll + most})
        EXPECT_EQ(parse_time(show_time({us})).value().microseconds, us) << show_time({us});
}

TEST(IsoTime, NothingElseIsATime) {
    for (const char* text :
         {"", "2020", "2020-1-8", "2020-02-30", "2023-02-29", "0000-01-01", "2020-01-08T24:00:00Z",
          "2020-01-08T09:30:00", "2020-01-08 09:30", "2020-01-08T09:30:60Z", "2020-01-08x",
          "2020-13-08T00:00:00Z", "2020-01-08T00:00:00.5Z", "2020-01-08T09:30.000001Z", "12us",
          "+us", "+-1us", "+9223372036854775808us"})
        EXPECT_FALSE(parse_time(text).has_value()) << text;
}

TEST(IsoTime, AnyClaimedTimeCanBeShown) {
    EXPECT_EQ(show_time({0}), "");
    EXPECT_EQ(show_time({1'500'000}), "1970-01-01T00:00:01.500000Z");
    EXPECT_EQ(show_time({-1}), "1969-12-31T23:59:59.999999Z");
    EXPECT_EQ(show_time({std::numeric_limits<std::int64_t>::max()}), "+9223372036854775807us");
    EXPECT_EQ(show_time({std::numeric_limits<std::int64_t>::min()}), "-9223372036854775808us");
}

} // namespace
} // namespace safar

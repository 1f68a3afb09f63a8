#include "storage/event/event.hpp"

#include "storage/base/limits.hpp"
#include "storage/event/body_archive.hpp"
#include "tests/unit/storage/event/fixture.hpp"

#include <gtest/gtest.h>

namespace safar {
namespace {

EventView view_of(const Bytes& encoded) {
    ByteReader in(encoded);
    auto view = read_event(in);
    EXPECT_TRUE(view);
    EXPECT_TRUE(in.at_end());
    return view.value();
}

TEST(Event, DecodesToWhatWasEncoded) {
    EventDraft draft = fixture::draft(1);
    draft.replaces = {Dot{{fixture::id<LogId>(1), {}}, 5, 0, {}},
                      Dot{{fixture::id<LogId>(1), {}}, 5, 1, {}}};
    Bytes encoded = encode_event(draft, fixture::id<Salt>(2)).value();
    EventView view = view_of(encoded);
    EXPECT_EQ(decode_body(view.clear).value(), draft.body);
    EXPECT_EQ(decode_dots(view.dots).value(), draft.replaces);
}

TEST(Event, EveryTruncationIsRefused) {
    Bytes encoded = encode_event(fixture::draft(1), {}).value();
    for (std::size_t size = 0; size < encoded.size(); ++size) {
        ByteReader in(ByteView(encoded).first(size));
        EXPECT_FALSE(read_event(in)) << size;
    }
    EventView view = view_of(encoded);
    for (std::size_t size = 0; size < view.clear.size(); ++size)
        EXPECT_FALSE(decode_body(view.clear.first(size))) << size;
}

TEST(Event, BodyWithTrailingByteIsRefused) {
    Bytes encoded = encode_event(fixture::draft(1), {}).value();
    Bytes clear = copy(view_of(encoded).clear);
    clear.push_back(std::byte{0});
    EXPECT_EQ(decode_body(clear).error().code, ErrorCode::malformed);
}

// A count of four billion in a few bytes must be refused before anything is allocated.
TEST(Event, CountAboveTheBytesLeftIsRefused) {
    Bytes bytes;
    ByteWriter writer(bytes);
    writer.integer(std::uint32_t{0xffffffff});
    writer.integer(std::uint64_t{0});
    EXPECT_EQ(decode_dots(bytes).error().code, ErrorCode::malformed);
    EXPECT_FALSE(decode_strict<std::vector<std::string>>(bytes, "strings"));
    EXPECT_FALSE(decode_strict<std::string>(bytes, "string"));
}

TEST(Event, FlagsOtherThanZeroAndOneAreRefused) {
    for (int raw = 0; raw < 256; ++raw) {
        Bytes byte{static_cast<std::byte>(raw)};
        EXPECT_EQ(decode_strict<bool>(byte, "flag").has_value(), raw <= 1) << raw;
    }
}

TEST(Event, UnknownValueTypeIsRefused) {
    Bytes nine{std::byte{9}}, zero{std::byte{0}};
    EXPECT_FALSE(decode_strict<std::vector<std::uint8_t>>(nine, "x"));
    EventDraft draft = fixture::draft(1);
    draft.body.assertions = {{1, Flag{true}}};
    Bytes encoded = encode_event(draft, {}).value();
    Bytes clear = copy(view_of(encoded).clear);
    clear[clear.size() - 2] = std::byte{9}; // the value's type
    EXPECT_FALSE(decode_body(clear));
    clear[clear.size() - 2] = std::byte{0};
    EXPECT_FALSE(decode_body(clear));
    clear[clear.size() - 2] = std::byte{7};
    EXPECT_TRUE(decode_body(clear));
}

TEST(Event, DotsMustBeStrictlyAscending) {
    EventDraft draft = fixture::draft(1);
    Dot a{{fixture::id<LogId>(1), {}}, 5, 0, {}}, b{{fixture::id<LogId>(1), {}}, 5, 1, {}};
    draft.replaces = {b, a};
    EXPECT_EQ(encode_event(draft, {}).error().code, ErrorCode::non_canonical);
    draft.replaces = {a, a};
    EXPECT_EQ(encode_event(draft, {}).error().code, ErrorCode::non_canonical);
    EXPECT_FALSE(decode_dots(encode_strict(draft.replaces)));
}

TEST(Event, TooMuchIsRefusedWithItsNumber) {
    EventDraft draft = fixture::draft(1);
    draft.body.assertions = {{1, Text{std::string(limits::text_bytes_max + 1, 'x')}}};
    auto refused = encode_event(draft, {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::limit_exceeded);
    EXPECT_NE(refused.error().detail.find("16385"), std::string::npos) << refused.error().detail;

    draft.body.assertions.assign(5, {1, Text{std::string(limits::text_bytes_max, 'x')}});
    EXPECT_EQ(encode_event(draft, {}).error().code, ErrorCode::limit_exceeded);
}

} // namespace
} // namespace safar

#include "storage/event/body_reader.hpp"

#include "tests/unit/storage/event/fixture.hpp"

#include <gtest/gtest.h>
#include <random>

namespace safar {
namespace {

Bytes clear_of(const EventDraft& draft) {
    auto event = encode_event(draft, {}).value();
    ByteReader in(event);
    return copy(read_event(in).value().clear);
}

void expect_same(const BodyView& view, const EventBody& body) {
    EXPECT_EQ(view.kind, body.kind);
    EXPECT_EQ(view.record, body.record);
    EXPECT_EQ(view.verb, body.verb);
    EXPECT_EQ(view.source, body.source);
    EXPECT_EQ(view.edition, body.edition);
    EXPECT_EQ(view.basis, body.basis);
    EXPECT_EQ(view.actor, body.actor);
    EXPECT_EQ(view.quality, body.quality);
    EXPECT_EQ(view.at, body.at);
    ASSERT_EQ(view.assertions.size(), body.assertions.size());
    for (std::size_t i = 0; i < view.assertions.size(); ++i) {
        EXPECT_EQ(view.assertions[i].field, body.assertions[i].field);
        EXPECT_EQ(value_of(view.assertions[i]), body.assertions[i].value);
    }
}

TEST(BodyReader, ReadsWhatDecodeBodyReads) {
    Bytes clear = clear_of(fixture::draft(3));
    BodyView view;
    ASSERT_TRUE(read_body(clear, view));
    expect_same(view, decode_body(clear).value());
    for (const AssertionView& each : view.assertions)
        EXPECT_EQ(value_of(view_of(each.field, value_of(each))), value_of(each));
}

TEST(BodyReader, AcceptsExactlyTheBytesThatDecodeBodyAccepts) {
    const Bytes clear = clear_of(fixture::draft(3));
    BodyView view;
    for (std::size_t size = 0; size <= clear.size(); ++size)
        EXPECT_EQ(read_body(ByteView(clear).first(size), view),
                  decode_body(ByteView(clear).first(size)).has_value())
            << size;
    std::mt19937 random(7);
    std::size_t accepted = 0;
    for (int i = 0; i < 30000; ++i) {
        Bytes changed = clear;
        for (std::size_t n = 1 + random() % 2; n > 0; --n)
            changed[random() % changed.size()] =
                static_cast<std::byte>(random() % (i % 2 == 0 ? 12 : 256));
        auto body = decode_body(changed);
        ASSERT_EQ(read_body(changed, view), body.has_value()) << to_hex(changed);
        if (!body) continue;
        ++accepted;
        expect_same(view, body.value());
    }
    EXPECT_GT(accepted, 100u);
    EXPECT_LT(accepted, 29000u);
}

} // namespace
} // namespace safar

// The rows of the catalogue of hostile peers about frames, messages and their order: exact code,
// back-off, and that nothing was stored.
#include "hostile_peer.hpp"

namespace safar::testing {
namespace {

TEST_F(HostilePeer, OversizedFrameClosesThePeerAndStoresNothing) { // H14
    greet();
    feed_hex("ffffffff0a");
    expect_closed(ErrorCode::limit_exceeded);
}

TEST_F(HostilePeer, FrameOneByteAboveTheLimitIsRefused) { // H14
    greet();
    Bytes bytes;
    ByteWriter(bytes).integer(static_cast<std::uint32_t>(limits::frame_bytes_max - 4 + 1));
    feed(bytes); // the length alone is enough
    expect_closed(ErrorCode::limit_exceeded);
}

TEST_F(HostilePeer, FrameOfLengthZeroIsMalformed) { // H15
    greet();
    feed_hex("0000000000");
    expect_closed(ErrorCode::malformed);
}

TEST_F(HostilePeer, BatchFrameShorterThanItsHeaderIsMalformed) { // H15
    greet();
    say_raw(10, Bytes(100));
    expect_closed(ErrorCode::malformed);
}

TEST_F(HostilePeer, VersionOutOfRangeIsToldBothRanges) { // H17
    wire::Hello old = hello();
    old.versions = {0, 0};
    say(old);
    expect_closed(ErrorCode::unsupported_version);
    EXPECT_NE(error.detail.find("1 to 1"), std::string::npos) << error.detail;
    EXPECT_NE(error.detail.find("0 to 0"), std::string::npos) << error.detail;
}

TEST_F(HostilePeer, NewerVersionMayHaveALongerHello) { // H17
    Bytes payload;
    ByteWriter out(payload);
    out.integer(std::uint16_t{2});
    out.integer(std::uint16_t{255});
    out.bytes(Bytes(500));
    say_raw(1, payload);
    expect_closed(ErrorCode::unsupported_version);
}

TEST_F(HostilePeer, NewerReleaseThatStillSpeaksThisVersionMaySayMoreInItsHello) {
    wire::Hello next = hello();
    next.versions = {1, 2};
    Bytes frame;
    wire::encode(next, frame);
    Bytes payload(frame.begin() + 5, frame.end());
    payload.resize(payload.size() + 40);
    say_raw(1, payload);
    EXPECT_FALSE(closed) << closed->detail;
    EXPECT_TRUE(session->status().ready);
}

TEST_F(HostilePeer, HelloOfThisVersionEndsWithItsLastField) { // H18
    Bytes frame;
    wire::encode(hello(), frame);
    Bytes payload(frame.begin() + 5, frame.end());
    payload.resize(payload.size() + 1);
    say_raw(1, payload);
    expect_closed(ErrorCode::malformed);
}

TEST_F(HostilePeer, HelloOfAnotherNodeIsAnIdentityMismatch) { // H11
    wire::Hello other = hello();
    other.node = fill<NodeId>(8);
    say(other);
    expect_closed(ErrorCode::identity_mismatch);
}

TEST_F(HostilePeer, HelloOfAnotherNetworkIsRefused) {
    wire::Hello other = hello();
    other.network = fill<NetworkId>(8);
    say(other);
    expect_closed(ErrorCode::wrong_network);
}

TEST_F(HostilePeer, HelloTwiceIsOutOfOrder) { // H20
    say(hello());
    say(hello());
    expect_closed(ErrorCode::out_of_order);
}

TEST_F(HostilePeer, DataBeforeTheHelloIsOutOfOrder) { // H20
    say_batch(batch().encoded.bytes);
    expect_closed(ErrorCode::out_of_order);
    EXPECT_EQ(ingested, 0u);
}

TEST_F(HostilePeer, SummaryTwiceIsOutOfOrder) { // H20
    greet();
    say(wire::Summary{});
    expect_closed(ErrorCode::out_of_order);
}

TEST_F(HostilePeer, CharterThatNobodyAskedForIsOutOfOrder) { // H20
    greet();
    say(wire::CharterDocument{2, Bytes(10)});
    expect_closed(ErrorCode::out_of_order);
}

TEST_F(HostilePeer, CountAboveTheBytesLeftIsMalformed) { // H21
    greet();
    // full, name "return", 4 G entries, nothing of them.
    Bytes payload;
    ByteWriter out(payload);
    out.integer(std::uint8_t{6});
    out.bytes(as_bytes("return"));
    out.integer(std::uint32_t{0xffffffff});
    say_raw(5, payload);
    expect_closed(ErrorCode::malformed);
}

// No message nests: whatever is nested travels as one document, which the session hands on unread.
TEST_F(HostilePeer, CharterNested100000DeepIsJudgedOnceAndClosesThePeer) { // H22
    wire::Hello newer = hello();
    newer.epoch = 2;
    newer.charter = fill<Hash>(7);
    say(newer);
    EXPECT_EQ(said.back(), "charter-ask");
    const Bytes nested(100'000, std::byte{'['});
    say(wire::CharterDocument{2, nested});
    ASSERT_EQ(charter_offered, nested);
    ASSERT_FALSE(closed) << closed->detail;
    perform(session->on_charter(failure(ErrorCode::malformed, "nested too deeply"), now));
    expect_closed(ErrorCode::malformed);
}

TEST_F(HostilePeer, BytesAfterTheLastFieldAreMalformed) { // H23
    greet();
    say_raw(12, Bytes(9)); // a ping has 8
    expect_closed(ErrorCode::malformed);
}

TEST_F(HostilePeer, UnsortedFrontierIsNotCanonical) { // H25
    greet();
    FrontierEntry before = entry(3);
    before.log.incarnation = fill<Incarnation>(2);
    say(wire::FrontierFull{"return", {entry(3), before}});
    expect_closed(ErrorCode::non_canonical);
}

TEST_F(HostilePeer, ALogTwiceInAFrontierIsNotCanonical) { // H26
    greet();
    say(wire::FrontierFull{"return", {entry(3), entry(3)}});
    expect_closed(ErrorCode::non_canonical);
}

// A fingerprint of fewer bits would let two different sets pass for one.
TEST_F(HostilePeer, ADigestThatDiffersInItsLastByteIsAnother) { // H48
    net["FIA"].append("return", 1);
    begin();
    say(hello());
    Hash almost = net["FIA"].digest("return");
    almost.raw.back() ^= std::byte{1};
    say(wire::Summary{{{"return", almost}}});
    EXPECT_EQ(std::count(said.begin(), said.end(), "full"), 1);
}

TEST_F(HostilePeer, UnknownFrameTypesAreSkippedWhereTheyMayBe) {
    greet();
    say_raw(200, Bytes(50));
    say_raw(255, {});
    EXPECT_FALSE(closed);
    say_raw(99, Bytes(50));
    expect_closed(ErrorCode::malformed);
}

TEST_F(HostilePeer, WhatIsSaidAsideIsHandedOnAfterTheHelloAndWithinItsSize) {
    std::vector<HeardAside> heard;
    auto say_aside = [&](std::size_t size) {
        Bytes frame;
        wire::FrameWriter(frame, wire::FrameType::maintenance)->bytes(Bytes(size));
        for (Action& action : session->on_bytes(frame, now))
            if (auto* aside = std::get_if<HeardAside>(&action)) heard.push_back(std::move(*aside));
    };
    say_aside(10);
    EXPECT_TRUE(heard.empty()) << "before the hello";
    greet();
    say_aside(HeardAside::payload_bytes_max + 1);
    EXPECT_TRUE(heard.empty()) << "too long";
    say_aside(HeardAside::payload_bytes_max);
    ASSERT_EQ(heard.size(), 1u);
    EXPECT_EQ(heard[0].type, 144);
    EXPECT_EQ(heard[0].payload.size(), HeardAside::payload_bytes_max);
    EXPECT_FALSE(closed);
}

TEST_F(HostilePeer, PeerThatSaysNothingIsClosedAfterTenSeconds) { // H01
    now += 9s;
    perform(session->on_tick(now));
    EXPECT_FALSE(closed);
    now += 1s;
    EXPECT_LE(session->next_deadline(), now);
    perform(session->on_tick(now));
    ASSERT_TRUE(closed);
    EXPECT_EQ(closed->reason, ErrorCode::unreachable);
}

TEST_F(HostilePeer, SlowDripIsClosedByTheFrameDeadline) { // H02
    greet();
    Bytes frame;
    wire::encode_batch(batch().encoded.bytes, frame);
    for (std::size_t i = 0; i < 10 && !closed; ++i) {
        feed(ByteView(frame).subspan(i, 1));
        now += 9s;
        perform(session->on_tick(now));
    }
    expect_closed(ErrorCode::timed_out);
}

TEST_F(HostilePeer, ErrorOfThePeerClosesAndItsBlameIsHeeded) {
    greet();
    say(wire::ErrorFrame{"bad_signature", "batch 3"});
    ASSERT_TRUE(closed);
    EXPECT_EQ(closed->reason, ErrorCode::bad_signature);
    EXPECT_GE(closed->do_not_call_before, 30s);
    EXPECT_EQ(std::count(said.begin(), said.end(), "error"), 0); // no quarrel
}

} // namespace
} // namespace safar::testing

// The rows of the catalogue of hostile peers that a session answers: exact code, back-off, and that
// nothing was stored. The peer's bytes are made by hand.
#include "tests/unit/sync/session/harness.hpp"

#include <gtest/gtest.h>

namespace safar::testing {
namespace {

// One session of FIA whose peer, IOM, is played by the test.
class HostilePeer : public ::testing::Test {
protected:
    HostilePeer() {
        session = std::make_unique<Session>(net["FIA"].id, net["IOM"].id, net["FIA"],
                                            net["FIA"].plan, now);
        perform(session->start(now));
    }
    void perform(std::vector<Action> list) {
        for (Action& action : list) {
            if (auto* send = std::get_if<SendBytes>(&action)) {
                sent_bytes += send->bytes.size();
                ByteView bytes = send->bytes;
                while (!bytes.empty())
                    if (auto frame = decoder.next(bytes).value()) {
                        said.emplace_back(frame_name(frame->type));
                        if (frame->type == static_cast<std::uint8_t>(wire::FrameType::error))
                            error = wire::decode<wire::ErrorFrame>(frame->payload).value();
                        if (frame->type == static_cast<std::uint8_t>(wire::FrameType::want))
                            want = wire::decode<wire::Want>(frame->payload).value();
                    }
            } else if (auto* ingest = std::get_if<IngestBatches>(&action)) {
                ingested += ingest->batches.size();
                auto outcomes = net["FIA"].writable().ingest(ingest->batches);
                perform(session->on_ingested(outcomes, now));
            } else if (auto* close = std::get_if<ClosePeer>(&action)) {
                closed = *close;
            }
        }
    }
    void feed(ByteView bytes) { perform(session->on_bytes(bytes, now)); }
    void feed_hex(std::string_view hex) {
        Bytes bytes(hex.size() / 2);
        ASSERT_TRUE(from_hex(hex, bytes));
        feed(bytes);
    }
    template <class Message>
    void say(const Message& message) {
        Bytes bytes;
        wire::encode(message, bytes);
        feed(bytes);
    }
    void say_raw(std::uint8_t type, const Bytes& payload) {
        Bytes bytes;
        ByteWriter out(bytes);
        out.integer(static_cast<std::uint32_t>(payload.size() + 1));
        out.integer(type);
        out.bytes(payload);
        feed(bytes);
    }
    wire::Hello hello() {
        wire::Hello out;
        out.network = net.authority->network();
        out.node = net["IOM"].id;
        out.epoch = 1;
        out.charter = net.authority->charter();
        out.shared.raw.fill(std::byte{1}); // differs from ours
        return out;
    }
    // Hello and an empty summary: live.
    void greet() {
        say(hello());
        say(wire::Summary{{{"return", fill<Hash>(9)}}});
        ASSERT_FALSE(closed) << closed->detail;
    }
    template <class Id>
    static Id fill(std::uint8_t byte) {
        Id id;
        id.raw.fill(std::byte{byte});
        return id;
    }
    LogName peers_log() {
        return {log_id(net.authority->network(), net["IOM"].id, "return"), fill<Incarnation>(3)};
    }
    FrontierEntry entry(std::uint64_t number) {
        return {peers_log(), Head{number, number, fill<Hash>(4), 0, false}};
    }
    BuiltBatch batch(std::uint64_t number = 1, const Hash& previous = {}) {
        BatchContext context;
        context.network = net.authority->network();
        context.log = peers_log();
        context.number = context.first_sequence = number;
        context.previous = previous;
        context.epoch = 1;
        context.charter = net.authority->charter();
        EventDraft draft;
        draft.body.verb = "recorded";
        SeededEntropy entropy(number);
        std::size_t taken = 0;
        return build_batch(context, net.key("IOM"), entropy, std::span(&draft, 1), taken).value();
    }
    void say_batch(ByteView stored) {
        Bytes bytes;
        wire::encode_batch(stored, bytes);
        feed(bytes);
    }
    void expect_closed(ErrorCode code) {
        ASSERT_TRUE(closed.has_value()) << "the session goes on";
        EXPECT_EQ(name(closed->reason), name(code)) << closed->detail;
        EXPECT_GE(closed->do_not_call_before, 30s);
        EXPECT_EQ(error.code, name(code)); // told once
        EXPECT_EQ(net["FIA"].log().last_position(), 0u);
        EXPECT_TRUE(session->on_bytes(as_bytes("more"), now).empty());
        EXPECT_EQ(session->next_deadline(), NodeTime::max());
    }

    Federation net{"IOM", "FIA"};
    NodeTime now{1h};
    std::unique_ptr<Session> session;
    wire::FrameDecoder decoder;
    std::vector<std::string> said;
    std::optional<ClosePeer> closed;
    wire::ErrorFrame error;
    wire::Want want;
    std::size_t ingested = 0, sent_bytes = 0;
};

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

TEST_F(HostilePeer, BytesAfterTheLastFieldAreMalformed) { // H23
    greet();
    say_raw(12, Bytes(9)); // a ping has 8
    expect_closed(ErrorCode::malformed);
}

TEST_F(HostilePeer, UnsortedFrontierIsNotCanonical) { // H25, H26
    greet();
    Bytes frame;
    wire::encode(wire::FrontierFull{"return", {entry(3), entry(3)}}, frame);
    feed(frame);
    expect_closed(ErrorCode::non_canonical);
}

TEST_F(HostilePeer, ReversedRangeIsMalformed) { // H44
    greet();
    Bytes frame;
    wire::encode(wire::Want{peers_log(), 9, 3, 1000}, frame);
    feed(frame);
    expect_closed(ErrorCode::malformed);
}

TEST_F(HostilePeer, RangesBeyondCountAreRefused) { // H44
    greet();
    for (std::uint32_t i = 0; i < 2000 && !closed; ++i) {
        LogName log = peers_log();
        std::memcpy(log.incarnation.raw.data(), &i, sizeof i);
        say(wire::Want{log, 1, limits::sequence_max, 1});
    }
    EXPECT_FALSE(closed); // each is answered at once: nothing is held of it
    EXPECT_EQ(std::count(said.begin(), said.end(), "missing"), 2000);
}

TEST_F(HostilePeer, FrontiersBeyondTheBudgetAreRefused) { // H44
    greet();
    Frontier part;
    wire::FrontierFull full{"return", {}};
    Hash base;
    for (std::uint32_t i = 0; i < 70'000 && !closed; ++i) {
        FrontierEntry item = entry(1);
        for (int b = 0; b < 4; ++b) // ascending
            item.log.incarnation.raw[static_cast<std::size_t>(b)] =
                static_cast<std::byte>(i >> (24 - 8 * b));
        part.push_back(item);
        if (part.size() < 8192) continue;
        if (base.is_zero()) {
            base = frontier_digest(part);
            say(wire::FrontierFull{"return", part});
        } else {
            Hash next = wire::statement_after(base, part);
            say(wire::FrontierDelta{"return", base, part});
            base = next;
        }
        part.clear();
    }
    ASSERT_TRUE(closed || !part.empty());
    if (!closed) say(wire::FrontierDelta{"return", base, part});
    expect_closed(ErrorCode::limit_exceeded);
}

TEST_F(HostilePeer, CreditBeyondTheLimitIsRefused) { // H44
    net["FIA"].append("return", 1);
    greet();
    Bytes frame;
    const LogName log = net["FIA"].log().frontier("return").at(0).log;
    wire::encode(wire::Want{log, 1, limits::sequence_max, (32u << 20) + 1}, frame);
    feed(frame);
    ASSERT_TRUE(closed);
    EXPECT_EQ(closed->reason, ErrorCode::limit_exceeded);
}

TEST_F(HostilePeer, BadSignatureClosesTheSenderAndNothingIsStored) { // H28
    greet();
    BuiltBatch good = batch();
    say(wire::FrontierFull{"return", {entry(1)}});
    good.encoded.bytes[BatchHeader::encoded_bytes + 3] ^= std::byte{1};
    say_batch(good.encoded.bytes);
    EXPECT_EQ(ingested, 1u);
    expect_closed(ErrorCode::bad_signature);
}

TEST_F(HostilePeer, FlippedPayloadBitClosesTheSender) { // H28, H34
    greet();
    BuiltBatch good = batch();
    good.encoded.bytes.back() ^= std::byte{1};
    say_batch(good.encoded.bytes);
    ASSERT_TRUE(closed);
    EXPECT_EQ(blame(closed->reason), Blame::sender);
    EXPECT_GE(closed->do_not_call_before, 30s);
    EXPECT_EQ(net["FIA"].log().last_position(), 0u);
}

TEST_F(HostilePeer, BatchOfAnUnknownLogIsDroppedAndTheSessionKept) { // H35
    greet();
    BuiltBatch stranger = batch();
    stranger.encoded.bytes[40] ^= std::byte{1}; // log id
    say_batch(stranger.encoded.bytes);
    EXPECT_FALSE(closed);
    EXPECT_EQ(ingested, 0u);
}

TEST_F(HostilePeer, GapIsNotStoredAndTheRangeIsAskedFor) { // H38
    greet();
    say(wire::FrontierFull{"return", {}});
    say_batch(batch(5, fill<Hash>(1)).encoded.bytes);
    EXPECT_EQ(ingested, 0u);
    now += 60ms;
    perform(session->on_tick(now));
    EXPECT_FALSE(closed);
    EXPECT_EQ(want.first, 1u);
    EXPECT_EQ(want.last, 5u);
}

TEST_F(HostilePeer, DuplicatesAreAnsweredWithoutTheDisk) { // H41
    greet();
    BuiltBatch good = batch();
    for (int i = 0; i < 10'000; ++i) say_batch(good.encoded.bytes);
    EXPECT_FALSE(closed);
    EXPECT_EQ(ingested, 1u);
    EXPECT_GT(session->read_not_before(), now); // and they slow their sender down
}

TEST_F(HostilePeer, EquivocationIsKeptAsProofAndTheRelayIsNotBlamed) { // H40
    greet();
    BuiltBatch first = batch(1), other;
    {
        BatchContext context;
        context.network = net.authority->network();
        context.log = peers_log();
        context.epoch = 1;
        context.charter = net.authority->charter();
        EventDraft draft;
        draft.body.verb = "other";
        SeededEntropy entropy(99);
        std::size_t taken = 0;
        other = build_batch(context, net.key("IOM"), entropy, std::span(&draft, 1), taken).value();
    }
    say_batch(first.encoded.bytes);
    say_batch(other.encoded.bytes);
    EXPECT_FALSE(closed);
    EXPECT_EQ(net["FIA"].log().forks().size(), 1u);
}

TEST_F(HostilePeer, UnknownFrameTypesAreSkippedWhereTheyMayBe) {
    greet();
    say_raw(200, Bytes(50));
    say_raw(255, {});
    EXPECT_FALSE(closed);
    say_raw(99, Bytes(50));
    expect_closed(ErrorCode::malformed);
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

TEST_F(HostilePeer, BatchesBeyondTheCreditAreRefused) {
    greet();
    say(wire::FrontierFull{"return", {entry(100'000)}});
    ASSERT_EQ(want.last, 100'000u);
    // The disk hangs (no on_ingested): a peer that ignores credit can not fill memory.
    Hash previous;
    std::size_t bytes = 0;
    BuiltBatch built = batch(1);
    Bytes large = built.encoded.bytes;
    large.resize(600'000);
    for (std::uint64_t number = 1; number <= 30 && !closed; ++number) {
        BatchHeader header = built.header;
        header.number = header.first_sequence = number;
        header.previous = previous;
        Bytes raw = encode_header(header);
        std::copy(raw.begin(), raw.end(), large.begin());
        previous = header_hash(header.network, raw);
        Bytes frame;
        wire::encode_batch(large, frame);
        for (Action& action : session->on_bytes(frame, now))
            if (auto* close = std::get_if<ClosePeer>(&action)) closed = *close;
        bytes += large.size();
    }
    ASSERT_TRUE(closed);
    EXPECT_EQ(closed->reason, ErrorCode::limit_exceeded);
    EXPECT_LT(bytes, 7u << 20);
}

TEST_F(HostilePeer, UnsharedCompartmentIsAnsweredMissingAndCounted) {
    Federation other(std::vector<Federation::MemberSpec>{{"IOM", {"return"}},
                                                         {"FIA", {"protection", "return"}}});
    other["FIA"].append("protection", 2);
    Session mine(other["FIA"].id, other["IOM"].id, other["FIA"], other["FIA"].plan, now);
    session.reset();
    auto start = mine.start(now);
    const LogName secret = other["FIA"].log().frontier("protection").at(0).log;
    Bytes frames;
    wire::Hello greeting = hello();
    greeting.network = other.authority->network();
    greeting.node = other["IOM"].id;
    wire::encode(greeting, frames);
    wire::encode(wire::Summary{{{"protection", fill<Hash>(1)}}}, frames); // claims it
    for (int i = 0; i < 30; ++i) wire::encode(wire::Want{secret, 1, 2, 1'000'000}, frames);
    std::vector<std::string> answered;
    for (Action& action : mine.on_bytes(frames, now)) {
        if (auto* close = std::get_if<ClosePeer>(&action)) closed = *close;
        if (auto* send = std::get_if<SendBytes>(&action)) {
            wire::FrameDecoder cut;
            ByteView bytes = send->bytes;
            while (!bytes.empty())
                if (auto frame = cut.next(bytes).value())
                    answered.emplace_back(frame_name(frame->type));
        }
    }
    EXPECT_EQ(std::count(answered.begin(), answered.end(), "batch"), 0);
    EXPECT_EQ(std::count(answered.begin(), answered.end(), "full"), 0);
    EXPECT_GE(std::count(answered.begin(), answered.end(), "missing"), 16);
    ASSERT_TRUE(closed);
    EXPECT_EQ(closed->reason, ErrorCode::not_permitted);
}

TEST_F(HostilePeer, AskingAgainAndAgainCostsOneAnswerACall) {
    for (int i = 0; i < 3; ++i) net["FIA"].append("return", 1);
    greet();
    Bytes frames;
    for (int i = 0; i < 3000; ++i) wire::encode(wire::FrontierAsk{"return"}, frames);
    const std::size_t before = sent_bytes;
    feed(frames);
    EXPECT_LT(sent_bytes - before, 200u);
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

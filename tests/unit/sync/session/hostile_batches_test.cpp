// The rows of the catalogue of hostile peers about batches, ranges and floods: what is stored, who
// is blamed, who is slowed down.
#include "hostile_peer.hpp"
#include "sync/peer/quota.hpp"

namespace safar::testing {
namespace {

TEST_F(HostilePeer, ReversedRangeIsMalformed) { // H44
    greet();
    Bytes frame;
    wire::encode(wire::Want{peers_log(), 9, 3, 1000}, frame);
    feed(frame);
    expect_closed(ErrorCode::malformed);
}

TEST_F(HostilePeer, RangesThatAreAnsweredAtOnceDoNotCount) { // H44
    greet();
    for (std::uint32_t i = 0; i < 2000 && !closed; ++i) {
        LogName log = peers_log();
        std::memcpy(log.incarnation.raw.data(), &i, sizeof i);
        say(wire::Want{log, 1, limits::sequence_max, 1});
    }
    EXPECT_FALSE(closed); // nothing is held of them
    EXPECT_EQ(std::count(said.begin(), said.end(), "missing"), 2000);
}

TEST_F(HostilePeer, RangesBeyondCountAreRefused) { // H44
    greet();
    Bytes frames;
    for (std::uint32_t i = 0; i < 1025; ++i) {
        LogName log = peers_log();
        std::memcpy(log.incarnation.raw.data(), &i, sizeof i);
        wire::encode(wire::Want{log, 1, limits::sequence_max, 1}, frames);
    }
    feed(frames); // before any is answered
    expect_closed(ErrorCode::limit_exceeded);
}

TEST_F(HostilePeer, CreditBeyondTheLimitIsRefused) { // H44
    net["FIA"].append("return", 1);
    greet();
    Bytes frame;
    const LogName log = net["FIA"].log().frontier("return").at(0).log;
    wire::encode(wire::Want{log, 1, limits::sequence_max, (32u << 20) + 1}, frame);
    feed(frame);
    expect_closed(ErrorCode::limit_exceeded, /*stored=*/1);
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

// The packing says how much it holds: half of it does not unpack to that.
TEST_F(HostilePeer, ACutPackingClosesTheSender) { // H28
    greet();
    BuiltBatch good = batch();
    good.encoded.bytes.pop_back();
    say_batch(good.encoded.bytes);
    EXPECT_EQ(ingested, 1u);
    expect_closed(ErrorCode::malformed);
}

// A relay may flip any bit between one TLS connection and the next. What is stored says what its
// author signed, or nothing is stored.
TEST_F(HostilePeer, NoFlippedBitOfABatchIsEverStoredAsAnotherStatement) { // H18
    const auto leaves = [](const EncodedBatch& stored) {
        auto opened = open_batch(stored.bytes, LeafCheck::compute);
        return opened ? std::move(opened.value().leaves) : std::vector<Hash>{};
    };
    BuiltBatch good = batch();
    std::size_t refused = 0, kept = 0;
    Position seen = 0;
    for (std::size_t bit = 0; bit < 8 * good.encoded.bytes.size(); bit += 3) {
        begin();
        greet();
        Bytes flipped = good.encoded.bytes;
        flipped[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
        say_batch(flipped);
        if (const auto stored = net["FIA"].log().read_journal(seen, 10).value(); !stored.empty()) {
            // The packing is not signed: another one may unpack to the same events.
            ASSERT_EQ(leaves(*stored.front().batch), leaves(good.encoded)) << "bit " << bit;
            seen = stored.back().position;
            ++incarnation; // so that the next one is not its duplicate
            ++kept;
            good = batch();
        } else if (closed) {
            ++refused;
            EXPECT_EQ(blame(closed->reason), Blame::sender) << bit << ": " << closed->detail;
            EXPECT_GE(closed->do_not_call_before, 30s);
        } // else of another log or another place: nobody asked for it
    }
    EXPECT_GT(refused, 300u);
    EXPECT_LT(kept, 20u);
}

// Bytes beyond the quota wait, none is dropped, and nobody else waits for them.
TEST_F(HostilePeer, AFloodIsDelayedNeverDroppedAndOthersAreServedMeanwhile) { // H50
    greet();
    Session honest(net["FIA"].id, net["NGO"].id, net["FIA"], net["FIA"].plan, now);
    static_cast<void>(honest.start(now));
    wire::Hello other = hello();
    other.node = net["NGO"].id;
    Bytes frames;
    wire::encode(other, frames);
    wire::encode(wire::Summary{{{"return", fill<Hash>(8)}}}, frames);
    static_cast<void>(honest.on_bytes(frames, now));

    const Bytes padding(wire::payload_bytes_max);
    for (std::uint64_t sent = 0; sent <= PeerQuota::bytes_burst; sent += padding.size())
        say_raw(200, padding); // a frame of a later version: skipped, yet paid for
    EXPECT_GT(session->read_not_before(), now);
    Hash previous;
    for (std::uint64_t number = 1; number <= 50; ++number) {
        BuiltBatch next = batch(number, previous);
        previous = header_hash(next.header.network, next.encoded.header());
        say_batch(next.encoded.bytes);
    }
    ASSERT_FALSE(closed) << closed->detail;
    EXPECT_EQ(net["FIA"].batches("return"), 50u); // late for its sender, and all there
    EXPECT_LT(session->read_not_before(), now + 1s);

    EXPECT_LE(honest.read_not_before(), now);
    net["NGO"].append("return", 1);
    Bytes frame;
    const LogName log = net["NGO"].log().frontier("return").at(0).log;
    wire::encode_batch(net["NGO"].log().read_range(log, 1, 1).value().front()->bytes, frame);
    const auto answer = honest.on_bytes(frame, now);
    EXPECT_TRUE(std::any_of(answer.begin(), answer.end(), [](const Action& action) {
        return std::holds_alternative<IngestBatches>(action);
    }));
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

TEST_F(HostilePeer, EquivocationIsKeptAsProofAndItsSenderIsNotBlamed) { // H40
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

TEST_F(HostilePeer, ABatchBeyondAStatedForkIsShownAndNotStated) {
    greet();
    const BuiltBatch first = batch(1);
    BuiltBatch second = batch(2, first.hash), other = batch(2, first.hash);
    say_batch(first.encoded.bytes);
    say_batch(second.encoded.bytes);
    BatchContext context;
    context.network = net.authority->network();
    context.log = peers_log();
    context.number = context.first_sequence = 2;
    context.previous = first.hash;
    context.epoch = 1;
    context.charter = net.authority->charter();
    EventDraft draft;
    draft.body.verb = "other";
    SeededEntropy entropy(99);
    std::size_t taken = 0;
    other = build_batch(context, net.key("IOM"), entropy, std::span(&draft, 1), taken).value();
    say_batch(other.encoded.bytes);
    ASSERT_EQ(net["FIA"].log().forks().size(), 1u);
    FrontierEntry forked = entry(1);
    forked.head.forked = true;
    forked.head.hash = first.hash;
    say(wire::FrontierFull{"return", {forked}});
    say_batch(second.encoded.bytes); // as an answer to whoever asks for the other branch
    EXPECT_EQ(session->status().behind_here, 0u);
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

// The author goes on writing while its range is on its way into the log: what it pushes behind the
// range never leaves it without something unsettled, and is no use of credit.
TEST_F(HostilePeer, WhatIsPushedBehindARangeCostsNoneOfItsCredit) {
    greet();
    say(wire::FrontierFull{"return", {entry(1)}});
    ASSERT_EQ(want.last, 1u);
    const BuiltBatch built = batch(1);
    Hash previous;
    const std::vector<IngestOutcome> stored(1);
    std::size_t handed_over = 0;
    const auto look_at = [&](std::vector<Action> actions) {
        for (Action& action : actions) {
            if (auto* close = std::get_if<ClosePeer>(&action)) closed = *close;
            handed_over += std::holds_alternative<IngestBatches>(action);
        }
    };
    for (std::uint64_t number = 1; number <= 20; ++number) {
        BatchHeader header = built.header;
        header.number = header.first_sequence = number;
        header.previous = previous;
        Bytes large = built.encoded.bytes, frame;
        large.resize(500'000);
        std::ranges::copy(encode_header(header), large.begin());
        previous = header_hash(header.network, encode_header(header));
        wire::encode_batch(large, frame);
        look_at(session->on_bytes(frame, now));
        ASSERT_FALSE(closed) << closed->detail << " at batch " << number;
        if (number > 1) look_at(session->on_ingested(stored, now)); // of the one before
    }
    EXPECT_EQ(handed_over, 20u);
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

} // namespace
} // namespace safar::testing

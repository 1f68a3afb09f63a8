// Rows of the catalogue of hostile peers about frames, ranges and summaries, and about peers that
// promise, withhold and flood: one session of the production, its peer played by the test.
#include "node/charter/charter.hpp"
#include "sync/bundle/bundle_reader.hpp"
#include "sync/bundle/bundle_writer.hpp"
#include "sync/peer/backoff.hpp"
#include "sync/peer/quota.hpp"
#include "tests/sim/hostile_row.hpp"
#include "tests/unit/sync/bundle/frames.hpp"

namespace safar::testing {
namespace {

ROW(H11, AnotherNodesNameInTheHelloIsAnIdentityMismatch) {
    wire::Hello other = hello();
    other.node = fill<NodeId>(8);
    say(other);
    refused(ErrorCode::identity_mismatch);
}
ROW(H14, ALengthBeyondTheLimitIsRefusedByTheLengthAlone) {
    greet();
    feed_hex("ffffffff0a");
    refused(ErrorCode::limit_exceeded);
}
ROW(H15, AFrameOfLengthZeroIsMalformed) {
    greet();
    feed_hex("0000000000");
    refused(ErrorCode::malformed);
}
ROW(H17, AVersionThatIsNotSpokenIsToldBothRanges) {
    wire::Hello newer = hello();
    newer.versions = {200, 255};
    say(newer);
    refused(ErrorCode::unsupported_version);
    EXPECT_NE(error.detail.find("1 to 1"), std::string::npos);
    EXPECT_NE(error.detail.find("200 to 255"), std::string::npos);
}
ROW(H18, ABitFlippedInTheFrameTypeIsMalformed) {
    greet();
    say_raw(0x40, Bytes(20));
    refused(ErrorCode::malformed);
}
ROW(H20, DataBeforeTheHelloIsOutOfOrder) {
    say_batch(batch().encoded.bytes);
    refused(ErrorCode::out_of_order);
}
ROW(H21, ACountOfFourBillionIsRefusedAtTheCount) {
    greet();
    Bytes payload{std::byte{6}};
    ByteWriter out(payload);
    out.bytes(as_bytes("return"));
    out.integer(std::uint32_t{0xffffffff});
    say_raw(5, payload);
    refused(ErrorCode::malformed);
}
// No frame nests. What does travels as a document, unread, and its parser's verdict ends the
// session.
ROW(H22, WhatNestsTooDeepIsMalformedAndClosesItsSender) {
    wire::Hello newer = hello();
    newer.epoch = 2;
    newer.charter = fill<Hash>(7);
    say(newer);
    say(wire::CharterDocument{2, Bytes(100'000, std::byte{'['})});
    EXPECT_FALSE(closed);
    const auto verdict = parse_charter(as_text(charter_offered));
    ASSERT_FALSE(verdict.has_value());
    EXPECT_EQ(name(verdict.error().code), name(ErrorCode::malformed));
    perform(session->on_charter(verdict.error(), now));
    refused(ErrorCode::malformed);
}
ROW(H23, BytesAfterTheLastFieldOfAFrameAreMalformed) {
    greet();
    say_raw(12, Bytes(9));
    refused(ErrorCode::malformed);
}
ROW(H25, AFrameWhoseListIsNotSortedIsNotCanonical) {
    FrontierEntry before = entry(3);
    before.log.incarnation = fill<Incarnation>(2);
    const auto refuses = [&](const auto& message) {
        begin();
        greet();
        say(message);
        refused(ErrorCode::non_canonical);
    };
    refuses(wire::FrontierFull{"return", {entry(3), before}});
    refuses(wire::FrontierDelta{"return", fill<Hash>(1), {entry(3), before}});
    refuses(wire::NoticeList{{fill<Hash>(2), fill<Hash>(1)}});
    begin();
    say(hello());
    say(wire::Summary{{{"return", fill<Hash>(1)}, {"movement", fill<Hash>(1)}}});
    refused(ErrorCode::non_canonical);
}
ROW(H26, AFrameThatNamesOneThingTwiceIsNotCanonical) {
    const auto refuses = [&](const auto& message) {
        begin();
        greet();
        say(message);
        refused(ErrorCode::non_canonical);
    };
    refuses(wire::FrontierFull{"return", {entry(3), entry(3)}});
    refuses(wire::FrontierDelta{"return", fill<Hash>(1), {entry(3), entry(3)}});
    refuses(wire::NoticeList{{fill<Hash>(1), fill<Hash>(1)}});
    begin();
    say(hello());
    say(wire::Summary{{{"return", fill<Hash>(1)}, {"return", fill<Hash>(1)}}});
    refused(ErrorCode::non_canonical);
}

ROW(H44, AReversedRangeIsMalformed) {
    greet();
    say(wire::Want{peers_log(), 9, 3, 1000});
    refused(ErrorCode::malformed);
}
ROW(H44, RangesBeyondTheirCountAreRefused) {
    greet();
    Bytes frames;
    for (std::uint32_t i = 0; i < 1025; ++i) {
        LogName log = peers_log();
        std::memcpy(log.incarnation.raw.data(), &i, sizeof i);
        wire::encode(wire::Want{log, 1, limits::sequence_max, 1}, frames);
    }
    feed(frames);
    refused(ErrorCode::limit_exceeded);
}
// A range names one log, and a later one takes its place: overlapping or equal ones are no error,
// they are served once.
ROW(H44, ARangeThatOverlapsTheLastOneTakesItsPlace) {
    net["FIA"].append("return", 12);
    begin();
    greet();
    const LogName log = net["FIA"].log().frontier("return").at(0).log;
    const auto served = [&](std::initializer_list<std::pair<std::uint64_t, std::uint64_t>> ranges) {
        said.clear();
        Bytes frames;
        for (const auto& [first, last] : ranges)
            wire::encode(wire::Want{log, first, last, 1u << 20}, frames);
        feed(frames);
        return std::count(said.begin(), said.end(), "batch");
    };
    EXPECT_EQ(served({{1, 8}, {6, 12}}), 7);
    EXPECT_EQ(served({{1, 4}, {1, 4}, {1, 4}}), 4);
    kept(12);
}

// What IOM says it has, it never sends. NGO has it.
ROW(H45, WhatOnePeerPromisesAndDoesNotDeliverIsAskedOfAnother) {
    net["NGO"].append("return", 5);
    greet();
    say(wire::FrontierFull{"return", net["NGO"].log().frontier("return")});
    EXPECT_EQ(want.last, 5u);
    net.connect("NGO", "FIA");
    net.run(19s);
    EXPECT_EQ(net["FIA"].batches("return"), 0u) << "the first one is waited for";
    EXPECT_EQ(net.count("FIA", "NGO", "want"), 0u);
    now += 21s;
    perform(session->on_tick(now)); // its lease ends
    net.run(3s);
    EXPECT_EQ(net.count("FIA", "NGO", "want"), 1u);
    EXPECT_EQ(net["FIA"].batches("return"), 5u);
    EXPECT_FALSE(closed);
}
// A bad line can not be told from a bad peer: it rests, for the same time whenever it happens.
ROW(H45, EmptyPromisesEndTheSessionForHalfAMinute) {
    greet();
    say(wire::FrontierFull{"return", {entry(5)}});
    for (int i = 0; i < 40 && !closed; ++i) {
        now += 5s;
        say(wire::Pong{1});
        if (!closed) perform(session->on_tick(now));
    }
    refused(ErrorCode::timed_out);
    EXPECT_EQ(closed->do_not_call_before, 30s);
    EXPECT_EQ(blame(closed->reason), Blame::nobody);
    Backoff again;
    for (int times = 0; times < 3; ++times) {
        again.rested(now, closed->do_not_call_before);
        EXPECT_EQ(again.call_at(), now + 30s);
    }
}
ROW(H48, ADigestThatDiffersInItsLastByteIsAnother) {
    net["FIA"].append("return", 1);
    begin();
    say(hello());
    Hash almost = net["FIA"].digest("return");
    almost.raw.back() ^= std::byte{1};
    say(wire::Summary{{{"return", almost}}});
    kept(1);
    EXPECT_EQ(std::count(said.begin(), said.end(), "full"), 1);
}
// IOM says that it has NGO's log and gives nothing of it.
ROW(H49, WhatIsStatedOfAnothersLogAndWithheldIsShownUntilAnotherGivesIt) {
    net["NGO"].append("return", 3);
    const FrontierEntry theirs = net["NGO"].log().frontier("return").at(0);
    greet();
    say(wire::FrontierFull{"return", {theirs}});
    say(wire::Missing{theirs.log, 1, 3});
    kept(0);
    const SessionStatus gap = session->status();
    ASSERT_EQ(gap.behind.size(), 1u);
    EXPECT_EQ(gap.behind[0].log, theirs.log);
    EXPECT_EQ(gap.behind[0].theirs, 3u);
    EXPECT_EQ(gap.behind[0].ours, 0u);
    net.connect("NGO", "FIA");
    net.run(2s);
    now += 2s;
    perform(session->on_local_change(now));
    kept(3);
    EXPECT_TRUE(session->status().behind.empty());
}
// The quota is a peer's, by the second; there is none of an author by the day.
ROW(H50, AFloodOfItsOwnLogIsDelayedAndNothingOfItDropped) {
    constexpr int batches = 4000;
    static_assert(PeerQuota::frames_per_second == 50'000); // 20 us a frame
    greet();
    Session honest(net["FIA"].id, net["NGO"].id, net["FIA"], net["FIA"].plan, now);
    static_cast<void>(honest.start(now));
    // The burst that everybody may have is used up.
    for (std::uint64_t i = 0; i < PeerQuota::frames_burst; ++i) say_raw(12, Bytes(8));
    const NodeTime begun = now;
    int waits = 0;
    Hash previous;
    for (std::uint64_t number = 1; number <= batches; ++number) {
        if (const NodeTime free = session->read_not_before(); free > now) { // as the shell does
            ++waits;
            now = free;
        }
        const BuiltBatch next = built(place("IOM", number, previous), draft());
        previous = next.hash;
        say_batch(next.encoded.bytes);
        ASSERT_FALSE(closed) << closed->detail;
    }
    kept(batches);
    EXPECT_EQ(ingested, std::size_t{batches});
    EXPECT_EQ(waits, batches);
    EXPECT_GE(now - begun, batches * 20us);
    EXPECT_LE(now - begun, batches * 21us + 1ms);
    EXPECT_LE(honest.read_not_before(), begun) << "others are read at once";
}

// --- H51: the wire has no snapshots. A bundle is the copy that somebody hands over; of a stream
// of frames the same is asked.

using Bundle = std::vector<Bytes>; // frames: hello, frontier, batches, bye

Bundle bundle_of(const Log& log, const wire::Hello& hello) {
    Bytes bytes;
    BundleWriter writer([&](ByteView piece) {
        bytes.insert(bytes.end(), piece.begin(), piece.end());
        return Result<>(success());
    });
    BundleMark contained;
    EXPECT_TRUE(writer.hello(hello));
    EXPECT_TRUE(writer.compartment(log, "return", /*bodies=*/true, {}, contained));
    EXPECT_TRUE(writer.end());
    return frames(bytes);
}
// Each batch as the log answers it.
std::vector<std::string> answers_to(const Bundle& bundle, Log& log) {
    std::vector<std::string> out;
    BundleReader reader;
    const Bytes bytes = joined(bundle);
    for (ByteView rest = bytes; !rest.empty();) {
        auto part = reader.next(rest);
        if (!part) {
            out.emplace_back(name(part.error().code));
            break;
        }
        if (!part.value()) continue;
        const auto* batch = std::get_if<BundleBatch>(&*part.value());
        if (batch == nullptr) continue;
        const auto outcome = log.ingest(std::span(&batch->batch, 1)).front();
        out.emplace_back(outcome.result ? "held" : name(outcome.result.error().code));
    }
    return out;
}
using Answers = std::vector<std::string>;

class HostileBundle : public HostileRow {
protected:
    HostileBundle() {
        net["NGO"].append("return", 5);
        bundle = bundle_of(net["NGO"].log(), hello());
    }
    Bundle bundle; // [2] is batch 1
};

TEST_F(HostileBundle, H51_OfACopyThatOmitsOnlyWhatComesBeforeIsTaken) {
    bundle.erase(bundle.begin() + 3);
    EXPECT_EQ(answers_to(bundle, net["FIA"].writable()), (Answers{"held", "gap", "gap", "gap"}));
    EXPECT_EQ(net["FIA"].batches("return"), 1u);
}
TEST_F(HostileBundle, H51_WhatACopyInventsIsRefusedByItsSignature) {
    const LogName log = net["NGO"].log().frontier("return").at(0).log;
    const Bytes& first = bundle.at(2);
    BatchContext at = place("NGO", 2);
    at.log = log;
    at.previous = header_hash(at.network, ByteView(first).subspan(5, BatchHeader::encoded_bytes));
    Bytes invented = built(at, draft("invented"), "IOM").encoded.bytes;
    const KeyId claimed = net.key("NGO").id();
    std::copy(claimed.raw.begin(), claimed.raw.end(),
              invented.begin() + BatchHeader::encoded_bytes - KeyId::size);
    bundle[3].clear();
    wire::encode_batch(invented, bundle[3]);
    EXPECT_EQ(answers_to(bundle, net["FIA"].writable()),
              (Answers{"held", "bad_signature", "gap", "gap", "gap"}));
    EXPECT_EQ(net["FIA"].batches("return"), 1u);
}
TEST_F(HostileBundle, H51_ABatchBeyondWhatACopyStatesEndsItsReading) {
    FrontierEntry less = net["NGO"].log().frontier("return").at(0);
    less.head.number = less.head.last_sequence = 2;
    bundle[1] = frame(wire::FrontierFull{"return", {less}});
    EXPECT_EQ(answers_to(bundle, net["FIA"].writable()), (Answers{"held", "held", "out_of_order"}));
}
// Its heads are nobody's word but its maker's: what it leaves out comes with the first peer that
// has it, who is compared with like every other.
TEST_F(HostileBundle, H51_WhatACopyLeavesOutComesFromPeers) {
    bundle.erase(bundle.begin() + 4, bundle.end() - 1);
    EXPECT_EQ(answers_to(bundle, net["FIA"].writable()), (Answers{"held", "held"}));
    EXPECT_EQ(net["FIA"].batches("return"), 2u);
    net.connect("NGO", "FIA");
    net.connect("IOM", "FIA");
    net.run(2s);
    EXPECT_EQ(net["FIA"].batches("return"), 5u);
    EXPECT_TRUE(net.all_equal("return"));
}
TEST_F(HostileBundle, H51_AStreamThatOmitsIsTakenUpToThereAndOneThatInventsIsRefused) {
    const BuiltBatch one = built(place(), draft()), two = built(place("IOM", 2, one.hash), draft()),
                     three = built(place("IOM", 3, two.hash), draft());
    greet();
    say(wire::FrontierFull{"return", {entry(3)}});
    say_batch(one.encoded.bytes);
    say_batch(three.encoded.bytes);
    kept(1);
    Bytes invented = two.encoded.bytes;
    invented[BatchHeader::encoded_bytes] ^= std::byte{1};
    say_batch(invented);
    refused(ErrorCode::bad_signature, /*stored=*/1);
}

} // namespace
} // namespace safar::testing

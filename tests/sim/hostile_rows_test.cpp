// The catalogue of hostile peers, row by row, against the production session, log and fold: the
// exact answer, what becomes of the session, and what is durable afterwards. Rows that exist only
// at sockets, TLS, configuration files and real disks are played by real processes; both lists
// together are the catalogue.
#include "tests/sim/core.hpp"
#include "tests/sim/plain.hpp"
#include "tests/unit/sync/session/hostile_peer.hpp"

#include <cstdlib>
#include <fstream>
#include <set>
#include <zstd.h>

namespace safar::testing {
namespace {

class HostileRow : public HostilePeer {
protected:
    // Told once, closed, not called again for a while, nothing stored.
    void refused(ErrorCode code) { expect_closed(code); }
    void kept(Position stored) {
        EXPECT_FALSE(closed) << closed->detail;
        EXPECT_EQ(net["FIA"].log().last_position(), stored);
    }
    EventDraft draft() {
        EventDraft out;
        out.body.kind = 1;
        out.body.verb = "recorded";
        return out;
    }
    BatchContext context() {
        BatchContext out;
        out.network = net.authority->network();
        out.log = peers_log();
        out.epoch = 1;
        out.charter = net.authority->charter();
        return out;
    }
    BuiltBatch built(const BatchContext& at, const EventDraft& event) {
        SeededEntropy entropy(at.number + 40);
        std::size_t taken = 0;
        return build_batch(at, net.key("IOM"), entropy, std::span(&event, 1), taken).value();
    }
    // Signed by its author, whatever the clear part says.
    Bytes signed_with_clear(const Bytes& clear) {
        Bytes raw{std::byte{0}};
        ByteWriter out(raw);
        const Bytes salt(16, std::byte{5});
        out.bytes(salt);
        out.sized({});
        out.sized(clear);
        const Bytes none(32);
        const auto inner = sim::plain_hash("inner", {salt, sim::plain_hash("clear", {clear}), none,
                                                     sim::plain_hash("sealed", {ByteView()})});
        const std::byte mark{0};
        BatchHeader header = batch().header;
        header.root = *Hash::from(sim::plain_hash(
            "leaf", {ByteView(&mark, 1), sim::plain_hash("dots", {ByteView()}), inner}));
        Bytes stored = encode_header(header);
        const Signature signature = sign_header(net.key("IOM"), header.network, stored);
        ByteWriter rest(stored);
        rest.bytes(signature.view());
        rest.integer(static_cast<std::uint32_t>(raw.size()));
        Bytes packed(ZSTD_compressBound(raw.size()));
        packed.resize(ZSTD_compress(packed.data(), packed.size(), raw.data(), raw.size(), 1));
        rest.bytes(packed);
        return stored;
    }
    Bytes clear_part() {
        auto opened = open_batch(batch().encoded.bytes, LeafCheck::compute).value();
        return copy(opened.events.at(0).clear);
    }
    // Kept and relayed, flagged, without effect: the body does not decode, for anybody.
    void kept_without_effect(const Bytes& clear) {
        EXPECT_FALSE(decode_body(clear).has_value());
        greet();
        say_batch(signed_with_clear(clear));
        kept(1);
        EXPECT_EQ(net["FIA"].batches("return"), 1u);
    }
    void say_changed(std::size_t at) {
        Bytes stored = batch().encoded.bytes;
        stored[at == 0 ? stored.size() - 1 : at] ^= std::byte{1};
        greet();
        say_batch(stored);
    }
};

#define ROW(id, sentence) TEST_F(HostileRow, id##_##sentence)

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
ROW(H22, WhatNestsTravelsUnreadAndIsJudgedOnce) {
    wire::Hello newer = hello();
    newer.epoch = 2;
    newer.charter = fill<Hash>(7);
    say(newer);
    say(wire::CharterDocument{2, Bytes(100'000, std::byte{'['})});
    const auto verdict = parse_charter(as_text(charter_offered));
    ASSERT_FALSE(verdict.has_value());
    perform(session->on_charter(verdict.error(), now));
    ASSERT_TRUE(closed.has_value() || session->status().ready);
    EXPECT_EQ(net["FIA"].log().last_position(), 0u);
}
ROW(H23, BytesAfterTheLastFieldOfAFrameAreMalformed) {
    greet();
    say_raw(12, Bytes(9));
    refused(ErrorCode::malformed);
}
ROW(H23, BytesAfterASignedBodyAreKeptWithoutEffect) {
    Bytes clear = clear_part();
    clear.push_back(std::byte{0});
    kept_without_effect(clear);
}
ROW(H25, ASecondSpellingOfASignedBodyIsKeptWithoutEffect) {
    Bytes clear = clear_part();
    clear[0] = std::byte{2}; // another version of the body
    kept_without_effect(clear);
}
ROW(H26, ALogNamedTwiceInAFrontierIsNotCanonical) {
    greet();
    Bytes frame;
    wire::encode(wire::FrontierFull{"return", {entry(3), entry(3)}}, frame);
    feed(frame);
    refused(ErrorCode::non_canonical);
}
ROW(H28, ABitFlippedInThePayloadBlamesTheSender) {
    say_changed(0);
    ASSERT_TRUE(closed);
    EXPECT_EQ(blame(closed->reason), Blame::sender);
    EXPECT_EQ(net["FIA"].log().last_position(), 0u);
}
ROW(H29, TheSignatureOfAnotherBatchIsBad) {
    Bytes stored = batch(1).encoded.bytes;
    const Bytes other = batch(2, fill<Hash>(1)).encoded.bytes;
    std::copy_n(other.begin() + BatchHeader::encoded_bytes, Signature::size,
                stored.begin() + BatchHeader::encoded_bytes);
    greet();
    say_batch(stored);
    refused(ErrorCode::bad_signature);
}
ROW(H31, ALowOrderKeyIsRefusedAtEveryVerify) {
    PublicKey weak; // the neutral element in Edwards form is 1; zero is of order 4
    FakeAuthority::Member member{"BAD", fill<NodeId>(9), weak, {"return"}};
    auto authority = std::make_shared<FakeAuthority>(std::vector{member});
    const SigningKey key = make_key("us");
    SeededEntropy entropy(1);
    auto log = make_memory_log(Author{fill<NodeId>(1), &key, &entropy}, authority);
    BatchHeader header = batch().header;
    header.log.id = log_id(authority->network(), member.node, "return");
    header.key = key_id(weak);
    Bytes stored = encode_header(header);
    const Bytes good = batch().encoded.bytes;
    stored.insert(stored.end(), good.begin() + BatchHeader::encoded_bytes, good.end());
    const EncodedBatch offered{stored};
    EXPECT_EQ(log->ingest(std::span(&offered, 1))[0].result.error().code, ErrorCode::bad_key);
    EXPECT_EQ(log->last_position(), 0u);
}
ROW(H32, ASignatureForAnotherPurposeIsBad) {
    Bytes stored = batch().encoded.bytes;
    const Signature other =
        net.key("IOM").sign("notice", ByteView(stored).first(BatchHeader::encoded_bytes));
    std::copy(other.raw.begin(), other.raw.end(), stored.begin() + BatchHeader::encoded_bytes);
    greet();
    say_batch(stored);
    refused(ErrorCode::bad_signature);
}
ROW(H32, ABatchOfAnotherNetworkIsRefused) {
    say_changed(8);
    refused(ErrorCode::wrong_network);
}
ROW(H33, ARootThatTheEventsDoNotHashToIsAWrongHash) {
    say_changed(140);
    refused(ErrorCode::wrong_hash);
}
ROW(H34, OtherEventsUnderTheSameHeaderAreAWrongHash) {
    BuiltBatch one = batch(1);
    EventDraft event = draft();
    event.body.verb = "invented";
    const BuiltBatch two = built(context(), event);
    Bytes stored(one.encoded.bytes.begin(),
                 one.encoded.bytes.begin() + BatchHeader::encoded_bytes + Signature::size);
    stored.insert(stored.end(),
                  two.encoded.bytes.begin() + BatchHeader::encoded_bytes + Signature::size,
                  two.encoded.bytes.end());
    greet();
    say_batch(stored);
    refused(ErrorCode::wrong_hash);
}
ROW(H35, AnUnknownAuthorIsNeitherStoredNorBlamedOnTheSender) {
    say_changed(40);
    kept(0);
    EXPECT_EQ(ingested, 0u);
}
ROW(H36, WhatIsNotItsAuthorsToSayIsHeldAndHasNoEffect) {
    sim::Statistics statistics;
    sim::Random random(1, "founding");
    const sim::Founding founding = sim::found(random, 2, 0, false);
    sim::Core core(0, founding.members[0], founding, 1, statistics);
    ASSERT_TRUE(core.start());
    AppendRequest request{"movement", {draft()}};
    request.drafts[0].body.kind = 99; // no such kind
    ASSERT_TRUE(core.append(request));
    EXPECT_EQ(core.log().last_position(), 1u);
    ASSERT_NE(core.derived(), nullptr);
    EXPECT_EQ(core.derived()->not_understood(), 1u);
}
ROW(H37, AnyClaimedTimeIsAcceptedAndOrdersNothing) {
    greet();
    Hash previous;
    std::uint64_t number = 0;
    for (std::int64_t at :
         {std::numeric_limits<std::int64_t>::min(), std::int64_t{-1},
          std::int64_t{3'300'000'000'000'000}, std::numeric_limits<std::int64_t>::max()}) {
        BatchContext place = context();
        place.number = place.first_sequence = ++number;
        place.previous = previous;
        EventDraft event = draft();
        event.body.at = {at};
        const BuiltBatch next = built(place, event);
        previous = next.hash;
        say_batch(next.encoded.bytes);
    }
    kept(4);
}
ROW(H38, SequenceZeroIsMalformed) {
    Bytes stored = batch().encoded.bytes;
    std::fill_n(stored.begin() + 88, 8, std::byte{0});
    greet();
    say_batch(stored);
    refused(ErrorCode::malformed);
}
ROW(H38, AJumpIsAskedForAndNotStored) {
    greet();
    say(wire::FrontierFull{"return", {}});
    say_batch(batch(1001, fill<Hash>(1)).encoded.bytes);
    now += 60ms;
    perform(session->on_tick(now));
    kept(0);
    EXPECT_EQ(want.first, 1u);
    EXPECT_EQ(want.last, 1001u);
}
ROW(H38, TheLargestSequenceIsRefused) {
    Bytes stored = batch().encoded.bytes;
    std::fill_n(stored.begin() + 96, 8, std::byte{0xff});
    greet();
    say_batch(stored);
    ASSERT_TRUE(closed);
    EXPECT_EQ(blame(closed->reason), Blame::sender);
    EXPECT_EQ(net["FIA"].log().last_position(), 0u);
}
ROW(H40, TwoBatchesAtOnePlaceAreProofAndTheRelayIsInnocent) {
    greet();
    EventDraft event = draft();
    event.body.verb = "other";
    say_batch(batch(1).encoded.bytes);
    say_batch(built(context(), event).encoded.bytes);
    kept(1);
    ASSERT_EQ(net["FIA"].log().forks().size(), 1u);
    EXPECT_TRUE(net["FIA"].log().head(peers_log())->forked);
}
ROW(H41, TenThousandCopiesCostOneWriteAndSlowTheirSender) {
    greet();
    const BuiltBatch good = batch();
    for (int i = 0; i < 10'000; ++i) say_batch(good.encoded.bytes);
    kept(1);
    EXPECT_EQ(ingested, 1u);
    EXPECT_GT(session->read_not_before(), now);
}
ROW(H43, AReferenceToNothingAndADotOfNothingBlockNothing) {
    EventDraft event = draft();
    event.body.assertions = {{1, Reference{fill<RecordId>(3)}}, {2, Reference{event.body.record}}};
    event.replaces = {Dot{peers_log(), 77, 0, {}}};
    greet();
    const BuiltBatch first = built(context(), event);
    say_batch(first.encoded.bytes);
    BatchContext next = context();
    next.number = next.first_sequence = 2;
    next.previous = first.hash;
    say_batch(built(next, draft()).encoded.bytes);
    kept(2);
}
ROW(H44, AReversedRangeIsMalformed) {
    greet();
    say(wire::Want{peers_log(), 9, 3, 1000});
    refused(ErrorCode::malformed);
}
ROW(H45, EmptyPromisesEndTheSessionAndNotForLong) {
    greet();
    say(wire::FrontierFull{"return", {entry(5)}});
    for (int i = 0; i < 40 && !closed; ++i) {
        now += 5s;
        say(wire::Pong{1});
        if (!closed) perform(session->on_tick(now));
    }
    ASSERT_TRUE(closed);
    EXPECT_EQ(closed->reason, ErrorCode::timed_out);
    EXPECT_EQ(closed->do_not_call_before, 30s);
    EXPECT_EQ(net["FIA"].log().last_position(), 0u);
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
ROW(H49, WhatIsStatedAndWithheldIsShownToTheOperator) {
    greet();
    say(wire::FrontierFull{"return", {entry(3)}});
    kept(0);
    const SessionStatus status = session->status();
    ASSERT_EQ(status.behind.size(), 1u);
    EXPECT_EQ(status.behind[0].theirs, 3u);
    EXPECT_EQ(status.behind[0].ours, 0u);
}
ROW(H50, AFloodIsDelayedAndNothingOfItDropped) {
    greet();
    for (int i = 0; i < 110'000; ++i) say_raw(12, Bytes(8)); // pings
    EXPECT_GT(session->read_not_before(), now);
    say_batch(batch().encoded.bytes);
    kept(1);
}
ROW(H51, OfACopyThatOmitsAndInventsOnlyTheTruePrefixIsTaken) {
    const BuiltBatch one = batch(1), two = batch(2, one.hash), three = batch(3, two.hash);
    Bytes invented = two.encoded.bytes;
    invented[BatchHeader::encoded_bytes] ^= std::byte{1};
    const std::vector<EncodedBatch> copy{one.encoded, {invented}, three.encoded};
    const auto outcomes = net["FIA"].writable().ingest(copy);
    EXPECT_TRUE(outcomes[0].result.has_value());
    EXPECT_EQ(outcomes[1].result.error().code, ErrorCode::bad_signature);
    EXPECT_EQ(outcomes[2].result.error().code, ErrorCode::gap);
    EXPECT_EQ(net["FIA"].log().last_position(), 1u);
}

// A node of the simulator, alone with its disk.
class HostileDisk : public ::testing::Test {
protected:
    HostileDisk()
        : founding(sim::found(random, 2, 0, false)),
          core(0, founding.members[0], founding, 1, statistics) {
        EXPECT_TRUE(core.start());
    }
    Result<Appended> append() {
        EventDraft event;
        event.body.kind = 1;
        event.body.verb = "recorded";
        return core.append({"movement", {event}});
    }
    sim::Statistics statistics;
    sim::Random random{1, "founding"};
    sim::Founding founding;
    sim::Core core;
};

TEST_F(HostileDisk, H57_ARolledBackLogIsNeverSignedAgainOnceAPeerShowsMore) {
    const LogName first = append().value().log;
    const auto copy = core.copy();
    ASSERT_EQ(append().value().log, first);
    const Frontier at_the_peer = core.log().frontier("movement");
    core.end(false);
    core.put_back(copy, /*whole=*/true); // witness and all, as a virtual machine's snapshot
    ASSERT_TRUE(core.start());
    core.confirm(founding.members[1].id, at_the_peer);
    EXPECT_NE(append().value().log, first);
    EXPECT_EQ(core.log().head(first)->number, 1u);
}

TEST_F(HostileDisk, H58_AFullDiskRefusesReadsGoOnAndNothingIsLost) {
    const LogName first = append().value().log;
    core.disk().rates.full = 1000;
    EXPECT_EQ(append().error().code, ErrorCode::storage_full);
    EXPECT_EQ(core.log().read_range(first, 1, 1).value().size(), 1u);
    core.disk().rates.full = 0;
    EXPECT_EQ(append().value().log, first);
    EXPECT_EQ(core.log().head(first)->number, 2u);
}

// The rows that exist only outside of the core.
const std::set<std::string> by_real_processes = {"H01", "H02", "H03", "H05", "H06", "H07", "H08",
                                                 "H09", "H10", "H13", "H53", "H55", "H56"};
const std::set<std::string> catalogue = {
    "H01", "H02", "H03", "H05", "H06", "H07", "H08", "H09", "H10", "H11", "H13", "H14",
    "H15", "H17", "H18", "H20", "H21", "H22", "H23", "H25", "H26", "H28", "H29", "H31",
    "H32", "H33", "H34", "H35", "H36", "H37", "H38", "H40", "H41", "H43", "H44", "H45",
    "H48", "H49", "H50", "H51", "H53", "H55", "H56", "H57", "H58"};

TEST(HostileCatalogue, EveryRowIsPlayedHereOrByRealProcesses) {
    std::set<std::string> played = by_real_processes;
    const auto& all = *::testing::UnitTest::GetInstance();
    for (int i = 0; i < all.total_test_suite_count(); ++i) {
        const auto& suite = *all.GetTestSuite(i);
        const std::string name = suite.name();
        for (int j = 0; j < suite.total_test_count() && name.starts_with("Hostile"); ++j)
            if (const std::string test = suite.GetTestInfo(j)->name();
                test[0] == 'H' && test[3] == '_') {
                EXPECT_FALSE(by_real_processes.contains(test.substr(0, 3))) << test;
                played.insert(test.substr(0, 3));
            }
    }
    EXPECT_EQ(played, catalogue);
    const char* data = std::getenv("SAFAR_DATA");
    std::ifstream file(std::string(data == nullptr ? SAFAR_SOURCE_DIR "/../shared/data" : data) +
                       "/../hostile.tsv");
    std::set<std::string> stated;
    for (std::string line; std::getline(file, line);)
        if (line[0] == 'H') stated.insert(line.substr(0, 3));
    if (!stated.empty()) {
        EXPECT_EQ(stated, catalogue);
    }
}

} // namespace
} // namespace safar::testing

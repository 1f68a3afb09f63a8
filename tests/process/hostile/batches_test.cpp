// The rows of the catalogue about what an author signs and a relay carries, against a real node:
// who is blamed, what is stored, and that every honest node comes to the same.
#include "tests/process/hostile/wire_peer.hpp"

#include <filesystem>
#include <gmock/gmock.h>

namespace safar::process {
namespace {
using ::testing::HasSubstr;
using namespace std::chrono_literals;

HostileNetwork& at() { return HostileNetwork::the(); }

std::int64_t records() { return at().net.ask("IOM", {"stats", "return"}).at("count").as_int64(); }

// A validly signed batch whose event says nothing that decodes: held and passed on, without effect.
void expect_flagged(const std::string& agency, ByteView clear, const WirePeer& made_by,
                    WirePeer& peer) {
    const Bytes stored = made_by.batch_of(clear);
    peer.say_batch(stored);
    expect_held(agency, 1);
    expect_kept(peer, agency);
}

TEST(Hostile, H00_HonestPeersAreQuickBeforeAnythingHappens) {
    EXPECT_GT(at().quiet.count, 10u);
    begin_slow_rows();
}

TEST(Hostile, H23S_ASignedEventWithTrailingBytesIsHeldWithoutEffect) {
    WirePeer peer("H23S");
    peer.greet();
    Bytes clear = peer.clear_part();
    clear.push_back(std::byte{0});
    expect_flagged("H23S", clear, peer, peer);
}

TEST(Hostile, H25S_ASignedEventInASecondEncodingIsHeldWithoutEffect) {
    WirePeer peer("H25S");
    peer.greet();
    expect_flagged("H25S", peer.clear_part({{2, Text{"b"}}, {1, Text{"a"}}}), peer,
                   peer); // unsorted
}

TEST(Hostile, H26S_ASignedEventThatNamesAFieldTwiceIsHeldWithoutEffect) {
    WirePeer peer("H26S");
    peer.greet();
    expect_flagged("H26S", peer.clear_part({{1, Text{"a"}}, {1, Text{"b"}}}), peer, peer);
}

TEST(Hostile, H28_AFlippedBitOfTheSignatureBlamesTheSender) {
    WirePeer peer("H28");
    peer.greet();
    Bytes bytes = peer.batch().encoded.bytes;
    bytes[BatchHeader::encoded_bytes + 3] ^= std::byte{1};
    peer.say_batch(bytes);
    expect_blamed(peer, "H28", ErrorCode::bad_signature);
}

TEST(Hostile, H29_TheSignatureOfAnotherBatchByTheSameAuthorIsBad) {
    WirePeer peer("H29");
    peer.greet();
    Bytes bytes = peer.batch().encoded.bytes;
    const Bytes other = peer.batch().encoded.bytes;
    std::copy_n(other.begin() + BatchHeader::encoded_bytes, Signature::size,
                bytes.begin() + BatchHeader::encoded_bytes);
    peer.say_batch(bytes);
    expect_blamed(peer, "H29", ErrorCode::bad_signature);
}

TEST(Hostile, H31_AKeyOfLowOrderGetsIntoNoCharter) {
    for (const std::string& key :
         {std::string("01") + std::string(62, '0'), std::string(64, '0'),
          std::string("ec") + std::string(60, 'f') + "7f", std::string(64, 'f')}) {
        std::string text = slurp(at().net.path("H31.enrolment.toml"));
        const std::string mark = "signing_key = \"";
        ASSERT_NE(text.find(mark), std::string::npos) << text;
        text.replace(text.find(mark) + mark.size(), 64, key);
        std::ofstream(at().net.path("low.toml")) << text;
        Ran ran = run({SAFAR, "charter", "draft", "--network", "X", "--steward", "H31", "--quorum",
                       "1", at().net.path("low.toml")});
        EXPECT_NE(ran.exit_code, 0) << key;
        EXPECT_THAT(ran.err, HasSubstr("bad key")) << key;
    }
}

TEST(Hostile, H32_ASignatureForAnotherNetworkIsBad) {
    WirePeer peer("H32");
    peer.greet();
    BuiltBatch built = peer.batch();
    NetworkId other = peer.hello.network;
    other.raw[0] ^= std::byte{1};
    const Signature signature = sign_header(peer.self().signing, other, built.encoded.header());
    std::copy(signature.raw.begin(), signature.raw.end(),
              built.encoded.bytes.begin() + BatchHeader::encoded_bytes);
    peer.say_batch(built.encoded.bytes);
    expect_blamed(peer, "H32", ErrorCode::bad_signature);
}

TEST(Hostile, H33_AClaimedRootThatIsNotTheHashOfTheBytesIsAWrongHash) {
    WirePeer peer("H33");
    peer.greet();
    BuiltBatch built = peer.batch();
    BatchHeader header = built.header;
    header.root.raw[7] ^= std::byte{1};
    const Bytes encoded = encode_header(header); // and validly signed
    const Signature signature = sign_header(peer.self().signing, peer.hello.network, encoded);
    std::copy(encoded.begin(), encoded.end(), built.encoded.bytes.begin());
    std::copy(signature.raw.begin(), signature.raw.end(),
              built.encoded.bytes.begin() + BatchHeader::encoded_bytes);
    peer.say_batch(built.encoded.bytes);
    expect_blamed(peer, "H33", ErrorCode::wrong_hash);
}

TEST(Hostile, H34_AnotherPayloadUnderTheSameHeaderIsAWrongHash) {
    WirePeer peer("H34");
    peer.greet();
    const Bytes honest = peer.batch().encoded.bytes,
                other = peer.batch(1, {}, "arrived").encoded.bytes;
    Bytes mixed(honest.begin(), honest.begin() + EncodedBatch::prefix_bytes - 4);
    mixed.insert(mixed.end(), other.begin() + EncodedBatch::prefix_bytes - 4, other.end());
    peer.say_batch(mixed);
    expect_blamed(peer, "H34", ErrorCode::wrong_hash);
}

TEST(Hostile, H35_ALogOfNobodyIsNotStoredAndTheSessionIsKept) {
    WirePeer peer("H35");
    peer.greet();
    Bytes bytes = peer.batch().encoded.bytes;
    bytes[40] ^= std::byte{1}; // log id
    peer.say_batch(bytes);
    expect_kept(peer, "H35");
    expect_no_effect("H35");
}

TEST(Hostile, H36_AnEventThatItsAuthorMayNotSayIsHeldWithoutEffect) {
    WirePeer peer("H36");
    peer.greet();
    EventDraft draft;
    draft.body.kind = 60'000; // no kind of this compartment
    draft.body.record = system_entropy().draw<RecordId>();
    draft.body.verb = "closed";
    draft.body.assertions = {{1, Text{"not ours to say"}}};
    std::size_t taken = 0;
    const auto built = build_batch(peer.context(), peer.self().signing, system_entropy(),
                                   std::span(&draft, 1), taken)
                           .value();
    peer.say_batch(built.encoded.bytes);
    expect_held("H36", 1);
    expect_kept(peer, "H36");
    EXPECT_EQ(call(at().net, "IOM", "/v1/records/" + draft.body.record.hex()), std::nullopt);
}

TEST(Hostile, H37_NoClaimedTimeIsRefused) {
    WirePeer peer("H37");
    peer.greet();
    Hash previous;
    std::uint64_t number = 0;
    for (const std::int64_t time :
         {std::int64_t{50} * 366 * 86'400 * 1'000'000 + 1'800'000'000'000'000, std::int64_t{-1},
          std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) {
        const BuiltBatch built = peer.batch(++number, previous, "recorded", time);
        previous = built.hash;
        peer.say_batch(built.encoded.bytes);
    }
    expect_held("H37", 4);
    expect_kept(peer, "H37");
    EXPECT_GT(records(), 0); // and answers go on
}

TEST(Hostile, H38_AGapIsAskedForAndAnImpossibleNumberIsRefused) {
    WirePeer peer("H38");
    peer.greet();
    peer.say(wire::FrontierFull{"return", {}});
    peer.say_batch(peer.batch(1000, peer.hello.shared).encoded.bytes);
    const auto want = peer.hear(wire::FrameType::want);
    ASSERT_TRUE(want);
    EXPECT_EQ(wire::decode<wire::Want>(*want).value().first, 1u);
    EXPECT_EQ(wire::decode<wire::Want>(*want).value().last, 1000u);
    expect_kept(peer, "H38");
    expect_no_effect("H38");
    const auto numbered = [](WirePeer& from, std::uint64_t number) {
        BuiltBatch built = from.batch();
        BatchHeader header = built.header;
        header.number = number;
        const Bytes encoded = encode_header(header);
        std::copy(encoded.begin(), encoded.end(), built.encoded.bytes.begin());
        from.say_batch(built.encoded.bytes);
    };
    WirePeer zero("H38B");
    zero.greet();
    numbered(zero, 0);
    expect_blamed(zero, "H38B", ErrorCode::malformed);
    WirePeer highest("H38C");
    highest.greet();
    numbered(highest, std::numeric_limits<std::uint64_t>::max());
    const std::string code = highest.end_of_it();
    EXPECT_TRUE(code == "malformed" || code == "limit_exceeded") << code;
    expect_no_effect("H38C");
}

TEST(Hostile, H40_TwoBatchesAtOnePlaceAreProofEverywhereAndTheRelayIsInnocent) {
    WirePeer peer("H40");
    peer.greet();
    peer.say_batch(peer.batch(1, {}, "said this").encoded.bytes);
    expect_held(
        "H40",
        1); // while the first is on its way into the log, another at its place is not looked at
    peer.say_batch(peer.batch(1, {}, "said that").encoded.bytes);
    expect_kept(peer, "H40");
    for (const char* honest : {"IOM", "FIA", "MOFA"})
        EXPECT_TRUE(eventually(
            [&] {
                const auto forks = at().net.ask(honest, {"evidence", "show"});
                return forks.as_array().size() == 1 &&
                       forks.at(0).at("agency").as_string() == "H40";
            },
            20s))
            << honest;
}

TEST(Hostile, H41_TheSameBatchTenThousandTimesIsStoredOnce) {
    WirePeer peer("H41");
    peer.greet();
    const BuiltBatch built = peer.batch();
    Bytes frames;
    for (int i = 0; i < 100; ++i) wire::encode_batch(built.encoded.bytes, frames);
    for (int i = 0; i < 100; ++i) peer.say_bytes(frames);
    expect_kept(peer, "H41");
    expect_held("H41", 1);
    EXPECT_EQ(at().logs_of("H41").size(), 1u);
}

TEST(Hostile, H43_AReferenceToNothingBlocksNothing) {
    WirePeer peer("H43");
    peer.greet();
    EventDraft draft;
    draft.body.kind = 1;
    draft.body.record = system_entropy().draw<RecordId>();
    draft.body.verb = "recorded";
    draft.body.assertions = {{1, Reference{draft.body.record}},
                             {2, Reference{system_entropy().draw<RecordId>()}}};
    // It also replaces what nobody has ever said, and itself.
    Dot itself;
    itself.log = peer.log();
    itself.sequence = 1;
    draft.replaces = {itself};
    std::size_t taken = 0;
    const auto built = build_batch(peer.context(), peer.self().signing, system_entropy(),
                                   std::span(&draft, 1), taken)
                           .value();
    peer.say_batch(built.encoded.bytes);
    const BuiltBatch next = peer.batch(2, built.hash);
    peer.say_batch(next.encoded.bytes);
    expect_held("H43", 2);
    expect_kept(peer, "H43");
}

TEST(Hostile, H50_AFloodOfValidEventsIsHeldAndOthersGoOn) {
    WirePeer peer("H50");
    peer.greet();
    const unsigned batches = size_of_hunt("SAFAR_FLOOD", 1000);
    Hash previous;
    Bytes frames;
    for (unsigned number = 1; number <= batches; ++number) {
        const BuiltBatch built = peer.batch(number, previous);
        previous = built.hash;
        wire::encode_batch(built.encoded.bytes, frames);
    }
    peer.say_bytes(frames);
    EXPECT_TRUE(write_one(at().net, "IOM"));
    expect_held("H50", batches);
    expect_kept(peer, "H50");
}

// --- H55: configuration ---

TEST(Hostile, H55_AConfigurationThatIsWrongIsNamedWithItsLineAndKey) {
    const std::string directory = at().net.directory("H55"), file = directory + "/safard.toml",
                      good = slurp(file);
    const struct {
        std::string text, says;
    } cases[] = {
        {good + "\nport = 1\n", "port"},
        {good + "\nlisten = \"127.0.0.1:1\"\n", "listen"},
        {"agency = \"H55\"\n", "listen"},
        {good + "\nreserve_mib = -1\n", "reserve_mib"},
        {good + "\nreserve_mib = \"64 MiB\"\n", "reserve_mib"},
        {good + "\nlinger_ms = 5000\n", "linger_ms"},
        {good + std::string(10u << 20, '#'), "safard.toml"},
        {good + "\n[api\n", "line"},
    };
    for (const auto& each : cases) {
        std::ofstream(file, std::ios::binary) << each.text;
        const Ran ran = run({SAFARD, "--data", directory}, 20s);
        EXPECT_EQ(ran.exit_code, 78) << each.says << ": " << ran.err;
        EXPECT_THAT(ran.err, HasSubstr(each.says));
        EXPECT_THAT(ran.err, HasSubstr("safard.toml"));
    }
    std::ofstream(file, std::ios::binary) << good;
}

} // namespace
} // namespace safar::process

// The rows of the catalogue about what an author signs and a relay carries, against a real node:
// who is blamed, what is stored, and that every honest node comes to the same.
#include "tests/process/hostile/wire_peer.hpp"

#include <algorithm>
#include <atomic>
#include <gmock/gmock.h>

namespace safar::process {
namespace {
using ::testing::HasSubstr;
using namespace std::chrono_literals;

HostileNetwork& at() { return HostileNetwork::the(); }

const std::vector<std::string>& honest() { return HostileNetwork::honest(); }

TEST(Hostile, H00_HonestPeersAreQuickBeforeAnythingHappens) {
    EXPECT_GT(at().quiet.count, 10u);
    begin_slow_rows();
}

// Signed is the header, and it names the root of the events: a bit of an event is a wrong hash.
TEST(Hostile, H28_AFlippedBitOfAnEventIsAWrongHash) {
    WirePeer peer("H28");
    peer.greet();
    const BuiltBatch built = peer.batch();
    Bytes events = built.raw;
    events.back() ^= std::byte{1};
    peer.say_batch(packed_anew(built.encoded.bytes, events));
    expect_blamed(peer, "H28", ErrorCode::wrong_hash);
}

TEST(Hostile, H28B_AFlippedBitOfTheHeaderIsABadSignature) {
    WirePeer peer("H28B");
    peer.greet();
    Bytes bytes = peer.batch().encoded.bytes;
    bytes[220] ^= std::byte{1}; // of the latest claimed time
    peer.say_batch(bytes);
    expect_blamed(peer, "H28B", ErrorCode::bad_signature);
}

TEST(Hostile, H28C_AFlippedBitOfTheSignatureIsABadSignature) {
    WirePeer peer("H28C");
    peer.greet();
    Bytes bytes = peer.batch().encoded.bytes;
    bytes[BatchHeader::encoded_bytes + 3] ^= std::byte{1};
    peer.say_batch(bytes);
    expect_blamed(peer, "H28C", ErrorCode::bad_signature);
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

// Of low order, of low order, not canonical, not canonical.
const std::vector<std::string> bad_keys{
    std::string("01") + std::string(62, '0'), std::string(64, '0'),
    std::string("ec") + std::string(60, 'f') + "7f", std::string(64, 'f')};

TEST(Hostile, H31_AKeyOfLowOrderGetsIntoNoCharter) {
    for (const std::string& key : bad_keys) {
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

// What verifies takes its keys from a charter only, so the next door is an epoch that a peer
// brings. A certificate with such a key: tls_negative.tsv.
TEST(Hostile, H31B_AnEpochWithAKeyOfLowOrderBlamesWhoBringsIt) {
    std::string text(call(at().net, "IOM", "/v1/charter")->at("text").as_string());
    const std::string mark = "signing_key = \"";
    ASSERT_NE(text.find(mark), std::string::npos) << text.substr(0, 2000);
    text.replace(text.find(mark) + mark.size(), 64, bad_keys[0]);
    WirePeer peer("H31B");
    peer.hello.epoch += 1;
    peer.hello.charter = peer.hello.shared;
    peer.say(peer.hello);
    ASSERT_TRUE(peer.hear(wire::FrameType::charter_ask));
    peer.say(wire::CharterDocument{peer.hello.epoch, copy(as_bytes(text))});
    expect_blamed(peer, "H31B", ErrorCode::bad_key);
    EXPECT_EQ(at().net.ask("IOM", {"status"}).at("charter").at("epoch").as_int64(),
              static_cast<std::int64_t>(at().charter->epoch));
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

// A gap is not parked: it is asked for, and what lies before it comes first. A number above every
// bound of the header is malformed.
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
    expect_blamed(highest, "H38C", ErrorCode::malformed);
}

// FIA and MOFA hear of it from IOM, which relays and is innocent; so is the author's session.
TEST(Hostile, H40_TwoBatchesAtOnePlaceAreProofEverywhereAndTheRelayIsInnocent) {
    WirePeer peer("H40");
    peer.greet();
    const BuiltBatch first = peer.batch(), one = peer.batch(2, first.hash),
                     other = peer.batch(2, first.hash), after = peer.batch(3, one.hash);
    peer.say_batch(first.encoded.bytes);
    peer.say_batch(one.encoded.bytes);
    expect_held("H40", 2); // while that is on its way, another at its place is not looked at
    expect_shown(record_of(one));
    peer.say_batch(other.encoded.bytes);
    expect_forked("H40", 1, one, other);
    peer.say_batch(after.encoded.bytes); // the log is closed
    expect_kept(peer, "H40");
    expect_forked("H40", 1, one, other);
    expect_shown(record_of(first));
    for (const BuiltBatch* void_one : {&one, &other, &after})
        expect_not_shown(record_of(*void_one));
    for (const std::string& relay : honest()) {
        expect_unblamed(relay);
        for (const std::string& node : honest())
            EXPECT_TRUE(node == relay || at().peer_state(relay, node) == "connected") << relay;
    }
}

TEST(Hostile, H40B_TheBranchThatCameFirstDoesNotMatter) {
    WirePeer here("H40B"), there("H40B", 1, "MOFA");
    here.greet();
    there.greet();
    const BuiltBatch first = here.batch(), one = here.batch(2, first.hash),
                     other = here.batch(2, first.hash);
    here.say_batch(first.encoded.bytes);
    expect_held("H40B", 1);
    here.say_batch(one.encoded.bytes);
    there.say_batch(other.encoded.bytes);
    expect_forked("H40B", 1, one, other);
    for (const BuiltBatch* void_one : {&one, &other}) expect_not_shown(record_of(*void_one));
    expect_kept(here, "H40B");
    expect_kept(there, "H40B");
}

// How often this log is named in what came.
std::size_t named(WirePeer& listener, const LogName& log) {
    std::size_t out = 0;
    const auto count = [&](const Frontier& entries) {
        out += static_cast<std::size_t>(std::ranges::count(entries, log, &FrontierEntry::log));
    };
    for (const Bytes& full : listener.hear_all(wire::FrameType::frontier_full, 1s))
        count(wire::decode<wire::FrontierFull>(full).value().entries);
    for (const Bytes& delta : listener.hear_all(wire::FrameType::frontier_delta, 0s))
        count(wire::decode<wire::FrontierDelta>(delta).value().entries);
    return out;
}

// Written once (Of/HonestNode.HoldsWhatWasPlayedAndNothingTwice), told others once, and a copy
// costs its sender 17 frames of its quota: 100,000 at once, 50,000 a second.
TEST(Hostile, H41_TheSameBatchTenThousandTimesIsStoredAndTalkedOfOnceAndSlowsItsSender) {
    WirePeer listener("H41B");
    listener.greet();
    listener.say(wire::FrontierFull{"return", {}});
    WirePeer peer("H41");
    peer.greet();
    const BuiltBatch built = peer.batch();
    peer.say_batch(built.encoded.bytes);
    expect_held("H41", 1);
    Bytes frames;
    for (int i = 0; i < 100; ++i) wire::encode_batch(built.encoded.bytes, frames);
    const auto begun = std::chrono::steady_clock::now();
    for (int i = 0; i < 100; ++i) peer.say_bytes(frames);
    expect_kept(peer, "H41");
    EXPECT_GE(std::chrono::steady_clock::now() - begun, 1300ms); // 70,000 frames too many
    EXPECT_TRUE(listener.goes_on());
    EXPECT_EQ(named(listener, peer.log()), 1u);
    expect_held("H41", 1);
}

// The quota is a peer's, in frames and bytes a second, not an author's by day.
TEST(Hostile, H50_AFloodIsDelayedNothingOfItIsDroppedAndOthersGoOn) {
    WirePeer peer("H50"), other("H50B");
    peer.greet();
    other.greet();
    const unsigned batches = size_of_hunt("SAFAR_FLOOD", 1000);
    Hash previous;
    Bytes frames;
    constexpr int small_ones = 300'000; // of a later version: skipped, yet paid for
    for (int i = 0; i < small_ones; ++i) {
        ByteWriter out(frames);
        out.integer(std::uint32_t{1});
        out.integer(std::uint8_t{200});
    }
    wire::encode(wire::Ping{1}, frames);
    for (unsigned number = 1; number <= batches; ++number) {
        const BuiltBatch built = peer.batch(number, previous);
        previous = built.hash;
        wire::encode_batch(built.encoded.bytes, frames);
    }
    const Bytes more(frames.begin(), frames.begin() + 5000);
    std::atomic<bool> others_are_done{false};
    const auto begun = std::chrono::steady_clock::now();
    auto flood = std::async(std::launch::async, [&] {
        peer.say_bytes(frames);
        while (!others_are_done) peer.say_bytes(more);
        EXPECT_TRUE(peer.hear(wire::FrameType::pong, 30s));
        return std::chrono::steady_clock::now();
    });
    EXPECT_TRUE(other.goes_on()) << "others wait for a flood that does not end";
    EXPECT_TRUE(write_one(at().net, "IOM"));
    others_are_done = true;
    // 200,000 frames too many are four seconds, less what the last read has taken before it pays:
    // 64 KiB, which are 13,107 of these frames.
    EXPECT_GE(flood.get() - begun, 3700ms);
    expect_held("H50", batches);
    expect_kept(peer, "H50");
}

// --- H55: configuration ---

TEST(Hostile, H55_AConfigurationThatIsWrongIsNamedWithItsLineAndKey) {
    const std::string directory = at().net.directory("H55"), file = directory + "/safard.toml",
                      good = slurp(file);
    const auto lines = static_cast<unsigned>(std::ranges::count(good, '\n'));
    const auto added = "safard.toml line " + std::to_string(lines + 1) + ": ";
    const auto with_listen = [&](const std::string& address) {
        std::string text = good;
        const std::size_t from = text.find("\"127.0.0.1:") + 1;
        return text.replace(from, text.find('"', from) - from, address);
    };
    const struct {
        std::string text, says;
    } cases[] = {
        {good + "port = 1\n", added + "configuration: key \"port\" is not known here"},
        {good + "listen = \"127.0.0.1:1\"\n",
         added + "Error while parsing key-value pair: cannot redefine existing string 'listen'"},
        {"agency = \"H55\"\n", "safard.toml line 1: configuration: listen: is missing"},
        {with_listen("127.0.0.1:-1"), "configuration: listen: needs host:port, for example "
                                      "\"0.0.0.0:7400\" (port 0 to 65535)"},
        {with_listen("127.0.0.1:65536"), "configuration: listen: needs host:port"},
        {good + "reserve_mib = -1\n",
         added + "configuration: reserve_mib: is -1, allowed are 64 to 1048576"},
        {good + "reserve_mib = \"64 MiB\"\n",
         added + "configuration: reserve_mib: needs a whole number, not a text"},
        {good + "linger_ms = 5000\n",
         added + "configuration: linger_ms: is 5000, allowed are 0 to 20"},
        {good + std::string(10u << 20, '#'), "safard.toml has more than 65536 bytes"},
        {good + "[api\n", added},
    };
    for (const auto& each : cases) {
        std::ofstream(file, std::ios::binary) << each.text;
        const Ran ran = run({SAFARD, "--data", directory}, 20s);
        EXPECT_EQ(ran.exit_code, 78) << each.says << ": " << ran.err;
        // A line of the log: quotes in it are escaped.
        std::string told = ran.err;
        std::erase(told, '\\');
        EXPECT_THAT(told, HasSubstr(each.says));
    }
    std::ofstream(file, std::ios::binary) << good;
}

} // namespace
} // namespace safar::process

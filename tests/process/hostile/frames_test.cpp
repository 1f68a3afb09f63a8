// The rows of the catalogue about sockets, frames and their order, against a real node over real
// TLS: the exact code, what becomes of the session, and that nothing is stored.
#include "tests/process/hostile/wire_peer.hpp"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace safar::process {
namespace {
using ::testing::HasSubstr;
using namespace std::chrono_literals;

constexpr const char* truncated = "safar_door_total{outcome=\"truncated\"}";
constexpr const char* over_limit = "safar_door_total{outcome=\"refused_by_limit\"}";
constexpr const char* failed = "safar_door_total{outcome=\"handshake_failed\"}";

HostileNetwork& at() { return HostileNetwork::the(); }

// 16 half-open from one address and 64 from all; the limit of connections in all is a unit test
// (TlsDoor), since one node has one.
TEST(Hostile, H03_ManyConnectionsLeaveRoomForOthersAndForThoseThatStand) {
    const double before = at().metric(over_limit);
    std::vector<int> sockets;
    const auto connect = [&](int times, int from) {
        for (int i = 0; i < times; ++i)
            if (const int socket = connect_to_port(at().port("IOM"), from); socket >= 0)
                sockets.push_back(socket);
    };
    connect(1000, 3);
    EXPECT_TRUE(eventually([&] { return at().metric(over_limit) >= before + 984; }, 10s))
        << at().metric(over_limit);
    WirePeer honest("H03", 4); // from another address, while they stand
    honest.greet();
    EXPECT_TRUE(honest.goes_on());
    std::erase_if(sockets, [](int socket) { // those that were refused
        const bool ended = ends(socket, 20ms);
        if (ended) ::close(socket);
        return ended;
    });
    EXPECT_EQ(sockets.size(), 16u);
    for (int from = 11; from <= 15; ++from) connect(16, from); // 96 with the first 16
    EXPECT_TRUE(eventually([&] { return at().metric(over_limit) >= before + 984 + 32; }, 5s))
        << at().metric(over_limit);
    const int one_more = connect_to_port(at().port("IOM"), 16);
    EXPECT_TRUE(ends(one_more, 2s)) << "from an address that nobody came from yet";
    ::close(one_more);
    EXPECT_TRUE(honest.goes_on());
    EXPECT_EQ(at().peer_state("FIA"), "connected");
    EXPECT_EQ(at().peer_state("MOFA"), "connected");
    for (const int socket : sockets) ::close(socket);
}

TEST(Hostile, H05_PlainTextOnTheTlsPortCostsOneCounter) {
    const double before = at().metric(failed);
    const std::size_t lines = at().net.log_of("IOM").size();
    for (std::string_view text :
         {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\x01\x02\x03", "hello, hello\n\n"})
        for (int i = 0; i < 5; ++i) {
            const int socket = connect_to_port(at().port("IOM"), 5);
            (void)!::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
            EXPECT_TRUE(text.size() < 5 ||
                        ends(socket, 5s)); // of less than a record's head more may come
            ::close(socket);
        }
    EXPECT_TRUE(eventually([&] { return at().metric(failed) >= before + 15; }, 12s));
    EXPECT_EQ(at().net.log_of("IOM").substr(lines).find("handshake"), std::string::npos);
}

TEST(Hostile, H11_AHelloOfAnotherNodeIsAnIdentityMismatch) {
    WirePeer peer("H11");
    peer.hello.node = at().identity.at("FIA").id;
    peer.say(peer.hello);
    expect_blamed(peer, "H11", ErrorCode::identity_mismatch);
}

TEST(Hostile, H13_AFrameThatIsCutIsThrownAwayAndCounted) {
    const double before = at().metric(truncated);
    WirePeer peer("H13");
    peer.greet();
    Bytes frame;
    wire::encode_batch(peer.batch().encoded.bytes, frame);
    peer.say_bytes(ByteView(frame).first(frame.size() / 2));
    peer.tls().cut();
    EXPECT_EQ(peer.end_of_it(), "");
    EXPECT_TRUE(eventually([&] { return at().metric(truncated) >= before + 1; }, 5s));
    expect_unblamed("H13");
    expect_no_effect("H13");
}

TEST(Hostile, H14_ALengthAboveTheLimitIsRefusedBeforeAnythingIsAllocated) {
    WirePeer peer("H14");
    peer.greet();
    const std::size_t memory = peak_memory_mib(at().net.pid("IOM"));
    peer.say_bytes(Bytes(4, std::byte{0xff}));
    expect_blamed(peer, "H14", ErrorCode::limit_exceeded);
    EXPECT_LT(peak_memory_mib(at().net.pid("IOM")), memory + 64);
    WirePeer other("H14B");
    other.greet();
    Bytes bytes;
    ByteWriter(bytes).integer(static_cast<std::uint32_t>(limits::frame_bytes_max - 4 + 1));
    other.say_bytes(bytes);
    expect_blamed(other, "H14B", ErrorCode::limit_exceeded);
}

TEST(Hostile, H15_AFrameOfLengthZeroOrShorterThanItsHeaderIsMalformed) {
    WirePeer peer("H15");
    peer.greet();
    peer.say_bytes(Bytes(4));
    expect_blamed(peer, "H15", ErrorCode::malformed);
    WirePeer other("H15B");
    other.greet();
    other.say_raw(10, Bytes(100));
    expect_blamed(other, "H15B", ErrorCode::malformed);
}

// It waits for half a minute besides: a release has to be installed.
TEST(Hostile, H17_VersionsThatAreNotOursAreToldBothRanges) {
    WirePeer peer("H17");
    peer.hello.versions = {0, 0};
    peer.say(peer.hello);
    expect_blamed(peer, "H17", ErrorCode::unsupported_version);
    EXPECT_THAT(peer.detail, HasSubstr("1 to 1"));
    EXPECT_THAT(peer.detail, HasSubstr("0 to 0"));
    WirePeer newer("H17B");
    Bytes payload;
    ByteWriter out(payload);
    out.integer(std::uint16_t{2});
    out.integer(std::uint16_t{255});
    out.bytes(Bytes(500));
    newer.say_raw(1, payload);
    expect_blamed(newer, "H17B", ErrorCode::unsupported_version);
    EXPECT_THAT(newer.detail, HasSubstr("1 to 1"));
    EXPECT_THAT(newer.detail, HasSubstr("2 to 255"));
}

// Behind TLS no frame is damaged on its way, and whose fault it was nobody knows: no back-off.
TEST(Hostile, H18_ABitFlippedOnTheWireEndsTheConnectionAndNothingIsStored) {
    WirePeer peer("H18");
    peer.greet();
    Bytes frame;
    wire::encode_batch(peer.batch().encoded.bytes, frame);
    peer.tls().write_damaged(frame);
    EXPECT_EQ(peer.end_of_it(), "");
    EXPECT_EQ(peer.tls().alert(), 20); // bad_record_mac
    expect_no_effect("H18");
    expect_unblamed("H18");
}

TEST(Hostile, H20_AHelloTwiceAndDataBeforeItAreOutOfOrder) {
    WirePeer peer("H20");
    peer.greet();
    peer.say(peer.hello);
    expect_blamed(peer, "H20", ErrorCode::out_of_order);
    WirePeer early("H20B");
    early.say_batch(early.batch().encoded.bytes);
    expect_blamed(early, "H20B", ErrorCode::out_of_order);
}

// Of a node that is written to all the while no single MiB can be told; 4 G of anything are more
// than 64.
TEST(Hostile, H21_ACountOf4GIsMalformedAndCostsNoMemory) {
    WirePeer peer("H21");
    peer.greet();
    const std::size_t memory = peak_memory_mib(at().net.pid("IOM"));
    Bytes payload;
    ByteWriter out(payload);
    out.integer(std::uint8_t{6});
    out.bytes(as_bytes("return"));
    out.integer(std::uint32_t{0xffffffff});
    peer.say_raw(5, payload);
    EXPECT_EQ(peer.end_of_it(), name(ErrorCode::malformed));
    EXPECT_LT(peak_memory_mib(at().net.pid("IOM")), memory + 64);
    expect_blamed(peer, "H21", ErrorCode::malformed);
}

TEST(Hostile, H22_ACharterNested100000DeepIsMalformed) {
    WirePeer peer("H22");
    peer.hello.epoch += 1;
    peer.hello.charter = peer.hello.shared;
    peer.say(peer.hello);
    ASSERT_TRUE(peer.hear(wire::FrameType::charter_ask));
    peer.say(wire::CharterDocument{peer.hello.epoch, Bytes(100'000, std::byte{'['})});
    expect_blamed(peer, "H22", ErrorCode::malformed);
    EXPECT_EQ(at().net.ask("IOM", {"status"}).at("charter").at("epoch").as_int64(),
              static_cast<std::int64_t>(at().charter->epoch));
}

TEST(Hostile, H23_BytesAfterTheLastFieldOfAFrameAreMalformed) {
    WirePeer peer("H23");
    peer.greet();
    peer.say_raw(12, Bytes(9)); // a ping has 8
    expect_blamed(peer, "H23", ErrorCode::malformed);
}

TEST(Hostile, H25_AFrontierInAnotherOrderIsNotCanonical) {
    WirePeer peer("H25");
    peer.greet();
    const Head head{3, 3, peer.hello.shared, 0, false};
    peer.say(wire::FrontierFull{"return", {{peer.log(5), head}, {peer.log(4), head}}});
    expect_blamed(peer, "H25", ErrorCode::non_canonical);
}

TEST(Hostile, H26_AFrontierThatNamesALogTwiceIsNotCanonical) {
    WirePeer peer("H26");
    peer.greet();
    const Head head{3, 3, peer.hello.shared, 0, false};
    peer.say(wire::FrontierFull{"return", {{peer.log(), head}, {peer.log(), head}}});
    expect_blamed(peer, "H26", ErrorCode::non_canonical);
}

// Ranges of logs that are not held are each answered at once and not kept, however many.
TEST(Hostile, H44_RangesAreReversedAboveEveryLimitOrFarTooMany) {
    WirePeer peer("H44");
    peer.greet();
    peer.say(wire::Want{peer.log(), 9, 3, 1000});
    expect_blamed(peer, "H44", ErrorCode::malformed);
    WirePeer greedy("H44B");
    greedy.greet();
    greedy.say(wire::Want{greedy.log(), 1, limits::sequence_max, (32u << 20) + 1});
    expect_blamed(greedy, "H44B", ErrorCode::limit_exceeded);
    WirePeer many("H44C");
    many.greet();
    for (std::uint32_t i = 0; i < 2000; ++i) {
        LogName log = many.log();
        std::memcpy(log.incarnation.raw.data(), &i, sizeof i);
        many.say(wire::Want{log, 1, limits::sequence_max, 1});
    }
    EXPECT_TRUE(eventually(
        [&] { return many.hear_all(wire::FrameType::missing, 50ms).size() == 2000; }, 5s));
    expect_kept(many, "H44C");
    expect_no_effect("H44C");
}

// Digests are SHA-256 and nobody compares in full by the clock: what authors state each hour of
// their own logs shows what is lacking all the same.
TEST(Hostile, H48_AFalselyEqualDigestHidesNothingThatIsSaidLater) {
    WirePeer peer("H48");
    const auto theirs = peer.hello;
    // As if both held the same, which is not true: it has a log that IOM lacks.
    peer.hello.shared = theirs.shared;
    peer.say(peer.hello);
    const BuiltBatch hidden = peer.batch();
    peer.say(wire::Summary{{{"return", theirs.shared}}});
    if (!peer.goes_on()) GTEST_FAIL() << peer.end_of_it() << peer.detail;
    peer.say_batch(hidden.encoded.bytes);
    expect_held("H48", 1);
    expect_kept(peer, "H48");
}

// A line of /v1/gaps at IOM: that peer has stated more of that author's log than is held.
std::int64_t missing(const std::string& peer, const std::string& author) {
    const auto gaps = call(at().net, "IOM", "/v1/gaps");
    if (!gaps) return -1;
    for (const auto& gap : gaps->at("gaps").as_array())
        if (gap.at("peer").at("agency").as_string() == peer &&
            gap.at("agency").as_string() == author)
            return gap.at("missing").as_int64();
    return 0;
}

// H49 leaves out the log of H49C, H49B states it: the gap names who has more and the author. Who
// has left it out is not named, since a peer may not have heard of it.
TEST(Hostile, H49_WhatOnePeerLeavesOutIsShownByTheHeadsOfAnother) {
    WirePeer author("H49C"); // signs, and says nothing itself
    const BuiltBatch first = author.batch(), second = author.batch(2, first.hash);
    WirePeer silent("H49"), other("H49B");
    silent.greet();
    silent.say(wire::FrontierFull{"return", {}});
    other.greet();
    EXPECT_EQ(missing("H49B", "H49C"), 0);
    other.say(wire::FrontierFull{"return", {{author.log(), Head{2, 2, second.hash, 0, false}}}});
    EXPECT_TRUE(eventually([] { return missing("H49B", "H49C") == 2; }, 5s));
    EXPECT_EQ(missing("H49", "H49C"), 0);
    const auto want = other.hear(wire::FrameType::want);
    ASSERT_TRUE(want);
    EXPECT_EQ(wire::decode<wire::Want>(*want).value().log, author.log());
    EXPECT_FALSE(silent.hear(wire::FrameType::want, 0s));
    other.say_batch(first.encoded.bytes);
    other.say_batch(second.encoded.bytes);
    expect_held("H49C", 2);
    EXPECT_TRUE(eventually([] { return missing("H49B", "H49C") == 0; }, 5s));
    expect_kept(silent, "H49");
    expect_kept(other, "H49B");
}

// And what is stated and does not exist stays a gap of whoever states it.
TEST(Hostile, H49D_AHeadThatIsInventedIsAGapOfItsInventor) {
    WirePeer peer("H49D");
    peer.greet();
    const auto logs = at().logs_of("FIA");
    ASSERT_FALSE(logs.empty());
    const LogName log{log_id(peer.hello.network, at().identity.at("FIA").id, "return"),
                      *Incarnation::parse_hex(std::string(logs[0].at("incarnation").as_string()))};
    peer.say(wire::FrontierFull{"return",
                                {{log, Head{1u << 20, 1u << 28, peer.hello.shared, 0, false}}}});
    EXPECT_TRUE(eventually([] { return missing("H49D", "FIA") > 1'000'000; }, 5s));
    EXPECT_TRUE(eventually([] { return missing("FIA", "FIA") == 0; }, 5s));
    expect_kept(peer, "H49D");
    expect_no_effect("H49D");
}

TEST(Hostile, H53_WhatBelongsToTheOtherDoorIsRefusedThere) {
    WirePeer peer("H53");
    peer.say_bytes(
        as_bytes("POST /v1/records HTTP/1.1\r\nHost: node\r\nContent-Length: 0\r\n\r\n"));
    expect_blamed(peer, "H53", ErrorCode::limit_exceeded); // "POST" is the length of a frame
    Bytes hello;
    wire::encode(peer.hello, hello);
    const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un place{};
    place.sun_family = AF_UNIX;
    const std::string path = at().net.directory("IOM") + "/safar.sock";
    ASSERT_LT(path.size(), sizeof place.sun_path);
    std::memcpy(place.sun_path, path.c_str(), path.size() + 1);
    ASSERT_EQ(::connect(socket, reinterpret_cast<sockaddr*>(&place), sizeof place), 0);
    EXPECT_GT(::send(socket, hello.data(), hello.size(), MSG_NOSIGNAL), 0);
    ::shutdown(socket, SHUT_WR);
    std::string said(4096, '\0');
    const ssize_t got = ::recv(socket, said.data(), said.size(), 0);
    ::close(socket);
    ASSERT_GE(got, 0) << "it did not end";
    said.resize(static_cast<std::size_t>(got));
    EXPECT_TRUE(said.starts_with("HTTP/1.1 400")) << said;
}

} // namespace
} // namespace safar::process

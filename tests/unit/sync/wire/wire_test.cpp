// Frames and messages; tests/vectors/v1/frames.txt holds one vector of each: these bytes are final.
#include "sync/wire/message.hpp"

#include <fstream>
#include <gtest/gtest.h>
#include <map>

namespace safar::wire {
namespace {

template <class Id> Id fill(std::uint8_t byte) {
    Id id;
    id.raw.fill(std::byte{byte});
    return id;
}
LogName log_named(std::uint8_t n) {
    return {fill<LogId>(n), fill<Incarnation>(static_cast<std::uint8_t>(n + 1))};
}
Frontier frontier() {
    return {{log_named(1), Head{3, 700, fill<Hash>(0x33), 0, false}},
            {log_named(4), Head{0, 0, {}, 0, true}},
            {log_named(7), Head{1, 1, fill<Hash>(0x77), 0, true}}};
}
template <class Message> std::string hex_of(const Message& message) {
    Bytes bytes;
    encode(message, bytes);
    return to_hex(bytes);
}

std::map<std::string, std::string> examples() {
    Hello hello{{1, 1}, fill<NetworkId>(0xaa), fill<NodeId>(0xbb), 7, fill<Hash>(0xcc),
                {},     fill<Hash>(0xdd)};
    Bytes batch_frame;
    encode_batch(as_bytes("stored batch"), batch_frame);
    return {
        {"hello", hex_of(hello)},
        {"charter_ask", hex_of(CharterAsk{2})},
        {"charter_document", hex_of(CharterDocument{2, copy(as_bytes("[charter]\n"))})},
        {"summary", hex_of(Summary{{{"protection", fill<Hash>(1)}, {"return", fill<Hash>(2)}}})},
        {"frontier_full", hex_of(FrontierFull{"return", frontier()})},
        {"frontier_delta", hex_of(FrontierDelta{"return", fill<Hash>(5), frontier()})},
        {"frontier_ask", hex_of(FrontierAsk{"return"})},
        {"want", hex_of(Want{log_named(1), 4, 900, 1'048'576})},
        {"credit", hex_of(Credit{log_named(1), 262'144})},
        {"batch", to_hex(batch_frame)},
        {"missing", hex_of(Missing{log_named(1), 4, 900})},
        {"ping", hex_of(Ping{0x0102030405060708})},
        {"pong", hex_of(Pong{0x0102030405060708})},
        {"error", hex_of(ErrorFrame{"bad_signature", "batch 3"})},
        {"bye", hex_of(Bye{})},
        {"notice_list", hex_of(NoticeList{{fill<Hash>(1), fill<Hash>(2)}})},
        {"notice_ask", hex_of(NoticeAsk{{fill<Hash>(3)}})},
        {"notice", hex_of(NoticeFrame{copy(as_bytes("notice"))})},
        {"shared_digest",
         shared_digest(std::vector<CompartmentDigest>{{"protection", fill<Hash>(1)},
                                                      {"return", fill<Hash>(2)}})
             .hex()},
        {"statement_after", statement_after(fill<Hash>(5), frontier()).hex()},
    };
}

TEST(Frames, BytesOnTheWireStayAsTheyAre) {
    std::ifstream in(std::string(SAFAR_SOURCE_DIR) + "/tests/vectors/v1/frames.txt");
    std::map<std::string, std::string> expected;
    std::string name, hex;
    while (in >> name >> hex) expected[name] = hex;
    const auto actual = examples();
    for (const auto& [key, value] : actual) EXPECT_EQ(expected[key], value) << key << ' ' << value;
    for (const auto& [key, value] : expected) EXPECT_TRUE(actual.contains(key)) << key;
}

template <class Message> void expect_round_trip(const std::string& key) {
    const std::string hex = examples().at(key);
    Bytes frame(hex.size() / 2);
    ASSERT_TRUE(from_hex(hex, frame));
    const Bytes payload(frame.begin() + frame_head_bytes, frame.end());
    auto message = decode<Message>(payload);
    ASSERT_TRUE(message.has_value()) << key << ": " << describe(message.error());
    EXPECT_EQ(hex_of(message.value()), hex);
    // Every shorter and every longer payload is refused, unless the last field is free text.
    for (std::size_t size = 0; size < payload.size(); ++size) {
        auto part = decode<Message>(ByteView(payload).first(size));
        if (part) {
            EXPECT_EQ(hex_of(part.value()).size(), 2 * (size + frame_head_bytes)) << key;
        }
    }
    Bytes longer = payload;
    longer.push_back({});
    if (auto more = decode<Message>(longer)) {
        EXPECT_EQ(hex_of(more.value()).size(), 2 * (longer.size() + frame_head_bytes)) << key;
    }
}

TEST(Frames, EveryMessageComesBackAndNothingElseDecodes) {
    expect_round_trip<Hello>("hello");
    expect_round_trip<CharterAsk>("charter_ask");
    expect_round_trip<CharterDocument>("charter_document");
    expect_round_trip<Summary>("summary");
    expect_round_trip<FrontierFull>("frontier_full");
    expect_round_trip<FrontierDelta>("frontier_delta");
    expect_round_trip<FrontierAsk>("frontier_ask");
    expect_round_trip<Want>("want");
    expect_round_trip<Credit>("credit");
    expect_round_trip<Missing>("missing");
    expect_round_trip<Ping>("ping");
    expect_round_trip<Pong>("pong");
    expect_round_trip<ErrorFrame>("error");
    expect_round_trip<Bye>("bye");
    expect_round_trip<NoticeList>("notice_list");
    expect_round_trip<NoticeAsk>("notice_ask");
    expect_round_trip<NoticeFrame>("notice");
}

TEST(Frames, HelloFitsOneRoundTripOf400Bytes) {
    EXPECT_LE(examples().at("hello").size() / 2, 180u);
}

TEST(FrameDecoder, AnySlicingGivesTheSameFrames) {
    Bytes stream;
    for (const auto& [key, hex] : examples()) {
        if (key == "shared_digest" || key == "statement_after") continue;
        Bytes frame(hex.size() / 2);
        ASSERT_TRUE(from_hex(hex, frame));
        stream.insert(stream.end(), frame.begin(), frame.end());
    }
    auto cut = [&](std::size_t slice) {
        std::vector<std::pair<std::uint8_t, Bytes>> frames;
        FrameDecoder decoder;
        for (std::size_t at = 0; at < stream.size(); at += slice) {
            ByteView part = ByteView(stream).subspan(at, std::min(slice, stream.size() - at));
            while (!part.empty())
                if (auto frame = decoder.next(part).value())
                    frames.emplace_back(frame->type, copy(frame->payload));
        }
        EXPECT_EQ(decoder.held(), 0u);
        return frames;
    };
    const auto whole = cut(stream.size());
    EXPECT_EQ(whole.size(), 18u);
    for (std::size_t slice = 1; slice < 300; ++slice) EXPECT_EQ(cut(slice), whole) << slice;
}

TEST(FrameDecoder, MemoryFollowsTheBytesThatCame) {
    FrameDecoder decoder;
    Bytes head;
    ByteWriter(head).integer(static_cast<std::uint32_t>(limits::frame_bytes_max - 4));
    ByteView in = head;
    ASSERT_TRUE(decoder.next(in).has_value());
    EXPECT_LE(decoder.memory(), 4 + 1024u); // not the million that the length speaks of
    Bytes some(700, std::byte{10});
    std::size_t fed = 4;
    for (int i = 0; i < 200; ++i) {
        in = some;
        ASSERT_TRUE(decoder.next(in).has_value());
        fed += some.size();
        EXPECT_LE(decoder.memory(), fed + 1024);
    }
}

TEST(FrameDecoder, LengthIsJudgedBeforeAnythingIsAllocated) {
    for (std::uint32_t length :
         {0xffffffffu, static_cast<std::uint32_t>(limits::frame_bytes_max - 3), 0u}) {
        Bytes frame;
        ByteWriter out(frame);
        out.integer(length);
        out.bytes(Bytes(20));
        FrameDecoder decoder;
        ByteView in = frame;
        auto result = decoder.next(in);
        ASSERT_FALSE(result.has_value());
        EXPECT_EQ(result.error().code,
                  length == 0 ? ErrorCode::malformed : ErrorCode::limit_exceeded);
        EXPECT_EQ(decoder.memory(), 0u);
    }
}

TEST(Frames, FrontierEntriesAreCheckedOneByOne) {
    auto refused = [](Frontier entries) {
        Bytes frame;
        encode(FrontierFull{"return", std::move(entries)}, frame);
        auto result = decode<FrontierFull>(ByteView(frame).subspan(frame_head_bytes));
        return result ? std::string("taken") : std::string(name(result.error().code));
    };
    EXPECT_EQ(refused({}), "taken");
    EXPECT_EQ(refused({{log_named(2), Head{3, 2, fill<Hash>(1), 0, false}}}), "malformed");
    EXPECT_EQ(refused({{log_named(2), Head{3, 3, {}, 0, false}}}), "malformed");
    EXPECT_EQ(refused({{log_named(2), Head{0, 0, fill<Hash>(1), 0, true}}}), "malformed");
    EXPECT_EQ(refused({{log_named(2), Head{0, 0, {}, 0, false}}}), "non_canonical");
    EXPECT_EQ(refused({{log_named(2), Head{1ull << 63, 1ull << 63, fill<Hash>(1), 0, false}}}),
              "limit_exceeded");
    EXPECT_EQ(refused({{log_named(3), Head{1, 1, fill<Hash>(1), 0, false}},
                       {log_named(2), Head{1, 1, fill<Hash>(1), 0, false}}}),
              "non_canonical");
}

TEST(Frames, ErrorDetailIsCutAt512Bytes) {
    Bytes frame;
    encode(ErrorFrame{"malformed", std::string(2000, 'x')}, frame);
    auto error = decode<ErrorFrame>(ByteView(frame).subspan(frame_head_bytes));
    ASSERT_TRUE(error.has_value());
    EXPECT_EQ(error.value().detail.size(), 512u);
}

} // namespace
} // namespace safar::wire

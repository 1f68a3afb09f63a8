// What two nodes say to each other: one struct a frame type, one encoding for each.
//
// encode() appends one whole frame. decode() takes a payload and refuses anything that would not
// encode back to the same bytes: counts are checked against the bytes left before anything is
// allocated, lists are sorted and unique, nothing follows the last field (but in the hello of a
// later release). Errors of decode(): malformed, non_canonical, limit_exceeded.
#pragma once

#include "storage/log/log.hpp"
#include "sync/wire/frame.hpp"

namespace safar::wire {

constexpr std::uint16_t version_min = 1; // what this program speaks
constexpr std::uint16_t version_max = 1;

constexpr std::size_t name_bytes_max = 255;    // a compartment's name
constexpr std::size_t compartments_max = 1024; // of one summary
constexpr std::size_t notices_max = 8192;      // hashes in one frame
constexpr std::size_t notice_bytes_max =
    limits::charter_bytes_max + 1;                 // the largest is a whole charter
constexpr std::size_t frontier_entries_max = 8192; // of one frame; the rest follows as deltas
constexpr std::size_t error_detail_bytes_max = 512;
// Bytes a peer may have granted and not received, over all its ranges: what one slow peer can make
// a node hold ready for it.
constexpr std::uint64_t credit_bytes_max = 32u << 20;

struct Versions {
    std::uint16_t min = version_min, max = version_max;
};

struct Hello {
    static constexpr FrameType type = FrameType::hello;
    Versions versions;
    NetworkId network;
    NodeId node;
    std::uint64_t epoch = 0; // of the charter in force, and its identity
    Hash charter;
    Hash erasures; // digest; zero: none
    Hash shared;   // over every compartment shared with the other side: shared_digest()
};
struct CharterAsk {
    static constexpr FrameType type = FrameType::charter_ask;
    std::uint64_t epoch = 0; // one document an ask; epochs ascend
};
struct CharterDocument {
    static constexpr FrameType type = FrameType::charter_document;
    std::uint64_t epoch = 0;
    Bytes document; // empty: not held here
};
struct CompartmentDigest {
    std::string compartment;
    Hash frontier;
    friend auto operator<=>(const CompartmentDigest&, const CompartmentDigest&) = default;
};
struct Summary {
    static constexpr FrameType type = FrameType::summary;
    std::vector<CompartmentDigest> compartments; // strictly ascending by name
};
// Heads on the wire carry no epoch (it is zero after decode).
struct FrontierFull {
    static constexpr FrameType type = FrameType::frontier_full;
    std::string compartment;
    Frontier entries;
};
struct FrontierDelta {
    static constexpr FrameType type = FrameType::frontier_delta;
    std::string compartment;
    Hash base;        // the statement it builds on: statement_after(), or a frontier digest
    Frontier entries; // heads that changed, absolute
};
struct FrontierAsk {
    static constexpr FrameType type = FrameType::frontier_ask;
    std::string compartment;
};
struct Want {
    static constexpr FrameType type = FrameType::want;
    LogName log;
    std::uint64_t first = 0, last = 0; // batch numbers, both included
    std::uint32_t credit = 0;          // bytes of batches that may come now
};
struct Credit {
    static constexpr FrameType type = FrameType::credit;
    LogName log;
    std::uint32_t bytes = 0; // more
};
struct Missing {
    static constexpr FrameType type = FrameType::missing;
    LogName log;
    std::uint64_t first = 0, last = 0; // of a Want, can not be served here
};
struct Ping {
    static constexpr FrameType type = FrameType::ping;
    std::uint64_t nonce = 0;
};
struct Pong {
    static constexpr FrameType type = FrameType::pong;
    std::uint64_t nonce = 0;
};
struct ErrorFrame {
    static constexpr FrameType type = FrameType::error;
    std::string code; // the name of an ErrorCode; a later version may know others
    std::string detail;
};
struct Bye {
    static constexpr FrameType type = FrameType::bye;
};
// Hashes of notices (node/charter/notice.hpp) that the sender holds, of all or of those that are
// new.
struct NoticeList {
    static constexpr FrameType type = FrameType::notice_list;
    std::vector<Hash> hashes; // strictly ascending, at most notices_max
};
struct NoticeAsk {
    static constexpr FrameType type = FrameType::notice_ask;
    std::vector<Hash> hashes; // the same
};
struct NoticeFrame {
    static constexpr FrameType type = FrameType::notice;
    Bytes notice; // at most notice_bytes_max
};

void encode(const Hello& message, Bytes& out);
void encode(const CharterAsk& message, Bytes& out);
void encode(const CharterDocument& message, Bytes& out);
void encode(const Summary& message, Bytes& out);
void encode(const FrontierFull& message, Bytes& out);
void encode(const FrontierDelta& message, Bytes& out);
void encode(const FrontierAsk& message, Bytes& out);
void encode(const Want& message, Bytes& out);
void encode(const Credit& message, Bytes& out);
void encode(const Missing& message, Bytes& out);
void encode(const Ping& message, Bytes& out);
void encode(const Pong& message, Bytes& out);
void encode(const ErrorFrame& message, Bytes& out);
void encode(const Bye& message, Bytes& out);
void encode(const NoticeList& message, Bytes& out);
void encode(const NoticeAsk& message, Bytes& out);
void encode(const NoticeFrame& message, Bytes& out);
// A stored batch, as it is; at most payload_bytes_max bytes.
void encode_batch(ByteView stored, Bytes& out);

// Reads only the version range, which every version of Hello starts with.
[[nodiscard]] Result<Versions> peek_versions(ByteView hello_payload);

template <class Message> [[nodiscard]] Result<Message> decode(ByteView payload);
template <> Result<Hello> decode(ByteView payload);
template <> Result<CharterAsk> decode(ByteView payload);
template <> Result<CharterDocument> decode(ByteView payload);
template <> Result<Summary> decode(ByteView payload);
template <> Result<FrontierFull> decode(ByteView payload);
template <> Result<FrontierDelta> decode(ByteView payload);
template <> Result<FrontierAsk> decode(ByteView payload);
template <> Result<Want> decode(ByteView payload);
template <> Result<Credit> decode(ByteView payload);
template <> Result<Missing> decode(ByteView payload);
template <> Result<Ping> decode(ByteView payload);
template <> Result<Pong> decode(ByteView payload);
template <> Result<ErrorFrame> decode(ByteView payload);
template <> Result<Bye> decode(ByteView payload);
template <> Result<NoticeList> decode(ByteView payload);
template <> Result<NoticeAsk> decode(ByteView payload);
template <> Result<NoticeFrame> decode(ByteView payload);

// H("shared", each: u8 length, name, frontier digest).
[[nodiscard]] Hash shared_digest(std::span<const CompartmentDigest> compartments);
// Names what was said of a compartment after one more delta: H("statement", base, entries as
// encoded). A chain over the frames costs what the frames cost; a digest of the whole frontier
// would let a small delta on a long frontier cost its whole length.
[[nodiscard]] Hash statement_after(const Hash& base, const Frontier& entries);

} // namespace safar::wire

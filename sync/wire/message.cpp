#include "sync/wire/message.hpp"

#include "storage/base/planted.hpp"

#include "storage/crypto/sha256.hpp"

namespace safar::wire {
namespace {

constexpr std::size_t entry_bytes = LogId::size + Incarnation::size + 8 + 8 + Hash::size + 1;
static_assert(frontier_entries_max * entry_bytes + 1024 <= payload_bytes_max);

Error cut_short(const char* what, ByteView payload) {
    return failure(ErrorCode::malformed, std::string(what) + " frame with a payload of " +
                                             std::to_string(payload.size()) +
                                             " bytes ends early or goes on after its last field");
}

void write_name(ByteWriter& out, std::string_view name) {
    SAFAR_ASSERT(!name.empty() && name.size() <= name_bytes_max);
    out.integer(static_cast<std::uint8_t>(name.size()));
    out.bytes(as_bytes(name));
}
std::string read_name(ByteReader& in) {
    return std::string(as_text(in.bytes(in.integer<std::uint8_t>())));
}

void write_log(ByteWriter& out, const LogName& log) {
    out.bytes(log.id.view());
    out.bytes(log.incarnation.view());
}
LogName read_log(ByteReader& in) {
    LogName log;
    log.id = read_id<LogId>(in);
    log.incarnation = read_id<Incarnation>(in);
    return log;
}

void write_entries(ByteWriter& out, const Frontier& entries) {
    SAFAR_ASSERT(entries.size() <= frontier_entries_max);
    out.integer(static_cast<std::uint32_t>(entries.size()));
    for (const FrontierEntry& entry : entries) {
        write_log(out, entry.log);
        out.integer(entry.head.number);
        out.integer(entry.head.last_sequence);
        out.bytes(entry.head.hash.view());
        out.integer(static_cast<std::uint8_t>(entry.head.forked));
    }
}

Result<> check_head(const Head& head) {
    if (head.number > limits::sequence_max || head.last_sequence > limits::sequence_max)
        return failure(ErrorCode::limit_exceeded, "frontier names a batch or sequence above 2^62");
    if (head.last_sequence < head.number)
        return failure(ErrorCode::malformed, "frontier names more batches than events");
    if ((head.number == 0) != head.hash.is_zero() ||
        (head.number == 0) != (head.last_sequence == 0))
        return failure(ErrorCode::malformed,
                       "frontier names a head without a batch, or the reverse");
    if (head.number == 0 && !head.forked)
        return failure(ErrorCode::non_canonical, "frontier names a log of which nothing is held");
    return success();
}

// The entries are the last field of their frames: their count must fill the payload exactly.
Result<Frontier> read_entries(ByteReader& in) {
    std::size_t count = in.integer<std::uint32_t>();
    if (!in.ok() || (!planted(Plant::trust_count) && (count > in.remaining() / entry_bytes ||
                                                      count * entry_bytes != in.remaining())))
        return failure(ErrorCode::malformed, "frontier frame states " + std::to_string(count) +
                                                 " entries and holds " +
                                                 std::to_string(in.remaining()) + " bytes of them");
    if (count > frontier_entries_max)
        return failure(ErrorCode::limit_exceeded,
                       "frontier frame of " + std::to_string(count) + " entries, allowed: 8192");
    Frontier entries;
    entries.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        FrontierEntry entry;
        entry.log = read_log(in);
        entry.head.number = in.integer<std::uint64_t>();
        entry.head.last_sequence = in.integer<std::uint64_t>();
        entry.head.hash = read_id<Hash>(in);
        auto forked = in.integer<std::uint8_t>();
        if (forked > 1)
            return failure(ErrorCode::non_canonical, "frontier flag is neither 0 nor 1");
        entry.head.forked = forked == 1;
        SAFAR_TRY(check_head(entry.head));
        if (!entries.empty() && !(entries.back().log < entry.log))
            return failure(ErrorCode::non_canonical, "frontier entries are not sorted and unique");
        entries.push_back(entry);
    }
    return entries;
}

Result<std::string> read_compartment(ByteReader& in) {
    std::string name = read_name(in);
    if (!in.ok() || name.empty())
        return failure(ErrorCode::malformed, "frame names no compartment, or half of one");
    return name;
}

Result<> check_range(std::uint64_t first, std::uint64_t last) {
    if (first == 0 || last < first)
        return failure(ErrorCode::malformed,
                       "range from batch " + std::to_string(first) + " to " + std::to_string(last));
    if (last > limits::sequence_max)
        return failure(ErrorCode::limit_exceeded, "range ends above batch 2^62");
    return success();
}

} // namespace

void encode(const Hello& message, Bytes& out) {
    FrameWriter frame(out, Hello::type);
    frame->integer(message.versions.min);
    frame->integer(message.versions.max);
    frame->bytes(message.network.view());
    frame->bytes(message.node.view());
    frame->integer(message.epoch);
    frame->bytes(message.charter.view());
    frame->bytes(message.erasures.view());
    frame->bytes(message.shared.view());
}
Result<Versions> peek_versions(ByteView payload) {
    ByteReader in(payload);
    Versions versions;
    versions.min = in.integer<std::uint16_t>();
    versions.max = in.integer<std::uint16_t>();
    if (!in.ok() || versions.max < versions.min)
        return failure(ErrorCode::malformed, "hello frame without a range of versions");
    return versions;
}
template <> Result<Hello> decode(ByteView payload) {
    ByteReader in(payload);
    Hello message;
    message.versions.min = in.integer<std::uint16_t>();
    message.versions.max = in.integer<std::uint16_t>();
    message.network = read_id<NetworkId>(in);
    message.node = read_id<NodeId>(in);
    message.epoch = in.integer<std::uint64_t>();
    message.charter = read_id<Hash>(in);
    message.erasures = read_id<Hash>(in);
    message.shared = read_id<Hash>(in);
    const bool later = message.versions.max > version_max; // and what it says to its like
    if (!in.ok() || (!later && !in.at_end())) return cut_short("hello", payload);
    return message;
}

void encode(const CharterAsk& message, Bytes& out) {
    FrameWriter frame(out, CharterAsk::type);
    frame->integer(message.epoch);
}
template <> Result<CharterAsk> decode(ByteView payload) {
    ByteReader in(payload);
    CharterAsk message{in.integer<std::uint64_t>()};
    if (!in.at_end()) return cut_short("charter ask", payload);
    return message;
}

void encode(const CharterDocument& message, Bytes& out) {
    FrameWriter frame(out, CharterDocument::type);
    frame->integer(message.epoch);
    frame->bytes(message.document);
}
template <> Result<CharterDocument> decode(ByteView payload) {
    ByteReader in(payload);
    CharterDocument message;
    message.epoch = in.integer<std::uint64_t>();
    if (!in.ok()) return cut_short("charter document", payload);
    if (in.remaining() > limits::charter_bytes_max)
        return failure(ErrorCode::limit_exceeded, "charter of more than 1048576 bytes");
    message.document = copy(in.bytes(in.remaining()));
    return message;
}

void encode(const Summary& message, Bytes& out) {
    SAFAR_ASSERT(message.compartments.size() <= compartments_max);
    FrameWriter frame(out, Summary::type);
    frame->integer(static_cast<std::uint16_t>(message.compartments.size()));
    for (const CompartmentDigest& item : message.compartments) {
        write_name(*frame, item.compartment);
        frame->bytes(item.frontier.view());
    }
}
template <> Result<Summary> decode(ByteView payload) {
    ByteReader in(payload);
    std::size_t count = in.integer<std::uint16_t>();
    constexpr std::size_t item_bytes_min = 1 + 1 + Hash::size;
    if (!in.ok() || count > in.remaining() / item_bytes_min)
        return failure(ErrorCode::malformed, "summary states " + std::to_string(count) +
                                                 " compartments in a payload of " +
                                                 std::to_string(payload.size()) + " bytes");
    if (count > compartments_max)
        return failure(ErrorCode::limit_exceeded, "summary of more than 1024 compartments");
    Summary message;
    message.compartments.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        SAFAR_TRY(auto name, read_compartment(in));
        if (i > 0 && !(message.compartments.back().compartment < name))
            return failure(ErrorCode::non_canonical, "summary is not sorted and unique");
        message.compartments.push_back({std::move(name), read_id<Hash>(in)});
    }
    if (!in.at_end()) return cut_short("summary", payload);
    return message;
}

void encode(const FrontierFull& message, Bytes& out) {
    FrameWriter frame(out, FrontierFull::type);
    write_name(*frame, message.compartment);
    write_entries(*frame, message.entries);
}
template <> Result<FrontierFull> decode(ByteView payload) {
    ByteReader in(payload);
    FrontierFull message;
    SAFAR_TRY(message.compartment, read_compartment(in));
    SAFAR_TRY(message.entries, read_entries(in));
    return message;
}

void encode(const FrontierDelta& message, Bytes& out) {
    FrameWriter frame(out, FrontierDelta::type);
    write_name(*frame, message.compartment);
    frame->bytes(message.base.view());
    write_entries(*frame, message.entries);
}
template <> Result<FrontierDelta> decode(ByteView payload) {
    ByteReader in(payload);
    FrontierDelta message;
    SAFAR_TRY(message.compartment, read_compartment(in));
    message.base = read_id<Hash>(in);
    SAFAR_TRY(message.entries, read_entries(in));
    if (message.entries.empty())
        return failure(ErrorCode::non_canonical, "frontier delta without an entry");
    return message;
}

void encode(const FrontierAsk& message, Bytes& out) {
    FrameWriter frame(out, FrontierAsk::type);
    write_name(*frame, message.compartment);
}
template <> Result<FrontierAsk> decode(ByteView payload) {
    ByteReader in(payload);
    FrontierAsk message;
    SAFAR_TRY(message.compartment, read_compartment(in));
    if (!in.at_end()) return cut_short("frontier ask", payload);
    return message;
}

void encode(const Want& message, Bytes& out) {
    FrameWriter frame(out, Want::type);
    write_log(*frame, message.log);
    frame->integer(message.first);
    frame->integer(message.last);
    frame->integer(message.credit);
}
template <> Result<Want> decode(ByteView payload) {
    ByteReader in(payload);
    Want message;
    message.log = read_log(in);
    message.first = in.integer<std::uint64_t>();
    message.last = in.integer<std::uint64_t>();
    message.credit = in.integer<std::uint32_t>();
    if (!in.at_end()) return cut_short("want", payload);
    SAFAR_TRY(check_range(message.first, message.last));
    if (message.credit == 0) return failure(ErrorCode::malformed, "want without credit");
    if (message.credit > credit_bytes_max)
        return failure(ErrorCode::limit_exceeded, "credit above 33554432 bytes");
    return message;
}

void encode(const Credit& message, Bytes& out) {
    FrameWriter frame(out, Credit::type);
    write_log(*frame, message.log);
    frame->integer(message.bytes);
}
template <> Result<Credit> decode(ByteView payload) {
    ByteReader in(payload);
    Credit message;
    message.log = read_log(in);
    message.bytes = in.integer<std::uint32_t>();
    if (!in.at_end()) return cut_short("credit", payload);
    if (message.bytes == 0) return failure(ErrorCode::malformed, "credit of 0 bytes");
    if (message.bytes > credit_bytes_max)
        return failure(ErrorCode::limit_exceeded, "credit above 33554432 bytes");
    return message;
}

void encode(const Missing& message, Bytes& out) {
    FrameWriter frame(out, Missing::type);
    write_log(*frame, message.log);
    frame->integer(message.first);
    frame->integer(message.last);
}
template <> Result<Missing> decode(ByteView payload) {
    ByteReader in(payload);
    Missing message;
    message.log = read_log(in);
    message.first = in.integer<std::uint64_t>();
    message.last = in.integer<std::uint64_t>();
    if (!in.at_end()) return cut_short("missing", payload);
    SAFAR_TRY(check_range(message.first, message.last));
    return message;
}

void encode(const Ping& message, Bytes& out) {
    FrameWriter frame(out, Ping::type);
    frame->integer(message.nonce);
}
template <> Result<Ping> decode(ByteView payload) {
    ByteReader in(payload);
    Ping message{in.integer<std::uint64_t>()};
    if (!in.at_end()) return cut_short("ping", payload);
    return message;
}
void encode(const Pong& message, Bytes& out) {
    FrameWriter frame(out, Pong::type);
    frame->integer(message.nonce);
}
template <> Result<Pong> decode(ByteView payload) {
    ByteReader in(payload);
    Pong message{in.integer<std::uint64_t>()};
    if (!in.at_end()) return cut_short("pong", payload);
    return message;
}

void encode(const ErrorFrame& message, Bytes& out) {
    FrameWriter frame(out, ErrorFrame::type);
    write_name(*frame, message.code);
    frame->bytes(as_bytes(std::string_view(message.detail).substr(0, error_detail_bytes_max)));
}
template <> Result<ErrorFrame> decode(ByteView payload) {
    ByteReader in(payload);
    ErrorFrame message;
    message.code = read_name(in);
    if (!in.ok() || message.code.empty()) return cut_short("error", payload);
    if (in.remaining() > error_detail_bytes_max)
        return failure(ErrorCode::limit_exceeded, "error frame with a detail above 512 bytes");
    message.detail = as_text(in.bytes(in.remaining()));
    return message;
}

void encode(const Bye&, Bytes& out) { FrameWriter frame(out, Bye::type); }
template <> Result<Bye> decode(ByteView payload) {
    if (!payload.empty()) return cut_short("bye", payload);
    return Bye{};
}

void encode_batch(ByteView stored, Bytes& out) {
    FrameWriter frame(out, FrameType::batch);
    frame->bytes(stored);
}

Hash shared_digest(std::span<const CompartmentDigest> compartments) {
    Bytes bytes;
    ByteWriter writer(bytes);
    for (const CompartmentDigest& item : compartments) {
        write_name(writer, item.compartment);
        writer.bytes(item.frontier.view());
    }
    return tagged_hash("shared", {bytes});
}

Hash statement_after(const Hash& base, const Frontier& entries) {
    Bytes bytes;
    ByteWriter writer(bytes);
    write_entries(writer, entries);
    return tagged_hash("statement", {base.view(), bytes});
}

} // namespace safar::wire

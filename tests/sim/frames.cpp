#include "tests/sim/frames.hpp"

#include "sync/wire/message.hpp"

namespace safar::sim {
namespace {

constexpr std::string_view names[] = {
    "?",    "hello",  "charter-ask", "charter", "summary", "full", "delta", "ask",
    "want", "credit", "batch",       "missing", "ping",    "pong", "error", "bye"};

std::string text(const LogName& log) {
    return log.id.brief().substr(0, 4) + "/" + log.incarnation.brief().substr(0, 4);
}
std::string text(const Frontier& entries) {
    std::string out;
    for (const FrontierEntry& entry : entries)
        out += " " + text(entry.log) + ":" + std::to_string(entry.head.number) +
               (entry.head.forked ? "!" : "");
    return out;
}

std::string detail(std::uint8_t type, ByteView payload) {
    switch (static_cast<wire::FrameType>(type)) {
    case wire::FrameType::frontier_full:
        if (auto full = wire::decode<wire::FrontierFull>(payload))
            return full.value().compartment + text(full.value().entries);
        return "?";
    case wire::FrameType::frontier_delta:
        if (auto delta = wire::decode<wire::FrontierDelta>(payload))
            return delta.value().compartment + text(delta.value().entries);
        return "?";
    case wire::FrameType::want:
        if (auto want = wire::decode<wire::Want>(payload))
            return text(want.value().log) + ":" + std::to_string(want.value().first) + "-" +
                   std::to_string(want.value().last);
        return "?";
    case wire::FrameType::missing:
        if (auto missing = wire::decode<wire::Missing>(payload))
            return text(missing.value().log) + ":" + std::to_string(missing.value().first);
        return "?";
    case wire::FrameType::batch:
        if (payload.size() < BatchHeader::encoded_bytes) return "?";
        if (auto header = decode_header(payload.first(BatchHeader::encoded_bytes)))
            return text(header.value().log) + ":" + std::to_string(header.value().number);
        return "?";
    default: return {};
    }
}

} // namespace

std::string describe_frames(ByteView bytes) {
    std::string out;
    while (bytes.size() >= 5) {
        const std::size_t size = ByteReader(bytes).integer<std::uint32_t>();
        if (size == 0 || bytes.size() < 4 + size) break;
        const auto type = static_cast<std::uint8_t>(bytes[4]);
        const std::string said = detail(type, bytes.subspan(5, size - 1));
        out += (out.empty() ? "" : ", ") +
               (type < std::size(names) ? std::string(names[type]) : std::to_string(type)) +
               (said.empty() ? "" : " " + said);
        bytes = bytes.subspan(4 + size);
    }
    return out;
}

Bytes as_said_by(Release release, Bytes bytes) {
    constexpr std::size_t versions_at = 5, more = 48;
    const bool hello =
        bytes.size() > versions_at && bytes[4] == static_cast<std::byte>(wire::FrameType::hello);
    if (release == Release::ours || !hello) return bytes;
    const std::size_t size = ByteReader(bytes).integer<std::uint32_t>();
    Bytes out;
    ByteWriter writer(out);
    writer.integer(static_cast<std::uint32_t>(size + more));
    writer.integer(static_cast<std::uint8_t>(wire::FrameType::hello));
    writer.integer(
        static_cast<std::uint16_t>(wire::version_max + (release == Release::far ? 1 : 0)));
    writer.integer(static_cast<std::uint16_t>(wire::version_max + 1));
    writer.bytes(ByteView(bytes).subspan(versions_at + 4, size - 5));
    writer.bytes(Bytes(more, std::byte{0x5a}));
    writer.bytes(ByteView(bytes).subspan(4 + size));
    return out;
}

} // namespace safar::sim

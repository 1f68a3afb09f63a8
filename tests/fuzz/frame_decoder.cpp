// Any slicing of a stream gives the same frames; memory stays within input + 1 KiB; every message
// that decodes encodes back to the same payload.
#include "sync/wire/message.hpp"

#include <algorithm>
#include <cstdlib>

namespace {
using namespace safar;

struct Cut {
    std::vector<std::pair<std::uint8_t, Bytes>> frames;
    bool failed = false;
};

Cut cut(ByteView stream, std::size_t slice) {
    Cut out;
    wire::FrameDecoder decoder;
    std::size_t fed = 0;
    while (!stream.empty() && !out.failed) {
        ByteView part = stream.first(std::min(slice, stream.size()));
        fed += part.size();
        stream = stream.subspan(part.size());
        while (!part.empty()) {
            auto next = decoder.next(part);
            if (!next) {
                out.failed = true;
                break;
            }
            if (next.value())
                out.frames.emplace_back(next.value()->type, copy(next.value()->payload));
            if (decoder.memory() > fed + 1024) std::abort();
        }
    }
    return out;
}

template <class Message> void check(std::uint8_t type, const Bytes& payload) {
    if (type != static_cast<std::uint8_t>(Message::type)) return;
    auto message = wire::decode<Message>(payload);
    if (!message) return;
    Bytes again;
    wire::encode(message.value(), again);
    if constexpr (std::is_same_v<Message, wire::Hello>) // a later release says more
        if (message.value().versions.max > wire::version_max) return;
    if (ByteView(again).size() != payload.size() + wire::frame_head_bytes ||
        !std::equal(payload.begin(), payload.end(), again.begin() + wire::frame_head_bytes))
        std::abort();
}

template <class... Messages> void check_any(std::uint8_t type, const Bytes& payload) {
    (check<Messages>(type, payload), ...);
}
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    ByteView stream{reinterpret_cast<const std::byte*>(data), size};
    Cut whole = cut(stream, std::max<std::size_t>(1, size)), fine = cut(stream, 1),
        odd = cut(stream, 7);
    if (whole.frames != fine.frames || whole.frames != odd.frames || whole.failed != fine.failed ||
        whole.failed != odd.failed)
        std::abort();
    for (const auto& [type, payload] : whole.frames)
        check_any<wire::Hello, wire::CharterAsk, wire::CharterDocument, wire::Summary,
                  wire::FrontierFull, wire::FrontierDelta, wire::FrontierAsk, wire::Want,
                  wire::Credit, wire::Missing, wire::Ping, wire::Pong, wire::ErrorFrame, wire::Bye>(
            type, payload);
    return 0;
}

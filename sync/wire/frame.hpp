// Frames: u32 length | u8 type | payload, little-endian; length counts type and payload.
// docs/format-frames.md describes every byte.
#pragma once

#include "storage/base/error.hpp"
#include "storage/base/ids.hpp"
#include "storage/base/limits.hpp"

#include <optional>

namespace safar::wire {

enum class FrameType : std::uint8_t {
    hello = 1,
    charter_ask = 2,
    charter_document = 3,
    summary = 4,
    frontier_full = 5,
    frontier_delta = 6,
    frontier_ask = 7,
    want = 8,
    credit = 9,
    batch = 10,
    missing = 11,
    ping = 12,
    pong = 13,
    error = 14,
    bye = 15,
    // Below here: skipped by who does not know them.
    notice_list = 128,
    notice_ask = 129,
    notice = 130,
    maintenance = 144, // maintenance.hpp
    statement = 145,   // statement.hpp
};
// Types from here on may be added without a new wire version: who does not know one skips it.
constexpr std::uint8_t ignorable_from = 128;

constexpr std::size_t length_bytes = 4;
constexpr std::size_t frame_head_bytes = length_bytes + 1;
constexpr std::size_t payload_bytes_max = limits::frame_bytes_max - frame_head_bytes;

struct Frame {
    std::uint8_t type = 0;
    ByteView payload;
};

// Cuts a stream into frames, however it is sliced. The length is judged before anything is
// allocated, and the buffer follows the bytes that really came: capacity stays within 1 KiB of
// them.
class FrameDecoder {
public:
    // Takes bytes from the front of `in` until one frame is whole; nullopt: all of `in` is taken.
    // The frame points into `in` or into the decoder and lives until the next call. Errors:
    // malformed (length 0), limit_exceeded; the stream is lost after either.
    [[nodiscard]] Result<std::optional<Frame>> next(ByteView& in);

    // Bytes of an unfinished frame, its length field included; 0 between frames.
    [[nodiscard]] std::size_t held() const { return done_ ? 0 : buffer_.size(); }
    // Of the unfinished frame, if it is known already.
    [[nodiscard]] std::optional<std::uint8_t> type_held() const;
    [[nodiscard]] std::size_t memory() const { return buffer_.capacity(); }

private:
    void take(ByteView& in, std::size_t count);

    Bytes buffer_;      // length field and what has come of the frame
    bool done_ = false; // the buffer's frame was handed out and goes with the next call
};

// Appends one frame to `out`; its length is filled in by the destructor.
class FrameWriter {
public:
    FrameWriter(Bytes& out, FrameType type) : out_(out), start_(out.size()), writer_(out) {
        writer_.integer(std::uint32_t{0});
        writer_.integer(static_cast<std::uint8_t>(type));
    }
    ~FrameWriter();
    FrameWriter(const FrameWriter&) = delete;
    FrameWriter& operator=(const FrameWriter&) = delete;
    ByteWriter* operator->() { return &writer_; }
    ByteWriter& operator*() { return writer_; }

private:
    Bytes& out_;
    std::size_t start_;
    ByteWriter writer_;
};

} // namespace safar::wire

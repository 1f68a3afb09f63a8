#include "sync/wire/frame.hpp"

#include <algorithm>

namespace safar::wire {
namespace {

constexpr std::size_t slack_bytes = 1024;

Result<std::size_t> judge_length(ByteView head) {
    ByteReader in(head);
    std::size_t length = in.integer<std::uint32_t>();
    if (length == 0) return failure(ErrorCode::malformed, "frame of length 0, it has no type");
    if (length > limits::frame_bytes_max - length_bytes)
        return failure(ErrorCode::limit_exceeded,
                       "frame of " + std::to_string(length) + " bytes, allowed: " +
                           std::to_string(limits::frame_bytes_max - length_bytes));
    return length;
}

Frame whole(ByteView frame) {
    return {static_cast<std::uint8_t>(frame[length_bytes]), frame.subspan(frame_head_bytes)};
}

} // namespace

void FrameDecoder::take(ByteView& in, std::size_t count) {
    count = std::min(count, in.size());
    if (std::size_t size = buffer_.size() + count; size > buffer_.capacity())
        buffer_.reserve(size + slack_bytes - 1);
    buffer_.insert(buffer_.end(), in.begin(), in.begin() + static_cast<std::ptrdiff_t>(count));
    in = in.subspan(count);
}

Result<std::optional<Frame>> FrameDecoder::next(ByteView& in) {
    if (done_) {
        done_ = false;
        if (buffer_.capacity() > 64 * slack_bytes)
            Bytes().swap(buffer_); // an idle peer keeps no large buffer
        buffer_.clear();
    }
    if (buffer_.empty() && in.size() >= frame_head_bytes) { // mostly whole frames: not copied
        SAFAR_TRY(std::size_t length, judge_length(in.first(length_bytes)));
        if (in.size() >= length_bytes + length) {
            Frame frame = whole(in.first(length_bytes + length));
            in = in.subspan(length_bytes + length);
            return frame;
        }
    }
    if (buffer_.size() < length_bytes) take(in, length_bytes - buffer_.size());
    if (buffer_.size() < length_bytes) return std::nullopt;
    SAFAR_TRY(std::size_t length, judge_length(ByteView(buffer_).first(length_bytes)));
    take(in, length_bytes + length - buffer_.size());
    if (buffer_.size() < length_bytes + length) return std::nullopt;
    done_ = true;
    return whole(buffer_);
}

std::optional<std::uint8_t> FrameDecoder::type_held() const {
    if (done_ || buffer_.size() < frame_head_bytes) return std::nullopt;
    return static_cast<std::uint8_t>(buffer_[length_bytes]);
}

FrameWriter::~FrameWriter() {
    std::size_t length = out_.size() - start_ - length_bytes;
    SAFAR_ASSERT(length + length_bytes <= limits::frame_bytes_max);
    for (std::size_t i = 0; i < length_bytes; ++i)
        out_[start_ + i] = static_cast<std::byte>((length >> (8 * i)) & 0xff);
}

} // namespace safar::wire

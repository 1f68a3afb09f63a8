// Frames of notices: lists of hashes, and the notices themselves.
#include "sync/wire/message.hpp"

#include <algorithm>

namespace safar::wire {
namespace {

void write_hashes(FrameType type, std::span<const Hash> hashes, Bytes& out) {
    SAFAR_ASSERT(hashes.size() <= notices_max);
    FrameWriter frame(out, type);
    for (const Hash& hash : hashes) frame->bytes(hash.view());
}

Result<std::vector<Hash>> read_hashes(ByteView payload) {
    if (payload.empty() || payload.size() % Hash::size != 0)
        return failure(ErrorCode::malformed, "notices frame with a payload of " +
                                                 std::to_string(payload.size()) +
                                                 " bytes, no list of hashes");
    if (payload.size() / Hash::size > notices_max)
        return failure(ErrorCode::limit_exceeded, "notices frame with more than 8192 hashes");
    std::vector<Hash> out;
    out.reserve(payload.size() / Hash::size);
    ByteReader in(payload);
    while (in.remaining() > 0) out.push_back(read_id<Hash>(in));
    if (std::adjacent_find(out.begin(), out.end(), std::greater_equal<>()) != out.end())
        return failure(ErrorCode::non_canonical, "notices frame with hashes twice or out of order");
    return out;
}

} // namespace

void encode(const NoticeList& message, Bytes& out) {
    write_hashes(NoticeList::type, message.hashes, out);
}
void encode(const NoticeAsk& message, Bytes& out) {
    write_hashes(NoticeAsk::type, message.hashes, out);
}
void encode(const NoticeFrame& message, Bytes& out) {
    SAFAR_ASSERT(message.notice.size() <= notice_bytes_max);
    FrameWriter frame(out, NoticeFrame::type);
    frame->bytes(message.notice);
}

template <> Result<NoticeList> decode(ByteView payload) {
    SAFAR_TRY(auto hashes, read_hashes(payload));
    return NoticeList{std::move(hashes)};
}
template <> Result<NoticeAsk> decode(ByteView payload) {
    SAFAR_TRY(auto hashes, read_hashes(payload));
    return NoticeAsk{std::move(hashes)};
}
template <> Result<NoticeFrame> decode(ByteView payload) {
    if (payload.empty()) return failure(ErrorCode::malformed, "notice frame without a notice");
    if (payload.size() > notice_bytes_max)
        return failure(ErrorCode::limit_exceeded, "notice of more than 1048577 bytes");
    return NoticeFrame{copy(payload)};
}

} // namespace safar::wire

#include "sync/wire/maintenance.hpp"

namespace safar::wire {

void encode(const Maintenance& message, Bytes& out) {
    SAFAR_ASSERT(message.why.size() <= maintenance_why_bytes_max);
    FrameWriter frame(out, Maintenance::type);
    frame->integer(message.from);
    frame->integer(message.until);
    frame->bytes(as_bytes(message.why));
}

Result<Maintenance> decode_maintenance(ByteView payload) {
    ByteReader in(payload);
    Maintenance message{in.integer<std::uint64_t>(), in.integer<std::uint64_t>(), {}};
    if (!in.ok()) return failure(ErrorCode::malformed, "maintenance frame: cut short");
    if (in.remaining() > maintenance_why_bytes_max)
        return failure(ErrorCode::limit_exceeded, "maintenance frame: a reason above 200 bytes");
    const ByteView why = in.bytes(in.remaining());
    message.why.assign(reinterpret_cast<const char*>(why.data()), why.size());
    if (message.withdrawn() && (message.from != 0 || !message.why.empty()))
        return failure(ErrorCode::non_canonical, "maintenance frame: withdrawn, and says more");
    if (!message.withdrawn() && message.until <= message.from)
        return failure(ErrorCode::non_canonical, "maintenance frame: ends before it begins");
    if (message.until - message.from > maintenance_seconds_max)
        return failure(ErrorCode::limit_exceeded, "maintenance frame: longer than 31 days");
    return message;
}

} // namespace safar::wire

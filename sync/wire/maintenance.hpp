// What a node tells its peers before it goes away on purpose. It binds nobody, nobody signs it, and
// it is not passed on: TLS says whose word it is.
#pragma once

#include "sync/wire/frame.hpp"

namespace safar::wire {

constexpr std::size_t maintenance_why_bytes_max = 200;
constexpr std::uint64_t maintenance_seconds_max = 31 * 86'400; // longer is no maintenance

struct Maintenance {
    static constexpr FrameType type = FrameType::maintenance;
    std::uint64_t from = 0, until = 0; // seconds since 1970, UTC; both 0: withdrawn
    std::string why;                   // for people; UTF-8 is not checked here
    [[nodiscard]] bool withdrawn() const { return until == 0; }
    friend bool operator==(const Maintenance&, const Maintenance&) = default;
};

void encode(const Maintenance& message, Bytes& out);
// Errors: malformed; limit_exceeded (a text or a time that is too long); non_canonical (ends before
// it begins).
[[nodiscard]] Result<Maintenance> decode_maintenance(ByteView payload);

} // namespace safar::wire

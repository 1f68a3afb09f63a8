#include "sync/peer/backoff.hpp"

#include <algorithm>

namespace safar {

void Backoff::failed(NodeTime now, std::uint64_t random) {
    const unsigned doublings = std::min(failures_++, 5u); // 0.2 s << 5 is above the maximum
    const NodeTime longest = std::min<NodeTime>(retry_max, retry_min * (1u << doublings));
    const NodeTime shortest = longest / 2;
    const auto range = static_cast<std::uint64_t>((longest - shortest).count()) + 1;
    const NodeTime wait = shortest + NodeTime(static_cast<std::int64_t>(random % range));
    call_at_ = std::max(call_at_, now + std::max<NodeTime>(wait, retry_min));
}

void Backoff::blamed(NodeTime now, std::chrono::seconds at_least) {
    const unsigned doublings = std::min(blames_++, 7u); // 30 s << 7 is above an hour
    const auto wait =
        std::clamp(std::max(blame_min * (1u << doublings), at_least), blame_min, blame_max);
    call_at_ = std::max(call_at_, now + wait);
}

void Backoff::rested(NodeTime now, std::chrono::seconds at_least) {
    call_at_ = std::max(call_at_, now + std::clamp(at_least, blame_min, blame_max));
}

void Backoff::worked() { failures_ = 0; }

void Backoff::forgive() { blames_ = 0; }

} // namespace safar

#include "sync/peer/quota.hpp"

#include <algorithm>

namespace safar {
namespace {
constexpr std::int64_t nanoseconds_per_second = 1'000'000'000;
}

void TokenBucket::refill(NodeTime now) {
    if (now <= at_) return;
    const auto rate = static_cast<std::int64_t>(per_second_);
    const std::int64_t lacking = static_cast<std::int64_t>(burst_) - tokens_;
    const NodeTime passed = now - at_;
    const std::int64_t seconds = passed.count() / nanoseconds_per_second;
    if (seconds > lacking / rate) { // before multiplying, so that no length of time overflows
        tokens_ = static_cast<std::int64_t>(burst_);
        at_ = now;
        return;
    }
    const std::int64_t microseconds = passed.count() % nanoseconds_per_second / 1000;
    const std::int64_t gained = seconds * rate + microseconds * rate / 1'000'000;
    if (gained == 0) return; // keeps the fraction for the next time
    tokens_ += std::min(gained, lacking);
    at_ = now;
}

void TokenBucket::charge(std::uint64_t tokens, NodeTime now) {
    refill(now);
    tokens_ -= static_cast<std::int64_t>(tokens);
}

NodeTime TokenBucket::free_at(NodeTime now) const {
    TokenBucket later = *this;
    later.refill(now);
    if (later.tokens_ >= 0) return now;
    const auto owed = -later.tokens_;
    const auto rate = static_cast<std::int64_t>(per_second_);
    return now + std::chrono::seconds(owed / rate) +
           NodeTime((owed % rate) * 1'000'000 / rate * 1'000 + 1'000);
}

NodeTime PeerQuota::free_at(NodeTime now) const {
    return std::max(bytes_.free_at(now), frames_.free_at(now));
}

} // namespace safar

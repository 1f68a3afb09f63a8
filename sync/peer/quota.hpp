// Token buckets: how fast a peer may make this node work. Delays, never drops: what is charged has
// been taken already, and the bucket says when to read on.
#pragma once

#include "storage/base/time.hpp"

#include <cstdint>

namespace safar {

class TokenBucket {
public:
    // Starts full. `per_second` and `burst` above zero.
    TokenBucket(std::uint64_t per_second, std::uint64_t burst, NodeTime now)
        : per_second_(per_second), burst_(burst), tokens_(static_cast<std::int64_t>(burst)),
          at_(now) {}

    // May go into debt, which is waited off.
    void charge(std::uint64_t tokens, NodeTime now);
    // `now` where nothing is owed.
    [[nodiscard]] NodeTime free_at(NodeTime now) const;

private:
    void refill(NodeTime now);
    std::uint64_t per_second_, burst_;
    std::int64_t tokens_;
    NodeTime at_;
};

// What one peer may send. The defaults lie above what two cores verify and store (about 100 MB/s of
// packed batches), so honest full speed never waits.
class PeerQuota {
public:
    static constexpr std::uint64_t bytes_per_second = 256u << 20, bytes_burst = 256u << 20;
    static constexpr std::uint64_t frames_per_second = 50'000, frames_burst = 100'000;
    // A batch already held is answered from memory, yet it must not be free to send for ever.
    static constexpr std::uint64_t duplicate_frames = 16;

    explicit PeerQuota(NodeTime now)
        : bytes_(bytes_per_second, bytes_burst, now),
          frames_(frames_per_second, frames_burst, now) {}

    void bytes(std::uint64_t count, NodeTime now) { bytes_.charge(count, now); }
    void frames(std::uint64_t count, NodeTime now) { frames_.charge(count, now); }
    [[nodiscard]] NodeTime free_at(NodeTime now) const;

private:
    TokenBucket bytes_, frames_;
};

} // namespace safar

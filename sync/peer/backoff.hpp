// When to call a peer again. Network failures are retried soon, with jitter so that a returning
// network is not met by everybody at once; only blame makes it long.
#pragma once

#include "storage/base/time.hpp"

#include <cstdint>

namespace safar {

class Backoff {
public:
    static constexpr std::chrono::milliseconds retry_min{200}, retry_max{5'000};
    static constexpr std::chrono::seconds blame_min{30}, blame_max{3'600};

    // The connection failed or ended without blame. `random` is any number from the caller: the
    // wait is drawn from the upper half of 0.2, 0.4 ... 5 s (doubling for each failure in a row).
    void failed(NodeTime now, std::uint64_t random);
    // The peer is to blame: 30 s, doubling to an hour; at least `at_least`.
    void blamed(NodeTime now, std::chrono::seconds at_least);
    // The peer was too slow, or does not have what it states: a bad network can not be told from a
    // bad peer, so it waits `at_least` and, unlike blame, no longer the next time.
    void rested(NodeTime now, std::chrono::seconds at_least);
    // A session was ready: the next network failure is retried at once again. What a peer is blamed
    // for is forgotten only by a session that lasted (`forgive`: 10 minutes without blame).
    void worked();
    void forgive();

    [[nodiscard]] NodeTime call_at() const { return call_at_; } // not before
    [[nodiscard]] bool is_blamed() const { return blames_ > 0; }

private:
    unsigned failures_ = 0, blames_ = 0;
    NodeTime call_at_{0};
};

} // namespace safar

// Virtual time: a priority queue of (time, counter, action), and the rolling hash of everything
// that was decided. Equal seeds give equal hashes.
#pragma once

#include "storage/base/bytes.hpp"
#include "storage/base/time.hpp"

#include <functional>
#include <queue>
#include <tuple>

namespace safar::sim {

class Trace {
public:
    void add(std::uint64_t word) {
        state_ = (state_ ^ word) * 0xff51afd7ed558ccdu;
        state_ ^= state_ >> 32;
    }
    void add(ByteView bytes) {
        std::uint64_t word = bytes.size();
        for (std::size_t at = 0; at < bytes.size(); at += 8) {
            std::uint64_t part = 0;
            for (std::size_t i = at; i < std::min(at + 8, bytes.size()); ++i)
                part |= static_cast<std::uint64_t>(bytes[i]) << (8 * (i - at));
            add(word ^ part);
            word = 0;
        }
        add(word);
    }
    [[nodiscard]] std::uint64_t value() const { return state_; }

private:
    std::uint64_t state_ = 0x2545f4914f6cdd1du;
};

class Timeline {
public:
    using Action = std::function<void()>;

    void at(NodeTime when, Action action) {
        queue_.push({std::max(when, now), ++counter_, std::move(action)});
    }
    void later(NodeTime delay, Action action) { at(now + delay, std::move(action)); }
    // Plays what is due up to `until`, then stands there.
    void run(NodeTime until) {
        while (!queue_.empty() && queue_.top().when <= until) {
            Item item = std::move(const_cast<Item&>(queue_.top())); // popped at once
            queue_.pop();
            now = item.when;
            trace.add(static_cast<std::uint64_t>(now.count()));
            item.action();
            ++played;
        }
        now = until;
    }

    // Forgets what is to come: actions may hold what must not outlive other things.
    void clear() { queue_ = {}; }

    NodeTime now{std::chrono::hours(1)};
    Trace trace;
    std::uint64_t played = 0;

private:
    struct Item {
        NodeTime when;
        std::uint64_t counter;
        Action action;
        bool operator<(const Item& other) const {
            return std::tie(when, counter) > std::tie(other.when, other.counter);
        }
    };
    std::priority_queue<Item> queue_;
    std::uint64_t counter_ = 0;
};

} // namespace safar::sim

// A network that misbehaves between two nodes: takes connections for one of them and passes the
// bytes on to it, or does to them what a test asks for. One thread of its own.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

namespace safar::process {

enum class Chaos {
    pass,          // bytes go through unchanged
    not_accept,    // TCP takes the connection, nobody ever accepts it
    silent,        // accepted, nothing is said, nothing is read
    close,         // closed as soon as it is there
    close_on_data, // closed with the first bytes
    damage,        // now and then a bit is changed
    delay,         // every piece waits 150 ms
    throttle,      // 20 kB a second each way
    slice,         // one to seven bytes at a time
};
constexpr Chaos every_chaos[] = {Chaos::not_accept,    Chaos::silent, Chaos::close,
                                 Chaos::close_on_data, Chaos::damage, Chaos::delay,
                                 Chaos::throttle,      Chaos::slice};
[[nodiscard]] std::string_view name(Chaos chaos);
// Bytes still arrive, late or in pieces.
[[nodiscard]] constexpr bool gets_through(Chaos chaos) {
    return chaos == Chaos::pass || chaos == Chaos::delay || chaos == Chaos::throttle ||
           chaos == Chaos::slice;
}

class ChaosGate {
public:
    // Listens at `port` of the loopback, passes on to `target` there.
    ChaosGate(int port, int target);
    ~ChaosGate();
    ChaosGate(const ChaosGate&) = delete;
    ChaosGate& operator=(const ChaosGate&) = delete;

    // Cuts what stands and treats what comes next so.
    void set(Chaos chaos);
    [[nodiscard]] std::uint64_t connections() const; // that came, whatever became of them
    [[nodiscard]] std::uint64_t damaged() const;     // bits
    [[nodiscard]] std::uint64_t passed() const;      // bytes, both ways

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace safar::process

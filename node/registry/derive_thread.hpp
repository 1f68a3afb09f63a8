// The one thread that follows the journal into derived state, and wakes whoever waits for a
// position.
//
// Threads: every member may be called from any thread.
#pragma once

#include "storage/derive/derived.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

namespace safar {

class DeriveThread {
public:
    // `note` gets a line for the operator when something had to be repaired or tried again.
    DeriveThread(Derived& derived, const Log& log, std::function<void(std::string)> note);
    ~DeriveThread();

    void start();
    // Ends after at most `catch_up` of following, then makes derived state durable.
    void stop(std::chrono::milliseconds catch_up = std::chrono::milliseconds(1500));

    // The log has reached `last`.
    void wake(Position last);
    // What counts may have changed (a charter, a fork): readers wait until derived state has
    // looked.
    void look_again();
    [[nodiscard]] Position position() const { return position_.load(std::memory_order_acquire); }
    // Until derived state holds what it held at its best, and `position`: while it begins again,
    // readers wait. Costs a shared lock where it is there already. Errors: timed_out, stopping;
    // where derived state can not follow, what hinders it (it is tried again all the time).
    [[nodiscard]] Result<> wait_for(Position position,
                                    std::chrono::milliseconds at_most = std::chrono::minutes(2));
    // Why derived state does not follow the log: its last try failed; nullopt if it does.
    [[nodiscard]] std::optional<Error> hindered() const;
    // Runs `task` on the derive thread, between two steps, and waits for it. Errors: stopping.
    [[nodiscard]] Result<> run(std::function<Result<>(Derived&)> task);

private:
    void loop();
    void step();
    void publish(); // mutex_ held
    [[nodiscard]] bool there(Position wanted) const;
    void hindered_by(const Error& error);
    void checkpoint_when_due(bool idle);

    Derived& derived_;
    const Log& log_;
    std::function<void(std::string)> note_;
    std::atomic<Position> position_{0}; // 0: it is yet to look at what counts
    std::atomic<Position> highest_{0};
    mutable std::mutex mutex_;
    std::condition_variable wake_;  // the derive thread waits
    std::condition_variable moved_; // readers wait
    bool look_again_ = false;
    Position target_ = 0;
    std::deque<std::function<void(Derived&)>> tasks_;
    bool stopping_ = false, ended_ = false;
    std::optional<Error> hindered_;
    std::chrono::steady_clock::time_point stop_by_;
    // Of the derive thread only:
    static constexpr std::chrono::milliseconds retry_pause_min{500};
    std::chrono::milliseconds retry_pause_ = retry_pause_min;
    Position checkpointed_ = 0;
    std::thread thread_;
};

} // namespace safar

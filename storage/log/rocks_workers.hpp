// One helper thread beside the caller: two cores verify, hash and sign at once.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace safar {

class Workers {
public:
    Workers();
    ~Workers();
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;

    // ParallelFor. Any thread may call; while another's work is running the caller works alone.
    void run(std::size_t count, const std::function<void(std::size_t)>& body);

private:
    // Below this, waking a thread costs more than it saves (one batch is about a millisecond).
    static constexpr std::size_t count_min = 2;
    struct Job {
        const std::function<void(std::size_t)>* body = nullptr;
        std::size_t count = 0;
        std::atomic<std::size_t> next{0};
    };
    static void work(Job& job);
    void loop();

    std::mutex turn_; // one job at a time
    std::mutex mutex_;
    std::condition_variable wake_, done_;
    Job* job_ = nullptr;   // offered to the helper
    bool helping_ = false; // the helper is inside a job
    bool stopping_ = false;
    std::thread thread_;
};

} // namespace safar

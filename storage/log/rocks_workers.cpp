#include "storage/log/rocks_workers.hpp"

namespace safar {

Workers::Workers() : thread_([this] { loop(); }) {}

Workers::~Workers() {
    {
        std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
}

void Workers::work(Job& job) {
    for (std::size_t i = job.next++; i < job.count; i = job.next++) (*job.body)(i);
}

void Workers::run(std::size_t count, const std::function<void(std::size_t)>& body) {
    std::unique_lock turn(turn_, std::try_to_lock);
    if (count < count_min || !turn.owns_lock()) {
        for (std::size_t i = 0; i < count; ++i) body(i);
        return;
    }
    Job job;
    job.body = &body;
    job.count = count;
    {
        std::lock_guard lock(mutex_);
        job_ = &job;
    }
    wake_.notify_one();
    work(job);
    // The helper may still be at its last piece; from here on it can not take the job up any more.
    std::unique_lock lock(mutex_);
    job_ = nullptr;
    done_.wait(lock, [this] { return !helping_; });
}

void Workers::loop() {
    std::unique_lock lock(mutex_);
    while (true) {
        wake_.wait(lock, [this] { return stopping_ || job_ != nullptr; });
        if (stopping_) return;
        Job& job = *job_;
        job_ = nullptr;
        helping_ = true;
        lock.unlock();
        work(job);
        lock.lock();
        helping_ = false;
        done_.notify_all();
    }
}

} // namespace safar

#include "node/registry/derive_thread.hpp"

#include <algorithm>
#include <future>

namespace safar {
namespace {

constexpr std::size_t step_batches = 64; // between two wake-ups of readers: about 16 k events
constexpr Position checkpoint_batches =
    8192; // what a crash makes a start derive again: about 2 M events
constexpr std::chrono::seconds idle_checkpoint{2};
constexpr std::chrono::milliseconds retry_pause_max{30'000};

} // namespace

DeriveThread::DeriveThread(Derived& derived, const Log& log, std::function<void(std::string)> note)
    : derived_(derived), log_(log), note_(std::move(note)) {
    position_ = highest_ = checkpointed_ = derived_.position();
    target_ = log_.last_position();
}

DeriveThread::~DeriveThread() { stop(); }

void DeriveThread::start() {
    SAFAR_ASSERT(!thread_.joinable());
    thread_ = std::thread([this] { loop(); });
}

void DeriveThread::stop(std::chrono::milliseconds catch_up) {
    {
        std::lock_guard lock(mutex_);
        if (!stopping_) stop_by_ = std::chrono::steady_clock::now() + catch_up;
        stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
    {
        std::lock_guard lock(mutex_);
        ended_ = true;
    }
    moved_.notify_all();
}

void DeriveThread::wake(Position last) {
    {
        std::lock_guard lock(mutex_);
        if (last <= target_) return;
        target_ = last;
    }
    wake_.notify_one();
}

void DeriveThread::look_again() {
    {
        std::lock_guard lock(mutex_);
        look_again_ = true;
        position_.store(0, std::memory_order_release);
    }
    wake_.notify_one();
}

// It may have begun again since the position was published: a task or a step does so by itself.
bool DeriveThread::there(Position wanted) const {
    return position() >= wanted && derived_.position() >= wanted;
}

Result<> DeriveThread::wait_for(Position wanted, std::chrono::milliseconds at_most) {
    wanted = std::max(wanted, highest_.load(std::memory_order_acquire));
    if (there(wanted)) return success();
    std::unique_lock lock(mutex_);
    moved_.wait_for(lock, at_most, [&] { return there(wanted) || ended_ || hindered_; });
    if (there(wanted)) return success();
    if (hindered_) return *hindered_;
    if (ended_) return failure(ErrorCode::stopping, "the node is stopping");
    return failure(ErrorCode::timed_out,
                   "derived state is at position " + std::to_string(derived_.position()) +
                       " and did not reach " + std::to_string(wanted) + " in time; try again");
}

Result<> DeriveThread::run(std::function<Result<>(Derived&)> task) {
    auto promise = std::make_shared<std::promise<Result<>>>();
    auto future = promise->get_future();
    {
        std::lock_guard lock(mutex_);
        if (stopping_) return failure(ErrorCode::stopping, "the node is stopping");
        tasks_.push_back([promise, task = std::move(task)](Derived& derived) {
            promise->set_value(task(derived));
        });
    }
    wake_.notify_one();
    return future.get();
}

void DeriveThread::loop() {
    for (;;) {
        std::deque<std::function<void(Derived&)>> tasks;
        bool idle = false;
        {
            std::unique_lock lock(mutex_);
            auto work = [this] {
                return stopping_ || look_again_ || !tasks_.empty() || position() < target_;
            };
            idle = !wake_.wait_for(lock, idle_checkpoint, work);
            tasks.swap(tasks_);
            look_again_ = false;
            if (stopping_ && tasks.empty() &&
                (position() >= target_ || std::chrono::steady_clock::now() >= stop_by_))
                break;
        }
        for (auto& task : tasks) {
            task(derived_);
            std::lock_guard lock(mutex_);
            publish();
        }
        step();
        checkpoint_when_due(idle);
    }
    if (auto kept = derived_.checkpoint(); !kept.has_value() && note_)
        note_("derived state was not made durable and is derived again at the next start: " +
              describe(kept.error()));
}

void DeriveThread::step() {
    auto taken = derived_.follow(step_batches);
    {
        // Under the lock, so that a reader between its test and its sleep is not missed.
        std::lock_guard lock(mutex_);
        publish();
        if (taken.has_value()) hindered_.reset();
    }
    moved_.notify_all();
    if (taken.has_value())
        retry_pause_ = retry_pause_min;
    else
        hindered_by(taken.error());
}

void DeriveThread::publish() {
    const Position here = derived_.position();
    if (here > highest_) highest_.store(here, std::memory_order_release);
    // Who asked meanwhile that it look again is answered by the next step, not by this one.
    if (!look_again_) position_.store(here, std::memory_order_release);
}

// Damage of derived state is derived again by the next follow(). Damage of the log stays, and what
// is derived already is still good.
void DeriveThread::hindered_by(const Error& error) {
    const std::optional<Error> before = hindered();
    if (note_ && !(before && before->detail == error.detail))
        note_("derived state does not follow the log: " + describe(error));
    std::unique_lock lock(mutex_);
    hindered_ = error;
    moved_.notify_all();
    wake_.wait_for(lock, retry_pause_, [this] { return stopping_ || !tasks_.empty(); });
    retry_pause_ = std::min(2 * retry_pause_, retry_pause_max);
}

std::optional<Error> DeriveThread::hindered() const {
    std::lock_guard lock(mutex_);
    return hindered_;
}

void DeriveThread::checkpoint_when_due(bool idle) {
    const Position here = position();
    if (here == checkpointed_ || (!idle && here < checkpointed_ + checkpoint_batches)) return;
    checkpointed_ = here;
    if (auto kept = derived_.checkpoint(); !kept.has_value() && note_)
        note_("derived state was not made durable: " + describe(kept.error()));
}

} // namespace safar

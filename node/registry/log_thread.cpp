#include "node/registry/log_thread.hpp"

#include <future>

namespace safar {
namespace {

constexpr std::size_t group_events_max = 16384; // one sync; about 8 MiB of drafts
constexpr std::size_t group_batches_max = 128;  // ingested under one sync
constexpr std::size_t few_events = 64;          // below this, company is worth waiting for

} // namespace

LogThread::LogThread(Log& log, Settings settings) : log_(log), settings_(std::move(settings)) {
    settings_.linger = std::min(settings_.linger, std::chrono::milliseconds(20));
    told_ = log_.last_position();
}

LogThread::~LogThread() { stop(); }

void LogThread::start() {
    SAFAR_ASSERT(!thread_.joinable());
    thread_ = std::thread([this] { loop(); });
}

void LogThread::stop() {
    {
        std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void LogThread::append(AppendRequest request, AppendDone done) {
    SAFAR_ASSERT(!request.drafts.empty());
    {
        std::lock_guard lock(mutex_);
        if (!stopping_) {
            queued_events_ += request.drafts.size();
            appends_.push_back({std::move(request), std::move(done)});
            done = nullptr;
        }
    }
    if (done)
        done(failure(ErrorCode::stopping, "the node is stopping; nothing was written"));
    else
        wake_.notify_all();
}

Result<Appended> LogThread::append(AppendRequest request) {
    auto promise = std::make_shared<std::promise<Result<Appended>>>();
    auto future = promise->get_future();
    append(std::move(request),
           [promise](Result<Appended> outcome) { promise->set_value(std::move(outcome)); });
    return future.get();
}

Result<std::vector<Appended>> LogThread::append_together(std::vector<AppendRequest> requests) {
    auto promise = std::make_shared<std::promise<Result<std::vector<Appended>>>>();
    auto future = promise->get_future();
    const auto write = [](Log& log,
                          std::span<const AppendRequest> all) -> Result<std::vector<Appended>> {
        PreparedAppend prepared = log.prepare(all);
        prepared.together = true;
        std::vector<Appended> out;
        for (Result<Appended>& each : log.append_prepared({&prepared, 1})) {
            SAFAR_TRY(auto appended, std::move(each));
            out.push_back(std::move(appended));
        }
        return out;
    };
    run([this, promise, write, requests = std::move(requests)](Log& log) {
        auto outcome = write(log, requests);
        std::vector<LogName> touched;
        if (outcome)
            for (const Appended& each : outcome.value()) touched.push_back(each.log);
        tell_commit(&touched);
        promise->set_value(std::move(outcome));
    });
    promise.reset(); // a task that is not taken breaks the promise
    try {
        return future.get();
    } catch (const std::future_error&) {
        return failure(ErrorCode::stopping, "the node is stopping; nothing was written");
    }
}

void LogThread::ingest(std::vector<EncodedBatch> batches, IngestDone done) {
    {
        std::lock_guard lock(mutex_);
        if (!stopping_) {
            ingests_.push_back({std::move(batches), std::move(done)});
            done = nullptr;
        }
    }
    if (done)
        done({});
    else
        wake_.notify_all();
}

void LogThread::run(std::function<void(Log&)> task) {
    {
        std::lock_guard lock(mutex_);
        if (stopping_) return;
        tasks_.push_back(std::move(task));
    }
    wake_.notify_all();
}

LogThread::Group LogThread::take_group() {
    Group group;
    std::unique_lock lock(mutex_);
    auto anything = [this] { return !appends_.empty() || !ingests_.empty() || !tasks_.empty(); };
    const bool idle = !anything();
    wake_.wait(lock, [&] { return stopping_ || anything(); });
    if (!idle && !stopping_ && !appends_.empty() && ingests_.empty() && queued_events_ < few_events)
        wake_.wait_for(lock, settings_.linger, [this] {
            return stopping_ || queued_events_ >= few_events || !ingests_.empty();
        });

    std::size_t events = 0;
    while (!appends_.empty() && events < group_events_max) {
        events += appends_.front().request.drafts.size();
        group.appends.push_back(std::move(appends_.front()));
        appends_.pop_front();
    }
    queued_events_ -= events;
    std::size_t batches = 0;
    while (!ingests_.empty() && batches < group_batches_max) {
        batches += ingests_.front().batches.size();
        group.ingests.push_back(std::move(ingests_.front()));
        ingests_.pop_front();
    }
    while (!tasks_.empty()) {
        group.tasks.push_back(std::move(tasks_.front()));
        tasks_.pop_front();
    }
    return group;
}

void LogThread::loop() {
    for (;;) {
        Group group = take_group();
        if (group.appends.empty() && group.ingests.empty() && group.tasks.empty()) return;
        // Tasks first: a confirmed head lets the append that follows go on in its log.
        for (auto& task : group.tasks) task(log_);
        tell_commit(nullptr);
        if (!group.appends.empty()) commit_appends(std::move(group.appends));
        if (!group.ingests.empty()) commit_ingests(std::move(group.ingests));
    }
}

void LogThread::tell_commit(const std::vector<LogName>* touched) {
    Position last = log_.last_position();
    if (last == told_) return;
    told_ = last;
    if (settings_.on_commit) settings_.on_commit(last, touched);
}

void LogThread::commit_appends(std::vector<PendingAppend> appends) {
    std::vector<AppendRequest> requests;
    requests.reserve(appends.size());
    for (PendingAppend& one : appends) requests.push_back(std::move(one.request));
    std::vector<Result<Appended>> outcomes = log_.append(requests);
    SAFAR_ASSERT(outcomes.size() == appends.size());
    // Readers may wait for what an answer names: tell them before the answers go out.
    std::vector<LogName> touched;
    for (const Result<Appended>& each : outcomes)
        if (each) touched.push_back(each.value().log);
    tell_commit(&touched);
    for (std::size_t i = 0; i < appends.size(); ++i) appends[i].done(std::move(outcomes[i]));
}

void LogThread::commit_ingests(std::vector<PendingIngest> ingests) {
    std::vector<EncodedBatch> batches;
    std::vector<std::size_t> counts;
    for (PendingIngest& one : ingests) {
        counts.push_back(one.batches.size());
        std::move(one.batches.begin(), one.batches.end(), std::back_inserter(batches));
    }
    std::vector<IngestOutcome> outcomes = log_.ingest(batches);
    SAFAR_ASSERT(outcomes.size() == batches.size());
    std::vector<LogName> touched;
    for (const IngestOutcome& each : outcomes)
        if (each.fresh && (touched.empty() || touched.back() != each.place.log))
            touched.push_back(each.place.log);
    tell_commit(&touched);
    auto next = outcomes.begin();
    for (std::size_t i = 0; i < ingests.size(); ++i) {
        auto end = next + static_cast<std::ptrdiff_t>(counts[i]);
        ingests[i].done({std::make_move_iterator(next), std::make_move_iterator(end)});
        next = end;
    }
}

} // namespace safar

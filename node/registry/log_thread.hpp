// The one thread that writes to the log. Appends of this node and batches from peers meet in its
// queue and are committed in groups: one sync pays for everything that has gathered.
//
// Threads: every member may be called from any thread; callbacks run on the log thread and must not
// block or call back into a waiting member.
#pragma once

#include "storage/log/log.hpp"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace safar {

class LogThread {
public:
    using AppendDone = std::function<void(Result<Appended>)>;
    using IngestDone = std::function<void(std::vector<IngestOutcome>)>;

    struct Settings {
        // How long a few small appends wait for company. Only while the log is busy anyway: the
        // first after a pause is committed at once. At most 20 ms.
        std::chrono::milliseconds linger{2};
        // Called after each group that changed the log, with its last position.
        // `touched`: the logs that have grown; null where that is not known (a task wrote).
        std::function<void(Position, const std::vector<LogName>* touched)> on_commit;
    };

    // `log` must outlive it.
    LogThread(Log& log, Settings settings);
    ~LogThread();

    void start();
    // Commits what is queued, then ends. Whatever comes later is answered with `stopping`.
    void stop();

    // `done` is called once: durable, or why not (Log::append).
    void append(AppendRequest request, AppendDone done);
    // The same, waiting. Never call it on the log thread.
    [[nodiscard]] Result<Appended> append(AppendRequest request);
    // All of it under one sync, or nothing: what refuses one request refuses all. Errors:
    // Log::append.
    [[nodiscard]] Result<std::vector<Appended>>
    append_together(std::vector<AppendRequest> requests);
    // In order of the calls. After stop(): an empty list.
    void ingest(std::vector<EncodedBatch> batches, IngestDone done);
    // Runs `task` between two groups, alone with the log.
    void run(std::function<void(Log&)> task);

private:
    struct PendingAppend {
        AppendRequest request;
        AppendDone done;
    };
    struct PendingIngest {
        std::vector<EncodedBatch> batches;
        IngestDone done;
    };
    struct Group {
        std::vector<PendingAppend> appends;
        std::vector<PendingIngest> ingests;
        std::vector<std::function<void(Log&)>> tasks;
    };

    void loop();
    [[nodiscard]] Group take_group();
    void commit_appends(std::vector<PendingAppend> appends);
    void commit_ingests(std::vector<PendingIngest> ingests);
    void tell_commit(const std::vector<LogName>* touched);

    Log& log_;
    Settings settings_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<PendingAppend> appends_;
    std::deque<PendingIngest> ingests_;
    std::deque<std::function<void(Log&)>> tasks_;
    std::size_t queued_events_ = 0;
    bool stopping_ = false;
    Position told_ = 0;
    std::thread thread_;
};

} // namespace safar

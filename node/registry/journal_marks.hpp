// What this node remembers of its own journal beside the batches: when they came, and in which run.
//
// A *mark* says: up to this position had come by this time, and of each log so many batches. At
// most one a second is written, in the log's settings, so a backup carries them. A mark is never
// early: what it names had come by its time. What came between two marks counts from the later one.
//
// A *run* is a start of the node. Each draws a name, so that a journal that was set back (a backup
// restored, a disk's snapshot) and went on differently can be told from the one that was: the
// positions are the same numbers, the runs that they came in are not.
//
// Threads: begin(), committed() and write() from the thread that writes the log; the rest from any.
#pragma once

#include "storage/log/log.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <unordered_map>

namespace safar {

using RunName = FixedBytes<16, struct RunNameTag>;

// What had come by some time.
struct KnownThen {
    ClaimedTime at; // of the mark that says so, by this node's clock
    Position position = 0;
    std::map<LogHandle, std::uint64_t> batches; // of each log, up to this number
    [[nodiscard]] bool knew(const EventPlace& place) const {
        auto log = batches.find(place.log);
        return log != batches.end() && place.batch <= log->second;
    }
};

class JournalMarks {
public:
    using Clock = std::function<std::chrono::system_clock::time_point()>;
    static constexpr std::chrono::microseconds apart{1'000'000};

    // `log` must outlive it. No clock: the system's.
    JournalMarks(Log& log, Clock clock);

    // Once, before anything is written to the log: loads what there is, begins a run, writes a
    // mark. Errors: storage_*; then no question is answered.
    [[nodiscard]] Result<> begin(Entropy& entropy);
    // The log has reached `last`; `touched`: the logs that have grown since the call before, null:
    // any may have. True: write() is due. Cost: those logs' heads, once a second; of `null` every
    // log's.
    [[nodiscard]] bool committed(Position last, const std::vector<LogName>* touched);
    // Makes durable what is not. Errors: storage_*; the next call tries again.
    [[nodiscard]] Result<> write();

    // The last mark that is not after `at`; nullopt: the first one is. Errors: storage_*.
    [[nodiscard]] Result<std::optional<KnownThen>> known_at(ClaimedTime at) const;
    // The run in which `position` came, or would come next.
    [[nodiscard]] Result<RunName> run_of(Position position) const;

private:
    struct Mark {
        ClaimedTime at;
        Position position = 0;
        // Those that differ from the mark before in its chunk; of the first all.
        std::map<LogHandle, std::uint64_t> batches;
    };
    struct Run {
        Position after = 0; // came after this position
        RunName name;
    };

    // Of the logs named (null: of all) the heads, as a mark of now.
    [[nodiscard]] Mark mark_of(Position last, const std::vector<LogName>* logs);
    void learn_handles();
    void add(Mark mark); // of what has changed since the last one; may name more
    [[nodiscard]] Result<std::optional<std::vector<Mark>>> stored_chunk(std::uint64_t number) const;
    [[nodiscard]] Result<> load_marks();
    [[nodiscard]] Result<> load_runs();
    [[nodiscard]] static Bytes encoded(const std::vector<Mark>& marks);
    static void advance(KnownThen& known, const Mark& mark);

    Log& log_;
    Clock clock_;
    mutable std::mutex mutex_;    // guards the rest
    std::optional<Error> broken_; // begin() failed, or was not called
    std::vector<Run> runs_;
    std::vector<Mark> chunk_; // the last one, with what is not written yet
    std::uint64_t number_ = 0;
    KnownThen last_;              // the last mark of it, whole
    std::optional<Mark> waiting_; // what has changed since; came too soon after the last one
    std::unordered_map<LogName, LogHandle> handles_; // of every log there is; never iterated
    bool dirty_ = false;
};

} // namespace safar

// Asks the peer for what it has and we do not, takes its batches, and hands them to the log in
// groups.
//
// One peer at a time is asked for a log (RangePlan); small logs first; several logs in flight
// within one window of bytes. Credit is given back as batches are stored, so a slow disk slows the
// sender.
#pragma once

#include "sync/session/frontiers.hpp"

#include <deque>

namespace safar {

class Asker {
public:
    static constexpr std::size_t asks_max = 8; // logs in flight,
    static constexpr std::size_t short_asks_max =
        32; // and with those that lack few batches: a long line
    static constexpr std::uint64_t short_batches =
        4;                                        // is not to be waited for once for every few logs
    static constexpr std::size_t probes_max = 64; // of forks, in flight
    static constexpr std::int64_t window_bytes = 4 << 20;     // granted or not yet stored, all logs
    static constexpr std::int64_t grant_bytes_min = 64 << 10; // a batch more may always come on top
    static constexpr std::size_t group_batches_max = 64;      // verified and synced as one
    static constexpr std::size_t group_bytes_max = 2u << 20;
    static constexpr std::size_t groups_max = 3;               // on their way into the log
    static constexpr std::size_t unasked_bytes_max = 8u << 20; // pushed and not yet stored
    static constexpr std::chrono::seconds lease_time{20};      // without progress
    static constexpr std::chrono::seconds lease_grace{5}; // the lease outlives its last judgement
    static constexpr std::chrono::seconds one_log_deadline{60};  // while other logs do progress
    static constexpr std::chrono::minutes quarantine_rest{10};   // of a log that a cut holds back
    static constexpr std::size_t progress_bytes_min = 64u << 10; // in lease_time, to keep the lease
    static constexpr std::chrono::milliseconds relay_delay{50}; // others may be bringing it already
    static constexpr std::chrono::milliseconds lease_poll{250};
    static constexpr unsigned timeouts_max = 3; // in a row without a batch: the peer is closed
    static constexpr unsigned empty_promises_max = 64; // the same for ranges answered by `missing`

    Asker(SessionContext& context, Frontiers& frontiers)
        : context_(context), frontiers_(frontiers) {}

    // The peer stated these heads, or ours fell. `at_once`: do not wait whether somebody else
    // brings what is lacking.
    void on_heads(const std::vector<LogName>& logs, bool at_once);
    // Errors: malformed and its kind (header), wrong_network, limit_exceeded (beyond its credit).
    // True: it was held already.
    [[nodiscard]] Result<bool> on_batch(ByteView stored);
    // Errors: not_found (it keeps stating what it does not have).
    [[nodiscard]] Result<> on_missing(const wire::Missing& missing);
    // The oldest group's answer. Errors: what the sender is to blame for.
    [[nodiscard]] Result<> on_ingested(std::span<const IngestOutcome> outcomes);
    // Somebody else brought something, perhaps what is lacking.
    void on_local_change() {
        if (!lacking_.empty()) review_at_ = std::min(review_at_, context_.now + lease_poll);
    }
    // `frame_held`: bytes of a batch that is half here. Errors: timed_out.
    [[nodiscard]] Result<> on_tick(std::size_t frame_held);
    // Asks, gives credit and hands over batches: once at the end of each call.
    void flush();
    [[nodiscard]] NodeTime next_deadline() const;

private:
    struct Ask {
        std::uint64_t next, last;
        std::int64_t granted; // credit given and not yet used; may go below zero by one batch
        NodeTime deadline;
        NodeTime progressed;
        bool held_back = false; // what came is stored, and does not count
    };
    struct Lacking {
        NodeTime ask_at;
        NodeTime not_before{0}; // the last answer was no use: let it rest
        std::uint64_t seen = 0; // what we had when we last looked
        [[nodiscard]] NodeTime due() const { return std::max(ask_at, not_before); }
    };
    enum class Turn { now, later, none };
    struct Arrived {
        EncodedBatch batch;
        LogName log;
        std::uint64_t number;
    };
    struct Submitted {
        LogName log;
        std::uint64_t number;
        std::size_t bytes;
    };
    struct Unsettled {
        std::size_t batches = 0, bytes = 0;
        std::uint64_t highest = 0; // waiting here, not yet handed over
    };

    [[nodiscard]] std::uint64_t have(const LogName& log) const;
    // The peer has more of it than the log here, whatever is on its way.
    [[nodiscard]] bool behind(const LogName& log) const;
    [[nodiscard]] bool lacks(const LogName& log, std::uint64_t& missing) const;
    void note_lacking(const LogName& log, NodeTime delay);
    [[nodiscard]] Turn turn_of(const LogName& log, Lacking& lacking, std::uint64_t& missing);
    struct Room {
        std::size_t limit, in_flight; // ranges
        std::int64_t window;          // bytes for all of them
    };
    [[nodiscard]] Room room_for(std::uint64_t missing) const;
    using Waiting = std::vector<std::pair<std::uint64_t, LogName>>; // batches missing, log
    void review();
    void take_turns(Waiting& waiting);
    void start_asks();
    void start_ask(const LogName& log, std::int64_t share); // bytes of the window
    void end_ask(const LogName& log, NodeTime rest);
    void give_credit();
    void hand_over();
    void drop_arrived(const LogName& log);
    void settle(const Submitted& item);
    [[nodiscard]] Result<> on_refused(const Submitted& item, const Error& error);
    void finish_asks();
    [[nodiscard]] std::int64_t reserved(const LogName& log, const Ask& ask) const;
    [[nodiscard]] std::int64_t reserved() const;
    void queue(ByteView stored, const LogName& log, std::uint64_t number);
    [[nodiscard]] Result<bool> on_old_batch(ByteView stored, const BatchHeader& header,
                                            const Hash& hash);
    void compare_heads(const LogName& log);
    void probe_fork(const LogName& log, std::uint64_t number);
    void send_probes();

    SessionContext& context_;
    Frontiers& frontiers_;
    std::map<LogName, Ask> asks_;
    std::map<LogName, Lacking> lacking_;
    Waiting short_waiting_, long_waiting_;        // whose turn has come
    std::map<LogName, std::uint64_t> probes_due_; // batch that is to be compared
    std::set<LogName> probing_;                   // asked for
    NodeTime probing_until_{0};                   // no answer comes any more, after the last one
    std::deque<Arrived> arrived_;
    std::size_t arrived_bytes_ = 0;
    std::deque<std::vector<Submitted>> groups_;
    std::map<LogName, Unsettled> unsettled_; // arrived or submitted, by log
    std::size_t unsettled_bytes_ = 0;
    std::uint64_t taken_bytes_ = 0, taken_batches_ = 0; // of asked ranges
    std::uint64_t taken_mark_ = 0;
    NodeTime mark_at_ = never;   // when progress over all logs is judged next
    NodeTime look_at_ = never;   // when there may be room for one more ask
    NodeTime review_at_ = never; // when all that is lacking is gone through
    NodeTime paused_until_{0};
    NodeTime pause_{std::chrono::seconds(1)};
    unsigned timeouts_ = 0, empty_promises_ = 0, unshared_ = 0;
};

} // namespace safar

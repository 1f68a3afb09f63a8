// What happened in a run: every kind of fault that really occurred, counted where it took effect.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace safar::sim {

enum class Fault {
    cut,
    clog,
    sliced,
    takeover, // a second connection of the same two nodes takes the first one's place
    partition_uniform,
    partition_single,
    partition_bridge,
    partition_ring,
    partition_one_way,
    kill,
    power_loss,
    crash_in_commit,
    crash_of_all,
    witness_stale,
    derived_tail_lost,
    rollback_whole,
    rollback_store,
    disk_replaced,
    disk_full,
    fsync_error,
    read_error,
    disk_damaged,
    slow_disk,
    pause,
    clock_jump,
    clock_drift,
    clock_frozen,
    epoch_field, // every kind gets one more
    epoch_removes,
    epoch_readmits,
    epoch_grants,
    epoch_cuts,
    epoch_lifts,
    epoch_admits, // one branch of a fork
    epoch_rival,
    epoch_settles,
    suspension,
    delegation,
    delegation_end,
    upgrade,   // to the next release, which speaks our version too
    downgrade, // back to this one
    too_late,  // a release without a version that ours speaks, for a while
    unknown_frame,
    hostile_frame,
    hostile_fork,
    hostile_loose,
    hostile_statement, // of two that do not fit together
    count
};
[[nodiscard]] std::string_view name(Fault fault);

struct Statistics {
    std::array<std::uint64_t, static_cast<std::size_t>(Fault::count)> faults{};
    std::map<std::string, std::uint64_t> hostile; // rows of the catalogue played
    std::map<std::string, std::uint64_t> closed;  // sessions that ended with a code, by its name
    std::uint64_t seeds = 0, events = 0, acknowledged = 0, batches_stored = 0, actions = 0;
    std::uint64_t sessions = 0, restarts = 0, new_incarnations = 0, checks = 0, real_signatures = 0;
    std::uint64_t forks_found = 0, bytes_sent = 0;
    std::uint64_t not_counted = 0; // logs of which a node that heals holds more than counts
    std::uint64_t frozen = 0;      // seeds that end with rival epochs
    std::uint64_t bare_sent = 0;   // batches without bodies, to who only observes
    std::uint64_t walls = 0;       // pairs of nodes that never reach each other
    std::uint64_t splits = 0;      // split views found, over all nodes
    std::int64_t simulated_ms = 0, converge_ms_max = 0, converge_ms_sum = 0;
    std::uint64_t queued_bytes_max = 0, logs_max = 0;

    void count(Fault fault, std::uint64_t times = 1) {
        faults[static_cast<std::size_t>(fault)] += times;
    }
    void add(const Statistics& other);
    [[nodiscard]] std::string text() const;                       // a table for people
    [[nodiscard]] std::string json() const;                       // one object, in one line
    [[nodiscard]] static Statistics parse(std::string_view line); // of pack()
    [[nodiscard]] std::string pack() const;                       // numbers and names, in one line
};

} // namespace safar::sim

// A disk that outlives the log and can fail as real ones do: full, an fsync that errs, reads that
// err, a process that ends in the middle of a commit, power that goes with the newest witness, an
// older copy put in its place. Commits are atomic and durable when they return, as Store promises.
#pragma once

#include "storage/log/memory_store.hpp"
#include "tests/sim/random.hpp"
#include "tests/sim/statistics.hpp"

#include <deque>
#include <memory>

namespace safar::sim {

// In thousandths of all calls.
struct DiskRates {
    std::uint64_t full = 0, fsync_error = 0, read_error = 0, crash_in_commit = 0;
    std::uint64_t damage_per_million = 0; // reads
};

class Disk {
public:
    Disk(std::uint64_t seed, std::string_view node, Statistics& statistics)
        : random_(seed, std::string("disk") + std::string(node)), statistics_(statistics) {}

    // What the parts below ask. They refuse everything once the process has `died`.
    [[nodiscard]] Result<std::optional<Bytes>> get(Table table, ByteView key);
    [[nodiscard]] Result<> scan(Table table, ByteView from, ByteView until,
                                const Store::Visit& visit);
    [[nodiscard]] Result<std::optional<Bytes>> last_key(Table table);
    [[nodiscard]] Result<> commit(const Changes& changes);
    [[nodiscard]] Result<> save(const WitnessState& state);
    [[nodiscard]] std::optional<WitnessState> witness() const;

    // The process ended. `power`: what the drive had not written goes too.
    void crash(bool power);
    void restart() { died = false; }
    // Everything on it, to be put back later by the same or another process.
    struct Copy;
    [[nodiscard]] std::shared_ptr<const Copy> copy() const;
    void put_back(const Copy& copy, bool with_witness);
    void replace();                                   // by an empty one
    [[nodiscard]] std::vector<Bytes> batches() const; // all that is stored, what is kept apart too
    bool flip_in_a_batch(); // one bit, and no checksum notices; false: there is none

    DiskRates rates;
    bool died = false; // in the middle of a commit: nobody hears of its outcome
    bool damaged = false;
    NodeTime now{0};

    // Derived state, written without a write-ahead log: what was not flushed may be gone.
    using Value = std::shared_ptr<const Bytes>;
    using Map = std::map<Bytes, Value, BytesLess>;
    Map derived, derived_flushed;
    std::deque<std::vector<KeyValue::Write>> derived_unflushed;

private:
    [[nodiscard]] Result<> read_fault();

    std::array<Map, table_count> tables_;
    std::optional<WitnessState> witness_;
    std::deque<std::pair<NodeTime, std::optional<WitnessState>>> older_witnesses_;
    Random random_;
    Statistics& statistics_;
};

struct Disk::Copy {
    std::array<Map, table_count> tables;
    std::optional<WitnessState> witness;
    Map derived;
};

[[nodiscard]] std::unique_ptr<Store> make_store(std::shared_ptr<Disk> disk);
[[nodiscard]] std::unique_ptr<Witness> make_witness(std::shared_ptr<Disk> disk);

} // namespace safar::sim

// What the log needs of a disk: five ordered tables changed atomically, a witness beside them, and
// a way to do independent work at once. Rules and encodings live above it (log_core.hpp), so the
// RocksDB adapter and the one in memory are small and can not differ in what they accept.
#pragma once

#include "storage/log/key_value.hpp"
#include "storage/log/log.hpp"

#include <deque>

namespace safar {

// What a person can do about a store that is damaged.
constexpr std::string_view lost_store_advice =
    ": restore the last backup; or move the directory `store` away, leave `keys`, `charter` and "
    "`witness` "
    "where they are, and start: the peers send everything again";

enum class Table : std::uint8_t {
    meta,       // names and heads of logs, own logs, settings; small
    batch,      // u32 BE handle, u64 BE number -> stored batch; large values, written once
    journal,    // u64 BE position -> u32 BE handle, u64 BE number
    quarantine, // place, hash -> reason and stored batch
    evidence,   // log name -> two signed headers
};
constexpr std::size_t table_count = 5;

// A set of writes that become durable together. Owns keys and small values; large ones are views
// that must live until commit() has returned. A later write of the same key wins.
class Changes {
public:
    struct Write {
        Table table;
        Bytes key;
        std::optional<ByteView> value; // nullopt: delete
    };
    void put(Table table, Bytes key, Bytes value) {
        owned_.push_back(std::move(value));
        writes_.push_back({table, std::move(key), ByteView(owned_.back())});
    }
    void put_view(Table table, Bytes key, ByteView value) {
        writes_.push_back({table, std::move(key), value});
    }
    void erase(Table table, Bytes key) { writes_.push_back({table, std::move(key), std::nullopt}); }
    [[nodiscard]] std::span<const Write> writes() const { return writes_; }
    [[nodiscard]] bool empty() const { return writes_.empty(); }

private:
    std::deque<Bytes> owned_; // a deque: views into it must survive growth
    std::vector<Write> writes_;
};

// Reads from any thread while one thread commits.
class Store {
public:
    using Visit = std::function<bool(ByteView key, ByteView value)>; // false: enough

    virtual ~Store() = default;
    // Errors of all reads: storage_corrupt, storage_failed.
    [[nodiscard]] virtual Result<std::optional<Bytes>> get(Table table, ByteView key) const = 0;
    // from <= key < until, ascending.
    [[nodiscard]] virtual Result<> scan(Table table, ByteView from, ByteView until,
                                        const Visit& visit) const = 0;
    [[nodiscard]] virtual Result<std::optional<Bytes>> last_key(Table table) const = 0;

    // Returns once all of it would survive power loss. Errors: storage_full (nothing was written),
    // storage_failed (unknown whether it was), storage_corrupt.
    [[nodiscard]] virtual Result<> commit(const Changes& changes) = 0;

    // Has every stored block checked against its checksum.
    virtual void check_media(std::vector<std::string>& problems) const = 0;
    [[nodiscard]] virtual KeyValue& derived() = 0;
    // Bytes of memory that fill up to a bound and no further: write buffers, a cache of what was
    // read.
    [[nodiscard]] virtual std::uint64_t bounded_memory() const { return 0; }
};

// What the node acknowledged last, kept outside the store: a store that lost its newest writes (a
// write-ahead log deleted or cut, an old copy restored) can not look complete.
struct WitnessState {
    struct OwnHead {
        LogName log;
        std::uint64_t number = 0;
        Hash hash;
        friend bool operator==(const OwnHead&, const OwnHead&) = default;
    };
    Position position = 0;
    std::vector<OwnHead> heads; // of the logs that this node signs
    friend bool operator==(const WitnessState&, const WitnessState&) = default;
};

class Witness {
public:
    virtual ~Witness() = default;
    // nullopt: there is none, or none of its copies is whole.
    [[nodiscard]] virtual Result<std::optional<WitnessState>> load() = 0;
    // Survives the end of the process at once, and power loss within about a second: a stale
    // witness is still a true lower bound of what the node signed.
    [[nodiscard]] virtual Result<> save(const WitnessState& state) = 0;
};

// Runs body(0) ... body(count - 1), in any order, perhaps at once; returns when all are done.
using ParallelFor =
    std::function<void(std::size_t count, const std::function<void(std::size_t)>& body)>;
void one_after_another(std::size_t count, const std::function<void(std::size_t)>& body);

} // namespace safar

// A node's durable store of batches: its own logs and those of its peers.
//
// Every batch held counts as received at a *position* (1, 2, 3 ...: this node's journal). Derived
// state follows the journal. Writes come from one thread at a time; reads from any thread.
// Two implementations pass the same contract tests (tests/unit/storage/log/log_contract.hpp):
// open_rocks_log (rocks_log.hpp) and MemoryLog (memory_log.hpp).
#pragma once

#include "storage/crypto/entropy.hpp"
#include "storage/event/batch.hpp"
#include "storage/log/authority.hpp"
#include "storage/log/evidence.hpp"
#include "storage/log/key_value.hpp"
#include "storage/log/prepared_append.hpp"

#include <memory>

namespace safar {

using Position = std::uint64_t;  // in this node's journal; 0: nothing yet
using LogHandle = std::uint32_t; // this node's short name of a LogName, from 1; never reused

// Where an event lies, in 13 bytes.
struct EventPlace {
    LogHandle log = 0;
    std::uint64_t batch = 0;
    std::uint8_t index = 0;
    friend auto operator<=>(const EventPlace&, const EventPlace&) = default;
};

struct Head {
    std::uint64_t number = 0; // highest batch held; 0: none
    std::uint64_t last_sequence = 0;
    Hash hash; // header hash of that batch
    std::uint64_t epoch = 0;
    bool forked = false; // closed: two signed headers at number + 1
    friend auto operator<=>(const Head&, const Head&) = default;
};

struct FrontierEntry {
    LogName log;
    Head head;
};
using Frontier = std::vector<FrontierEntry>; // ascending by log

// Full-width digest of what is held: H("frontier", each log, number, hash, forked), ascending.
[[nodiscard]] Hash frontier_digest(const Frontier& frontier);

struct JournalEntry {
    Position position = 0;
    LogHandle log = 0;
    LogName name;
    std::uint64_t number = 0;
    std::shared_ptr<const EncodedBatch> batch;
    bool counts = true; // false: has no effect on state, see Log::effective
};

// What became of one offered batch.
struct IngestOutcome {
    BatchPlace place;
    Hash hash;
    Result<> result = success(); // ok: held (also when it was held before: see `fresh`)
    bool fresh = false;
    Position position = 0;
};

struct Appended {
    LogName log;
    std::uint64_t first_sequence = 0; // of drafts[0]; the others follow
    std::vector<Hash> leaves;         // one for each draft
    Position position = 0;            // of the last batch: wait for it to read your own write
};

struct QuarantinedBatch {
    BatchPlace place;
    Hash hash;
    std::string reason;
};
struct FrontierNews {
    std::uint64_t mark = 0; // of now
    Frontier entries;       // by log
};

// What the node signs with. `key` must outlive the log.
struct Author {
    NodeId node;
    const SigningKey* key = nullptr;
    Entropy* entropy = nullptr;
};

struct VerifyReport {
    std::uint64_t batches = 0, events = 0;
    std::vector<std::string> problems; // empty: everything holds
};

class Log {
public:
    virtual ~Log() = default;

    // The charter in force. What it takes away is taken back (heads fall to the cut; batches beyond
    // it stay stored, outside frontier and state), what it admits counts again or leaves the
    // quarantine, so this may write. What waited for it is offered again by whoever has it. Errors:
    // storage_*; the charter is in force all the same, and the rest is done at the next write or
    // start.
    [[nodiscard]] virtual Result<> set_authority(std::shared_ptr<const Authority> authority) = 0;
    [[nodiscard]] virtual std::shared_ptr<const Authority> authority() const = 0;
    // Authority::revision() of the charter by which heads count: an earlier one than authority()'s
    // until the rest is done.
    [[nodiscard]] virtual Hash counted_under() const = 0;

    // --- writing: one thread at a time ---

    // Signs and stores every request under one sync; returns once all would survive power loss.
    // A request fails alone (not_permitted: the charter gives no write; limit_exceeded); a storage
    // error fails all. Errors: storage_full (nothing written), storage_failed (unknown),
    // storage_corrupt, not_permitted.
    [[nodiscard]] virtual std::vector<Result<Appended>>
    append(std::span<const AppendRequest> requests) = 0;

    // append() in two halves, for bulk: append(r) is append_prepared({prepare(r)}). prepare()
    // encodes, hashes and packs, touches no log and may run on any thread while the writer syncs
    // the group before. One answer for each request of each group, in order; everything under one
    // sync. The groups are used up by the call. (tests/bench/bench_append measures both ways.)
    [[nodiscard]] virtual PreparedAppend prepare(std::span<const AppendRequest> requests) const = 0;
    [[nodiscard]] virtual std::vector<Result<Appended>>
    append_prepared(std::span<PreparedAppend> groups) = 0;

    // Verifies (header, network, owner, key, leaves, sizes, signature, standing, chain) and stores
    // what passes under one sync. Batches of one log must come in order; anything else is a gap.
    // Several at once share the sync and both cores. What each error means:
    //   unknown_author, epoch_unknown, gap: not held, may be offered again
    //   quarantined: kept apart within a quota; the detail says so if the quota was full
    //   fork_detected: the evidence is stored (see forks()) and the log closed: the common prefix
    //       stands and is what the frontier states, marked `forked`; batches beyond it stay
    //       readable
    //   log_closed: comes after a fork
    //   body_missing: came without bodies, and this node is to hold them. Who only observes the
    //   compartment
    //       keeps what came without bodies, whether it had them or not
    //   storage_*: as for append, for every batch of the call that was to be stored
    //   anything else: the bytes are not what they claim, the sender could have known
    [[nodiscard]] virtual std::vector<IngestOutcome>
    ingest(std::span<const EncodedBatch> batches) = 0;

    // Somebody else's proof of a fork, checked against the charter (check_evidence): the log is
    // closed as if both branches had come here. True: that was news. Errors: those of
    // check_evidence; storage_*: the next call that writes takes it up again, in this run.
    [[nodiscard]] virtual Result<bool> note_fork(const ForkEvidence& evidence) = 0;

    // What `peer` holds of this node's logs. A log that every other keeper of its compartment has
    // shown at exactly our head may go on: one that is out of reach may hold what this store forgot
    // when an older copy of it was put back. One shown higher, forked, or with another hash at any
    // number is never signed by this node again.
    // Until confirmed, the first append after opening starts a new incarnation; a log that this run
    // started needs no confirmation, until a peer gives its word on it: then that of all, since
    // what runs may be a copy that was put back as it ran.
    virtual void confirm_own_heads(const NodeId& peer, const Frontier& held_by_peer) = 0;

    // --- reading: any thread ---

    [[nodiscard]] virtual Frontier frontier(std::string_view compartment) const = 0;
    // Of frontier(compartment) what may be another than it was at that mark; mark 0: all of it. A
    // log that the charter in force does not know is gone without a word: look at everything under
    // another charter.
    [[nodiscard]] virtual FrontierNews frontier_since(std::string_view compartment,
                                                      std::uint64_t mark) const = 0;
    [[nodiscard]] virtual std::optional<Head> head(const LogName& log) const = 0;
    [[nodiscard]] virtual Position last_position() const = 0;
    // Batches 1 to this number of that handle have an effect on state: what counts, is read by this
    // node and has its bodies here. Of a log with two branches each handle answers for the batches
    // it brought.
    [[nodiscard]] virtual std::uint64_t effective(LogHandle handle) const = 0;
    [[nodiscard]] virtual std::optional<LogName> name_of(LogHandle handle) const = 0;
    // The first batch of that log that is stored without its body; 0: none. The head may still lie
    // beyond it, where this node is to hold bodies by a charter for which the disk has not yet let
    // heads fall.
    [[nodiscard]] virtual std::uint64_t first_bare(const LogName& log) const = 0;
    // Batches from number `first` on (those beyond a fork or a cut included), while their bytes fit
    // `bytes_max` (at least one if held). A branch that was admitted begins a range of its own: ask
    // again for what follows the last that came.
    [[nodiscard]] virtual Result<std::vector<std::shared_ptr<const EncodedBatch>>>
    read_range(const LogName& log, std::uint64_t first, std::size_t bytes_max) const = 0;
    // Errors: not_found; storage_corrupt.
    [[nodiscard]] virtual Result<std::shared_ptr<const EncodedBatch>>
    read_batch(LogHandle log, std::uint64_t number) const = 0;
    [[nodiscard]] virtual Result<std::vector<JournalEntry>>
    read_journal(Position after, std::size_t entries_max) const = 0;
    [[nodiscard]] virtual std::vector<QuarantinedBatch> quarantined() const = 0;
    [[nodiscard]] virtual std::vector<ForkEvidence> forks() const = 0;

    // Rechecks what is stored: chains, places and heads; `deep` also unpacks, rehashes and verifies
    // every signature and has the store check every block.
    [[nodiscard]] virtual Result<VerifyReport>
    verify(bool deep,
           const std::function<void(std::uint64_t done, std::uint64_t total)>& progress) const = 0;

    // Derived state beside the log, and a small durable set for what the node must remember
    // (charter documents, counters); keys of `settings` are plain text.
    [[nodiscard]] virtual KeyValue& derived() = 0;
    [[nodiscard]] virtual Result<> put_setting(std::string_view key, ByteView value) = 0; // durable
    [[nodiscard]] virtual Result<std::optional<Bytes>> setting(std::string_view key) const = 0;

    // Bytes of this process's memory that the store fills up to a bound and no further
    // (RocksOptions).
    [[nodiscard]] virtual std::uint64_t bounded_memory() const = 0;
};

// The header's hash of batch `number` of that log; nullopt where it is not held, or can not be read
// now.
[[nodiscard]] std::optional<Hash> hash_at(const Log& log, const LogName& name,
                                          std::uint64_t number);

} // namespace safar

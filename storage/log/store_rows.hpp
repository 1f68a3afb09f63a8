// Keys and rows of the store's tables, and the witness's bytes. Keys are big-endian, so that they
// sort by number; values are little-endian like everything else here. docs: the tables in
// store.hpp.
#pragma once

#include "storage/log/store.hpp"

namespace safar {

// One log as the meta table knows it.
struct LogRow {
    LogHandle handle = 0;
    LogName name;
    Head head; // what counts: up to the log's fork, if it has one, and the charter's cut
    std::uint64_t held = 0; // batches 1..held are stored; 0 only where nothing but a fork is known

    // A log of which an epoch admitted another branch than the one that came first has a row for
    // each. The later one begins at `first` and goes on from parts of the earlier ones; one of them
    // rules, the others are aside and have no head.
    struct Part {
        std::uint64_t first = 1; // up to the next part's
        LogHandle handle = 0;
        friend bool operator==(const Part&, const Part&) = default;
    };
    std::uint64_t first = 1;
    std::vector<Part> trunk; // ascending; empty where `first` is 1
    bool aside = false;
    std::uint64_t bare = 0; // batches from this one on are stored without bodies; 0: none

    friend bool operator==(const LogRow&, const LogRow&) = default;
    [[nodiscard]] LogHandle handle_at(std::uint64_t number) const; // under which it is stored
    // How many batches lie under its own handle.
    [[nodiscard]] std::uint64_t own_batches() const { return held - (first - 1); }
};

[[nodiscard]] Bytes batch_key(LogHandle log, std::uint64_t number);
[[nodiscard]] Bytes journal_key(Position position);
[[nodiscard]] Bytes log_key(LogHandle log);
[[nodiscard]] Bytes own_key(const LogId& log); // -> incarnation that this node signs there
[[nodiscard]] Bytes setting_key(std::string_view key);
[[nodiscard]] Bytes evidence_key(const LogName& log); // of all that is known of it
[[nodiscard]] Bytes evidence_key(const BatchPlace& place);
[[nodiscard]] Bytes quarantine_key(const BatchPlace& place, const Hash& hash);

// Key prefixes of the meta table.
constexpr std::byte log_prefix{'l'}, own_prefix{'o'}, setting_prefix{'s'};
// The smallest key above every key that starts with `prefix`; prefix not all 0xff.
[[nodiscard]] Bytes after_prefix(ByteView prefix);
[[nodiscard]] Bytes after_all_keys();

[[nodiscard]] std::uint64_t read_big_endian(ByteView bytes); // up to 8 bytes

struct JournalRow {
    LogHandle log = 0;
    std::uint64_t number = 0;
};
[[nodiscard]] Bytes encode_journal_row(const JournalRow& row);
[[nodiscard]] Result<JournalRow> decode_journal_row(ByteView bytes);

[[nodiscard]] Bytes encode_log_row(const LogRow& row); // without its handle: that is the key
[[nodiscard]] Result<LogRow> decode_log_row(ByteView key, ByteView value);

[[nodiscard]] Bytes encode_quarantined(std::string_view reason, ByteView batch);
struct QuarantineRow {
    QuarantinedBatch what;
    Bytes batch;
};
[[nodiscard]] Result<QuarantineRow> decode_quarantined(ByteView key, ByteView value);

// A witness slot: magic, counter, state, and a hash over all of it, so that half a write is
// noticed.
[[nodiscard]] Bytes encode_witness(std::uint64_t counter, const WitnessState& state);
struct WitnessSlot {
    std::uint64_t counter = 0;
    WitnessState state;
};
// nullopt: not a whole slot. `bytes` may be longer than the slot.
[[nodiscard]] std::optional<WitnessSlot> decode_witness(ByteView bytes);
[[nodiscard]] constexpr std::size_t witness_bytes(std::size_t heads) {
    return 8 + 8 + 8 + 4 + heads * (LogId::size + Incarnation::size + 8 + Hash::size) + Hash::size;
}

} // namespace safar

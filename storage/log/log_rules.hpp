// The rules by which a batch is held: pure functions of its bytes, the charter and its log's row.
// Both adapters obey them because neither has its own.
#pragma once

#include "storage/log/store_rows.hpp"

namespace safar {

// Constants of this node, not of the protocol: a full quarantine delays, it never decides.
namespace limits {
constexpr std::size_t quarantine_log_bytes_max = 4u << 20;    // all incarnations of one log id
constexpr std::size_t quarantine_total_bytes_max = 64u << 20; // read once when the log opens
} // namespace limits

// What is known of a batch once everything that needs no other batch has been checked.
struct Offer {
    BatchHeader header;
    Hash hash;
    Signature signature;
    Standing standing = Standing::unknown; // counts, waits or quarantine
    bool bodies = true; // of every event; false: its bytes are bare, or some are missing
    [[nodiscard]] BatchPlace place() const { return {header.log, header.number}; }
};

// Decodes the header and looks at nothing else. Errors: those of decode_header; wrong_network.
[[nodiscard]] Result<Offer> read_offer(ByteView stored, const NetworkId& network);

// Completes `offer`: owner and key known, leaves, root and sizes, signature, standing.
// Errors: unknown_author, bad_key, malformed, limit_exceeded, wrong_hash, bad_signature.
// Cost: with 256 events a batch, under 3 us an event, unpacking, leaves and signature together.
[[nodiscard]] Result<> examine(ByteView stored, const Authority& authority, Offer& offer);

enum class Fit {
    extends,  // comes right after the log's head
    held,     // this very batch is stored already
    forks,    // its author signed another batch for the same place
    branches, // so it did, and an epoch says that this one counts
};
// Where does `offer` fit in a log that stands as `row`? `there` is the hash of the batch stored at
// that number, if there is one; `fork` the log's known fork. Errors: gap (earlier ones are missing,
// or it follows a batch that is not the one held), log_closed, malformed (epoch or sequence does
// not follow the one before), limit_exceeded (sequence above its bound).
[[nodiscard]] Result<Fit> fit(const Offer& offer, const LogRow& row,
                              const std::optional<Hash>& there, const ForkEvidence* fork);

// The row after `offer` has been stored.
[[nodiscard]] LogRow extended(LogRow row, const Offer& offer);

} // namespace safar

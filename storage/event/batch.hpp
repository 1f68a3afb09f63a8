// A batch: what is signed, stored, sent and verified as one. 1 to 256 events of one log.
//
// As stored and sent (docs/format-batch.md):
//     header 260 | signature 64 | u32 raw size of the events | zstd frame of the events
// Signed and chained is the header alone; its root commits to the events. The zstd frame is a
// packing, made once by the author and carried unchanged; validity looks only at what it unpacks
// to.
#pragma once

#include "storage/base/limits.hpp"
#include "storage/crypto/ed25519.hpp"
#include "storage/crypto/entropy.hpp"
#include "storage/event/event.hpp"

namespace safar {

struct BatchHeader {
    static constexpr std::size_t encoded_bytes = 260;
    NetworkId network;
    LogName log;
    std::uint64_t number = 0;         // from 1
    std::uint64_t first_sequence = 0; // from 1
    std::uint32_t event_count = 0;    // 1 to limits::batch_events_max
    Hash previous;                    // header hash of batch number - 1; zero for number 1
    Hash root;
    std::uint64_t epoch = 0; // charter epoch the author acted under; never decreases in a log
    Hash charter;            // identity of that epoch
    ClaimedTime time_min, time_max; // over the events
    KeyId key;
    friend auto operator<=>(const BatchHeader&, const BatchHeader&) = default;

    [[nodiscard]] std::uint64_t last_sequence() const { return first_sequence + event_count - 1; }
};

[[nodiscard]] Bytes encode_header(const BatchHeader& header);
// Errors: malformed (size, magic, zero or overflowing numbers), unsupported_version,
// limit_exceeded.
[[nodiscard]] Result<BatchHeader> decode_header(ByteView bytes);
// The batch's identity, and the next header's `previous`.
[[nodiscard]] Hash header_hash(const NetworkId& network, ByteView header_bytes);

[[nodiscard]] Signature sign_header(const SigningKey& key, const NetworkId& network,
                                    ByteView header);
[[nodiscard]] bool verify_header(const PublicKey& key, const NetworkId& network, ByteView header,
                                 const Signature& signature);

// A batch in its stored form: bytes that are owned and carried unchanged.
struct EncodedBatch {
    Bytes bytes;
    static constexpr std::size_t prefix_bytes = BatchHeader::encoded_bytes + Signature::size + 4;
    [[nodiscard]] ByteView header() const {
        return ByteView(bytes).first(BatchHeader::encoded_bytes);
    }
};

// A batch opened: owns the unpacked events and points into them. Move-only, since views follow it.
struct OpenBatch {
    BatchHeader header;
    Hash hash; // header hash
    Signature signature;
    Bytes raw;
    std::vector<EventView> events;
    std::vector<Hash> leaves;

    OpenBatch() = default;
    OpenBatch(OpenBatch&&) = default;
    OpenBatch& operator=(OpenBatch&&) = default;
};

enum class LeafCheck { compute, skip }; // skip only for bytes that this node verified before

// Splits and unpacks, checks sizes before allocating, and with `compute` that the leaves hash to
// the header's root. Does not check signature, chain or charter. Cost: about 1.5 us an event.
// Errors: malformed, limit_exceeded, wrong_hash, unsupported_version.
[[nodiscard]] Result<OpenBatch> open_batch(ByteView stored, LeafCheck check);

// Everything an author must fix before building a batch; the rest is computed.
struct BatchContext {
    NetworkId network;
    LogName log;
    std::uint64_t number = 1;
    std::uint64_t first_sequence = 1;
    Hash previous;
    std::uint64_t epoch = 0;
    Hash charter;
};

struct BuiltBatch {
    EncodedBatch encoded;
    BatchHeader header;
    Hash hash;
    std::vector<Hash> leaves;
    Bytes raw; // events as signed, for whoever derives from them without unpacking again
};

// The costly part of a batch, done before it has a place in a log: events encoded, hashed and
// packed. Several can be prepared at once on several threads; only place_batch must follow the
// chain.
struct PreparedBatch {
    Bytes stored; // the final layout; header and signature are still zero
    std::vector<Hash> leaves;
    Hash root;
    ClaimedTime time_min, time_max; // over the events
};

// Takes as many of `drafts` as fit, as build_batch does; one salt for each draft. On an error
// `taken` is the index of the draft that can not be encoded. Errors: limit_exceeded, non_canonical.
[[nodiscard]] Result<PreparedBatch> prepare_batch(std::span<const EventDraft* const> drafts,
                                                  std::span<const Salt> salts, std::size_t& taken);
// Writes the header of this place into `batch` and says what it is; sign_placed_batch then finishes
// the batch. The signature is no part of the chain, so signing may happen later and in parallel.
struct PlacedHeader {
    BatchHeader header;
    Hash hash;
};
[[nodiscard]] PlacedHeader place_batch(const BatchContext& context, const KeyId& key,
                                       PreparedBatch& batch);
void sign_placed_batch(const SigningKey& key, const NetworkId& network, PreparedBatch& batch);

// Builds and signs one batch. Takes as many of `drafts` as fit (at least one; at most
// limits::batch_events_max events and batch_bytes_max bytes) and says how many through `taken`.
// Errors: limit_exceeded or non_canonical for the first draft that can not be encoded.
[[nodiscard]] Result<BuiltBatch> build_batch(const BatchContext& context, const SigningKey& key,
                                             Entropy& entropy, std::span<const EventDraft> drafts,
                                             std::size_t& taken);

[[nodiscard]] LogId log_id(const NetworkId& network, const NodeId& node,
                           std::string_view compartment);

} // namespace safar

// The second opinion on bytes: reads a stored batch with nothing but docs/format-batch.md and
// docs/format-event.md, SHA-256, Ed25519 and zstd. Shares no code with storage/event; slow on
// purpose.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace safar::sim {

using Raw = std::vector<std::byte>;
using RawView = std::span<const std::byte>;

struct PlainAssertion {
    std::uint16_t field = 0;
    Raw value; // with its type byte
};
struct PlainEvent {
    Raw log; // id and incarnation, 48 bytes
    std::uint64_t sequence = 0;
    Raw leaf;
    std::vector<Raw> replaces; // dots of 74 bytes
    std::uint16_t kind = 0;
    Raw record;
    std::vector<PlainAssertion> assertions;
    bool bare = false;     // without a body
    bool readable = false; // the clear part decodes
    std::string agency;    // filled in by whoever knows the charter

    [[nodiscard]] Raw dot(std::size_t index) const; // of its assertion number `index`
};
struct PlainBatch {
    Raw network, log, previous, root, charter, key, signature, hash;
    std::uint64_t number = 0, first_sequence = 0, epoch = 0;
    std::uint32_t count = 0;
    std::vector<PlainEvent> events;
    bool bare = false;   // some event is
    bool bodies = false; // some event has one
    std::string problem; // empty: header, packing, events and root hold together
};

[[nodiscard]] PlainBatch read_plain(RawView stored);
// Does that key's signature stand under it? By OpenSSL alone, or by the simulator's stand-in.
[[nodiscard]] bool signed_by(const PlainBatch& batch, RawView stored, RawView public_key);
// SHA-256 of "safar/1/" purpose 0x00 and the parts.
[[nodiscard]] Raw plain_hash(const std::string& purpose, std::initializer_list<RawView> parts);

} // namespace safar::sim

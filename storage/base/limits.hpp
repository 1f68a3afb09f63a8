// Every limit that a format or a protocol states, with its unit and reason. Constants of the
// protocol: a node never makes them configurable, since validity must not depend on the node.
#pragma once

#include <cstddef>
#include <cstdint>

namespace safar::limits {

constexpr std::size_t batch_events_max = 256;      // one signature pays for 256 events
constexpr std::size_t batch_bytes_max = 1u << 20;  // raw (uncompressed) bodies of one batch
constexpr std::size_t event_bytes_max = 64u << 10; // one event's encoded form
constexpr std::size_t event_assertions_max = 1024; // field index in a dot is u16
constexpr std::size_t event_dots_max = 512;        // replaced dots of one event
constexpr std::uint64_t sequence_max = 1ull
                                       << 62; // batch numbers and sequences: sums never overflow
constexpr std::size_t text_bytes_max = 16u << 10;   // one text value
constexpr std::size_t archive_elements_max = 65536; // element budget of one strict archive
constexpr std::size_t frame_bytes_max = (1u << 20) + (64u << 10); // one frame of the wire
constexpr std::size_t charter_bytes_max = 1u << 20; // one epoch, schema and code lists included

static_assert(event_bytes_max <= batch_bytes_max);
static_assert(batch_bytes_max + 1024 <= frame_bytes_max, "a batch and its header fit one frame");
static_assert(event_assertions_max < 65536);
static_assert(charter_bytes_max + 1024 <= frame_bytes_max);

} // namespace safar::limits

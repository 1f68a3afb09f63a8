// An event: something that happened to one record, as its author says it.
//
// Encoded form inside a batch (little-endian; docs/format-event.md):
//     u8 form | salt 16 | u32 size, dots | u32 size, clear | [sealed, by form]
// The leaf commits to all of it (see merkle.hpp), so that the clear part can be shown without the
// sealed one, and an erased event leaves its inner hash and the dots that it replaced.
#pragma once

#include "storage/base/error.hpp"
#include "storage/base/time.hpp"
#include "storage/event/value.hpp"

#include <compare>
#include <vector>

namespace safar {

// Names one assertion, for ever and on one branch only: 74 bytes.
struct Dot {
    LogName log;
    std::uint64_t sequence = 0;                // of the event in its log, from 1
    std::uint16_t field_index = 0;             // of the assertion in its event, from 0
    FixedBytes<16, struct LeafPrefixTag> leaf; // first half of the event's leaf hash
    friend auto operator<=>(const Dot&, const Dot&) = default;
};

// One field's value. `field` is the field's tag in the schema of the record's kind.
struct Assertion {
    std::uint16_t field = 0;
    Value value;
    friend auto operator<=>(const Assertion&, const Assertion&) = default;
};

// The clear part: what every holder of the compartment may read.
struct EventBody {
    static constexpr std::uint8_t version_now = 1;
    std::uint8_t version = version_now;
    std::uint16_t kind = 0; // tag of the record kind in the schema
    RecordId record;
    std::string verb;         // what happened, past tense: "recorded", "departed", "resolved"
    std::string source;       // register that an import read; empty when a person typed it
    std::string edition;      // of that register, comparable as text ("2020-01-08"); may be empty
    std::string basis;        // why the author says so; required where another agency is overruled
    std::string actor;        // role or user name at the agency
    std::uint8_t quality = 0; // evidence: 0 not stated, 1 (weak) to 5 (strong)
    ClaimedTime at;           // when it happened, as claimed
    std::vector<Assertion> assertions;
    friend auto operator<=>(const EventBody&, const EventBody&) = default;
};

// An event that is about to be appended.
struct EventDraft {
    EventBody body;
    std::vector<Dot> replaces; // strictly ascending
};

// Which parts of an event are present in these bytes.
enum class EventForm : std::uint8_t {
    clear = 0,    // no sealed part exists
    sealed = 1,   // clear and sealed part present
    withheld = 2, // the sealed part exists and is not here: its two hashes stand for it
    erased = 3,   // dots and inner hash only
};

// Views into the encoded bytes, which must outlive it. Unused members are empty or zero.
struct EventView {
    EventForm form = EventForm::clear;
    Salt salt;
    ByteView dots;
    ByteView clear;
    ByteView sealed;
    Hash fields_root; // zero where nothing is sealed
    Hash sealed_hash; // form withheld only
    Hash inner;       // form erased only
};

// Bytes of a draft in form `clear`. Limits: limits::event_bytes_max, event_assertions_max,
// event_dots_max, text_bytes_max. Errors: limit_exceeded, non_canonical (unsorted dots).
[[nodiscard]] Result<Bytes> encode_event(const EventDraft& draft, const Salt& salt);

// Reads one event from the front of `in`. Errors: malformed, limit_exceeded.
[[nodiscard]] Result<EventView> read_event(ByteReader& in);

// The clear part decoded. Errors: malformed. An event whose clear part does not decode stays in its
// batch and has no effect on state.
[[nodiscard]] Result<EventBody> decode_body(ByteView clear);
[[nodiscard]] Result<std::vector<Dot>> decode_dots(ByteView dots);
[[nodiscard]] Bytes encode_dots(const std::vector<Dot>& dots);

} // namespace safar

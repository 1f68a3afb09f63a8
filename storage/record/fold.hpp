// The fold: from the events held of one record to what it says. Pure: any order, duplication or
// batching of the same events gives the same result (design.md section 5).
#pragma once

#include "storage/event/event.hpp"
#include "storage/log/authority.hpp"
#include "storage/record/schema.hpp"

namespace safar {

// One event as held, with what its batch says of it.
struct HeldEvent {
    LogName log;
    std::uint64_t sequence = 0;
    Hash leaf;
    std::string agency; // of the log's owner
    std::vector<Dot> replaces;
    EventBody body;
    // The body is gone (an erasure names it) or not for this holder: only `replaces` acts.
    bool body_absent = false;
};

// One value that was asserted, with who, when and on what basis.
struct Said {
    Dot dot;
    std::uint16_t field = 0;
    Value value;
    std::string agency;
    std::string verb, source, edition, basis, actor;
    std::uint8_t quality = 0;
    ClaimedTime at;
    // Of each event that replaced it, ascending, the dot of its first assertion; empty: live.
    std::vector<Dot> replaced_by;
    friend bool operator==(const Said&, const Said&) = default;
};

struct FoldedField {
    std::uint16_t field = 0;
    std::vector<Said> live;     // preferred first: authority rank, then hash of dot and value
    std::vector<Said> replaced; // ascending by dot
    // What a reader is shown under the field's rule; empty: everything said was withdrawn.
    //   single     the preferred live value
    //   each       the preferred live value of each agency, preferred agency first
    //   set        the distinct live values, ascending
    //   status     one state: join_status() over every state ever asserted, live or replaced
    //   strictest  the most restrictive live value; a code not in `strictness` is above all
    //   ledger     every live posting, ascending (equal ones are several postings)
    std::vector<Value> reading;
    bool conflict = false; // rule single, and live values differ
    // For people: illegal status steps, codes outside their closed list.
    std::vector<std::string> flags;
    friend bool operator==(const FoldedField&, const FoldedField&) = default;
};

struct Folded {
    RecordId id;
    std::uint16_t kind = 0;          // the lowest kind tag known to the schema that an event states
    std::vector<FoldedField> fields; // ascending by tag; only fields ever asserted
    // Events and assertions without effect, and why: other record or kind, unknown field, type.
    std::vector<std::string> ignored;

    [[nodiscard]] const FoldedField* field(std::uint16_t tag) const;
    friend bool operator==(const Folded&, const Folded&) = default;
};

// `events` in any order; duplicates (same log, sequence and leaf) allowed. A dot acts only on
// events of this record. What is ignored replaces nothing either: an event of another record or
// kind no dot at all, an event with an ill-typed value of a field none of that field's dots.
// Cost: about 3 us for one event of ten fields (a dozen hashes); n log n in events and dots.
[[nodiscard]] Folded fold(const Schema& schema, const Authority& authority, const RecordId& id,
                          std::span<const HeldEvent> events);

// Canonical bytes of a folded record for the state digest: id, kind, per field its live dots and
// values ascending and its reading. Nothing in it depends on order of arrival or on the node.
[[nodiscard]] Bytes state_bytes(const Folded& record);

} // namespace safar

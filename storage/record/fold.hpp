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
    std::vector<Dot> replaced_by; // dots' events that replaced it: first assertion's dot of each; empty: live
};

struct FoldedField {
    std::uint16_t field = 0;
    std::vector<Said> live;     // preferred first: authority rank, then hash of dot and value
    std::vector<Said> replaced; // ascending by dot
    std::vector<Value> reading; // what a reader is shown under the field's rule; one value unless `set` or `each`
    bool conflict = false;      // rule single, and live values differ
    std::vector<std::string> flags; // e.g. illegal status steps
};

struct Folded {
    RecordId id;
    std::uint16_t kind = 0;
    std::vector<FoldedField> fields; // ascending by tag; only fields ever asserted
    std::vector<std::string> ignored; // events without effect and why (unknown kind, field or type)

    [[nodiscard]] const FoldedField* field(std::uint16_t tag) const;
};

// `events` in any order; duplicates allowed. Unknown kinds or fields: kept in `ignored`.
[[nodiscard]] Folded fold(const Schema& schema, const Authority& authority, const RecordId& id,
                          std::span<const HeldEvent> events);

// Canonical bytes of a folded record for the state digest: id, kind, per field its live dots and
// values ascending and its reading. Nothing in it depends on order of arrival or on the node.
[[nodiscard]] Bytes state_bytes(const Folded& record);

} // namespace safar

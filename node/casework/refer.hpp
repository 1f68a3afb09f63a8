// Handing a case on: which fields of the subject would go, and the referral with copies of exactly
// these.
#pragma once

#include "node/casework/worker.hpp"

namespace safar {

struct ReferCommand {
    RecordId subject;
    std::string kind; // of the referral; "": the only kind that disclosed copies belong to
    std::vector<std::string> to;     // agencies
    std::vector<std::string> groups; // of fields; a field without a group never goes
    std::vector<FieldText> fields;   // further fields of the referral
    std::string basis;
    std::string without_consent;
};

// One value that goes, with where it comes from.
struct Disclosed {
    const Field* field = nullptr; // of `subject`'s schema
    Said said;
};
struct ReferPlan {
    RecordView subject;
    const Kind* referral = nullptr;   // of the schema in force
    const Kind* disclosure = nullptr; // kind of the copies
    CreateCommand create;             // of the referral
    std::vector<Disclosed> goes;      // live values of fields in the groups, by field
    std::vector<const Field*> stays;  // stated fields that do not go
    std::vector<std::string> missing; // consent, as find_consent names it
};
struct Referred {
    RecordId referral;
    std::vector<RecordId> copies;
    Position position = 0;
};

// What would go, and what consent is missing; writes nothing. Errors: not_found; invalid_argument
// (no such kind or group); not_permitted (the subject's record forbids a recipient).
[[nodiscard]] Result<ReferPlan> plan_referral(Registry& registry, const ReferCommand& command);

// Writes the referral and the copies in one commit, all or none: one batch where they are of one
// compartment and fit. Errors: of create_record; consent that is missing refuses all of it.
[[nodiscard]] Result<Referred> refer(Registry& registry, const ReferCommand& command,
                                     const ReferPlan& plan, const Worker& worker);

} // namespace safar

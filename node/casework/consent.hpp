// May something of a person go to an agency? Consent is a record; it is looked up where somebody
// acts, in what this node holds.
#pragma once

#include "node/casework/worker.hpp"

namespace safar {

// A consent that permits today.
struct Permission {
    RecordId consent;
    std::vector<std::string> purposes, recipients, groups;
    [[nodiscard]] bool covers(std::string_view purpose, std::string_view recipient) const;
    [[nodiscard]] bool covers_group(std::string_view group) const;
};
// Consents of kinds that declare [consent], refer to the subject, stand in a state that permits and
// are not past their end; ascending by id. Errors: those of reading.
[[nodiscard]] Result<std::vector<Permission>> permissions_of(Registry& registry,
                                                             const RecordId& subject);

struct ConsentQuestion {
    RecordId subject;
    std::string purpose;
    std::vector<std::string> recipients,
        groups; // no groups: any consent for purpose and recipient will do
};
struct ConsentAnswer {
    std::vector<std::string> missing; // "group 'health' to FIA", "FIA"; none: it is permitted
    std::vector<RecordId> basis;      // consents that it rests on, ascending
};

// Several permissions may cover the question together. Errors: those of reading.
[[nodiscard]] Result<ConsentAnswer> find_consent(Registry& registry,
                                                 const ConsentQuestion& question);

// Nobody may send anything of the subject to whom its record forbids ([never]). A subject that is
// not held here forbids nothing that this node could know. Errors: not_permitted, naming the
// recipient.
[[nodiscard]] Result<> check_never(Registry& registry, const RecordId& subject,
                                   const std::vector<std::string>& recipients);

// Asks for the consent that a step needs. Where it is missing, `reason` (if given, by a supervisor
// or protection officer, and where the gate has a field for it) lets the step go on; it is then
// added to `decided`. Errors: not_permitted, naming what is missing and what to do.
[[nodiscard]] Result<> pass_gate(Registry& registry, const ConsentGate& gate,
                                 const RecordView& view, std::span<const FieldText> given,
                                 const Worker& worker, const std::string& reason,
                                 std::vector<FieldText>& decided);

} // namespace safar

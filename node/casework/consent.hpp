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
// Consents of kinds that declare [consent], refer to the subject undisputed, stand in a state that
// permits and are not past the earliest end that anybody states; ascending by id. What they permit
// is what agencies say that stated such a state: others who write the record widen nothing. Errors:
// those of reading.
[[nodiscard]] Result<std::vector<Permission>> permissions_of(Registry& registry,
                                                             const RecordId& subject);

// Somebody in particular, by code: an agency of the charter or of the list. What else a text may
// mean, no prohibition names, and a consent to any would cover. Errors: invalid_argument.
[[nodiscard]] Result<> check_recipient(const Charter& charter, const CodeList* agencies,
                                       const std::string& recipient);

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

// Nobody may send anything of the subject to whom its record forbids ([never]; ConsentKind::any:
// to nobody). A subject that is not held here forbids nothing that this node could know. Errors:
// not_permitted, naming the recipient.
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

// What a command must satisfy before it becomes an event: fields of its kind, values of their type,
// a compartment that the agency may write. Every refusal names what would be accepted.
#pragma once

#include "node/registry/registry.hpp"

namespace safar {

// Errors: invalid_argument listing the kinds.
[[nodiscard]] Result<const Kind*> find_kind(const Schema& schema, std::string_view name);
// Errors: invalid_argument listing the fields.
[[nodiscard]] Result<const Field*> find_field(const Kind& kind, std::string_view name);

// Assertions ascending by field, then value. Only fields of rule `set` and `ledger` may be given
// more than once. Errors: invalid_argument.
[[nodiscard]] Result<std::vector<Assertion>> parse_fields(const Schema& schema, const Kind& kind,
                                                          const std::vector<FieldText>& fields);
// Errors: invalid_argument naming every required field that is missing.
[[nodiscard]] Result<> check_required(const Kind& kind, const std::vector<Assertion>& assertions);

// The compartment that holds records of `kind`, if `agency` may write it. Errors: not_permitted
// naming the compartment and who may.
[[nodiscard]] Result<const CharterCompartment*>
writable_compartment(const Charter& charter, std::string_view kind, std::string_view agency);
// The same for this node, which may also write where a delegation lets it.
[[nodiscard]] Result<const CharterCompartment*>
writable_compartment(const Node& node, const Charter& charter, std::string_view kind);
// The compartment that holds records of `kind`, if a node of `agency` may hold it: what it may not
// hold it must not count as nothing. Errors: not_permitted naming the compartment and its holders.
[[nodiscard]] Result<const CharterCompartment*>
readable_compartment(const Charter& charter, std::string_view kind, std::string_view agency);
// "writes", "reads", "relays", "observes", or nothing.
[[nodiscard]] std::string_view right_in(const CharterCompartment& compartment,
                                        std::string_view agency);
[[nodiscard]] Result<> check_holder(const CharterCompartment& compartment, std::string_view agency);
// Errors: invalid_argument, limit_exceeded: the event could not be stored by anybody.
[[nodiscard]] Result<> check_draft_size(const EventDraft& draft);

[[nodiscard]] ClaimedTime now_claimed();

// "a, b, c", for messages.
[[nodiscard]] std::string joined(const std::vector<std::string>& words,
                                 std::string_view nothing = "none");
[[nodiscard]] std::vector<std::string> field_names(const std::vector<FieldText>& fields);

} // namespace safar

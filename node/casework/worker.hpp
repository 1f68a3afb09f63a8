// Who acts on a record, and which agencies a record's kind gives a part in it.
#pragma once

#include "node/access/rights.hpp"
#include "node/registry/command_check.hpp"

namespace safar {

struct Worker {
    Actor actor;
    Roles roles; // of the person at this node
};

// Values of a field as text, in reading order; `given` goes before what the record says. "" is no
// value.
[[nodiscard]] std::vector<std::string> values_of(const RecordView& view, std::string_view field,
                                                 std::span<const FieldText> given = {});
// "author": the agency that first said anything of the record; "owner": the owner field, or the
// author while it is empty; else the agencies that the field names.
[[nodiscard]] std::vector<std::string> party(const RecordView& view, std::string_view who);
// Of the workflow; the initial state where none was ever stated. The kind must have a workflow.
[[nodiscard]] std::string state_of(const RecordView& view);
// The earliest claimed time at which the record's state was stated; none if it never was.
[[nodiscard]] std::optional<ClaimedTime> in_state_since(const RecordView& view);
// "2026-11-24", UTC.
[[nodiscard]] std::string today(std::int64_t days_from_now = 0);
[[nodiscard]] std::string day_of(ClaimedTime at, std::int64_t days_later = 0);
[[nodiscard]] std::string day_after(const std::optional<ClaimedTime>& at,
                                    std::int64_t days); // none: from today
[[nodiscard]] bool has_role(const std::vector<std::string>& wanted,
                            Roles roles); // none wanted: true

} // namespace safar

// Who acts on a record, and which agencies a record's kind gives a part in it.
#pragma once

#include "node/access/rights.hpp"
#include "node/registry/command_check.hpp"

#include <functional>

namespace safar {

struct Worker {
    Actor actor;
    Roles roles; // of the person at this node
};

// Compartments that are open to whoever asks; none: all that are held here.
using OpenTo = std::function<bool(std::string_view compartment)>;
[[nodiscard]] inline bool is_open(const OpenTo& open, const RecordView& view) {
    return !open || open(view.compartment);
}

// What is said of a field; nullptr: nothing, or the kind lacks it.
[[nodiscard]] inline const FoldedField* said_in(const RecordView& view, std::string_view field) {
    const Field* known = view.kind->field(field);
    return known == nullptr ? nullptr : view.folded.field(known->tag);
}
// Values of a field as text, in reading order; `given` goes before what the record says. "" is no
// value.
[[nodiscard]] std::vector<std::string> values_of(const RecordView& view, std::string_view field,
                                                 std::span<const FieldText> given = {});
// As they will be written: codes where labels, variants or other spellings were given, so that what
// is checked is what is stored. Fields that the kind lacks stay as they are. Errors:
// invalid_argument.
[[nodiscard]] Result<std::vector<FieldText>> as_written(const Schema& schema, const Kind& kind,
                                                        std::span<const FieldText> given);
// "author": the agency that first said anything of the record; "owner": the owner field, or the
// author while it is empty; else the agencies that the field names.
[[nodiscard]] std::vector<std::string> party(const RecordView& view, std::string_view who);
// The party that a task is for; ConsentKind::any there stands for every agency of the charter that
// may hold the record.
[[nodiscard]] std::vector<std::string> awaited(const Charter& charter, const RecordView& view,
                                               const WorkTask& task);
// Of the workflow; the initial state where none was ever stated. The kind must have a workflow.
[[nodiscard]] std::string state_of(const RecordView& view);
// The earliest claimed time at which the record's state was stated; none if it never was.
[[nodiscard]] std::optional<ClaimedTime> in_state_since(const RecordView& view);
// "2026-11-24", UTC.
[[nodiscard]] std::string today(std::int64_t days_from_now = 0);
[[nodiscard]] std::string day_of(ClaimedTime at, std::int64_t days_later = 0);
// The last day that the date may stand for lies before today (UTC): a quarter ends with its third
// month.
[[nodiscard]] bool is_past(const Date& date);
[[nodiscard]] std::string day_after(const std::optional<ClaimedTime>& at,
                                    std::int64_t days); // none: from today
[[nodiscard]] bool has_role(const std::vector<std::string>& wanted,
                            Roles roles); // none wanted: true

} // namespace safar

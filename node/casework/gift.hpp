// What changes hands with a step: records that fields of the case name, given from one agency to
// another.
#pragma once

#include "node/casework/worker.hpp"

namespace safar {

struct GivenRecord {
    RecordId record;
    std::string field; // of the case, that names it
    std::string owner; // who has it now
    std::string to;    // who has it after the step; "": it stays
};

struct GiftPlan {
    std::vector<GivenRecord> records;  // in the order of the step's fields
    std::vector<WorkCommand> commands; // one for each that changes hands
};

// What the step gives, by what the case says and the step itself sets: not by what is given with
// it, for who receives would name what to take. Of another agency's records go those that this
// agency itself has named in the case; a step that takes back (`holds`) takes what a step of the
// kind gave, from whoever had it before. A record that neither of the two agencies owns stays. The
// new owner is said anew where it is the same already, so that whoever takes it back and whoever
// takes it over at once both count, and the owner field's `prefer` decides. Errors: conflict (a
// record that is not held here yet), not_permitted (its compartment is not written here), those of
// reading.
[[nodiscard]] Result<GiftPlan> plan_gift(Registry& registry, const WorkStep& step,
                                         const RecordView& view, const WorkCommand& work);

// Before a step that leads to giving by another party, with `said` (given with it, or set by it)
// before what the case says: does the receiver write the compartments of what it would be given,
// and is there anything to give? Errors: not_permitted naming the compartment, or whose the
// records are.
[[nodiscard]] Result<> check_can_be_given(Registry& registry, const WorkStep& step,
                                          const RecordView& view, std::span<const FieldText> said);

} // namespace safar

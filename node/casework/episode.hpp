// Going on with a case that has ended: a new record of the kind that names the former one. A
// workflow has no way back, since what two agencies say at once must have one answer; a new record
// has a workflow of its own.
#pragma once

#include "node/casework/worker.hpp"

namespace safar {

// The id of the record that goes on with `former`: the same at every node, so that two agencies who
// open a case again at once meet in one record. Errors: not_permitted (nobody here may write the
// kind).
[[nodiscard]] Result<RecordId> episode_id(Registry& registry, const Kind& kind,
                                          const RecordId& former);

// Creates nothing: what `create_record` is to be given. Errors: conflict (it was opened again
// already).
[[nodiscard]] Result<CreateCommand> plan_episode(Registry& registry, const WorkStep& step,
                                                 const RecordView& former,
                                                 std::vector<FieldText> given);

} // namespace safar

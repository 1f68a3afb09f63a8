// Steps in a record's workflow: who may take which now, and taking one as one event.
//
// Threads: any. A step is checked and written with nothing of this node in between; what other
// nodes do meanwhile is merged by the fold, and shown by it.
#pragma once

#include "node/casework/gift.hpp"

namespace safar {

struct StepCommand {
    RecordId record;
    std::string step;
    std::vector<FieldText> fields;
    std::string why;
    std::string without_consent;        // reason to go on where consent is missing; "": do not
    std::optional<ClaimedTime> at = {}; // when it happened; now if absent. Due dates count from it
};
struct StepDone {
    RecordChange change;
    std::string from, to;           // states
    std::vector<FieldText> decided; // what the step set by itself
    std::vector<GivenRecord> given; // what changed hands with it, or stayed
};

// What stands between a step and the record now.
struct StepOffer {
    const WorkStep* step = nullptr;   // of `view`'s schema
    std::string blocked;              // why it can not be taken; "": it can
    bool others = false;              // it is for somebody else, whom `blocked` names
    std::vector<std::string> missing; // fields that must be given with it
};
struct StepOffers {
    RecordView view;
    std::string state;
    std::vector<StepOffer> steps; // in declared order
};

// What the kind asks of creating a record is added to the command: its initial state, fields it
// sets, consent. Errors: not_permitted (role, consent), invalid_argument.
[[nodiscard]] Result<> make_ready(Registry& registry, CreateCommand& command, const Worker& worker,
                                  const std::string& without_consent);
// make_ready, then Registry::create. Copies that go with a referral are not made by hand.
// Errors: of both.
[[nodiscard]] Result<RecordChange> create_record(Registry& registry, CreateCommand command,
                                                 const Worker& worker,
                                                 const std::string& without_consent);

// What the step gives changes hands in the same commit (gift.hpp). A step that goes on with a case
// that has ended creates the record that does (episode.hpp); StepDone names that one. Errors:
// not_found; invalid_argument (no such step, a field that it needs, a kind without workflow);
// conflict (not from the state the record is in: names what can be done); not_permitted (agency,
// role, consent).
[[nodiscard]] Result<StepDone> take_step(Registry& registry, const StepCommand& command,
                                         const Worker& worker);

// Gives the record to another agency: what its tasks are for follows the owner field. Only its
// owner may. Errors: not_found; invalid_argument (a kind that nobody owns, no agency of the
// charter); not_permitted.
[[nodiscard]] Result<RecordChange> reassign(Registry& registry, const RecordId& record,
                                            const std::string& agency, const std::string& why,
                                            const Worker& worker);

// Consent is not looked up here: it depends on what is given. Errors: not_found, invalid_argument.
[[nodiscard]] Result<StepOffers> offered_steps(Registry& registry, const RecordId& record,
                                               const Worker& worker);

// What stands since the record was made, and why `agency` may not say it anew by hand or with a
// step: what consent was asked for, what decides who gives which case to whom (the author may add a
// case), and the owner. "": it may.
[[nodiscard]] std::string why_settled(const RecordView& view, const std::string& agency,
                                      std::string_view field);
// Errors: invalid_argument, naming what to do instead.
[[nodiscard]] Result<> check_not_settled(const RecordView& view, const std::string& agency,
                                         const std::vector<std::string>& fields);
// Of a field that is settled, one of several values may be picked or taken back, and nothing new be
// said. `value`: what it is to be resolved to; none: a value is taken back. Errors:
// invalid_argument.
[[nodiscard]] Result<> check_keeps_settled(const RecordView& view, const std::string& agency,
                                           const std::string& field,
                                           const std::optional<std::string>& value);

// A field that steps decide is not set by hand. Errors: invalid_argument naming the steps.
[[nodiscard]] Result<> check_not_stepped(const Kind& kind, const std::vector<std::string>& fields);

} // namespace safar

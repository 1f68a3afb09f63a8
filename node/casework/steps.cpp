#include "node/casework/steps.hpp"

#include "node/casework/consent.hpp"

#include <algorithm>

namespace safar {
namespace {

std::string step_names(const Casework& work) {
    std::vector<std::string> names;
    for (const WorkStep& step : work.steps) names.push_back(step.name);
    return joined(names, "none");
}

// Why this agency or person may not take the step; "": they may.
std::string not_theirs(const WorkStep& step, const RecordView& view, const std::string& agency, Roles roles) {
    if (!has_role(step.roles, roles))
        return "step '" + step.name + "' needs role " + joined(step.roles) + "; you have " + joined_roles(roles);
    if (step.by.empty()) return {};
    auto who = party(view, step.by);
    if (std::find(who.begin(), who.end(), agency) != who.end()) return {};
    return "step '" + step.name + "' is for " + joined(who, "nobody yet (field '" + step.by + "' is empty)") +
           "; this node belongs to " + agency;
}

std::vector<std::string> missing_fields(const WorkStep& step, const RecordView& view,
                                        std::span<const FieldText> given) {
    std::vector<std::string> out;
    for (const std::string& name : step.needs)
        if (values_of(view, name, given).empty()) out.push_back(name);
    return out;
}

Result<> check_given(const WorkStep& step, const RecordView& view, std::span<const FieldText> given) {
    auto missing = missing_fields(step, view, given);
    if (missing.empty()) return success();
    return failure(ErrorCode::invalid_argument,
                   "step '" + step.name + "' of a " + view.kind->name + " needs: " + joined(missing));
}

// What the step itself says beside its state. A field that is given anyway is left to whoever gave it.
void fill_in(const WorkStep& step, const RecordView& view, const std::string& agency,
             const std::optional<ClaimedTime>& at, std::span<const FieldText> given,
             std::vector<FieldText>& decided) {
    auto is_given = [&](const std::string& name) {
        return std::any_of(given.begin(), given.end(), [&](const FieldText& f) { return f.field == name; });
    };
    for (const auto& [name, value] : step.sets) {
        if (is_given(name)) continue;
        if (value == "@agency") decided.push_back({name, agency});
        else if (value == "@today") decided.push_back({name, day_after(at, 0)});
        else if (!value.starts_with('@')) decided.push_back({name, value});
        else
            for (std::string& each : values_of(view, std::string_view(value).substr(1), given))
                decided.push_back({name, std::move(each)});
    }
    if (step.due && !is_given(step.due->field)) decided.push_back({step.due->field, day_after(at, step.due->days)});
}

bool from_here(const WorkStep& step, const std::string& state) {
    return std::find(step.from.begin(), step.from.end(), state) != step.from.end();
}

// "record X is 'accepted'; from there: done, revoke"
Error not_from_here(const WorkStep& step, const RecordView& view, const std::string& state) {
    std::vector<std::string> possible;
    for (const WorkStep& each : view.kind->casework.steps)
        if (from_here(each, state)) possible.push_back(each.name);
    return failure(ErrorCode::conflict, show_id(view.folded.id) + " is '" + state + "': step '" + step.name +
                                            "' starts from " + joined(step.from) + "; from '" + state +
                                            "' there is: " + joined(possible, "no step"));
}

Result<const WorkStep*> find_step(const RecordView& view, const std::string& name) {
    if (view.kind == nullptr || view.kind->casework.steps.empty())
        return failure(ErrorCode::invalid_argument,
                       show_id(view.folded.id) + " is of a kind without steps; set its fields");
    if (const WorkStep* step = view.kind->casework.step(name)) return step;
    return failure(ErrorCode::invalid_argument, "a " + view.kind->name + " has no step '" + name +
                                                    "'; there are: " + step_names(view.kind->casework));
}

} // namespace

Result<RecordChange> create_record(Registry& registry, CreateCommand command, const Worker& worker,
                                   const std::string& without_consent) {
    RecordView view;
    view.schema = registry.node().derived().schema();
    SAFAR_TRY(view.kind, find_kind(*view.schema, command.kind));
    if (!view.kind->casework.workflow) return registry.create(command, worker.actor);
    SAFAR_TRY(check_not_stepped(*view.kind, field_names(command.fields)));
    const Workflow& flow = *view.kind->casework.workflow;
    std::vector<FieldText> decided{{flow.status, state_of(view)}};
    if (!flow.number.empty() && values_of(view, flow.number, command.fields).empty())
        decided.push_back({flow.number, registry.fresh_number()});
    if (const auto& step = view.kind->casework.create) {
        if (!has_role(step->roles, worker.roles))
            return failure(ErrorCode::not_permitted, "creating a " + view.kind->name + " needs role " +
                                                         joined(step->roles) + "; you have " +
                                                         joined_roles(worker.roles));
        SAFAR_TRY(check_given(*step, view, command.fields));
        fill_in(*step, view, registry.node().agency(), command.at, command.fields, decided);
        if (step->consent) {
            SAFAR_TRY(pass_gate(registry, *step->consent, view, command.fields, worker, without_consent, decided));
        }
    }
    command.fields.insert(command.fields.end(), decided.begin(), decided.end());
    return registry.create(command, worker.actor);
}

Result<StepDone> take_step(Registry& registry, const StepCommand& command, const Worker& worker) {
    SAFAR_TRY(auto seen, registry.show(command.record));
    SAFAR_TRY(const WorkStep* step, find_step(seen, command.step));
    SAFAR_TRY(check_not_stepped(*seen.kind, field_names(command.fields)));
    StepDone done;
    done.to = step->to;
    WorkCommand work{command.record, seen.kind->name + "." + step->name, command.fields, {}, command.why, command.at};
    const auto check = [&](const RecordView& now) -> Result<> {
        done.from = state_of(now);
        if (!from_here(*step, done.from)) return not_from_here(*step, now, done.from);
        std::string why_not = not_theirs(*step, now, registry.node().agency(), worker.roles);
        if (!why_not.empty()) return failure(ErrorCode::not_permitted, std::move(why_not));
        return success();
    };
    SAFAR_TRY(check(seen)); // before anything is asked for that may not matter
    const Workflow& flow = *seen.kind->casework.workflow;
    SAFAR_TRY(check_given(*step, seen, command.fields));
    fill_in(*step, seen, registry.node().agency(), command.at, command.fields, work.decided);
    if (step->consent) {
        SAFAR_TRY(pass_gate(registry, *step->consent, seen, command.fields, worker, command.without_consent,
                            work.decided));
    }
    done.decided = work.decided;
    // An import may have left the state unsaid: a later one counts only after the ones before it.
    if (values_of(seen, flow.status).empty()) work.decided.push_back({flow.status, state_of(seen)});
    work.decided.push_back({flow.status, step->to});
    SAFAR_TRY(done.change, registry.work(work, worker.actor, check));
    return done;
}

Result<RecordChange> reassign(Registry& registry, const RecordId& record, const std::string& agency,
                              const std::string& why, const Worker& worker) {
    SAFAR_TRY(auto seen, registry.show(record));
    if (seen.kind == nullptr || !seen.kind->casework.workflow || seen.kind->casework.workflow->owner.empty())
        return failure(ErrorCode::invalid_argument, show_id(record) + " is of a kind that no agency owns");
    std::vector<std::string> agencies;
    for (const CharterAgency& each : registry.node().charter()->agencies) agencies.push_back(each.code);
    if (std::find(agencies.begin(), agencies.end(), agency) == agencies.end())
        return failure(ErrorCode::invalid_argument,
                       "no agency '" + agency + "' in the charter; there are: " + joined(agencies));
    WorkCommand work{record, seen.kind->name + ".reassigned", {}, {{seen.kind->casework.workflow->owner, agency}}, why};
    return registry.work(work, worker.actor, [&](const RecordView& now) -> Result<> {
        auto owners = party(now, "owner");
        if (std::find(owners.begin(), owners.end(), registry.node().agency()) != owners.end()) return success();
        return failure(ErrorCode::not_permitted, show_id(record) + " is " + joined(owners) + "'s: only its owner gives it to " +
                                                     "another; this node belongs to " + registry.node().agency());
    });
}

Result<StepOffers> offered_steps(Registry& registry, const RecordId& record, const Worker& worker) {
    StepOffers out;
    SAFAR_TRY(out.view, registry.show(record));
    if (out.view.kind == nullptr || !out.view.kind->casework.workflow) return out;
    out.state = state_of(out.view);
    for (const WorkStep& step : out.view.kind->casework.steps) {
        if (!from_here(step, out.state)) continue;
        out.steps.push_back({&step, not_theirs(step, out.view, registry.node().agency(), worker.roles),
                             missing_fields(step, out.view, {})});
    }
    return out;
}

Result<> check_not_stepped(const Kind& kind, const std::vector<std::string>& fields) {
    if (!kind.casework.workflow || kind.casework.steps.empty()) return success();
    for (const std::string& field : fields)
        if (field == kind.casework.workflow->status)
            return failure(ErrorCode::invalid_argument, "field '" + field + "' of a " + kind.name +
                                                            " changes by steps (safar step ID STEP): " +
                                                            step_names(kind.casework));
    return success();
}

} // namespace safar

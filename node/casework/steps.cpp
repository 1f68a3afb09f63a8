#include "node/casework/steps.hpp"

#include "node/casework/consent.hpp"
#include "node/casework/episode.hpp"

#include <algorithm>

namespace safar {
namespace {

std::string step_names(const Casework& work) {
    std::vector<std::string> names;
    for (const WorkStep& step : work.steps) names.push_back(step.name);
    return joined(names, "none");
}

bool in_party(const RecordView& view, std::string_view who, const std::string& agency) {
    return std::ranges::count(party(view, who), agency) > 0;
}

// Why this agency or person may not take the step; "": they may.
std::string not_theirs(const WorkStep& step, const RecordView& view, const std::string& agency,
                       Roles roles) {
    if (!has_role(step.roles, roles))
        return "step '" + step.name + "' needs role " + joined(step.roles) + "; you have " +
               joined_roles(roles);
    if (step.by.empty() || in_party(view, step.by, agency)) return {};
    auto who = party(view, step.by);
    return "step '" + step.name + "' is for " +
           joined(who, "nobody yet (field '" + step.by + "' is empty)") +
           "; this node belongs to " + agency;
}

// A record of the same kind of which nothing is said.
RecordView blank_of(const RecordView& view) {
    return {view.schema, view.kind, view.compartment, {}};
}

std::vector<std::string> missing_fields(const WorkStep& step, const RecordView& view,
                                        std::span<const FieldText> given) {
    std::vector<std::string> out;
    for (const std::string& name : step.needs)
        if (values_of(view, name, given).empty()) out.push_back(name);
    return out;
}

Result<> check_given(const WorkStep& step, const RecordView& view,
                     std::span<const FieldText> given) {
    auto missing = missing_fields(step, view, given);
    if (missing.empty()) return success();
    return failure(ErrorCode::invalid_argument, "step '" + step.name + "' of a " + view.kind->name +
                                                    " needs: " + joined(missing));
}

// What the step itself says beside its state. A field that is given anyway is left to whoever gave
// it.
void fill_in(const WorkStep& step, const RecordView& view, const std::string& agency,
             const std::optional<ClaimedTime>& at, std::span<const FieldText> given,
             std::vector<FieldText>& decided) {
    auto is_given = [&](const std::string& name) {
        return std::any_of(given.begin(), given.end(),
                           [&](const FieldText& f) { return f.field == name; });
    };
    for (const auto& [name, value] : step.sets) {
        if (is_given(name)) continue;
        if (value == "@agency")
            decided.push_back({name, agency});
        else if (value == "@today")
            decided.push_back({name, day_after(at, 0)});
        else if (!value.starts_with('@'))
            decided.push_back({name, value});
        else
            for (std::string& each : values_of(view, std::string_view(value).substr(1), given))
                decided.push_back({name, std::move(each)});
    }
    if (step.due && !is_given(step.due->field))
        decided.push_back({step.due->field, day_after(at, step.due->days)});
}

bool from_here(const WorkStep& step, const std::string& state) {
    return std::find(step.from.begin(), step.from.end(), state) != step.from.end();
}

// "record X is 'accepted'; from there: done, revoke"
Error not_from_here(const WorkStep& step, const RecordView& view, const std::string& state) {
    std::vector<std::string> possible;
    for (const WorkStep& each : view.kind->casework.steps)
        if (from_here(each, state)) possible.push_back(each.name);
    return failure(ErrorCode::conflict, show_id(view.folded.id) + " is '" + state + "': step '" +
                                            step.name + "' starts from " + joined(step.from) +
                                            "; from '" + state +
                                            "' there is: " + joined(possible, "no step"));
}

Result<const WorkStep*> find_step(const RecordView& view, const std::string& name) {
    if (view.kind == nullptr || view.kind->casework.steps.empty())
        return failure(ErrorCode::invalid_argument,
                       show_id(view.folded.id) + " is of a kind without steps; set its fields");
    if (const WorkStep* step = view.kind->casework.step(name)) return step;
    return failure(ErrorCode::invalid_argument,
                   "a " + view.kind->name + " has no step '" + name +
                       "'; there are: " + step_names(view.kind->casework));
}

} // namespace

Result<> make_ready(Registry& registry, CreateCommand& command, const Worker& worker,
                    const std::string& without_consent) {
    RecordView view;
    view.schema = registry.node().derived().schema();
    SAFAR_TRY(view.kind, find_kind(*view.schema, command.kind));
    if (!view.kind->casework.workflow) return success();
    SAFAR_TRY(check_not_stepped(*view.kind, field_names(command.fields)));
    SAFAR_TRY(command.fields, as_written(*view.schema, *view.kind, command.fields));
    const Workflow& flow = *view.kind->casework.workflow;
    std::vector<FieldText> decided{{flow.status, state_of(view)}};
    if (!flow.number.empty() && values_of(view, flow.number, command.fields).empty())
        decided.push_back({flow.number, registry.fresh_number()});
    if (const auto& step = view.kind->casework.create) {
        if (!has_role(step->roles, worker.roles))
            return failure(ErrorCode::not_permitted,
                           "creating a " + view.kind->name + " needs role " + joined(step->roles) +
                               "; you have " + joined_roles(worker.roles));
        SAFAR_TRY(check_given(*step, view, command.fields));
        fill_in(*step, view, registry.node().agency(), command.at, command.fields, decided);
        if (step->consent) {
            SAFAR_TRY(pass_gate(registry, *step->consent, view, command.fields, worker,
                                without_consent, decided));
        }
    }
    command.fields.insert(command.fields.end(), decided.begin(), decided.end());
    return success();
}

Result<RecordChange> create_record(Registry& registry, CreateCommand command, const Worker& worker,
                                   const std::string& without_consent) {
    const auto schema = registry.node().derived().schema();
    SAFAR_TRY(const Kind* kind, find_kind(*schema, command.kind));
    if (kind->casework.disclosure)
        return failure(ErrorCode::not_permitted,
                       "a " + kind->name +
                           " goes with a referral, which asks for consent: "
                           "safar refer ID --to AGENCY --group GROUP");
    SAFAR_TRY(make_ready(registry, command, worker, without_consent));
    return registry.create(command, worker.actor);
}

namespace {

Result<> check_may(const WorkStep& step, const RecordView& now, const std::string& agency,
                   Roles roles, std::string& from) {
    from = state_of(now);
    if (!from_here(step, from)) return not_from_here(step, now, from);
    std::string why_not = not_theirs(step, now, agency, roles);
    if (!why_not.empty()) return failure(ErrorCode::not_permitted, std::move(why_not));
    return success();
}

// A record that goes on where the one seen has ended.
Result<StepDone> begin_again(Registry& registry, const WorkStep& step, const StepCommand& command,
                             const RecordView& seen, const Worker& worker, StepDone done) {
    SAFAR_TRY(auto create, plan_episode(registry, step, seen, command.fields));
    SAFAR_TRY(check_given(step, blank_of(seen),
                          create.fields)); // what the former says is not said of the new one
    create.basis = command.why;
    create.at = command.at;
    std::vector<FieldText> decided;
    fill_in(step, seen, registry.node().agency(), command.at, create.fields, decided);
    create.fields.insert(create.fields.end(), decided.begin(), decided.end());
    const std::size_t given = command.fields.size();
    SAFAR_TRY(make_ready(registry, create, worker, command.without_consent));
    done.decided.assign(create.fields.begin() +
                            static_cast<std::ptrdiff_t>(std::min(given, create.fields.size())),
                        create.fields.end());
    SAFAR_TRY(done.change, registry.create(create, worker.actor));
    return done;
}

// As planned, or somebody else has given the record away meanwhile.
Result<> check_owners(const GiftPlan& plan, std::span<const RecordView> records) {
    for (const RecordView& record : records)
        for (const GivenRecord& planned : plan.records)
            if (planned.record == record.folded.id &&
                joined(party(record, "owner")) != planned.owner)
                return failure(ErrorCode::conflict, show_id(record.folded.id) +
                                                        " has just changed hands; look at it, "
                                                        "then take the step again");
    return success();
}

} // namespace

Result<StepDone> take_step(Registry& registry, const StepCommand& command, const Worker& worker) {
    SAFAR_TRY(auto seen, registry.show(command.record));
    SAFAR_TRY(const WorkStep* step, find_step(seen, command.step));
    SAFAR_TRY(check_not_stepped(*seen.kind, field_names(command.fields)));
    SAFAR_TRY(const auto fields, as_written(*seen.schema, *seen.kind, command.fields));
    const std::string& agency = registry.node().agency();
    StepDone done;
    done.to = step->to;
    // Before anything is asked for that may not matter.
    SAFAR_TRY(check_may(*step, seen, agency, worker.roles, done.from));
    if (step->again) return begin_again(registry, *step, command, seen, worker, std::move(done));
    SAFAR_TRY(check_not_settled(seen, agency, field_names(fields)));
    WorkCommand work{command.record, seen.kind->name + "." + step->name, fields, {}, command.why,
                     command.at};
    const Workflow& flow = *seen.kind->casework.workflow;
    SAFAR_TRY(check_given(*step, seen, fields));
    fill_in(*step, seen, agency, command.at, fields, work.decided);
    if (step->consent) {
        SAFAR_TRY(pass_gate(registry, *step->consent, seen, fields, worker, command.without_consent,
                            work.decided));
    }
    done.decided = work.decided;
    std::vector<FieldText> said = fields;
    said.insert(said.end(), work.decided.begin(), work.decided.end());
    SAFAR_TRY(check_can_be_given(registry, *step, seen, said));
    SAFAR_TRY(auto gift, plan_gift(registry, *step, seen, work));
    done.given = gift.records;
    // An import may have left the state unsaid: a later one counts only after the ones before it.
    if (values_of(seen, flow.status).empty()) work.decided.push_back({flow.status, state_of(seen)});
    work.decided.push_back({flow.status, step->to});
    std::vector<WorkCommand> all{std::move(work)};
    std::ranges::move(gift.commands, std::back_inserter(all));
    SAFAR_TRY(
        auto changes,
        registry.work_together(all, worker.actor, [&](std::span<const RecordView> now) -> Result<> {
            SAFAR_TRY(check_may(*step, now.front(), agency, worker.roles, done.from));
            return check_owners(gift, now.subspan(1));
        }));
    done.change = changes.front();
    for (const RecordChange& each : changes)
        done.change.position = std::max(done.change.position, each.position);
    return done;
}

Result<RecordChange> reassign(Registry& registry, const RecordId& record, const std::string& agency,
                              const std::string& why, const Worker& worker) {
    SAFAR_TRY(auto seen, registry.show(record));
    if (seen.kind == nullptr || !seen.kind->casework.workflow ||
        seen.kind->casework.workflow->owner.empty())
        return failure(ErrorCode::invalid_argument,
                       show_id(record) + " is of a kind that no agency owns");
    std::vector<std::string> agencies;
    for (const CharterAgency& each : registry.node().charter()->agencies)
        agencies.push_back(each.code);
    if (std::find(agencies.begin(), agencies.end(), agency) == agencies.end())
        return failure(ErrorCode::invalid_argument,
                       "no agency '" + agency + "' in the charter; there are: " + joined(agencies));
    WorkCommand work{record,
                     seen.kind->name + ".reassigned",
                     {},
                     {{seen.kind->casework.workflow->owner, agency}},
                     why};
    SAFAR_TRY(writable_compartment(*registry.node().charter(), seen.kind->name, agency));
    return registry.work(work, worker.actor, [&](const RecordView& now) -> Result<> {
        auto owners = party(now, "owner");
        if (std::find(owners.begin(), owners.end(), registry.node().agency()) != owners.end())
            return success();
        return failure(ErrorCode::not_permitted,
                       show_id(record) + " is " + joined(owners) +
                           "'s: only its owner gives it to another; this node belongs to " +
                           registry.node().agency());
    });
}

Result<StepOffers> offered_steps(Registry& registry, const RecordId& record, const Worker& worker) {
    StepOffers out;
    SAFAR_TRY(out.view, registry.show(record));
    if (out.view.kind == nullptr || !out.view.kind->casework.workflow) return out;
    out.state = state_of(out.view);
    for (const WorkStep& step : out.view.kind->casework.steps) {
        if (!from_here(step, out.state)) continue;
        std::string blocked = not_theirs(step, out.view, registry.node().agency(), worker.roles);
        const bool others = !blocked.empty() && has_role(step.roles, worker.roles);
        if (step.again && blocked.empty()) {
            auto id = episode_id(registry, *out.view.kind, record);
            if (!id)
                blocked = id.error().detail;
            else if (registry.show(id.value()).has_value())
                blocked = "opened again already, as " + show_id(id.value());
        }
        out.steps.push_back({&step, std::move(blocked), others,
                             missing_fields(step, step.again ? blank_of(out.view) : out.view, {})});
    }
    return out;
}

std::string why_settled(const RecordView& view, const std::string& agency, std::string_view field) {
    if (!view.kind->casework.workflow) return {};
    const auto in = [&](const std::vector<std::string>& names) {
        return std::ranges::find(names, field) != names.end();
    };
    const Casework& work = view.kind->casework;
    if (field == work.workflow->owner)
        return "changes with the record's hands: safar reassign ID AGENCY";
    const std::string made = "stands since the record was made; make a new " + view.kind->name;
    if (work.create && work.create->consent) {
        const ConsentGate& gate = *work.create->consent;
        if (in({gate.subject, gate.recipient, gate.groups})) return made;
    }
    for (const WorkStep& step : work.steps) {
        if (!step.gives) continue;
        if (in({step.gives->from, step.gives->to})) return made;
        for (const auto& only : step.gives->only)
            if (field == only.first) return "is for the steps to say";
        if (in(step.gives->records) && !in_party(view, "author", agency))
            return "names what is given, and is for who made the " + view.kind->name + " to say";
    }
    return {};
}

Result<> check_not_settled(const RecordView& view, const std::string& agency,
                           const std::vector<std::string>& fields) {
    for (const std::string& field : fields)
        if (std::string why = why_settled(view, agency, field); !why.empty())
            return failure(ErrorCode::invalid_argument,
                           "field '" + field + "' of a " + view.kind->name + " " + why);
    return success();
}

Result<> check_keeps_settled(const RecordView& view, const std::string& agency,
                             const std::string& field, const std::optional<std::string>& value) {
    auto settled = check_not_settled(view, agency, {field});
    const Field* known = view.kind->field(std::string_view(field));
    if (settled.has_value() || known == nullptr) return success();
    const FoldedField* folded = view.folded.field(known->tag);
    if (folded == nullptr) return settled;
    if (!value) return folded->live.size() > 1 ? Result<>(success()) : std::move(settled);
    SAFAR_TRY(auto wanted, parse_value(*view.schema, *known, *value));
    return std::ranges::find(folded->live, wanted, &Said::value) != folded->live.end()
               ? Result<>(success())
               : std::move(settled);
}

Result<> check_not_stepped(const Kind& kind, const std::vector<std::string>& fields) {
    if (!kind.casework.workflow || kind.casework.steps.empty()) return success();
    for (const std::string& field : fields)
        if (field == kind.casework.workflow->status)
            return failure(
                ErrorCode::invalid_argument,
                "field '" + field + "' of a " + kind.name +
                    " changes by steps (safar step ID STEP): " + step_names(kind.casework));
    return success();
}

} // namespace safar

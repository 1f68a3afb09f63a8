#include "node/casework/refer.hpp"

#include "node/casework/consent.hpp"
#include "node/casework/steps.hpp"
#include "storage/record/text.hpp"

#include <algorithm>

namespace safar {
namespace {

// The kinds that copies may belong to, each with the kind of its copies.
Result<std::pair<const Kind*, const Kind*>> kinds_for(const Schema& schema,
                                                      const std::string& wanted) {
    std::vector<std::pair<const Kind*, const Kind*>> found;
    std::vector<std::string> names;
    for (const Kind& kind : schema.kinds) {
        if (!kind.casework.disclosure) continue;
        const Field* of = kind.field(std::string_view(kind.casework.disclosure->of));
        const Kind* referral = schema.kind(std::string_view(of->to_kind));
        if (!wanted.empty() && referral->name != wanted) continue;
        found.emplace_back(referral, &kind);
        names.push_back(referral->name);
    }
    if (found.size() == 1) return found.front();
    return failure(ErrorCode::invalid_argument,
                   found.empty() ? "the schema has no kind for disclosed copies" +
                                       (wanted.empty() ? std::string() : " of a '" + wanted + "'")
                                 : "referrals may be of kind: " + joined(names) + "; name one");
}

const ConsentGate* gate_of(const Kind& referral) {
    const auto& create = referral.casework.create;
    return create && create->consent ? &*create->consent : nullptr;
}

Result<> check_groups(const Kind& kind, const std::vector<std::string>& groups) {
    std::vector<std::string> known;
    for (const Field& field : kind.fields)
        if (!field.group.empty() && !has_word(known, field.group)) known.push_back(field.group);
    for (const std::string& group : groups)
        if (!has_word(known, group))
            return failure(ErrorCode::invalid_argument,
                           "a " + kind.name + " has no fields of group '" + group +
                               "'; its groups: " + joined(known, "none"));
    return success();
}

// What people wrote, as the referral's field will say it.
Result<std::vector<std::string>> codes_of(const ReferPlan& plan, const std::string& field,
                                          const std::vector<std::string>& texts) {
    std::vector<FieldText> given;
    for (const std::string& text : texts) given.push_back({field, text});
    SAFAR_TRY(auto written, as_written(*plan.subject.schema, *plan.referral, given));
    std::vector<std::string> out;
    for (FieldText& one : written) out.push_back(std::move(one.value));
    return out;
}

CreateCommand copy_command(const ReferPlan& plan, const Disclosed& one, const RecordId& referral) {
    const DisclosureKind& names = *plan.disclosure->casework.disclosure;
    CreateCommand out;
    out.kind = plan.disclosure->name;
    out.fields = {{names.of, show_id(referral)},
                  {names.record, show_id(plan.subject.folded.id)},
                  {names.kind, plan.subject.kind->name},
                  {names.field, one.field->name},
                  {names.value, show_value(one.said.value)},
                  {names.said_by, one.said.agency},
                  {names.said_at, day_of(one.said.at)},
                  {names.dot, to_hex(one.said.dot.leaf.raw)}};
    return out;
}

} // namespace

Result<ReferPlan> plan_referral(Registry& registry, const ReferCommand& command) {
    ReferPlan plan;
    SAFAR_TRY(plan.subject, registry.show(command.subject));
    if (plan.subject.kind == nullptr)
        return failure(ErrorCode::invalid_argument,
                       "the schema in force does not have the subject's kind");
    SAFAR_TRY(auto kinds, kinds_for(*plan.subject.schema, command.kind));
    std::tie(plan.referral, plan.disclosure) = kinds;
    plan.create.kind = plan.referral->name;
    SAFAR_TRY(plan.create.fields, as_written(*plan.subject.schema, *plan.referral, command.fields));
    plan.create.basis = command.basis;
    std::vector<std::string> to = command.to, groups = command.groups;
    const ConsentGate* gate = gate_of(*plan.referral);
    if (gate != nullptr) {
        SAFAR_TRY(to, codes_of(plan, gate->recipient, command.to));
        SAFAR_TRY(groups, codes_of(plan, gate->groups, command.groups));
    }
    SAFAR_TRY(check_groups(*plan.subject.kind, groups));
    SAFAR_TRY(check_never(registry, command.subject, to));
    if (gate != nullptr) {
        const CodeList* agencies = plan.subject.schema->code_list(
            plan.referral->field(std::string_view(gate->recipient))->codes);
        for (const std::string& agency : to) {
            SAFAR_TRY(check_recipient(*registry.node().charter(), agencies, agency));
            plan.create.fields.push_back({gate->recipient, agency});
        }
        plan.create.fields.push_back({gate->subject, show_id(command.subject)});
        if (!gate->groups.empty())
            for (const std::string& group : groups)
                plan.create.fields.push_back({gate->groups, group});
        SAFAR_TRY(auto answer,
                  find_consent(registry, {command.subject, gate->purpose, to, groups}));
        plan.missing = std::move(answer.missing);
    }
    for (const FoldedField& folded : plan.subject.folded.fields) {
        const Field* field = plan.subject.kind->field(folded.field);
        if (field == nullptr || folded.live.empty()) continue;
        if (field->group.empty() || !has_word(groups, field->group))
            plan.stays.push_back(field);
        else
            for (const Said& said : folded.live) plan.goes.push_back({field, said});
    }
    return plan;
}

Result<Referred> refer(Registry& registry, const ReferCommand& command, const ReferPlan& plan,
                       const Worker& worker) {
    SAFAR_TRY(
        writable_compartment(registry.node(), *registry.node().charter(), plan.disclosure->name));
    std::vector<CreateCommand> all{plan.create};
    SAFAR_TRY(make_ready(registry, all.front(), worker, command.without_consent));
    SAFAR_TRY(all.front().record, registry.fresh_id(plan.referral->name));
    for (const Disclosed& one : plan.goes)
        all.push_back(copy_command(plan, one, *all.front().record));
    SAFAR_TRY(auto created, registry.create_together(all, worker.actor));
    Referred out{created.front().record, {}, 0};
    for (const RecordChange& each : created) out.position = std::max(out.position, each.position);
    for (std::size_t i = 1; i < created.size(); ++i) out.copies.push_back(created[i].record);
    return out;
}

} // namespace safar

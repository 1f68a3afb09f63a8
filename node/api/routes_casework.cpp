// Working on records: steps, what waits, a subject's journey and dossier, referring. No value
// leaves here that `sight` was not asked for.
#include "node/api/json.hpp"
#include "node/casework/inbox.hpp"
#include "node/casework/journey.hpp"
#include "node/casework/refer.hpp"
#include "node/casework/similar.hpp"
#include "node/casework/steps.hpp"
#include "node/registry/iso_time.hpp"

#include <algorithm>
#include <cmath>

namespace safar::handlers {
namespace {

namespace json = boost::json;

constexpr std::uint64_t inbox_default = 500, inbox_max = 10'000;
constexpr std::size_t similar_max = 10;

Worker worker_of(const ApiRequest& request) {
    return {{request.actor}, request.sight.user().roles};
}

// The record may be worked on at all. Notes it as what the request is about.
Result<> may_work_on(ApiRequest& request, const RecordView& view) {
    SAFAR_TRY(request.sight.enter(view.compartment, &view.folded.id));
    request.sight.subject(view.folded.id);
    return success();
}

// Fields that are given may be written by whoever gives them; what the step sets by itself needs no
// right.
Result<> may_give(ApiRequest& request, const Kind* kind, std::string_view compartment,
                  const std::vector<FieldText>& fields) {
    if (kind == nullptr) return success();
    for (const FieldText& given : fields)
        if (const Field* field = kind->field(std::string_view(given.field))) {
            SAFAR_TRY(request.sight.write(*field, compartment));
        }
    return success();
}

// What is told by another name than the field's (a state, a due date) is shown as the field is.
// `name` may be "", or of no field: nothing to ask for.
bool shows(Sight& sight, const RecordView& view, std::string_view name) {
    const Field* field = view.kind == nullptr || name.empty() ? nullptr : view.kind->field(name);
    return field == nullptr || sight.hides(field, view.compartment) == nullptr;
}

// The record's title as its workflow names it.
std::string shown_title(Sight& sight, const RecordView& view) {
    if (view.kind == nullptr || !view.kind->casework.workflow) return {};
    const std::string& name = view.kind->casework.workflow->title;
    if (name.empty() || !shows(sight, view, name)) return {};
    auto values = values_of(view, name);
    return values.empty() ? std::string() : values.front();
}

std::string shown_state(Sight& sight, const RecordView& view) {
    if (view.kind == nullptr || !view.kind->casework.workflow ||
        !shows(sight, view, view.kind->casework.workflow->status))
        return {};
    return state_of(view);
}

// `who`, as steps and tasks name whom they are for, is a field, or stands in one.
bool shows_party(Sight& sight, const RecordView& view, const std::string& who) {
    return shows(sight, view, who == "owner" ? view.kind->casework.workflow->owner : who);
}

// What a step set by itself: a case opened again carries what the former one says. `withheld`: the
// reasons, by field.
json::array shown_decided(Sight& sight, const RecordView& view,
                          const std::vector<FieldText>& decided, json::object& withheld) {
    json::array out;
    for (const FieldText& one : decided) {
        const Field* field =
            view.kind == nullptr ? nullptr : view.kind->field(std::string_view(one.field));
        if (const std::string* why = sight.hides(field, view.compartment))
            withheld[one.field] = *why;
        else
            out.push_back(json::array{one.field, one.value});
    }
    return out;
}

json::object shown_step(Sight& sight, const RecordView& view, const StepOffer& offer) {
    const bool named = !offer.others || shows_party(sight, view, offer.step->by);
    return {{"step", offer.step->name},
            {"title", offer.step->title},
            {"to", offer.step->to},
            {"needs", json::value_from(offer.step->needs)},
            {"missing", json::value_from(offer.missing)},
            {"consent", offer.step->consent.has_value()},
            {"blocked", named ? std::string_view(offer.blocked) : withheld_text}};
}

bool shows_due(Sight& sight, const InboxItem& item) {
    return item.task != nullptr && shows(sight, item.view, item.task->due);
}

json::object shown_item(Sight& sight, const InboxItem& item) {
    json::object out = record_head(item.view);
    out["task"] = item.task == nullptr ? "Resolve the conflict" : item.task->title;
    out["step"] = item.task == nullptr ? "" : item.task->step;
    out["field"] = item.field;
    const WorkTask* task = item.task;
    out["state"] = task == nullptr ? "" : shown_state(sight, item.view);
    out["for"] = json::array();
    if (task == nullptr || shows_party(sight, item.view, task->for_whom))
        out["for"] = json::value_from(item.for_whom);
    const bool dated = shows_due(sight, item);
    out["due"] = dated ? item.due : "";
    out["overdue"] = dated && item.overdue;
    out["since"] = item.since ? show_time(*item.since) : "";
    out["title"] = shown_title(sight, item.view);
    return out;
}

json::array shown_records(Sight& sight, const Journey& journey) {
    json::array out;
    for (const Journey::Part& part : journey.records) {
        sight.subject(part.view.folded.id);
        json::object one = record_head(part.view);
        one["through"] = show_id(part.through);
        one["state"] = shown_state(sight, part.view);
        one["title"] = shown_title(sight, part.view);
        out.push_back(std::move(one));
    }
    return out;
}

json::array shown_links(const Journey& journey) {
    json::array out;
    for (const Journey::Linked& each : journey.linked)
        out.push_back(json::object{
            {"id", show_id(each.record)}, {"by", show_id(each.by)}, {"disputed", each.disputed}});
    return out;
}

// Only these fields are compared: each with its own values, a text with those of every text field.
Result<> may_compare(Sight& sight, const Kind& kind, std::string_view compartment,
                     const std::vector<FieldText>& given) {
    for (const std::string& name : kind.casework.similar) {
        const Field* compared = kind.field(std::string_view(name));
        const bool asked = std::ranges::any_of(given, [&](const FieldText& one) {
            const Field* field = kind.field(std::string_view(one.field));
            if (field == nullptr || std::ranges::count(kind.casework.similar, field->name) == 0)
                return false;
            return field == compared ||
                   (field->type == FieldType::text && compared->type == FieldType::text);
        });
        if (asked) {
            SAFAR_TRY(sight.ask_about(*compared, compartment));
        }
    }
    return success();
}

Result<Journey> open_journey(ApiContext& context, ApiRequest& request) {
    SAFAR_TRY(auto id, captured_id(request));
    SAFAR_TRY(auto view, context.registry.show(id));
    SAFAR_TRY(request.sight.enter(view.compartment, &id));
    return read_journey(context.registry, id, [&](std::string_view compartment) {
        return request.sight.inside(compartment);
    });
}

} // namespace

Result<ApiReply> steps(ApiContext& context, ApiRequest& request) {
    SAFAR_TRY(auto id, captured_id(request));
    SAFAR_TRY(auto offers, offered_steps(context.registry, id, worker_of(request)));
    SAFAR_TRY(request.sight.enter(offers.view.compartment, &id));
    json::object out = record_head(offers.view);
    out["state"] = shown_state(request.sight, offers.view);
    json::array list;
    for (const StepOffer& each : offers.steps)
        list.push_back(shown_step(request.sight, offers.view, each));
    out["steps"] = std::move(list);
    return json_reply(out);
}

Result<ApiReply> step(ApiContext& context, ApiRequest& request) {
    StepCommand command;
    SAFAR_TRY(command.record, captured_id(request));
    SAFAR_TRY(auto body, BodyReader::parse(request.body));
    SAFAR_TRY(command.step, body.text("step"));
    SAFAR_TRY(command.fields, body.optional_fields("fields"));
    SAFAR_TRY(auto why, body.optional_text("why"));
    SAFAR_TRY(auto reason, body.optional_text("without_consent"));
    SAFAR_TRY(auto at, body.optional_text("at"));
    SAFAR_TRY(body.done());
    command.why = why.value_or("");
    command.without_consent = reason.value_or("");
    if (at && !at->empty()) {
        SAFAR_TRY(command.at, parse_time(*at));
    }
    SAFAR_TRY(auto view, context.registry.show(command.record));
    SAFAR_TRY(may_work_on(request, view));
    SAFAR_TRY(may_give(request, view.kind, view.compartment, command.fields));
    SAFAR_TRY(auto done, take_step(context.registry, command, worker_of(request)));
    json::array given;
    for (const GivenRecord& each : done.given) {
        request.sight.subject(each.record);
        given.push_back(json::object{{"id", show_id(each.record)},
                                     {"field", each.field},
                                     {"owner", each.owner},
                                     {"to", each.to}});
    }
    json::object withheld;
    json::object out{{"id", show_id(done.change.record)},
                     {"from", done.from},
                     {"to", done.to},
                     {"decided", shown_decided(request.sight, view, done.decided, withheld)},
                     {"given", std::move(given)},
                     {"events", done.change.events},
                     {"position", done.change.position}};
    if (!withheld.empty()) out["withheld"] = std::move(withheld);
    return json_reply(out);
}

Result<ApiReply> reassign(ApiContext& context, ApiRequest& request) {
    SAFAR_TRY(auto id, captured_id(request));
    SAFAR_TRY(auto body, BodyReader::parse(request.body));
    SAFAR_TRY(auto agency, body.text("agency"));
    SAFAR_TRY(auto why, body.optional_text("why"));
    SAFAR_TRY(body.done());
    SAFAR_TRY(auto view, context.registry.show(id));
    SAFAR_TRY(may_work_on(request, view));
    SAFAR_TRY(auto change,
              safar::reassign(context.registry, id, agency, why.value_or(""), worker_of(request)));
    return change_reply(change);
}

Result<ApiReply> similar(ApiContext& context, ApiRequest& request) {
    SAFAR_TRY(auto body, BodyReader::parse(request.body));
    SAFAR_TRY(auto kind, body.text("kind"));
    SAFAR_TRY(auto fields, body.fields("fields"));
    SAFAR_TRY(body.done());
    const auto schema = context.registry.node().derived().schema();
    const Kind* known = schema->kind(std::string_view(kind));
    const std::string compartment = compartment_of(context, known);
    if (known != nullptr) {
        SAFAR_TRY(request.sight.enter(compartment));
        SAFAR_TRY(may_compare(request.sight, *known, compartment, fields));
    }
    SAFAR_TRY(auto found, find_similar(context.registry, kind, fields, similar_max));
    json::array records;
    for (const SimilarRecord& each : found) {
        json::object one = record_head(each.view);
        request.sight.subject(each.view.folded.id);
        one["title"] = shown_title(request.sight, each.view);
        one["likeness"] = std::round(each.likeness * 100) / 100;
        one["matched"] = json::value_from(each.matched);
        records.push_back(std::move(one));
    }
    return json_reply(json::object{{"records", std::move(records)}});
}

Result<ApiReply> inbox(ApiContext& context, ApiRequest& request) {
    InboxQuery query;
    query.roles = request.sight.user().roles;
    SAFAR_TRY(query.overdue_only, flag_parameter(request, "overdue"));
    SAFAR_TRY(query.everybody, flag_parameter(request, "everybody"));
    SAFAR_TRY(auto limit, number_parameter(request, "limit", 1, inbox_max, inbox_default));
    query.limit = limit;
    query.inside = [&](std::string_view compartment) { return request.sight.inside(compartment); };
    SAFAR_TRY(auto found, read_inbox(context.registry, query));
    json::array items;
    for (const InboxItem& item : found.items)
        if (!query.overdue_only || shows_due(request.sight, item))
            items.push_back(shown_item(request.sight, item));
    json::array caseload;
    for (const auto& [task, count] : found.caseload)
        caseload.push_back(
            json::object{{"task", task}, {"waiting", count.waiting}, {"overdue", count.overdue}});
    return json_reply(json::object{{"agency", context.registry.node().agency()},
                                   {"today", today()},
                                   {"items", std::move(items)},
                                   {"total", found.total},
                                   {"caseload", std::move(caseload)},
                                   {"truncated", found.truncated}});
}

Result<ApiReply> journey(ApiContext& context, ApiRequest& request) {
    SAFAR_TRY(auto found, open_journey(context, request));
    json::array entries;
    for (const JourneyEntry& each : found.entries) {
        const RecordView& view = found.records[each.record].view;
        json::object one = record_head(view);
        const bool dated =
            view.kind == nullptr || shows(request.sight, view, view.kind->time_field);
        one["on"] = dated ? each.on : "";
        one["at"] = show_time(each.event.body.at);
        one["agency"] = each.event.agency;
        one["verb"] = each.event.body.verb;
        const SaidOf said = said_of(context, *view.schema, each.event.body, view.compartment);
        one["asserts"] = shown_asserts(request.sight, each.event.body, said.kind, said.compartment);
        entries.push_back(std::move(one));
    }
    return json_reply(json::object{{"id", show_id(found.records.front().view.folded.id)},
                                   {"records", shown_records(request.sight, found)},
                                   {"linked", shown_links(found)},
                                   {"entries", std::move(entries)},
                                   {"truncated", found.truncated}});
}

Result<ApiReply> dossier(ApiContext& context, ApiRequest& request) {
    SAFAR_TRY(auto found, open_journey(context, request));
    auto charter = context.registry.node().charter();
    json::array records = shown_records(request.sight, found);
    for (json::value& one : records) {
        const auto* compartment =
            charter->compartment(std::string_view(one.at("compartment").as_string()));
        std::vector<std::string> holders;
        for (const CharterAgency& agency : charter->agencies)
            if (compartment != nullptr && compartment->may_hold(agency.code))
                holders.push_back(agency.code);
        one.as_object()["held_by"] = json::value_from(holders);
    }
    json::array waits;
    for (const Acknowledgement& each : acknowledgements(*charter, found)) {
        const RecordView& view = found.records[each.record].view;
        json::object one = record_head(view);
        one["task"] = each.title;
        one["state"] = shown_state(request.sight, view);
        one["done"] = json::value_from(each.done);
        one["missing"] = json::value_from(each.missing);
        waits.push_back(std::move(one));
    }
    return json_reply(json::object{{"id", show_id(found.records.front().view.folded.id)},
                                   {"records", std::move(records)},
                                   {"linked", shown_links(found)},
                                   {"acknowledgements", std::move(waits)},
                                   {"truncated", found.truncated}});
}

Result<ApiReply> refer(ApiContext& context, ApiRequest& request) {
    ReferCommand command;
    SAFAR_TRY(command.subject, captured_id(request));
    SAFAR_TRY(auto body, BodyReader::parse(request.body));
    SAFAR_TRY(auto kind, body.optional_text("kind"));
    SAFAR_TRY(auto to, body.texts("to"));
    SAFAR_TRY(auto groups, body.texts("groups"));
    SAFAR_TRY(command.fields, body.optional_fields("fields"));
    SAFAR_TRY(auto basis, body.optional_text("basis"));
    SAFAR_TRY(auto reason, body.optional_text("without_consent"));
    SAFAR_TRY(bool preview, body.flag("preview"));
    SAFAR_TRY(body.done());
    command.kind = kind.value_or("");
    command.to = to.value_or(std::vector<std::string>());
    command.groups = groups.value_or(std::vector<std::string>());
    command.basis = basis.value_or("");
    command.without_consent = reason.value_or("");
    if (command.to.empty())
        return failure(ErrorCode::invalid_argument,
                       "member 'to': name the agencies that the case goes to");
    SAFAR_TRY(auto subject, context.registry.show(command.subject));
    SAFAR_TRY(may_work_on(request, subject));
    SAFAR_TRY(auto plan, plan_referral(context.registry, command));
    const std::string compartment = compartment_of(context, plan.referral);
    SAFAR_TRY(request.sight.enter(compartment));
    SAFAR_TRY(may_give(request, plan.referral, compartment, plan.create.fields));
    json::array goes, stays;
    for (const Disclosed& one : plan.goes) {
        // Who may not read a field does not hand it on either.
        if (const std::string* why = request.sight.hides(one.field, plan.subject.compartment)) {
            auto refused = failure(ErrorCode::not_permitted,
                                   "field '" + one.field->name + "' may not be handed on: " + *why);
            request.sight.refuse(*why, one.field->sensitivity);
            return refused;
        }
        json::object shown = shown_said(request.sight, one.said, plan.subject);
        shown["field"] = one.field->name;
        shown["group"] = one.field->group;
        goes.push_back(std::move(shown));
    }
    for (const Field* field : plan.stays) stays.push_back(json::value_from(field->name));
    json::object out{{"subject", show_id(command.subject)},
                     {"kind", plan.referral->name},
                     {"goes", std::move(goes)},
                     {"stays", std::move(stays)},
                     {"missing_consent", json::value_from(plan.missing)},
                     {"preview", preview}};
    if (!preview) {
        SAFAR_TRY(auto referred, safar::refer(context.registry, command, plan, worker_of(request)));
        out["id"] = show_id(referred.referral);
        out["copies"] = referred.copies.size();
        out["position"] = referred.position;
    }
    return json_reply(out);
}

} // namespace safar::handlers

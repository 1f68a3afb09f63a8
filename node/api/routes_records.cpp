// Reading records: show, history, explain, find, conflicts. No value leaves here that `sight` was
// not asked for.
#include "node/api/json.hpp"
#include "node/api/past_request.hpp"
#include "node/registry/iso_time.hpp"
#include "node/registry/steady.hpp"

#include <algorithm>
#include <map>

namespace safar::handlers {
namespace {

namespace json = boost::json;

constexpr std::uint64_t list_default = 100, list_max = 10'000;

// May the record be read at all? Notes it as what the request is about.
Result<> open_record(ApiRequest& request, const RecordId& id, std::string_view compartment) {
    SAFAR_TRY(request.sight.enter(compartment, &id));
    request.sight.subject(id);
    return success();
}

const Field* known_field(const Kind* kind, std::uint16_t tag) {
    return kind == nullptr ? nullptr : kind->field(tag);
}

// The text of an event is about all that the event asserts, so it is shown to whoever may see all
// of it, and then all of it is noted as shown.
bool shows_text(Sight& sight, const EventBody& body, const Kind* kind,
                std::string_view compartment) {
    if (body.basis.empty()) return true;
    if (body.assertions.empty())
        return sight.shows_all(kind, compartment); // takes back what it does not name
    for (const Assertion& assertion : body.assertions) {
        const Field* field = known_field(kind, assertion.field);
        if (field == nullptr ? !sight.sees_all(nullptr, compartment)
                             : sight.would_hide(*field, compartment) != nullptr)
            return false;
    }
    for (const Assertion& assertion : body.assertions)
        static_cast<void>(sight.hides(known_field(kind, assertion.field), compartment));
    return true;
}

const HeldEvent* event_of(const Dot& dot, const std::vector<HeldEvent>& events) {
    for (const HeldEvent& event : events)
        if (event.log == dot.log && event.sequence == dot.sequence &&
            std::equal(dot.leaf.raw.begin(), dot.leaf.raw.end(), event.leaf.raw.begin()))
            return &event;
    return nullptr;
}

// The event that replaced a value: who, when and why. What replaced it may itself have been
// replaced.
json::object replacer(const Dot& dot, const HeldEvent* event, bool open) {
    json::object out{{"dot", show_dot(dot)}};
    if (event == nullptr) return out;
    out["agency"] = event->agency;
    out["at"] = show_time(event->body.at);
    out["verb"] = event->body.verb;
    out["why"] = open ? std::string_view(event->body.basis) : withheld_text;
    out["source"] = event->body.source;
    out["edition"] = event->body.edition;
    return out;
}

} // namespace

Result<ApiReply> show(ApiContext& context, ApiRequest& request) {
    SAFAR_TRY(auto id, captured_id(request));
    SAFAR_TRY(auto past, past_of(context, request));
    SAFAR_TRY(auto view, past ? past->show(id) : context.registry.show(id));
    SAFAR_TRY(open_record(request, id, view.compartment));
    json::object out = record_head(view);
    if (past) out["past"] = past_object(request, *past);
    json::array fields;
    fields.reserve(view.folded.fields.size());
    for (const FoldedField& field : view.folded.fields) {
        if (field.live.empty()) continue; // all of it was taken back: history tells
        json::object one{{"field", field_name(view.kind, field.field)},
                         {"reading", json::array()},
                         {"conflict", field.conflict}};
        if (const std::string* why =
                request.sight.hides(known_field(view.kind, field.field), view.compartment)) {
            one["withheld"] = *why;
            fields.push_back(std::move(one));
            continue;
        }
        one["reading"] = shown_values(field.reading);
        if (field.conflict) {
            json::array values;
            for (const Said& said : field.live)
                values.push_back(shown_said(request.sight, said, view));
            one["values"] = std::move(values);
        }
        if (!field.flags.empty()) one["flags"] = json::value_from(field.flags);
        fields.push_back(std::move(one));
    }
    out["fields"] = std::move(fields);
    if (!view.folded.ignored.empty()) out["ignored"] = json::value_from(view.folded.ignored);
    return json_reply(out);
}

Result<ApiReply> history(ApiContext& context, ApiRequest& request) {
    SAFAR_TRY(auto id, captured_id(request));
    SAFAR_TRY(auto past, past_of(context, request));
    SAFAR_TRY(auto view, past ? past->history(id) : context.registry.history(id));
    const std::string compartment = compartment_of(context, view.kind);
    SAFAR_TRY(open_record(request, id, compartment));
    json::array out;
    for (const HeldEvent& event : view.events) {
        const SaidOf said = said_of(context, *view.schema, event.body, compartment);
        json::array asserts = shown_asserts(request.sight, event.body, said.kind, said.compartment);
        const bool open = shows_text(request.sight, event.body, said.kind, said.compartment);
        out.push_back(
            json::object{{"event", json::object{{"log", event.log.id.hex()},
                                                {"incarnation", event.log.incarnation.hex()},
                                                {"sequence", event.sequence},
                                                {"leaf", event.leaf.hex()}}},
                         {"agency", event.agency},
                         {"verb", event.body.verb},
                         {"at", show_time(event.body.at)},
                         {"source", event.body.source},
                         {"edition", event.body.edition},
                         {"basis", open ? std::string_view(event.body.basis) : withheld_text},
                         {"actor", event.body.actor},
                         {"quality", event.body.quality},
                         {"asserts", std::move(asserts)},
                         {"replaces", event.replaces.size()}});
    }
    return json_reply(out);
}

Result<ApiReply> explain(ApiContext& context, ApiRequest& request) {
    SAFAR_TRY(auto id, captured_id(request));
    std::string_view name = request.parameter("field");
    SAFAR_TRY(auto then, past_of(context, request));
    SAFAR_TRY(auto view, then ? then->show(id) : context.registry.show(id));
    SAFAR_TRY(open_record(request, id, view.compartment));
    const Field* field = view.kind == nullptr ? nullptr : view.kind->field(name);
    if (field == nullptr) {
        std::string names;
        if (view.kind != nullptr)
            for (const Field& one : view.kind->fields)
                names += (names.empty() ? "" : ", ") + one.name;
        return failure(ErrorCode::invalid_argument, "parameter 'field': '" +
                                                        std::string(name.substr(0, 60)) +
                                                        "' is not one of: " + names);
    }
    json::object out{{"id", show_id(id)},
                     {"field", field->name},
                     {"title", field->title},
                     {"rule", rule_name(field->rule)}};
    if (then) out["past"] = past_object(request, *then);
    json::array live, replaced;
    const FoldedField* folded = view.folded.field(field->tag);
    if (folded != nullptr) {
        if (const std::string* why = request.sight.hides(field, view.compartment)) {
            out["withheld"] = *why;
            out["conflict"] = folded->conflict;
            for (const char* list : {"reading", "live", "replaced"}) out[list] = json::array();
            return json_reply(out);
        }
        SAFAR_TRY(auto past, then ? then->history(id) : context.registry.history(id));
        const auto open = [&](const HeldEvent* event) {
            if (event == nullptr) return false;
            const SaidOf said = said_of(context, *view.schema, event->body, view.compartment);
            return shows_text(request.sight, event->body, said.kind, said.compartment);
        };
        for (const Said& said : folded->live)
            live.push_back(said_object(said, open(event_of(said.dot, past.events))));
        for (const Said& said : folded->replaced) {
            json::object one = said_object(said, open(event_of(said.dot, past.events)));
            if (!said.replaced_by.empty()) {
                const Dot& by = said.replaced_by.front();
                const HeldEvent* event = event_of(by, past.events);
                one["replaced_by"] = replacer(by, event, open(event));
                one["times_replaced"] = said.replaced_by.size();
            }
            replaced.push_back(std::move(one));
        }
    }
    out["reading"] = folded == nullptr ? json::array{} : shown_values(folded->reading);
    out["conflict"] = folded != nullptr && folded->conflict;
    out["live"] = std::move(live);
    out["replaced"] = std::move(replaced);
    if (folded != nullptr && !folded->flags.empty()) out["flags"] = json::value_from(folded->flags);
    return json_reply(out);
}

Result<ApiReply> find(ApiContext& context, ApiRequest& request) {
    StatisticsQuery query;
    query.kind = request.parameter("kind");
    const auto schema = context.registry.node().derived().schema();
    SAFAR_TRY(query.where, filters(request, *schema, query.kind));
    SAFAR_TRY(auto limit, number_parameter(request, "limit", 1, list_max, list_default));
    const Kind* kind = schema->kind(std::string_view(query.kind));
    const std::string compartment = compartment_of(context, kind);
    if (kind != nullptr) {
        SAFAR_TRY(request.sight.enter(compartment));
        SAFAR_TRY(request.sight.ask_about(*kind, query, compartment));
    }
    const bool asked_guarded = request.sight.guarded_shown();
    bool truncated = false;
    SAFAR_TRY(auto past, past_of(context, request));
    SAFAR_TRY(auto views, past ? past->find(query, limit, truncated)
                               : context.registry.find(query, limit, truncated));
    json::array records;
    json::object withheld;
    records.reserve(views.size());
    for (const RecordView& view : views) {
        json::object fields;
        bool guarded_here = false;
        for (const FoldedField& field : view.folded.fields) {
            const Field* known = view.kind == nullptr ? nullptr : view.kind->field(field.field);
            if (known == nullptr || field.reading.empty()) continue;
            guarded_here = guarded_here || guarded(known->sensitivity);
            if (const std::string* why = request.sight.hides(known, compartment)) {
                withheld[known->name] = *why;
                continue;
            }
            // One value is shown as text, a field that holds several as a list.
            if (known->rule == Rule::single || known->rule == Rule::status ||
                known->rule == Rule::strictest)
                fields[known->name] = show_value(field.reading.front());
            else
                fields[known->name] = shown_values(field.reading);
        }
        if (guarded_here || asked_guarded) request.sight.subject(view.folded.id);
        records.push_back(
            json::object{{"id", show_id(view.folded.id)}, {"fields", std::move(fields)}});
    }
    json::object out{{"records", std::move(records)}, {"truncated", truncated}};
    if (past) out["past"] = past_object(request, *past);
    if (!withheld.empty()) out["withheld"] = std::move(withheld);
    return json_reply(out);
}

Result<ApiReply> conflicts(ApiContext& context, ApiRequest& request) {
    SAFAR_TRY(auto limit, number_parameter(request, "limit", 1, list_max, list_default));
    const auto schema = context.registry.node().derived().schema();
    const bool scoped = request.sight.user().compartments.has_value();
    std::map<std::uint16_t, bool> inside; // by kind
    std::uint64_t total = 0;              // of those that this user may see
    const auto wanted = [&](const Conflict& conflict) {
        auto [at, fresh] = inside.try_emplace(conflict.kind, true);
        if (scoped && fresh)
            at->second = request.sight.inside(compartment_of(context, schema->kind(conflict.kind)));
        if (at->second) ++total;
        return at->second;
    };
    Node& node = context.registry.node();
    SAFAR_TRY(auto found, steady(node, [&] {
                  total = 0;
                  return node.derived().conflicts(limit, wanted);
              }));
    json::array out;
    for (const Conflict& conflict : found) {
        SAFAR_TRY(auto view, context.registry.show(conflict.record));
        if (!request.sight.inside(view.compartment)) continue;
        const Field* known = known_field(view.kind, conflict.field);
        json::array values;
        json::object one = record_head(view);
        bool text = false;
        if (const std::string* why = request.sight.hides(known, view.compartment)) {
            one["withheld"] = *why;
        } else if (const FoldedField* field = view.folded.field(conflict.field)) {
            for (const Said& said : field->live) {
                text = text || !said.basis.empty();
                values.push_back(shown_said(request.sight, said, view));
            }
        }
        if (text || known == nullptr || guarded(known->sensitivity))
            request.sight.subject(conflict.record);
        one["field"] = field_name(view.kind, conflict.field);
        one["agencies"] = json::value_from(conflict.agencies);
        one["since"] = show_time(conflict.since);
        one["values"] = std::move(values);
        out.push_back(std::move(one));
    }
    return json_reply(json::object{{"conflicts", std::move(out)}, {"total", total}});
}

} // namespace safar::handlers

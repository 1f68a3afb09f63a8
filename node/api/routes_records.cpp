// Reading records: show, history, explain, find, conflicts.
#include "node/api/iso_time.hpp"
#include "node/api/json.hpp"

#include <algorithm>

namespace safar::handlers {
namespace {

namespace json = boost::json;

constexpr std::uint64_t list_default = 100, list_max = 10'000;

json::object record_head(const RecordView& view) {
    return {{"id", show_id(view.folded.id)},
            {"kind", view.kind == nullptr ? "kind " + std::to_string(view.folded.kind) : view.kind->name},
            {"compartment", view.compartment}};
}

// The event that replaced a value: who, when and why. What replaced it may itself have been replaced.
json::object replacer(const Dot& dot, const std::vector<HeldEvent>& events) {
    json::object out{{"dot", show_dot(dot)}};
    for (const HeldEvent& event : events) {
        if (event.log != dot.log || event.sequence != dot.sequence ||
            !std::equal(dot.leaf.raw.begin(), dot.leaf.raw.end(), event.leaf.raw.begin()))
            continue;
        out["agency"] = event.agency;
        out["at"] = show_time(event.body.at);
        out["verb"] = event.body.verb;
        out["why"] = event.body.basis;
        out["source"] = event.body.source;
        out["edition"] = event.body.edition;
        break;
    }
    return out;
}

} // namespace

Result<ApiReply> show(ApiContext& context, ApiRequest& request) {
    SAFAR_TRY(auto id, captured_id(request));
    SAFAR_TRY(auto view, context.registry.show(id));
    json::object out = record_head(view);
    json::array fields;
    fields.reserve(view.folded.fields.size());
    for (const FoldedField& field : view.folded.fields) {
        if (field.live.empty()) continue; // all of it was taken back: history tells
        json::object one{{"field", field_name(view.kind, field.field)},
                         {"reading", shown_values(field.reading)},
                         {"conflict", field.conflict}};
        if (field.conflict) {
            json::array values;
            for (const Said& said : field.live) values.push_back(said_object(said));
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
    SAFAR_TRY(auto view, context.registry.history(id));
    json::array out;
    for (const HeldEvent& event : view.events) {
        json::array asserts;
        for (const Assertion& assertion : event.body.assertions)
            asserts.push_back(json::object{{"field", field_name(view.kind, assertion.field)},
                                           {"value", show_value(assertion.value)}});
        out.push_back(json::object{{"event", json::object{{"log", event.log.id.hex()},
                                                          {"incarnation", event.log.incarnation.hex()},
                                                          {"sequence", event.sequence},
                                                          {"leaf", event.leaf.hex()}}},
                                   {"agency", event.agency},
                                   {"verb", event.body.verb},
                                   {"at", show_time(event.body.at)},
                                   {"source", event.body.source},
                                   {"edition", event.body.edition},
                                   {"basis", event.body.basis},
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
    SAFAR_TRY(auto view, context.registry.show(id));
    const Field* field = view.kind == nullptr ? nullptr : view.kind->field(name);
    if (field == nullptr) {
        std::string names;
        if (view.kind != nullptr)
            for (const Field& one : view.kind->fields) names += (names.empty() ? "" : ", ") + one.name;
        return failure(ErrorCode::invalid_argument, "parameter 'field': '" + std::string(name.substr(0, 60)) +
                                                        "' is not one of: " + names);
    }
    json::object out{{"id", show_id(id)}, {"field", field->name}, {"title", field->title},
                     {"rule", rule_name(field->rule)}};
    json::array live, replaced;
    const FoldedField* folded = view.folded.field(field->tag);
    if (folded != nullptr) {
        SAFAR_TRY(auto past, context.registry.history(id));
        for (const Said& said : folded->live) live.push_back(said_object(said));
        for (const Said& said : folded->replaced) {
            json::object one = said_object(said);
            if (!said.replaced_by.empty()) {
                one["replaced_by"] = replacer(said.replaced_by.front(), past.events);
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
    SAFAR_TRY(query.where, filters(request));
    SAFAR_TRY(auto limit, number_parameter(request, "limit", 1, list_max, list_default));
    bool truncated = false;
    SAFAR_TRY(auto views, context.registry.find(query, limit, truncated));
    json::array records;
    records.reserve(views.size());
    for (const RecordView& view : views) {
        json::object fields;
        for (const FoldedField& field : view.folded.fields) {
            const Field* known = view.kind == nullptr ? nullptr : view.kind->field(field.field);
            if (known == nullptr || field.reading.empty()) continue;
            // One value is shown as text, a field that holds several as a list.
            if (known->rule == Rule::single || known->rule == Rule::status || known->rule == Rule::strictest)
                fields[known->name] = show_value(field.reading.front());
            else
                fields[known->name] = shown_values(field.reading);
        }
        records.push_back(json::object{{"id", show_id(view.folded.id)}, {"fields", std::move(fields)}});
    }
    return json_reply(json::object{{"records", std::move(records)}, {"truncated", truncated}});
}

Result<ApiReply> conflicts(ApiContext& context, ApiRequest& request) {
    SAFAR_TRY(auto limit, number_parameter(request, "limit", 1, list_max, list_default));
    SAFAR_TRY(auto found, context.registry.conflicts(limit));
    json::array out;
    for (const Conflict& conflict : found) {
        SAFAR_TRY(auto view, context.registry.show(conflict.record));
        json::array values;
        if (const FoldedField* field = view.folded.field(conflict.field))
            for (const Said& said : field->live) values.push_back(said_object(said));
        json::object one = record_head(view);
        one["field"] = field_name(view.kind, conflict.field);
        one["agencies"] = json::value_from(conflict.agencies);
        one["since"] = show_time(conflict.since);
        one["values"] = std::move(values);
        out.push_back(std::move(one));
    }
    return json_reply(json::object{{"conflicts", std::move(out)},
                                   {"total", context.registry.node().derived().conflict_count()}});
}

} // namespace safar::handlers

#include "node/api/json.hpp"

#include "node/registry/iso_time.hpp"
#include "storage/record/utf8.hpp"

#include <algorithm>
#include <charconv>

namespace safar {
namespace {

namespace json = boost::json;

Error wrong(std::string_view name, std::string_view needs) {
    return failure(ErrorCode::invalid_argument,
                   "body: '" + std::string(name) + "' " + std::string(needs));
}

std::string text_of(const json::string& text) { return {text.data(), text.size()}; }

} // namespace

Result<BodyReader> BodyReader::parse(std::string_view body) {
    json::error_code error;
    json::stream_parser parser;
    std::size_t taken = parser.write_some(body.data(), body.size(), error);
    if (!error && taken < body.size() &&
        body.find_first_not_of(" \t\r\n", taken) != std::string_view::npos)
        error = json::error::extra_data;
    if (!error && !parser.done()) parser.finish(error);
    if (error)
        return failure(ErrorCode::invalid_argument,
                       "body: not JSON at byte " + std::to_string(taken) + ": " + error.message());
    json::value value = parser.release();
    if (!value.is_object())
        return failure(ErrorCode::invalid_argument, "body: needs a JSON object { ... }");
    BodyReader reader;
    reader.object_ = std::move(value.get_object());
    return reader;
}

const json::value* BodyReader::find(std::string_view name) {
    known_.emplace_back(name);
    return object_.if_contains(name);
}

Result<std::string> BodyReader::text(std::string_view name) {
    const json::value* value = find(name);
    if (value == nullptr || !value->is_string()) return wrong(name, "is needed, as text");
    return text_of(value->get_string());
}

Result<std::optional<std::string>> BodyReader::optional_text(std::string_view name) {
    const json::value* value = find(name);
    if (value == nullptr || value->is_null()) return std::optional<std::string>{};
    if (!value->is_string()) return wrong(name, "must be text");
    return std::optional<std::string>{text_of(value->get_string())};
}

Result<bool> BodyReader::flag(std::string_view name) {
    const json::value* value = find(name);
    if (value == nullptr || value->is_null()) return false;
    if (!value->is_bool()) return wrong(name, "must be true or false");
    return value->get_bool();
}

Result<std::uint32_t> BodyReader::number(std::string_view name, std::uint32_t max) {
    const json::value* value = find(name);
    if (value == nullptr || value->is_null()) return 0u;
    json::error_code error;
    auto number = value->to_number<std::int64_t>(error);
    if (!value->is_number() || value->is_double() || error || number < 0 || number > max)
        return wrong(name, "must be a whole number from 0 to " + std::to_string(max));
    return static_cast<std::uint32_t>(number);
}

Result<std::optional<std::vector<std::string>>> BodyReader::texts(std::string_view name) {
    const json::value* value = find(name);
    if (value == nullptr || value->is_null()) return std::optional<std::vector<std::string>>{};
    if (!value->is_array()) return wrong(name, "must be a list of texts");
    std::vector<std::string> out;
    for (const json::value& one : value->get_array()) {
        if (!one.is_string()) return wrong(name, "must be a list of texts");
        out.push_back(text_of(one.get_string()));
    }
    return std::optional(std::move(out));
}

Result<std::vector<FieldText>> BodyReader::fields(std::string_view name) {
    const char* needs = "must be a list of [\"name\", \"value\"] pairs, both text";
    const json::value* value = find(name);
    if (value == nullptr || !value->is_array()) return wrong(name, needs);
    std::vector<FieldText> out;
    for (const json::value& pair : value->get_array()) {
        if (!pair.is_array() || pair.get_array().size() != 2 || !pair.get_array()[0].is_string() ||
            !pair.get_array()[1].is_string())
            return wrong(name, needs);
        out.push_back(
            {text_of(pair.get_array()[0].get_string()), text_of(pair.get_array()[1].get_string())});
    }
    return out;
}

Result<std::vector<FieldText>> BodyReader::optional_fields(std::string_view name) {
    if (find(name) == nullptr) return std::vector<FieldText>();
    return fields(name);
}

Result<> BodyReader::done() const {
    for (const auto& member : object_) {
        std::string_view key(member.key().data(), member.key().size());
        if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
        std::string names;
        for (const std::string& known : known_) names += (names.empty() ? "" : ", ") + known;
        return wrong(key, "is unknown; what is read: " + names);
    }
    return success();
}

json::object maintenance_object(const wire::Maintenance& notice) {
    auto shown = [](std::uint64_t seconds) { // decoding bounds neither end of a time
        return show_time(
            {static_cast<std::int64_t>(std::min<std::uint64_t>(seconds, 253'402'300'799)) *
             1'000'000});
    };
    return {{"from", shown(notice.from)}, {"until", shown(notice.until)}, {"why", notice.why}};
}

std::string json_text(const json::value& value) { return as_utf8(json::serialize(value)); }

ApiReply json_reply(const json::value& value) {
    ApiReply reply;
    reply.body = json_text(value);
    reply.body += '\n';
    return reply;
}

json::array shown_asserts(Sight& sight, const EventBody& body, const Kind* kind,
                          std::string_view compartment) {
    json::array out;
    for (const Assertion& assertion : body.assertions) {
        const Field* field = kind == nullptr ? nullptr : kind->field(assertion.field);
        json::object said{{"field", field_name(kind, assertion.field)}, {"value", ""}};
        if (const std::string* why = sight.hides(field, compartment))
            said["withheld"] = *why;
        else
            said["value"] = show_value(assertion.value);
        out.push_back(std::move(said));
    }
    return out;
}

SaidOf said_of(ApiContext& context, const Schema& schema, const EventBody& body,
               const std::string& compartment) {
    const Kind* kind = schema.kind(body.kind);
    return {kind, kind == nullptr ? compartment : compartment_of(context, kind)};
}

ApiReply change_reply(const RecordChange& change) {
    return json_reply(json::object{
        {"id", show_id(change.record)}, {"events", change.events}, {"position", change.position}});
}

json::object record_head(const RecordView& view) {
    return {{"id", show_id(view.folded.id)},
            {"kind",
             view.kind == nullptr ? "kind " + std::to_string(view.folded.kind) : view.kind->name},
            {"compartment", view.compartment}};
}

std::string compartment_of(ApiContext& context, const Kind* kind) {
    if (kind == nullptr) return {};
    auto charter = context.registry.node().charter();
    const CharterCompartment* compartment = charter->compartment_of_kind(kind->name);
    return compartment == nullptr ? std::string() : compartment->name;
}

Result<RecordId> captured_id(const ApiRequest& request) {
    SAFAR_ASSERT(request.captures.size() == 1);
    if (auto id = parse_id(request.captures[0])) return *id;
    return failure(ErrorCode::invalid_argument,
                   "'" + request.captures[0].substr(0, 60) +
                       "' is not a record id; an id has 26 digits and letters (Crockford base32)");
}

Result<std::uint64_t> number_parameter(const ApiRequest& request, std::string_view name,
                                       std::uint64_t min, std::uint64_t max,
                                       std::uint64_t otherwise) {
    std::string_view text = request.parameter(name);
    if (text.empty()) return otherwise;
    std::uint64_t out = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error != std::errc{} || end != text.data() + text.size() || out < min || out > max)
        return failure(ErrorCode::invalid_argument,
                       "parameter '" + std::string(name) + "': a whole number from " +
                           std::to_string(min) + " to " + std::to_string(max));
    return out;
}

Result<bool> flag_parameter(const ApiRequest& request, std::string_view name) {
    std::string_view text = request.parameter(name);
    if (text.empty() || text == "0" || text == "false") return false;
    if (text == "1" || text == "true") return true;
    return failure(ErrorCode::invalid_argument, "parameter '" + std::string(name) + "': 0 or 1");
}

namespace {

// The values that a filter asks for. Commas stand between them, but also in texts, in points and in
// the names of some codes: what is one value as a whole is that one, so that a filter never lets
// through more than was asked for.
std::vector<std::string> filter_values(const Schema& schema, const Field* field,
                                       std::string_view text) {
    const std::vector<std::string> whole{std::string(text)};
    std::vector<std::string> parts = split(text, ',');
    if (field == nullptr) return parts;
    if (field->type == FieldType::text || field->type == FieldType::point) return whole;
    const CodeList* list =
        field->type == FieldType::code ? schema.code_list(field->codes) : nullptr;
    if (list == nullptr) return parts;
    const bool every_part = std::ranges::all_of(
        parts, [&](const std::string& part) { return list->find(part) != nullptr; });
    return list->find(text) != nullptr || (list->open && !every_part) ? whole : parts;
}

} // namespace

Result<std::vector<StatisticsQuery::Filter>> filters(const ApiRequest& request,
                                                     const Schema& schema, std::string_view kind) {
    const Kind* known = schema.kind(kind);
    std::vector<StatisticsQuery::Filter> out;
    for (std::string_view where : request.parameters("where")) {
        std::size_t equals = where.find('=');
        if (equals == std::string_view::npos || equals == 0 || equals + 1 == where.size())
            return failure(ErrorCode::invalid_argument,
                           "parameter 'where': needs dimension=value, or dimension=value,value");
        const std::string_view name = where.substr(0, equals);
        const Field* field = known == nullptr ? nullptr : known->field(name);
        out.push_back({std::string(name), filter_values(schema, field, where.substr(equals + 1))});
    }
    return out;
}

std::vector<std::string> split(std::string_view text, char at) {
    std::vector<std::string> out;
    while (!text.empty()) {
        std::size_t end = std::min(text.find(at), text.size());
        if (end > 0) out.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

std::string field_name(const Kind* kind, std::uint16_t tag) {
    const Field* field = kind == nullptr ? nullptr : kind->field(tag);
    return field == nullptr ? "field " + std::to_string(tag) : field->name;
}

std::string_view rule_name(Rule rule) {
    switch (rule) {
    case Rule::single: return "single";
    case Rule::each: return "each";
    case Rule::set: return "set";
    case Rule::status: return "status";
    case Rule::strictest: return "strictest";
    case Rule::ledger: return "ledger";
    }
    return "";
}

json::array shown_values(const std::vector<Value>& values) {
    json::array out;
    out.reserve(values.size());
    for (const Value& value : values) out.emplace_back(show_value(value));
    return out;
}

json::object said_object(const Said& said, bool open) {
    return {{"value", show_value(said.value)},
            {"agency", said.agency},
            {"at", show_time(said.at)},
            {"verb", said.verb},
            {"source", said.source},
            {"edition", said.edition},
            {"basis", open || said.basis.empty() ? std::string_view(said.basis) : withheld_text},
            {"actor", said.actor},
            {"quality", said.quality},
            {"dot", show_dot(said.dot)}};
}

json::object shown_said(Sight& sight, const Said& said, const RecordView& view) {
    return said_object(said, said.basis.empty() || sight.shows_all(view.kind, view.compartment));
}

} // namespace safar

#include "node/registry/command_check.hpp"

#include "storage/record/text.hpp"

#include <algorithm>
#include <chrono>

namespace safar {
namespace {

Error invalid(std::string detail) {
    return failure(ErrorCode::invalid_argument, std::move(detail));
}

Result<const CharterCompartment*> find_compartment(const Charter& charter, std::string_view kind) {
    if (const auto* compartment = charter.compartment_of_kind(kind)) return compartment;
    return failure(ErrorCode::not_permitted,
                   "no compartment of charter epoch " + std::to_string(charter.epoch) +
                       " holds records of kind '" + std::string(kind) + "'");
}

} // namespace

std::string joined(const std::vector<std::string>& words, std::string_view nothing) {
    return words.empty() ? std::string(nothing) : listed(words, words.size());
}

std::vector<std::string> field_names(const std::vector<FieldText>& fields) {
    std::vector<std::string> out;
    for (const FieldText& each : fields) out.push_back(each.field);
    return out;
}

Result<const Kind*> find_kind(const Schema& schema, std::string_view name) {
    if (const Kind* kind = schema.kind(name); kind != nullptr) return kind;
    std::vector<std::string> names;
    for (const Kind& kind : schema.kinds) names.push_back(kind.name);
    return invalid("no kind '" + std::string(name) + "'; the schema has: " + joined(names));
}

Result<const Field*> find_field(const Kind& kind, std::string_view name) {
    if (const Field* field = kind.field(name); field != nullptr) return field;
    std::vector<std::string> names;
    for (const Field& field : kind.fields) names.push_back(field.name);
    return invalid("kind '" + kind.name + "' has no field '" + std::string(name) +
                   "'; its fields: " + joined(names));
}

Result<std::vector<Assertion>> parse_fields(const Schema& schema, const Kind& kind,
                                            const std::vector<FieldText>& fields) {
    if (fields.empty()) return invalid("no field given; write name=value");
    std::vector<Assertion> out;
    for (const FieldText& given : fields) {
        SAFAR_TRY(const Field* field, find_field(kind, given.field));
        if (given.value.empty())
            return invalid("field '" + given.field +
                           "' is empty; to take back a value, retract it");
        SAFAR_TRY(auto value, parse_value(schema, *field, given.value));
        const bool many = field->rule == Rule::set || field->rule == Rule::ledger;
        for (const Assertion& other : out)
            if (other.field == field->tag && !many)
                return invalid("field '" + given.field + "' is given twice; it holds one value");
        out.push_back({field->tag, std::move(value)});
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

Result<> check_required(const Kind& kind, const std::vector<Assertion>& assertions) {
    std::vector<std::string> missing;
    for (const Field& field : kind.fields)
        if (field.required &&
            std::none_of(assertions.begin(), assertions.end(),
                         [&](const Assertion& a) { return a.field == field.tag; }))
            missing.push_back(field.name);
    if (missing.empty()) return success();
    return invalid("a record of kind '" + kind.name + "' needs: " + joined(missing));
}

Result<const CharterCompartment*>
writable_compartment(const Charter& charter, std::string_view kind, std::string_view agency) {
    SAFAR_TRY(const CharterCompartment* compartment, find_compartment(charter, kind));
    if (!compartment->may_write(agency))
        return failure(ErrorCode::not_permitted,
                       "compartment '" + compartment->name + "' is written by " +
                           joined(compartment->writers) + "; this node belongs to " +
                           std::string(agency));
    return compartment;
}

Result<const CharterCompartment*> writable_compartment(const Node& node, const Charter& charter,
                                                       std::string_view kind) {
    SAFAR_TRY(const CharterCompartment* compartment, find_compartment(charter, kind));
    if (node.charter_state()->lets(node.id(), *compartment, kind)) return compartment;
    return writable_compartment(charter, kind, node.agency());
}

Result<const CharterCompartment*>
readable_compartment(const Charter& charter, std::string_view kind, std::string_view agency) {
    SAFAR_TRY(const CharterCompartment* compartment, find_compartment(charter, kind));
    SAFAR_TRY(check_holder(*compartment, agency));
    return compartment;
}

std::string_view right_in(const CharterCompartment& compartment, std::string_view agency) {
    if (compartment.may_write(agency)) return "writes";
    if (compartment.may_hold(agency)) return "reads";
    if (compartment.relays_only(agency)) return "relays";
    return compartment.observes(agency) ? "observes" : "";
}

Result<> check_holder(const CharterCompartment& compartment, std::string_view agency) {
    if (compartment.may_hold(agency)) return success();
    std::vector<std::string> holders = compartment.writers;
    holders.insert(holders.end(), compartment.readers.begin(), compartment.readers.end());
    if (compartment.observes(agency) || compartment.relays_only(agency))
        return failure(ErrorCode::not_permitted,
                       "compartment '" + compartment.name + "' is read by " + joined(holders) +
                           "; this node of " + std::string(agency) +
                           (compartment.observes(agency)
                                ? " observes it: it holds headers and counts, and no record; ask a "
                                  "node of one of them"
                                : " relays it: it passes batches on and shows no record; ask a "
                                  "node of one of them"));
    return failure(ErrorCode::not_permitted,
                   "compartment '" + compartment.name + "' is held by " + joined(holders) +
                       "; this node belongs to " + std::string(agency) +
                       " and holds nothing of it; ask a node of one of them");
}

Result<> check_draft_size(const EventDraft& draft) {
    if (draft.body.quality > 5)
        return invalid("quality " + std::to_string(draft.body.quality) +
                       "; allowed: 0 (not stated), 1 (weak) to 5 (strong)");
    for (const std::string* text : {&draft.body.basis, &draft.body.actor})
        if (text->size() > 4096)
            return invalid("a reason or a name of " + std::to_string(text->size()) +
                           " bytes; at most 4096");
    SAFAR_TRY(encode_event(draft, Salt{}));
    return success();
}

ClaimedTime now_claimed() {
    auto since = std::chrono::system_clock::now().time_since_epoch();
    return {std::chrono::duration_cast<std::chrono::microseconds>(since).count()};
}

} // namespace safar

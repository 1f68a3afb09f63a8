// The schema's TOML, read strictly (docs/format-schema.md).
#include "storage/record/code_list_text.hpp"
#include "storage/record/field_check.hpp"
#include "storage/record/lattice.hpp"
#include "storage/record/parse_casework.hpp"
#include "storage/record/strict_table.hpp"
#include "storage/record/text.hpp"

#include "storage/base/limits.hpp"

#include <algorithm>
#include <set>

namespace safar {
namespace {

using Table = StrictTable;

constexpr Table::Choice<FieldType> type_names[] = {
    {"text", FieldType::text}, {"integer", FieldType::integer},    {"code", FieldType::code},
    {"date", FieldType::date}, {"money", FieldType::money},        {"point", FieldType::point},
    {"flag", FieldType::flag}, {"reference", FieldType::reference}};
constexpr Table::Choice<Rule> rule_names[] = {
    {"single", Rule::single}, {"each", Rule::each},           {"set", Rule::set},
    {"status", Rule::status}, {"strictest", Rule::strictest}, {"ledger", Rule::ledger}};
constexpr Table::Choice<Sensitivity> class_names[] = {{"public", Sensitivity::public_},
                                                      {"operational", Sensitivity::operational},
                                                      {"personal", Sensitivity::personal},
                                                      {"sensitive", Sensitivity::sensitive}};
constexpr Table::Choice<Role> role_names[] = {
    {"none", Role::none}, {"dimension", Role::dimension}, {"measure", Role::measure}};

// References name kinds that may stand in a later file: looked at when all have been read.
struct PendingReference {
    std::string to_kind;
    Error if_unknown;
};

bool is_protected(const Field& field) {
    return field.sensitivity == Sensitivity::personal ||
           field.sensitivity == Sensitivity::sensitive;
}

// Names are typed in commands and used as keys: lower-case words joined by underscores.
bool is_name(std::string_view name) {
    auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    };
    return !name.empty() && name.size() <= 64 && name[0] >= 'a' && name[0] <= 'z' &&
           std::ranges::all_of(name, allowed);
}

std::string read_name(Table& table) {
    std::string name = table.text("name");
    if (!is_name(name))
        table.refuse("name", quoted(name) + " must be 1 to 64 of a-z, 0-9 and _, a letter first");
    return name;
}

Result<> check_states(const Table& table, const CodeList& list, std::string_view key,
                      const std::vector<std::string>& codes) {
    std::set<std::string_view> seen;
    for (const std::string& code : codes) {
        const CodeList::Entry* entry = list.find(code);
        if (!list.open && (!entry || entry->code != code))
            return table.error(key, quoted(code) + " is not a code of list " + quoted(list.name));
        if (!seen.insert(code).second) return table.error(key, quoted(code) + " stands twice");
    }
    return success();
}

Result<> read_strictness(Table& table, const CodeList* list, Field& field) {
    field.strictness = table.texts("strictness");
    if (field.strictness.empty())
        table.refuse("strictness", "is missing; list the codes, least restrictive first");
    SAFAR_TRY(table.finish());
    SAFAR_TRY(check_states(table, *list, "strictness", field.strictness));
    for (const CodeList::Entry& entry : list->entries)
        if (std::ranges::find(field.strictness, entry.code) == field.strictness.end())
            return table.error("strictness", "code " + quoted(entry.code) + " of list " +
                                                 quoted(list->name) + " is missing; place it");
    return success();
}

Result<> read_lattice(Table& table, const CodeList* list, Field& field) {
    Lattice& lattice = field.lattice;
    lattice.initial = table.text("initial");
    for (Table::Row& row : table.rows("steps")) {
        if (row.texts.size() != 2)
            table.refuse("steps", "each step is [\"from\", \"to\"]");
        else
            lattice.steps.push_back({std::move(row.texts[0]), std::move(row.texts[1])});
    }
    lattice.order = table.texts("order");
    if (lattice.order.empty())
        table.refuse("order", "is missing; list every state, the one that wins a join last");
    SAFAR_TRY(table.finish());
    SAFAR_TRY(check_states(table, *list, "order", lattice.order));
    if (auto wrong = lattice_defect(lattice)) return table.error(wrong->key, wrong->what);
    return success();
}

Result<> read_rule(Table& table, const CodeList* list, Field& field) {
    bool needs_code = field.rule == Rule::status || field.rule == Rule::strictest;
    if (needs_code && field.type != FieldType::code)
        table.refuse("rule", "status and strictest need type = \"code\"");
    if (field.rule == Rule::ledger && field.type != FieldType::money &&
        field.type != FieldType::integer)
        table.refuse("rule", "ledger needs type = \"money\" or \"integer\"");
    if (needs_code && !list) return table.finish(); // refused above or in read_field
    if (field.rule == Rule::strictest) return read_strictness(table, list, field);
    if (field.rule == Rule::status) return read_lattice(table, list, field);
    if (table.has("prefer") && field.rule != Rule::single)
        table.refuse(
            "prefer",
            "only a field with rule = \"single\" prefers one of several values; leave it out");
    field.prefer = table.texts("prefer");
    return table.finish();
}

Result<> check_role(const Table& table, const Field& field) {
    if (field.role == Role::none) return success();
    if (is_protected(field))
        return table.error("role", "a personal or sensitive field may be neither dimension nor "
                                   "measure; leave the role out");
    if (field.role == Role::measure) {
        if (field.type != FieldType::integer && field.type != FieldType::money)
            return table.error("role", "a measure needs type = \"integer\" or \"money\"");
        return success();
    }
    if (field.type == FieldType::money || field.type == FieldType::point)
        return table.error("role", "money and points are no dimensions; count by something else");
    static constexpr std::string_view buckets[] = {"year", "quarter", "month"};
    if (std::ranges::find(buckets, field.name) != std::end(buckets))
        return table.error("name",
                           "as a dimension " + quoted(field.name) +
                               " would hide the bucket of the kind's time field; rename it");
    return success();
}

// `check` and `group`: what the text must be, and what consent to pass it on is asked for.
void read_check_and_group(Table& table, const Schema& schema, Field& field) {
    field.check = table.text("check", "");
    if (!field.check.empty() && field.type != FieldType::text)
        table.refuse("check", "only a field of type = \"text\" is checked; leave it out");
    else if (!field.check.empty() && !is_field_check(field.check))
        table.refuse("check", quoted(field.check) + " is none of " +
                                  listed(field_check_names, std::size(field_check_names)));
    field.group = table.text("group", "");
    if (field.group.empty()) return;
    const CodeList* groups = schema.code_list("field_group");
    const CodeList::Entry* entry = groups ? groups->find(field.group) : nullptr;
    if (!groups)
        table.refuse("group", "no code list \"field_group\" names the groups; add its document");
    else if (!entry || entry->code != field.group)
        table.refuse("group", quoted(field.group) + " is not a code of list \"field_group\"");
}

Result<Field> read_field(Table& table, const Schema& schema,
                         std::vector<PendingReference>& pending) {
    Field field;
    field.tag = static_cast<std::uint16_t>(table.integer("tag", 1, 65535));
    field.name = read_name(table);
    field.title = table.text("title", field.name);
    field.type = table.choice<FieldType>("type", type_names, std::nullopt);
    field.rule = table.choice<Rule>("rule", rule_names, Rule::single);
    field.sensitivity = table.choice<Sensitivity>("class", class_names, Sensitivity::operational);
    field.role = table.choice<Role>("role", role_names, Role::none);
    field.required = table.flag("required", false);
    read_check_and_group(table, schema, field);
    const CodeList* list = nullptr;
    if (field.type == FieldType::code) {
        field.codes = table.text("codes");
        list = schema.code_list(field.codes);
        if (!list)
            table.refuse("codes", "no code list " + quoted(field.codes) + "; add its document");
    }
    if (field.type == FieldType::reference) {
        field.to_kind = table.text("to");
        pending.push_back({field.to_kind, table.error("to", "no kind " + quoted(field.to_kind) +
                                                                "; add its document")});
    }
    SAFAR_TRY(read_rule(table, list, field));
    SAFAR_TRY(check_role(table, field));
    return field;
}

Result<> check_time_field(const Table& document, const Kind& kind) {
    if (kind.time_field.empty()) return success();
    const Field* field = kind.field(kind.time_field);
    if (!field || field->type != FieldType::date)
        return document.error("time", quoted(kind.time_field) + " is no date field of this kind");
    if (is_protected(*field))
        return document.error("time", "a personal or sensitive date does not go into statistics");
    return success();
}

Result<> read_fields(Table& document, Kind& kind, const Schema& schema,
                     std::vector<PendingReference>& pending) {
    std::set<std::uint16_t> tags;
    for (Table& table : document.tables("field")) {
        SAFAR_TRY(Field field, read_field(table, schema, pending));
        if (!tags.insert(field.tag).second)
            return table.error("tag", std::to_string(field.tag) +
                                          " is used twice; tags are in the "
                                          "bytes, give this field a new one");
        if (kind.field(field.name))
            return table.error("name", quoted(field.name) + " is used twice");
        kind.fields.push_back(std::move(field));
    }
    return success();
}

Result<> read_kind(const NamedText& text, Schema& schema, std::vector<PendingReference>& pending) {
    SAFAR_TRY(toml::table parsed, parse_toml(text));
    Table document(text.name, "", parsed);
    Kind kind;
    kind.name = document.text("kind");
    if (!is_name(kind.name))
        document.refuse("kind", quoted(kind.name) + " must be 1 to 64 of a-z, 0-9 and _");
    kind.tag = static_cast<std::uint16_t>(document.integer("tag", 1, 65535));
    kind.title = document.text("title", kind.name);
    kind.time_field = document.text("time", "");
    SAFAR_TRY(read_fields(document, kind, schema, pending));
    std::ranges::sort(kind.fields, {}, &Field::tag);
    SAFAR_TRY(read_casework(document, kind));
    SAFAR_TRY(document.finish());
    if (kind.fields.empty())
        return document.error("field", "a kind without fields says nothing; add one");
    if (kind.fields.size() > limits::event_assertions_max)
        return document.error("field", "more fields than one event can assert (" +
                                           std::to_string(limits::event_assertions_max) + ")");
    SAFAR_TRY(check_time_field(document, kind));
    for (const Kind& other : schema.kinds) {
        if (other.name == kind.name)
            return document.error("kind", quoted(kind.name) + " is used twice");
        if (other.tag == kind.tag)
            return document.error("tag", std::to_string(kind.tag) + " is the tag of kind " +
                                             quoted(other.name) + "; choose another");
    }
    schema.kinds.push_back(std::move(kind));
    return success();
}

Result<> read_codes(const NamedText& text, Schema& schema) {
    SAFAR_TRY(CodeListDocument document, read_code_list(text));
    if (!document.extends.empty())
        return failure(ErrorCode::invalid_argument,
                       text.name + ": extends: a charter carries whole lists; expand " +
                           quoted(document.extends) + " before drafting (expand_code_list)");
    SAFAR_TRY(CodeList list, finish_code_list(std::move(document), text.name));
    std::string name = list.name;
    if (!is_name(name))
        return failure(ErrorCode::invalid_argument, text.name + ": name: " + quoted(name) +
                                                        " must be 1 to 64 of a-z, 0-9 and _");
    if (!schema.codes.try_emplace(name, std::move(list)).second)
        return failure(ErrorCode::invalid_argument,
                       text.name + ": name: a second list " + quoted(name) + "; rename one");
    return success();
}

} // namespace

Result<Schema> parse_schema(std::span<const NamedText> kinds, std::span<const NamedText> codes) {
    Schema schema;
    for (const NamedText& text : codes) {
        SAFAR_TRY(read_codes(text, schema));
    }
    std::vector<PendingReference> pending;
    for (const NamedText& text : kinds) {
        SAFAR_TRY(read_kind(text, schema, pending));
    }
    for (PendingReference& reference : pending)
        if (!schema.kind(std::string_view(reference.to_kind)))
            return std::move(reference.if_unknown);
    std::ranges::sort(schema.kinds, {}, &Kind::tag);
    SAFAR_TRY(check_casework(schema));
    return schema;
}

} // namespace safar

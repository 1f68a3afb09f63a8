#include "node/exports/iati_map.hpp"

#include "storage/record/strict_table.hpp"
#include "storage/record/text.hpp"

#include <algorithm>

namespace safar {
namespace {

using Names = std::vector<std::string_view>;

const Names activity_slots{"identifier",    "language",           "currency",
                           "reporting_org", "reporting_org_type", "reporting_org_name",
                           "title",         "description",        "participating_orgs",
                           "status",        "recipient_country",  "country_shares",
                           "sector",        "sector_shares",      "collaboration_type",
                           "flow_type",     "finance_type",       "aid_type",
                           "tied_status",   "recipient_region",   "humanitarian",
                           "policy_markers"};
const Names date_slots{"type", "date"};
const Names tag_slots{"code", "vocabulary", "vocabulary_uri"};
const Names marker_slots{"code", "vocabulary", "significance", "narrative"};
const Names budget_slots{"type", "status", "start", "end", "value", "value_date"};
const Names transaction_slots{"ref",        "type",          "date",
                              "value",      "description",   "value_date",
                              "provider",   "provider_type", "provider_activity",
                              "receiver",   "receiver_type", "receiver_activity",
                              "channel",    "sector",        "recipient_country",
                              "flow_type",  "finance_type",  "aid_type",
                              "tied_status"};
const Names result_slots{"type", "title", "description"};
const Names indicator_slots{"measure",  "title",       "description", "baseline_year",
                            "baseline", "start",       "end",         "target",
                            "actual",   "result_type", "result_title"};

Error refused(const std::string& where, const std::string& what) {
    return failure(ErrorCode::invalid_argument, "iati.toml: " + where + ": " + what);
}

// Every field that a source names is there.
Result<> check_source(const std::string& where, std::string_view source, const Kind& kind) {
    while (!source.empty()) {
        const std::size_t end = std::min(source.find('|'), source.size());
        const std::string_view one = source.substr(0, end);
        source.remove_prefix(std::min(end + 1, source.size()));
        if (one.starts_with('=') || one.starts_with('@') || one.starts_with('?')) continue;
        if (kind.field(one.substr(one.starts_with('#') ? 1 : 0)) == nullptr)
            return refused(where, "kind " + kind.name + " has no field " + quoted(one));
    }
    return success();
}

Result<IatiSlots> read_slots(const std::string& where, const toml::table& table, const Names& known,
                             const Kind* kind) {
    IatiSlots out;
    for (const auto& [key, node] : table) {
        const std::string name(key.str());
        if (name == "kind" || name == "of" || name == "otherwise" || name == "negate" ||
            name == "only")
            continue;
        if (std::find(known.begin(), known.end(), name) == known.end())
            return refused(where, quoted(name) + " is none of: " + listed(known, 40));
        auto text = node.value<std::string>();
        if (!text || text->empty())
            return refused(where + "." + name, "needs a field, \"=constant\" or \"@slot\"");
        if (kind != nullptr) {
            SAFAR_TRY(check_source(where + "." + name, *text, *kind));
        }
        out.emplace(name, std::move(*text));
    }
    return out;
}

// only = ["status=approved", "?status="]: a field, its texts separated by commas.
Result<> read_only(const std::string& where, const toml::table& table, const Kind& kind,
                   IatiPart& part) {
    const toml::array* list = table["only"].as_array();
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
        const std::string text = list->get(i)->value_or(std::string());
        const std::size_t equals = text.find('=');
        if (equals == std::string::npos)
            return refused(where + ".only", "needs \"field=text,text\"");
        const bool may_miss = text.starts_with('?');
        const std::string name = text.substr(may_miss ? 1 : 0, equals - (may_miss ? 1 : 0));
        if (kind.field(std::string_view(name)) == nullptr) {
            if (may_miss) continue;
            return refused(where + ".only", "kind " + kind.name + " has no field " + quoted(name));
        }
        std::vector<std::string>& values = part.only[name];
        for (std::size_t at = equals + 1, end; at <= text.size(); at = end + 1) {
            end = std::min(text.find(',', at), text.size());
            values.push_back(text.substr(at, end - at));
        }
    }
    return success();
}

Result<std::vector<IatiPart>> read_parts(const toml::table& document, const std::string& section,
                                         const Names& known, const Schema& schema,
                                         const std::string& programme) {
    std::vector<IatiPart> out;
    const toml::array* tables = document[section].as_array();
    if (tables == nullptr) return out;
    for (std::size_t i = 0; i < tables->size(); ++i) {
        const std::string where = section + " " + std::to_string(i + 1);
        const toml::table* table = tables->get(i)->as_table();
        if (table == nullptr) return refused(where, "needs to be a table, [[" + section + "]]");
        IatiPart part;
        part.kind = (*table)["kind"].value_or(programme);
        part.of = (*table)["of"].value_or(std::string());
        part.otherwise = (*table)["otherwise"].value_or(false);
        part.negate = (*table)["negate"].value_or(false);
        const Kind* kind = schema.kind(std::string_view(part.kind));
        SAFAR_TRY(part.slots, read_slots(where, *table, known, kind));
        if (kind == nullptr) continue;
        SAFAR_TRY(read_only(where, *table, *kind, part));
        if (part.of.empty() != (part.kind == programme))
            return refused(where,
                           "'of' names the field by which another kind refers to the programme");
        if (!part.of.empty() && kind->field(std::string_view(part.of)) == nullptr)
            return refused(where + ".of",
                           "kind " + kind->name + " has no field " + quoted(part.of));
        out.push_back(std::move(part));
    }
    return out;
}

} // namespace

Result<IatiMap> parse_iati_map(std::string_view text, const Schema& schema) {
    SAFAR_TRY(auto document, parse_toml({"iati.toml", std::string(text)}));
    static const Names sections{"activity", "date",        "tag",    "marker",
                                "budget",   "transaction", "result", "indicator"};
    for (const auto& [key, node] : document)
        if (std::find(sections.begin(), sections.end(), key.str()) == sections.end())
            return refused(std::string(key.str()), "is none of: " + listed(sections, 20));
    IatiMap out;
    const toml::table* activity = document["activity"].as_table();
    if (activity == nullptr) return refused("activity", "is missing");
    out.kind = (*activity)["kind"].value_or(std::string());
    const Kind* kind = schema.kind(std::string_view(out.kind));
    if (kind == nullptr) return refused("activity.kind", "no record kind " + quoted(out.kind));
    SAFAR_TRY(out.activity, read_slots("activity", *activity, activity_slots, kind));
    SAFAR_TRY(out.dates, read_parts(document, "date", date_slots, schema, out.kind));
    SAFAR_TRY(out.tags, read_parts(document, "tag", tag_slots, schema, out.kind));
    SAFAR_TRY(out.markers, read_parts(document, "marker", marker_slots, schema, out.kind));
    SAFAR_TRY(out.budgets, read_parts(document, "budget", budget_slots, schema, out.kind));
    SAFAR_TRY(out.transactions,
              read_parts(document, "transaction", transaction_slots, schema, out.kind));
    SAFAR_TRY(out.results, read_parts(document, "result", result_slots, schema, out.kind));
    SAFAR_TRY(out.indicators, read_parts(document, "indicator", indicator_slots, schema, out.kind));
    return out;
}

} // namespace safar

#include "node/imports/own_table.hpp"

#include "storage/record/text.hpp"

#include <algorithm>

namespace safar {
namespace {

Error invalid(std::string detail) {
    return failure(ErrorCode::invalid_argument, std::move(detail));
}

std::string lowered(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), ascii_lower_of);
    return out;
}

// Fields that the header's cell may mean; by name it is one.
std::vector<const Field*> meant_by(const Kind& kind, const OwnTable& table,
                                   const std::string& cell) {
    if (const Field* field = kind.field(std::string_view(cell))) return {field};
    std::vector<const Field*> out;
    for (const Field& field : kind.fields) {
        const bool tagged = cell.starts_with('#') && table.tag_of &&
                            lowered(table.tag_of(kind, field)) == lowered(cell);
        if (tagged || lowered(field.title) == lowered(cell)) out.push_back(&field);
    }
    return out;
}

std::vector<std::string> field_list(const std::vector<const Field*>& fields) {
    std::vector<std::string> out;
    for (const Field* field : fields) out.push_back(field->name);
    return out;
}

FieldMap map_of(const Field& field, const std::string& column) {
    FieldMap out;
    out.field = field.name;
    out.columns = {column};
    if (field.rule == Rule::set || field.rule == Rule::ledger) out.split = {";"};
    return out;
}

} // namespace

Result<Profile> profile_of_header(const Schema& schema, const OwnTable& table,
                                  std::span<const std::string> header) {
    const Kind* kind = schema.kind(std::string_view(table.kind));
    if (kind == nullptr)
        return invalid("no kind " + quoted(table.kind) + " in the schema in force");
    Profile out;
    out.name = "--kind " + table.kind;
    out.source = table.source.empty() ? "own table" : table.source;
    out.title = kind->title;
    out.kind = kind->name;
    out.verb = "recorded";
    out.id_columns = table.key;
    out.id_all_cells = table.key.empty();
    out.id_repeats = table.key.empty();
    std::vector<std::string> unknown, several;
    for (const std::string& column : header) {
        const auto fields = meant_by(*kind, table, column);
        const bool is_key = std::ranges::count(table.key, column) > 0;
        if (fields.size() > 1)
            several.push_back(quoted(column) + " (" + listed(field_list(fields), 8) + ")");
        else if (fields.empty() && !is_key)
            unknown.push_back(column);
        if (fields.size() != 1) continue;
        for (const FieldMap& other : out.maps)
            if (other.field == fields.front()->name)
                return invalid("columns " + quoted(other.columns.front()) + " and " +
                               quoted(column) + " are both field " + quoted(other.field) +
                               "; keep one");
        out.maps.push_back(map_of(*fields.front(), column));
        if (fields.front()->name == kind->time_field) out.at = kind->time_field;
    }
    if (header.size() >= 2 && header[0] == "id" && header[1] == "kind")
        return invalid("the file is one that safar export wrote: read it with --exported");
    if (!several.empty())
        return invalid("columns that may be several fields: " + listed(several, 8) +
                       "; head them with the field's name");
    if (!unknown.empty()) {
        std::vector<std::string> names;
        for (const Field& field : kind->fields) names.push_back(field.name);
        return invalid(
            "no fields of a " + kind->name + ": column " + listed(unknown, 8) +
            "; rename them or take them out. Its fields: " + listed(names, names.size()));
    }
    if (out.maps.empty()) return invalid("no column is a field of a " + kind->name);
    return out;
}

} // namespace safar

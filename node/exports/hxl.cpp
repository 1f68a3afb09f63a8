#include "node/exports/hxl.hpp"

#include "storage/record/strict_table.hpp"

#include <algorithm>

namespace safar {
namespace {

using Tags = std::map<std::string, std::string, std::less<>>;

// "#country+origin+code": a hashtag, then attributes.
bool is_tag(std::string_view text) {
    if (!text.starts_with('#') || text.size() < 2) return false;
    return std::all_of(text.begin() + 1, text.end(),
                       [](char c) {
                           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
                                  c == '+';
                       }) &&
           text[1] >= 'a' && text[1] <= 'z' && text.back() != '+' &&
           text.find("++") == std::string_view::npos;
}

Result<Tags> read_tags(const toml::table& document, std::string_view section) {
    Tags out;
    const toml::table* table = document[section].as_table();
    if (table == nullptr) return out;
    for (const auto& [key, node] : *table) {
        auto tag = node.value<std::string>();
        if (!tag || !is_tag(*tag))
            return failure(
                ErrorCode::invalid_argument,
                "hxl.toml: " + std::string(section) + "." + std::string(key.str()) +
                    ": needs a hashtag with attributes, such as \"#country+origin+code\"");
        out.emplace(key.str(), *tag);
    }
    return out;
}

std::string found(const Tags& tags, std::string_view key) {
    auto at = tags.find(key);
    return at == tags.end() ? "" : at->second;
}

} // namespace

std::string HxlTags::of_column(std::string_view column) const { return found(columns, column); }

std::string HxlTags::of(const Kind& kind, const Field& field) const {
    if (auto tag = found(fields, kind.name + "." + field.name); !tag.empty()) return tag;
    if (auto tag = found(codes, field.codes); !field.codes.empty() && !tag.empty()) return tag;
    return found(names, field.name);
}

Result<HxlTags> parse_hxl(std::string_view text) {
    SAFAR_TRY(auto document, parse_toml({"hxl.toml", std::string(text)}));
    for (const auto& [key, node] : document)
        if (key != "columns" && key != "fields" && key != "codes" && key != "names")
            return failure(ErrorCode::invalid_argument,
                           "hxl.toml: '" + std::string(key.str()) +
                               "' is none of: columns, fields, codes, names");
    HxlTags out;
    SAFAR_TRY(out.columns, read_tags(document, "columns"));
    SAFAR_TRY(out.fields, read_tags(document, "fields"));
    SAFAR_TRY(out.codes, read_tags(document, "codes"));
    SAFAR_TRY(out.names, read_tags(document, "names"));
    return out;
}

} // namespace safar

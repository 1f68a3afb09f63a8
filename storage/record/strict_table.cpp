#include "storage/record/strict_table.hpp"

#include "storage/record/text.hpp"

#include <algorithm>

namespace safar {

Result<toml::table> parse_toml(const NamedText& document) try {
    return toml::parse(std::string_view(document.text), std::string_view(document.name));
} catch (const toml::parse_error& refused) {
    const toml::source_position& at = refused.source().begin;
    return failure(ErrorCode::invalid_argument,
                   document.name + ":" + std::to_string(at.line) + ":" + std::to_string(at.column) +
                       ": not TOML: " + std::string(refused.description()));
}

std::string StrictTable::text(std::string_view key) {
    const toml::node* node = require(key);
    return node ? checked_text(key, *node) : std::string();
}

std::string StrictTable::text(std::string_view key, std::string_view fallback) {
    const toml::node* node = take(key);
    return node ? checked_text(key, *node) : std::string(fallback);
}

std::int64_t StrictTable::integer(std::string_view key, std::int64_t min, std::int64_t max) {
    const toml::node* node = require(key);
    if (!node) return min;
    auto number = node->value_exact<std::int64_t>();
    if (number && *number >= min && *number <= max) return *number;
    refuse(key,
           "must be a whole number from " + std::to_string(min) + " to " + std::to_string(max));
    return min;
}

bool StrictTable::flag(std::string_view key, bool fallback) {
    const toml::node* node = take(key);
    if (!node) return fallback;
    auto yes = node->value_exact<bool>();
    if (!yes) refuse(key, "must be true or false, without quotes");
    return yes.value_or(fallback);
}

std::vector<std::string> StrictTable::texts(std::string_view key) {
    std::vector<std::string> out;
    const toml::array* list = take_list(key);
    if (!list) return out;
    out.reserve(list->size());
    for (const toml::node& node : *list) out.push_back(checked_text(key, node));
    return out;
}

std::vector<StrictTable::Row> StrictTable::rows(std::string_view key) {
    std::vector<Row> out;
    const toml::array* list = take_list(key);
    if (!list) return out;
    out.reserve(list->size());
    for (const toml::node& node : *list) {
        Row row;
        row.line = node.source().begin.line;
        if (const toml::array* inner = node.as_array())
            for (const toml::node& each : *inner) row.texts.push_back(checked_text(key, each));
        else
            refuse(key, "must be a list of lists of texts, such as [[\"a\", \"b\"]]");
        out.push_back(std::move(row));
    }
    return out;
}

std::vector<StrictTable> StrictTable::tables(std::string_view key) {
    std::vector<StrictTable> out;
    const toml::array* list = take_list(key);
    if (!list) return out;
    out.reserve(list->size());
    for (const toml::node& node : *list) {
        if (const toml::table* inner = node.as_table())
            out.emplace_back(file_, std::string(key) + " " + std::to_string(out.size() + 1),
                             *inner);
        else
            refuse(key, "must be tables: write [[" + std::string(key) + "]] and keys below it");
    }
    return out;
}

std::optional<StrictTable> StrictTable::table(std::string_view key) {
    const toml::node* node = take(key);
    if (!node) return std::nullopt;
    if (const toml::table* inner = node->as_table())
        return StrictTable(file_, std::string(key), *inner);
    refuse(key, "must be a table: write [" + std::string(key) + "] and keys below it");
    return std::nullopt;
}

std::vector<std::pair<std::string, std::string>> StrictTable::entries() {
    std::vector<std::pair<std::string, std::string>> out;
    for (const auto& [key, node] : table_) {
        known_.push_back(key.str()); // the table's own text: it stays
        out.emplace_back(key.str(), checked_text(key.str(), node));
    }
    return out;
}

void StrictTable::refuse(std::string_view key, std::string_view what) {
    if (!first_) first_ = error(key, what);
}

Error StrictTable::error(std::string_view key, std::string_view what) const {
    return error_at(line(key), key, what);
}

Result<> StrictTable::finish() {
    if (first_) return *first_;
    for (const auto& [key, node] : table_) {
        if (std::ranges::find(known_, key.str()) != known_.end()) continue;
        return error_at(key.source().begin.line, key.str(),
                        "unknown key; known here: " + listed(known_, known_.size()));
    }
    return success();
}

const toml::node* StrictTable::take(std::string_view key) {
    known_.push_back(key);
    return table_.get(key);
}

const toml::node* StrictTable::require(std::string_view key) {
    const toml::node* node = take(key);
    if (!node) refuse(key, "is missing; add it");
    return node;
}

const toml::array* StrictTable::take_list(std::string_view key) {
    const toml::node* node = take(key);
    if (!node) return nullptr;
    const toml::array* list = node->as_array();
    if (!list) refuse(key, "must be a list");
    return list;
}

std::string StrictTable::checked_text(std::string_view key, const toml::node& node) {
    auto text = node.value_exact<std::string>();
    if (!text) {
        refuse(key, "must be text in quotes");
        return {};
    }
    if (text->empty()) refuse(key, "must not be empty");
    Result<> checked = check_text(*text);
    if (!checked) refuse(key, checked.error().detail);
    return *std::move(text);
}

std::uint32_t StrictTable::line(std::string_view key) const {
    const toml::node* node = table_.get(key);
    return (node ? *node : static_cast<const toml::node&>(table_)).source().begin.line;
}

Error StrictTable::error_at(std::uint32_t line, std::string_view key, std::string_view what) const {
    std::string detail(file_);
    if (line > 0) detail += ":" + std::to_string(line);
    detail +=
        ": " + (path_.empty() ? "" : path_ + ", ") + std::string(key) + ": " + std::string(what);
    return failure(ErrorCode::invalid_argument, std::move(detail));
}

std::string StrictTable::one_of(std::string_view given,
                                const std::vector<std::string_view>& names) {
    return quoted(given) + " is none of " + listed(names, names.size());
}

} // namespace safar

#include "node/charter/strict_toml.hpp"

#include <fmt/format.h>

namespace safar {
namespace {

bool is_control(char c) {
    auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
}

std::string_view type_name(const toml::node& node) {
    switch (node.type()) {
    case toml::node_type::table: return "a table";
    case toml::node_type::array: return "an array";
    case toml::node_type::string: return "a text";
    case toml::node_type::integer: return "a number";
    case toml::node_type::floating_point: return "a number with a fraction";
    case toml::node_type::boolean: return "true or false";
    default: return "a date or time";
    }
}

} // namespace

void TomlProblems::add(ErrorCode code, std::uint32_t line, std::string_view what) {
    if (!first_)
        first_ =
            failure(code, fmt::format("{} line {}: {}", document_, line + lines_before_, what));
}

Result<> TomlProblems::result() const {
    if (first_) return *first_;
    return success();
}

toml::table parse_toml(std::string_view text, TomlProblems& problems) {
    try {
        return toml::parse(text);
    } catch (const toml::parse_error& error) {
        problems.add(ErrorCode::malformed, error.source().begin.line, error.description());
        return {};
    }
}

std::uint32_t TomlReader::line_of(std::string_view key) const {
    const toml::node* node = table_.get(key);
    std::uint32_t line = node != nullptr ? node->source().begin.line : 0;
    return line != 0 ? line : table_.source().begin.line;
}

void TomlReader::refuse(std::string_view key, std::string_view what, ErrorCode code) {
    problems_.add(code, line_of(key), fmt::format("{}: {}: {}", where_, key, what));
}

const toml::node* TomlReader::find(std::string_view key, Need need) {
    known_.emplace(key);
    const toml::node* node = table_.get(key);
    if (node == nullptr && need == Need::required) refuse(key, "is missing");
    return node;
}

std::string TomlReader::text(std::string_view key, std::size_t bytes_max, Need need, bool lines) {
    const toml::node* node = find(key, need);
    if (node == nullptr) return {};
    if (!node->is_string()) {
        refuse(key, fmt::format("needs a text in quotes, not {}", type_name(*node)));
        return {};
    }
    const std::string& value = node->as_string()->get();
    if (value.empty() && need == Need::required) refuse(key, "is empty");
    if (value.size() > bytes_max)
        refuse(key, fmt::format("has {} bytes, at most {} are allowed", value.size(), bytes_max),
               ErrorCode::limit_exceeded);
    for (char c : value)
        if (is_control(c) && !(lines && (c == '\n' || c == '\t'))) {
            refuse(key, "contains a control character");
            break;
        }
    return value;
}

std::uint64_t TomlReader::number(std::string_view key, std::uint64_t min, std::uint64_t max) {
    const toml::node* node = find(key, Need::required);
    if (node == nullptr) return min;
    if (!node->is_integer()) {
        refuse(key, fmt::format("needs a whole number, not {}", type_name(*node)));
        return min;
    }
    std::int64_t value = node->as_integer()->get();
    if (value < 0 || static_cast<std::uint64_t>(value) < min ||
        static_cast<std::uint64_t>(value) > max) {
        refuse(key, fmt::format("is {}, allowed are {} to {}", value, min, max));
        return min;
    }
    return static_cast<std::uint64_t>(value);
}

bool TomlReader::flag(std::string_view key, bool otherwise) {
    const toml::node* node = find(key, Need::optional);
    if (node == nullptr) return otherwise;
    if (!node->is_boolean()) {
        refuse(key, fmt::format("needs true or false, not {}", type_name(*node)));
        return otherwise;
    }
    return node->as_boolean()->get();
}

std::vector<std::string> TomlReader::texts(std::string_view key, std::size_t count_max,
                                           std::size_t bytes_max, Need need) {
    const toml::node* node = find(key, need);
    if (node == nullptr) return {};
    const toml::array* array = node->as_array();
    if (array == nullptr) {
        refuse(key, fmt::format("needs a list of texts, not {}", type_name(*node)));
        return {};
    }
    if (array->size() > count_max) {
        refuse(key,
               fmt::format("lists {} entries, at most {} are allowed", array->size(), count_max),
               ErrorCode::limit_exceeded);
        return {};
    }
    std::vector<std::string> out;
    for (const toml::node& entry : *array) {
        if (!entry.is_string()) {
            refuse(key, fmt::format("lists {} where a text is needed", type_name(entry)));
            return {};
        }
        const std::string& value = entry.as_string()->get();
        if (value.empty() || value.size() > bytes_max)
            refuse(key, fmt::format("lists a text of {} bytes, allowed are 1 to {}", value.size(),
                                    bytes_max));
        out.push_back(value);
    }
    return out;
}

std::vector<const toml::table*> TomlReader::tables(std::string_view key, std::size_t count_max) {
    const toml::node* node = find(key, Need::optional);
    if (node == nullptr) return {};
    const toml::array* array = node->as_array();
    std::vector<const toml::table*> out;
    if (array != nullptr)
        for (const toml::node& entry : *array)
            if (entry.is_table()) out.push_back(entry.as_table());
    if (array == nullptr || out.size() != array->size()) {
        refuse(key, fmt::format("is written as [[{}]], once for each", key));
        return {};
    }
    if (out.size() > count_max) {
        refuse(key, fmt::format("{} entries, at most {} are allowed", out.size(), count_max),
               ErrorCode::limit_exceeded);
        return {};
    }
    return out;
}

const toml::table* TomlReader::table(std::string_view key) {
    const toml::node* node = find(key, Need::required);
    if (node == nullptr) return nullptr;
    if (!node->is_table()) refuse(key, fmt::format("is written as [{}]", key));
    return node->as_table();
}

void TomlReader::done() {
    for (const auto& [key, node] : table_) {
        if (known_.contains(key.str())) continue;
        std::string names;
        for (const std::string& name : known_) names += (names.empty() ? "" : ", ") + name;
        std::uint32_t line = key.source().begin.line;
        problems_.add(ErrorCode::invalid_argument, line != 0 ? line : node.source().begin.line,
                      fmt::format("{}: key \"{}\" is not known here; known are {}", where_,
                                  key.str(), names));
    }
}

std::string toml_quote(std::string_view text) {
    std::string out = "\"";
    for (char c : text) {
        if (c == '"' || c == '\\')
            (out += '\\') += c;
        else if (is_control(c))
            out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
        else
            out += c;
    }
    return out += '"';
}

} // namespace safar

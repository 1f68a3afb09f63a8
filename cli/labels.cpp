#include "cli/labels.hpp"

#include "cli/files.hpp"
#include "cli/json_text.hpp"
#include "cli/locate.hpp"

#include <boost/json.hpp>
#include <toml++/toml.h>

#include <filesystem>
#include <optional>

namespace safar::cli {

namespace json = boost::json;

namespace {

void add_section(std::map<std::string, std::string, std::less<>>& out, const std::string& section,
                 const toml::table& table) {
    for (const auto& [key, node] : table) {
        const std::string name(key.str());
        if (const toml::table* inner = node.as_table())
            add_section(out, section.empty() ? name : section + "." + name, *inner);
        else if (auto text = node.value<std::string>(); text && !section.empty())
            out[section + "\n" + name] = *text;
    }
}

// Replaces names in an answer, from the outside in: records say of what kind their fields are.
class Translation {
public:
    Translation(const Labels& labels, const json::value& schema) : labels_(labels) {
        for (const json::value& kind : list_at(schema, "kinds"))
            for (const json::value& field : list_at(kind, "fields")) {
                const std::string kind_name = text_at(kind, "name"), name = text_at(field, "name");
                codes_[kind_name + "\n" + name] = text_at(field, "codes");
                if (text_at(field, "rule") == "status")
                    states_.emplace(kind_name, text_at(field, "codes"));
            }
    }

    void walk(json::value& value, std::string kind) {
        if (json::array* list = value.if_array()) {
            for (json::value& each : *list) walk(each, kind);
            return;
        }
        json::object* object = value.if_object();
        if (object == nullptr) return;
        if (const json::value* own = object->if_contains("kind"); own && own->is_string())
            kind = own->get_string().c_str();
        if (const json::value* field = object->if_contains("field"); field && field->is_string())
            said(*object, kind);
        for (auto& member : *object) {
            const std::string_view key(member.key().data(), member.key().size());
            if (key == "fields" && member.value().is_object())
                member.value() = by_name(member.value().get_object(), kind);
            else
                walk(member.value(), kind);
        }
        if (json::value* state = object->if_contains("state"))
            replace(*state, "codes." + list_of_states(kind));
        if (json::value* to = object->if_contains("to"))
            replace(*to, "codes." + list_of_states(kind));
        if (json::value* step = object->if_contains("step"))
            if (json::value* title = object->if_contains("title"); title && step->is_string())
                if (auto label = labels_.label("steps", step->get_string().c_str()); !label.empty())
                    *title = label;
        if (json::value* own = object->if_contains("kind")) replace(*own, "kinds");
        if (json::value* task = object->if_contains("task")) replace(*task, "tasks");
        if (json::value* why = object->if_contains("blocked"); why && why->is_string())
            *why = labels_.refusal(why->get_string().c_str(), /*isolate=*/false);
    }

private:
    std::string list_of_states(const std::string& kind) const {
        auto at = states_.find(kind);
        return at == states_.end() ? std::string() : at->second;
    }
    std::string field_label(const std::string& kind, const std::string& name) const {
        auto label = labels_.label("kind." + kind, name);
        if (label.empty()) label = labels_.label("fields", name);
        return label.empty() ? name : std::string(label);
    }
    void replace(json::value& value, const std::string& section) const {
        if (json::array* list = value.if_array())
            for (json::value& each : *list) replace(each, section);
        if (value.is_string())
            if (auto label = labels_.label(section, value.get_string().c_str()); !label.empty())
                value = label;
    }
    // {"field": .., "value" or "reading" or "values": ..}
    void said(json::object& object, const std::string& kind) {
        const std::string name = object.at("field").get_string().c_str();
        auto codes = codes_.find(kind + "\n" + name);
        if (codes != codes_.end() && !codes->second.empty()) {
            const std::string section = "codes." + codes->second;
            for (const char* key : {"value", "reading"})
                if (json::value* value = object.if_contains(key)) replace(*value, section);
            for (const char* key : {"values", "live", "replaced"})
                if (json::value* list = object.if_contains(key); list && list->is_array())
                    for (json::value& each : list->get_array())
                        if (json::object* one = each.if_object())
                            if (json::value* value = one->if_contains("value"))
                                replace(*value, section);
        }
        object["field"] = field_label(kind, name);
    }
    // {"name": value, ...}
    json::object by_name(const json::object& fields, const std::string& kind) const {
        json::object out;
        for (const auto& member : fields) {
            const std::string name(member.key());
            json::value value = member.value();
            if (auto codes = codes_.find(kind + "\n" + name);
                codes != codes_.end() && !codes->second.empty())
                replace(value, "codes." + codes->second);
            out[field_label(kind, name)] = std::move(value);
        }
        return out;
    }

    const Labels& labels_;
    std::map<std::string, std::string> codes_;  // "kind\nfield": code list
    std::map<std::string, std::string> states_; // kind: list of its states
};

} // namespace

Result<Labels> Labels::parse(const std::string& file, std::string_view text) try {
    Labels out;
    add_section(out.labels_, "", toml::parse(text, std::string_view(file)));
    return out;
} catch (const toml::parse_error& error) {
    return failure(ErrorCode::invalid_argument,
                   file + ":" + std::to_string(error.source().begin.line) +
                       ": not TOML: " + std::string(error.description()));
}

Result<Labels> Labels::load(const std::string& language) {
    if (language.empty() || language == "en") return Labels();
    SAFAR_TRY(std::string directory, config_directory("labels"));
    std::error_code ec;
    std::string known = "en";
    for (const auto& entry : std::filesystem::directory_iterator(directory, ec)) {
        if (entry.path().extension() != ".toml") continue;
        if (entry.path().stem() != language) {
            known += ", " + entry.path().stem().string();
            continue;
        }
        SAFAR_TRY(std::string text, read_file(entry.path().string()));
        return parse(entry.path().string(), text);
    }
    return failure(ErrorCode::not_found,
                   "no labels in language '" + language + "'; there are: " + known);
}

std::string_view Labels::label(std::string_view section, std::string_view name) const {
    std::string key(section);
    key += '\n';
    key += name;
    auto at = labels_.find(key);
    return at == labels_.end() ? std::string_view() : std::string_view(at->second);
}

namespace {

// "{}" or "{1}" at `at`: which argument, and where the text goes on.
std::optional<std::pair<std::size_t, std::size_t>> hole_at(std::string_view text, std::size_t at,
                                                           std::size_t next) {
    if (text.substr(at, 2) == "{}") return std::pair(next, at + 2);
    if (at + 2 < text.size() && text[at] == '{' && text[at + 1] >= '0' && text[at + 1] <= '9' &&
        text[at + 2] == '}')
        return std::pair(static_cast<std::size_t>(text[at + 1] - '0'), at + 3);
    return std::nullopt;
}

// What stands in text that may run from the right is kept together.
std::string isolated(const std::string& text) {
    return text.empty() ? text : "\u2068" + text + "\u2069";
}

std::string fill(std::string_view pattern, const std::vector<std::string>& args, bool isolate) {
    std::string out;
    std::size_t next = 0;
    for (std::size_t at = 0; at < pattern.size();) {
        if (auto hole = hole_at(pattern, at, next)) {
            if (hole->first < args.size())
                out += isolate ? isolated(args[hole->first]) : args[hole->first];
            next = hole->first + 1;
            at = hole->second;
        } else {
            out += pattern[at++];
        }
    }
    return out;
}

// What stands in the holes of a pattern, from the left as little as will do; nullopt: it does not
// fit.
std::optional<std::vector<std::string>> match(std::string_view pattern, std::string_view text) {
    std::vector<std::string> out;
    std::size_t at = pattern.find("{}");
    if (at == std::string_view::npos) return pattern == text ? std::optional(out) : std::nullopt;
    if (!text.starts_with(pattern.substr(0, at))) return std::nullopt;
    text.remove_prefix(at);
    pattern.remove_prefix(at + 2);
    for (;;) {
        at = pattern.find("{}");
        const std::string_view literal = pattern.substr(0, at);
        if (at == std::string_view::npos) {
            if (!text.ends_with(literal)) return std::nullopt;
            out.emplace_back(text.substr(0, text.size() - literal.size()));
            return out;
        }
        const std::size_t found = text.find(literal);
        if (found == std::string_view::npos) return std::nullopt;
        out.emplace_back(text.substr(0, found));
        text.remove_prefix(found + literal.size());
        pattern.remove_prefix(at + 2);
    }
}

constexpr std::string_view refusals = "refusals\n";

} // namespace

std::string Labels::say(std::string_view english) const {
    const std::string_view known = label("messages", english);
    return std::string(known.empty() ? english : known);
}

std::string Labels::filled(std::string_view english, const std::vector<std::string>& args,
                           bool isolate) const {
    const std::string_view known = label("messages", english);
    return known.empty() ? fill(english, args, /*isolate=*/false) : fill(known, args, isolate);
}

std::string Labels::refusal(std::string_view english, bool isolate) const {
    for (auto at = labels_.lower_bound(refusals);
         at != labels_.end() && at->first.starts_with(refusals); ++at)
        if (auto args = match(std::string_view(at->first).substr(refusals.size()), english))
            return fill(at->second, *args, isolate);
    return std::string(english);
}

json::value Labels::translated(const json::value& schema, json::value answer,
                               const std::string& kind) const {
    if (!empty()) Translation(*this, schema).walk(answer, kind);
    return answer;
}

} // namespace safar::cli

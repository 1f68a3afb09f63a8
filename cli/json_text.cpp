#include "cli/json_text.hpp"

#include <boost/json.hpp>

namespace safar::cli {

namespace json = boost::json;

const json::value& member(const json::value& value, std::string_view path) {
    static const json::value nothing;
    const json::value* at = &value;
    while (!path.empty()) {
        const std::size_t dot = path.find('.');
        const std::string_view name = path.substr(0, dot);
        path = dot == std::string_view::npos ? std::string_view{} : path.substr(dot + 1);
        const auto* object = at->if_object();
        at = object != nullptr ? object->if_contains(json::string_view(name.data(), name.size()))
                               : nullptr;
        if (at == nullptr) return nothing;
    }
    return *at;
}

std::string shown(const json::value& value) {
    switch (value.kind()) {
    case json::kind::null: return "";
    case json::kind::string: return {value.as_string().data(), value.as_string().size()};
    case json::kind::bool_: return value.as_bool() ? "yes" : "no";
    case json::kind::array: {
        std::string out;
        for (const json::value& element : value.as_array()) {
            if (!out.empty()) out += ", ";
            out += shown(element);
        }
        return out;
    }
    default: return json::serialize(value);
    }
}

std::string text_at(const json::value& value, std::string_view path) {
    return shown(member(value, path));
}

std::int64_t number_at(const json::value& value, std::string_view path) {
    const json::value& found = member(value, path);
    if (found.is_int64()) return found.as_int64();
    if (found.is_uint64()) return static_cast<std::int64_t>(found.as_uint64());
    if (found.is_double()) return static_cast<std::int64_t>(found.as_double());
    return 0;
}

bool flag_at(const json::value& value, std::string_view path) {
    const json::value& found = member(value, path);
    return found.is_bool() && found.as_bool();
}

const json::array& list_at(const json::value& value, std::string_view path) {
    static const json::array nothing;
    const auto* found = member(value, path).if_array();
    return found != nullptr ? *found : nothing;
}

} // namespace safar::cli

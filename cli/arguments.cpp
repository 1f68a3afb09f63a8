#include "cli/arguments.hpp"

#include "storage/record/schema.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace safar::cli {

std::vector<std::string> split(std::string_view text, char at) {
    std::vector<std::string> out{""};
    for (char c : text) {
        if (c == at)
            out.emplace_back();
        else
            out.back() += c;
    }
    return out;
}

Outcome<std::pair<std::string, std::string>> assignment(const std::string& option,
                                                        const std::string& text) {
    const std::size_t equals = text.find('=');
    if (equals == 0 || equals == std::string::npos)
        return usage(fmt::format("{}: '{}' should be name=value", option, text));
    return std::pair{text.substr(0, equals), text.substr(equals + 1)};
}

Outcome<Query> assignments(const std::string& option, const std::vector<std::string>& texts) {
    Query out;
    for (const std::string& text : texts) {
        SAFAR_TRY(auto pair, assignment(option, text));
        out.push_back(std::move(pair));
    }
    return out;
}

Outcome<boost::json::array> field_list(const std::vector<std::string>& texts) {
    SAFAR_TRY(auto pairs, assignments("field", texts));
    boost::json::array out;
    for (const auto& [name, value] : pairs)
        out.push_back(boost::json::array{boost::json::string(name), boost::json::string(value)});
    return out;
}

Outcome<std::string> record_argument(const std::string& text) {
    if (!parse_id(text))
        return usage(
            fmt::format("'{}' is no record id; an id has 26 letters and digits, as `safar find` "
                        "prints them",
                        text));
    return text;
}

} // namespace safar::cli

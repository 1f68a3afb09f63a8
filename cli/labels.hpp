// Answers in the reader's language: kinds, fields, codes and steps by their labels
// (config/labels/LANGUAGE.toml). What has no label there keeps its name. JSON for programs is never
// touched.
#pragma once

#include "storage/base/error.hpp"

#include <boost/json/value.hpp>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace safar::cli {

class Labels {
public:
    Labels() = default; // no language: everything keeps its name
    // Errors: not_found naming the languages there are; invalid_argument with file and line.
    [[nodiscard]] static Result<Labels> load(const std::string& language);
    [[nodiscard]] static Result<Labels> parse(const std::string& file, std::string_view text);

    [[nodiscard]] bool empty() const { return labels_.empty(); }
    // The label of a name in a section ("kinds", "fields", "kind.return", "codes.gender", "steps");
    // "": none.
    [[nodiscard]] std::string_view label(std::string_view section, std::string_view name) const;

    // The program's own words: as [messages] has them, else as they are.
    [[nodiscard]] std::string say(std::string_view english) const;
    // The same with arguments for each {}; a translation may name them {0}, {1} to place them
    // otherwise.
    template <class... Args>
    [[nodiscard]] std::string format(std::string_view english, const Args&... args) const {
        return filled(english, {std::string(args)...}, /*isolate=*/true);
    }
    // The same for a cell of a table, which shows marks of direction instead of obeying them and
    // keeps the cell together itself.
    template <class... Args>
    [[nodiscard]] std::string cell(std::string_view english, const Args&... args) const {
        return filled(english, {std::string(args)...}, /*isolate=*/false);
    }
    // What a node says when it refuses: found by the patterns of [refusals], whose {} stand for any
    // text. `isolate`: keeps what is filled in together; not for a cell.
    [[nodiscard]] std::string refusal(std::string_view english, bool isolate = true) const;

    // The answer with labels in place of names. `schema` is GET /v1/schema; `kind`: of the records
    // in it, where they do not say so themselves.
    [[nodiscard]] boost::json::value translated(const boost::json::value& schema,
                                                boost::json::value answer,
                                                const std::string& kind = {}) const;

private:
    [[nodiscard]] std::string filled(std::string_view english, const std::vector<std::string>& args,
                                     bool isolate) const;
    std::map<std::string, std::string, std::less<>> labels_; // "section\nname"
};

} // namespace safar::cli

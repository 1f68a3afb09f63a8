// One table of a TOML document, read strictly. Every getter marks its key as known and, on a
// missing key or a wrong type, keeps the first error and returns something harmless; finish() tells
// it, or refuses the keys nobody asked for. So a parser reads all keys in a row and checks once.
// Messages read "file:line: key: what is wrong and what to do".
//
// The table and the strings given must outlive it. Include from .cpp files only (toml++ is large).
#pragma once

#include "storage/record/schema.hpp"

#include <toml++/toml.h>

namespace safar {

// Errors: invalid_argument with file, line and column.
[[nodiscard]] Result<toml::table> parse_toml(const NamedText& document);

class StrictTable {
public:
    // `path` stands before the key in messages, e.g. "field 3"; empty for the document itself.
    StrictTable(std::string_view file, std::string path, const toml::table& table)
        : file_(file), path_(std::move(path)), table_(table) {}

    [[nodiscard]] bool has(std::string_view key) const { return table_.contains(key); }

    // Text that is not empty, valid and without control characters.
    [[nodiscard]] std::string text(std::string_view key);
    [[nodiscard]] std::string text(std::string_view key, std::string_view fallback);
    [[nodiscard]] std::int64_t integer(std::string_view key, std::int64_t min, std::int64_t max);
    [[nodiscard]] bool flag(std::string_view key, bool fallback);
    // A list of texts; empty if the key is absent.
    [[nodiscard]] std::vector<std::string> texts(std::string_view key);
    // A list of lists of texts, each with its line; empty if the key is absent.
    struct Row {
        std::vector<std::string> texts;
        std::uint32_t line = 0;
    };
    [[nodiscard]] std::vector<Row> rows(std::string_view key);
    // The tables of [[key]]; empty if the key is absent. Each reads and finishes on its own.
    [[nodiscard]] std::vector<StrictTable> tables(std::string_view key);

    // The table of [key] or `key = { ... }`; none if the key is absent. It reads and finishes on
    // its own.
    [[nodiscard]] std::optional<StrictTable> table(std::string_view key);
    // Every key of this table with its text, ascending by key.
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> entries();

    // One of the names; the fallback if the key is absent.
    template <class Enum> struct Choice {
        std::string_view name;
        Enum value;
    };
    template <class Enum, std::size_t Count>
    [[nodiscard]] Enum choice(std::string_view key, const Choice<Enum> (&choices)[Count],
                              std::optional<Enum> fallback) {
        if (fallback && !has(key)) return *fallback;
        std::string given = text(key);
        std::vector<std::string_view> names;
        for (const auto& each : choices) {
            if (each.name == given) return each.value;
            names.push_back(each.name);
        }
        refuse(key, one_of(given, names));
        return choices[0].value;
    }

    // Keeps `what` as the error of this key, unless there is one already.
    void refuse(std::string_view key, std::string_view what);
    // The same as a value, for checks after finish().
    [[nodiscard]] Error error(std::string_view key, std::string_view what) const;
    // Of the table if the key is absent.
    [[nodiscard]] std::uint32_t line(std::string_view key) const;
    [[nodiscard]] Result<> finish();

private:
    const toml::node* take(std::string_view key);
    const toml::node* require(std::string_view key);
    const toml::array* take_list(std::string_view key);
    std::string checked_text(std::string_view key, const toml::node& node);
    [[nodiscard]] Error error_at(std::uint32_t line, std::string_view key,
                                 std::string_view what) const;
    [[nodiscard]] static std::string one_of(std::string_view given,
                                            const std::vector<std::string_view>& names);

    std::string_view file_;
    std::string path_;
    const toml::table& table_;
    std::vector<std::string_view> known_;
    std::optional<Error> first_;
};

} // namespace safar

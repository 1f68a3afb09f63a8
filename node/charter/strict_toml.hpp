// Reads one TOML table key by key and remembers the first thing that is wrong, with line and key.
// Every key must be asked for: what nobody asked for is refused by done().
#pragma once

#include "storage/base/error.hpp"
#include "storage/base/ids.hpp"

#include <set>
#include <toml++/toml.h>
#include <vector>

namespace safar {

// The first problem of one document; later ones are dropped.
class TomlProblems {
public:
    // `lines_before`: lines of the whole text that precede the part that is parsed.
    explicit TomlProblems(std::string document, std::uint32_t lines_before = 0)
        : document_(std::move(document)), lines_before_(lines_before) {}

    void add(ErrorCode code, std::uint32_t line, std::string_view what);
    [[nodiscard]] bool any() const { return first_.has_value(); }
    [[nodiscard]] Result<> result() const;

private:
    std::string document_;
    std::uint32_t lines_before_;
    std::optional<Error> first_;
};

// Nothing but a table comes back when the text does not parse; the reason is in `problems`.
[[nodiscard]] toml::table parse_toml(std::string_view text, TomlProblems& problems);

enum class Need { required, optional };

class TomlReader {
public:
    // `where` names the table for people: "[[node]] 3". `table` must outlive the reader.
    TomlReader(const toml::table& table, std::string where, TomlProblems& problems)
        : table_(table), where_(std::move(where)), problems_(problems) {}

    // UTF-8 without control characters (tab and newline only with `lines`), 1 to `bytes_max` bytes;
    // empty is accepted where optional.
    std::string text(std::string_view key, std::size_t bytes_max, Need need = Need::required,
                     bool lines = false);
    std::uint64_t number(std::string_view key, std::uint64_t min, std::uint64_t max);
    bool flag(std::string_view key, bool otherwise);
    std::vector<std::string> texts(std::string_view key, std::size_t count_max,
                                   std::size_t bytes_max, Need need = Need::required);
    // Lower-case hex of exactly the id's size: one spelling for one value.
    template <class Id> Id hex(std::string_view key) {
        Id id;
        std::string digits = text(key, 2 * Id::size);
        if (!problems_.any() && (!from_hex(digits, id.raw) || id.hex() != digits))
            refuse(key, "needs " + std::to_string(2 * Id::size) + " lower-case hex digits");
        return id;
    }
    // Tables under [[key]], in order; empty if there are none.
    std::vector<const toml::table*> tables(std::string_view key, std::size_t count_max);
    const toml::table* table(std::string_view key);

    void refuse(std::string_view key, std::string_view what,
                ErrorCode code = ErrorCode::invalid_argument);
    // Refuses keys that were never asked for.
    void done();
    [[nodiscard]] const std::string& where() const { return where_; }

private:
    const toml::node* find(std::string_view key, Need need);
    [[nodiscard]] std::uint32_t line_of(std::string_view key) const;

    const toml::table& table_;
    std::string where_;
    TomlProblems& problems_;
    std::set<std::string, std::less<>> known_;
};

// A TOML basic string.
[[nodiscard]] std::string toml_quote(std::string_view text);

} // namespace safar

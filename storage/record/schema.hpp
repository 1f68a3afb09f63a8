// The schema: record kinds and their fields, as data. Parsed from the TOML documents that the
// charter carries (config/schema/*.toml, config/codes/*.toml); the engine knows no kind by name.
#pragma once

#include "storage/base/error.hpp"
#include "storage/event/value.hpp"

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace safar {

enum class FieldType { text, integer, code, date, money, point, flag, reference }; // order of Value
enum class Rule { single, each, set, status, strictest, ledger };
enum class Sensitivity { public_, operational, personal, sensitive };
enum class Role { none, dimension, measure };

// A code list: codes with labels and the variants under which sources write them.
class CodeList {
public:
    std::string name;
    std::string title;
    bool open = false; // true: a value that matches nothing is kept verbatim
    struct Entry {
        std::string code;
        std::string label;
        std::vector<std::string> variants;
    };
    std::vector<Entry> entries; // in declared order

    // The code for a code, label or variant (exact, then ignoring ASCII case); nullptr: none.
    [[nodiscard]] const Entry* find(std::string_view text) const;
    [[nodiscard]] std::string_view label(std::string_view code) const; // the code itself if unknown
    void build_lookup();

private:
    std::map<std::string, std::size_t, std::less<>> lookup_; // lower-cased
};

// The declared lattice of a `status` field.
struct Lattice {
    std::string initial;
    struct Step {
        std::string from, to;
    };
    std::vector<Step> steps; // legal transitions, a directed graph without cycles
    std::vector<std::string> order; // join: of several maximal states the one latest in this list wins
};

struct Field {
    std::uint16_t tag = 0; // in the bytes; unique in its kind; never reused
    std::string name;
    std::string title;
    FieldType type = FieldType::text;
    std::string codes; // name of the code list, for type code
    Rule rule = Rule::single;
    Sensitivity sensitivity = Sensitivity::operational;
    Role role = Role::none;
    bool required = false; // to create a record
    std::vector<std::string> strictness; // rule strictest: codes, least restrictive first
    Lattice lattice;                     // rule status
    std::string to_kind;                 // type reference
};

struct Kind {
    std::uint16_t tag = 0; // in the bytes; unique in the schema
    std::string name;
    std::string title;
    std::string time_field; // date field that places a record in time: year, quarter, month in statistics
    std::vector<Field> fields; // ascending by tag

    [[nodiscard]] const Field* field(std::uint16_t tag) const;
    [[nodiscard]] const Field* field(std::string_view name) const;
};

class Schema {
public:
    std::vector<Kind> kinds; // ascending by tag
    std::map<std::string, CodeList, std::less<>> codes;

    [[nodiscard]] const Kind* kind(std::uint16_t tag) const;
    [[nodiscard]] const Kind* kind(std::string_view name) const;
    [[nodiscard]] const CodeList* code_list(std::string_view name) const;
};

struct NamedText {
    std::string name; // file name, for messages
    std::string text;
};

// Errors: invalid_argument with file, line and key.
[[nodiscard]] Result<Schema> parse_schema(std::span<const NamedText> kinds, std::span<const NamedText> codes);

// Text as people and files write it <-> Value of a field. Errors: invalid_argument naming the field,
// the text and what would be accepted.
[[nodiscard]] Result<Value> parse_value(const Schema& schema, const Field& field, std::string_view text);
[[nodiscard]] std::string show_value(const Value& value);

// 16-byte ids. A record born here is named by its log and sequence; one imported from a register that
// several agencies read, by where it comes from. Text form: 26 characters of Crockford base32.
[[nodiscard]] RecordId native_record_id(const LogName& log, std::uint64_t sequence);
[[nodiscard]] RecordId derived_record_id(std::string_view source, std::string_view external_id,
                                         std::string_view compartment, std::string_view kind,
                                         std::uint32_t occurrence);
[[nodiscard]] std::string show_id(const RecordId& id);
[[nodiscard]] std::optional<RecordId> parse_id(std::string_view text);

} // namespace safar

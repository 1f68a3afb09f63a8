// The schema: record kinds and their fields, as data. Parsed from the TOML documents that the
// charter carries (config/schema/*.toml, config/codes/*.toml); the engine knows no kind by name.
#pragma once

#include "storage/base/error.hpp"
#include "storage/event/value.hpp"
#include "storage/record/casework.hpp"

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

namespace safar {

enum class FieldType { text, integer, code, date, money, point, flag, reference }; // order of Value
enum class Rule { single, each, set, status, strictest, ledger };
enum class Sensitivity { public_, operational, personal, sensitive };
enum class Role { none, dimension, measure };

// A code list: codes with labels and the variants under which sources write them. No text names two
// codes (parse_schema refuses such a list), so what find() answers never depends on declared order.
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
    // Safe from any thread; the entry lives as long as the list. Cost: one hash look-up where the
    // text is written exactly so, two and a lower-casing otherwise; allocates only above 256 bytes.
    [[nodiscard]] const Entry* find(std::string_view text) const;
    // The code itself if unknown, so the view lives no longer than the list and the argument.
    [[nodiscard]] std::string_view label(std::string_view code) const;
    // Call after `entries` changed and before the next find(). Codes go before labels, labels
    // before variants, and earlier entries before later ones.
    void build_lookup();

private:
    struct TextHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept {
            return std::hash<std::string_view>{}(text);
        }
    };
    // Never iterated: the order inside cannot leak.
    using Lookup = std::unordered_map<std::string, std::size_t, TextHash, std::equal_to<>>;
    Lookup exact_;
    Lookup folded_; // lower-cased
};

// The declared lattice of a `status` field; lattice.hpp reads states with it.
struct Lattice {
    std::string initial;
    struct Step {
        std::string from, to;
    };
    std::vector<Step> steps; // legal transitions, a directed graph without cycles
    // Every state once. Join: of several maximal states the one latest in this list wins.
    std::vector<std::string> order;
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
    bool required = false;               // to create a record
    std::vector<std::string> strictness; // rule strictest: codes, least restrictive first
    Lattice lattice;                     // rule status
    std::string to_kind;                 // type reference
    std::string check; // type text: what the text must be (field_check.hpp); may be empty
    std::string group; // code of list field_group: what consent and disclosure name; may be empty
    // Rule single: of several values the one said with the verb latest in this list goes before the
    // others.
    std::vector<std::string> prefer;
};

struct Kind {
    std::uint16_t tag = 0; // in the bytes; unique in the schema
    std::string name;
    std::string title;
    // Date field that places a record in time: year, quarter, month in statistics. May be empty.
    std::string time_field;
    std::vector<Field> fields; // ascending by tag
    Casework casework;         // how people work on it; decides nothing of what a record says

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

// Strict: unknown or missing keys, wrong types, tags or names used twice, unknown code lists or
// kinds, personal or sensitive dimensions and measures, cyclic or unreachable status steps are all
// refused. Errors: invalid_argument as "file:line: key: what is wrong and what to do".
// docs/format-schema.md.
[[nodiscard]] Result<Schema> parse_schema(std::span<const NamedText> kinds,
                                          std::span<const NamedText> codes);

// Does the value have the field's type? What a schema cannot rule out when it changes (codes that
// left their list) is not judged here: the fold flags it.
[[nodiscard]] bool has_type(const Field& field, const Value& value);

// Text as people and files write it -> Value of a field. Nothing is trimmed.
//   text       any UTF-8 up to limits::text_bytes_max, no control characters but newline and tab;
//              with a check: what field_check.hpp accepts, in the form that it gives
//   integer    -12; no separators
//   code       code, label or variant of the list; in an open list anything else is kept verbatim
//   date       2024-03-31, 2024-03, 2024-Q1 or 2024 (the first day of what is known)
//   money      -1234.56 USD; at most as many decimals as ISO 4217 gives the currency
//   point      31.5204, 74.3587 (latitude, longitude); rounded half away from zero to 1e-7 degree
//   flag       yes no true false 1 0
//   reference  a record id
// Errors: invalid_argument naming the field, the text and what would be accepted.
[[nodiscard]] Result<Value> parse_value(const Schema& schema, const Field& field,
                                        std::string_view text);
// Total: shows any value, and parse_value reads back what parse_value made.
[[nodiscard]] std::string show_value(const Value& value);

// 16-byte ids. A record born here is named by its log and sequence (8 bytes of the log name's hash,
// then the sequence big-endian: ids ascend with the log); one imported from a register that several
// agencies read, by where it comes from. Text form: 26 characters of Crockford base32, which sorts
// as the bytes do; parsing ignores case and reads I and L as 1, O as 0.
[[nodiscard]] RecordId native_record_id(const LogName& log, std::uint64_t sequence);
[[nodiscard]] RecordId derived_record_id(std::string_view source, std::string_view external_id,
                                         std::string_view compartment, std::string_view kind,
                                         std::uint32_t occurrence);
[[nodiscard]] std::string show_id(const RecordId& id);
[[nodiscard]] std::optional<RecordId> parse_id(std::string_view text);

} // namespace safar

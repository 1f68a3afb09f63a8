// A mapping profile: how the rows of one register become records of one kind. Written by people as
// TOML, without code (docs/imports.md describes every key and has an example).
#pragma once

#include "node/imports/text_source.hpp"

namespace safar {

// From one or several columns, the file's name or a constant to one field.
struct FieldMap {
    std::string field;
    std::vector<std::string> columns;      // several are joined by a space
    std::string file;                      // template over the file name's captures: "{1}-Q{2}"
    std::string value;                     // constant, written as people write a value
    std::vector<std::string> when;         // with `value`: only where the cell is one of these
    std::vector<std::string> formats;      // dates: %Y %m %d %B %b %q; none: ISO 8601
    std::optional<Date::Precision> period; // dates: no more of it than this is known
    std::vector<std::string> split;        // several values in one cell, between any of these
    std::string unless_followed_by;        // a separator followed by this belongs to the value
    std::vector<std::string> blank;        // cells that say nothing, besides empty ones
    std::vector<std::string> yes, no;      // flags
    std::string otherwise;                 // value where the cell says nothing
    std::string currency;                  // money: of amounts without one
    std::string source;                    // references: register of the other record
    bool digest = false;                   // text: digest of the whole row
    bool optional = false;                 // a file without the columns says nothing here
    std::uint32_t line = 0;                // in the profile
};

struct RowTest {
    std::vector<std::string> columns; // any of; none: every column
    std::vector<std::string> equals, contains;
    bool ignore_case = false;
    std::optional<std::int64_t> above; // the cell is a number greater than this
    std::uint32_t line = 0;
};

struct Profile {
    std::string name;   // of the profile's file, for messages
    std::string source; // the register: part of record ids, so never changed
    std::string title;
    std::string kind;
    std::string verb;
    std::string at; // date field that gives the events' claimed time; empty: none
    std::string quality_column;
    std::uint8_t quality = 0;

    char separator = ',';
    Encoding encoding = Encoding::utf8;
    std::string file_pattern; // regular expression (ECMAScript) searched in the file's name
    bool file_needed = false; // the name must match
    std::string edition;      // template

    std::vector<std::string> id_columns; // external id; in this order for ever
    bool id_all_cells = false;           // no natural key: every cell
    std::string id_file;                 // template, before the cells
    bool id_ignore_case = false;         // labels drift in case
    bool id_repeats = false;             // a key may stand in several rows: numbered by occurrence

    std::string expand;                    // column: the row stands for that many records
    std::vector<RowTest> drop_if, keep_if; // dropped by any; kept only by all
    std::vector<FieldMap> maps;
};

// Errors: invalid_argument with profile, line and key; fields and types that the schema does not
// have.
[[nodiscard]] Result<Profile> parse_profile(const std::string& name, const std::string& text,
                                            const Schema& schema);

// "{1}-Q{2}" with the captures of a file's name. Errors: none; a capture that is absent is empty.
[[nodiscard]] std::string fill_template(std::string_view pattern,
                                        const std::vector<std::string>& captures);

// What the profile's pattern captured from the file's name ({0}: all of the match); empty: no
// match. Errors: invalid_argument where the profile needs the name to match.
[[nodiscard]] Result<std::vector<std::string>> read_file_name(const Profile& profile,
                                                              std::string_view file_name);

} // namespace safar

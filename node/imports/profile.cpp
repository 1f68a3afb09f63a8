#include "node/imports/profile.hpp"

#include "storage/record/strict_table.hpp"
#include "storage/record/text.hpp"

#include <algorithm>
#include <regex>

namespace safar {
namespace {

using Table = StrictTable;

constexpr Table::Choice<Encoding> encodings[] = {{"utf-8", Encoding::utf8},
                                                 {"windows-1252", Encoding::windows_1252}};
constexpr Table::Choice<Date::Precision> periods[] = {{"day", Date::Precision::day},
                                                      {"month", Date::Precision::month},
                                                      {"quarter", Date::Precision::quarter},
                                                      {"year", Date::Precision::year}};

// `one = "a"` or `many = ["a", "b"]`.
std::vector<std::string> one_or_many(Table& table, std::string_view one, std::string_view many) {
    if (table.has(one) && table.has(many))
        table.refuse(many, "stands beside " + quoted(one) + "; give one of them");
    std::string single = table.text(one, "");
    std::vector<std::string> out = table.texts(many);
    if (!single.empty()) out = {std::move(single)};
    return out;
}

void check_template(Table& table, std::string_view key, const std::string& pattern, bool has_file) {
    if (pattern.empty()) return;
    if (!has_file)
        table.refuse(key, "uses the file's name, but there is no file_name pattern; add one");
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (pattern[i] != '{') continue;
        if (i + 2 >= pattern.size() || pattern[i + 1] < '0' || pattern[i + 1] > '9' ||
            pattern[i + 2] != '}')
            table.refuse(key, "must name captures as {1} to {9}");
    }
}

void read_file(Table& document, Profile& profile) {
    std::string separator = document.text("separator", ",");
    if (separator.size() != 1 || separator == "\"")
        document.refuse("separator", "must be one character, such as \",\", \";\" or \"\\t\"");
    else
        profile.separator = separator[0];
    profile.encoding = document.choice<Encoding>("encoding", encodings, Encoding::utf8);
    profile.file_pattern = document.text("file_name", "");
    profile.file_needed = document.flag("file_name_needed", false);
    profile.edition = document.text("edition", "");
    check_template(document, "edition", profile.edition, !profile.file_pattern.empty());
    if (profile.file_pattern.empty()) return;
    try {
        std::regex compiled(profile.file_pattern);
    } catch (const std::regex_error& refused) {
        document.refuse("file_name", std::string("is no regular expression: ") + refused.what());
    }
}

void read_id(Table& document, Profile& profile) {
    profile.id_columns = document.texts("id");
    profile.id_all_cells = document.flag("id_all_cells", false);
    profile.id_file = document.text("id_file", "");
    profile.id_ignore_case = document.flag("id_ignore_case", false);
    profile.id_repeats = document.flag("id_repeats", false);
    check_template(document, "id_file", profile.id_file, !profile.file_pattern.empty());
    if (profile.id_columns.empty() != profile.id_all_cells)
        document.refuse("id",
                        "give the columns that name a record or, where a register has no key, "
                        "id_all_cells = true");
    if ((profile.id_all_cells || !profile.expand.empty()) && !profile.id_repeats)
        document.refuse("id_repeats",
                        "must be true with id_all_cells or expand, where equal rows and "
                        "copies are different records");
}

Result<std::vector<RowTest>> read_tests(Table& document, std::string_view key) {
    std::vector<RowTest> out;
    for (Table& table : document.tables(key)) {
        RowTest test;
        test.columns = one_or_many(table, "column", "columns");
        test.equals = table.texts("equals");
        test.contains = table.texts("contains");
        test.ignore_case = table.flag("ignore_case", false);
        if (table.has("above")) test.above = table.integer("above", INT64_MIN, INT64_MAX);
        test.line = table.line("");
        if (test.equals.empty() && test.contains.empty() && !test.above)
            table.refuse("equals", "a test needs equals, contains or above");
        SAFAR_TRY(table.finish());
        if (test.ignore_case)
            for (auto* texts : {&test.equals, &test.contains})
                for (std::string& text : *texts) text = ascii_lower(text);
        out.push_back(std::move(test));
    }
    return out;
}

// Keys that make sense for one type of field only.
void check_map_type(Table& table, const FieldMap& map, const Field& field) {
    auto only = [&](std::string_view key, bool given, FieldType type, std::string_view name) {
        if (given && field.type != type)
            table.refuse(key, "is for " + std::string(name) + " fields; " + quoted(field.name) +
                                  " is none");
    };
    only("formats", !map.formats.empty(), FieldType::date, "date");
    only("period", map.period.has_value(), FieldType::date, "date");
    only("yes", !map.yes.empty(), FieldType::flag, "flag");
    only("no", !map.no.empty(), FieldType::flag, "flag");
    only("currency", !map.currency.empty(), FieldType::money, "money");
    only("source", !map.source.empty(), FieldType::reference, "reference");
    only("digest", map.digest, FieldType::text, "text");
    if (!map.split.empty() && field.rule != Rule::set)
        table.refuse("split",
                     "gives several values, but field " + quoted(field.name) + " holds one");
    for (const std::string& format : map.formats)
        for (std::size_t i = 0; i < format.size(); ++i)
            if (format[i] == '%' &&
                (++i == format.size() ||
                 std::string_view("YmdBbq").find(format[i]) == std::string_view::npos))
                table.refuse("formats", quoted(format) + " may use %Y %m %d %B %b and %q");
}

Result<FieldMap> read_map(Table& table, const Kind& kind, bool has_file) {
    FieldMap map;
    map.line = table.line("field");
    map.field = table.text("field");
    map.columns = one_or_many(table, "column", "columns");
    map.file = table.text("file", "");
    map.value = table.text("value", "");
    map.when = table.texts("when");
    map.formats = table.texts("formats");
    if (table.has("period"))
        map.period = table.choice<Date::Precision>("period", periods, Date::Precision::day);
    map.split = table.texts("split");
    map.unless_followed_by = table.text("unless_followed_by", "");
    map.blank = table.texts("blank");
    map.yes = table.texts("yes");
    map.no = table.texts("no");
    map.otherwise = table.text("otherwise", "");
    map.currency = table.text("currency", "");
    map.source = table.text("source", "");
    map.digest = table.flag("digest", false);
    map.optional = table.flag("optional", false);
    check_template(table, "file", map.file, has_file);
    bool constant = !map.value.empty() && map.when.empty();
    int sources = (!map.columns.empty() ? 1 : 0) + (!map.file.empty() ? 1 : 0) +
                  (constant ? 1 : 0) + (map.digest ? 1 : 0);
    if (sources != 1)
        table.refuse("field", "needs one of column, columns, file, value or digest = true");
    if (map.optional && map.columns.empty())
        table.refuse("optional", "is for maps of a column; leave it out");
    if (!map.when.empty() && map.value.empty())
        table.refuse("when", "needs the value it stands for");
    if (const Field* field = kind.field(std::string_view(map.field)))
        check_map_type(table, map, *field);
    else
        table.refuse("field", "kind " + quoted(kind.name) + " has no field " + quoted(map.field));
    SAFAR_TRY(table.finish());
    return map;
}

Result<> check_whole(const Table& document, const Profile& profile, const Kind& kind) {
    for (const Field& field : kind.fields) {
        bool mapped = std::ranges::any_of(
            profile.maps, [&](const FieldMap& map) { return map.field == field.name; });
        if (field.required && !mapped)
            return document.error("map", "field " + quoted(field.name) +
                                             " is required and not mapped; add it");
        if (field.name == profile.at && (!mapped || field.type != FieldType::date))
            return document.error("at", "must name a date field that is mapped");
    }
    if (!profile.at.empty() && !kind.field(std::string_view(profile.at)))
        return document.error("at",
                              "kind " + quoted(kind.name) + " has no field " + quoted(profile.at));
    return success();
}

} // namespace

Result<Profile> parse_profile(const std::string& name, const std::string& text,
                              const Schema& schema) {
    NamedText named{name, text};
    SAFAR_TRY(toml::table parsed, parse_toml(named));
    Table document(named.name, "", parsed);
    Profile profile;
    profile.name = name;
    profile.source = document.text("source");
    profile.title = document.text("title");
    profile.kind = document.text("kind");
    profile.verb = document.text("verb", "recorded");
    profile.at = document.text("at", "");
    profile.quality_column = document.text("quality_column", "");
    if (document.has("quality"))
        profile.quality = static_cast<std::uint8_t>(document.integer("quality", 0, 5));
    profile.expand = document.text("expand", "");
    const Kind* kind = schema.kind(std::string_view(profile.kind));
    if (!kind) return document.error("kind", "the schema has no kind " + quoted(profile.kind));
    read_file(document, profile);
    read_id(document, profile);
    SAFAR_TRY(profile.drop_if, read_tests(document, "drop_if"));
    SAFAR_TRY(profile.keep_if, read_tests(document, "keep_if"));
    for (Table& table : document.tables("map")) {
        SAFAR_TRY(FieldMap map, read_map(table, *kind, !profile.file_pattern.empty()));
        profile.maps.push_back(std::move(map));
    }
    SAFAR_TRY(document.finish());
    if (profile.maps.empty()) return document.error("map", "nothing is mapped; add [[map]] tables");
    SAFAR_TRY(check_whole(document, profile, *kind));
    return profile;
}

std::string fill_template(std::string_view pattern, const std::vector<std::string>& captures) {
    std::string out;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (pattern[i] != '{' || i + 2 >= pattern.size()) {
            out += pattern[i];
            continue;
        }
        auto index = static_cast<std::size_t>(pattern[i + 1] - '0');
        if (index < captures.size()) out += captures[index];
        i += 2;
    }
    return out;
}

Result<std::vector<std::string>> read_file_name(const Profile& profile,
                                                std::string_view file_name) {
    std::vector<std::string> captures;
    if (profile.file_pattern.empty()) return captures;
    std::string base(file_name.substr(file_name.find_last_of('/') + 1));
    std::smatch match;
    if (std::regex_search(base, match, std::regex(profile.file_pattern))) {
        for (const auto& each : match) captures.push_back(each.str());
    } else if (profile.file_needed) {
        return failure(ErrorCode::invalid_argument,
                       profile.name + ": the file's name " + quoted(base) + " must match " +
                           profile.file_pattern +
                           ", since part of every record comes from it; rename it");
    }
    return captures;
}

} // namespace safar

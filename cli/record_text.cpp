#include "cli/record_text.hpp"

#include "cli/json_text.hpp"
#include "cli/table.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace safar::cli {

namespace json = boost::json;

namespace {

// A list may come bare or under its name.
const json::array& list_of(const json::value& answer, std::string_view name) {
    return answer.is_array() ? answer.as_array() : list_at(answer, name);
}

std::string day(const std::string& time) { return time.size() > 16 ? time.substr(0, 16) : time; }

// Why a value is not shown, for its place in a table; "" where it is.
std::string withheld_of(const json::value& value) {
    const std::string why = text_at(value, "withheld");
    return why.empty() ? "" : "withheld (" + why + ")";
}

std::string value_of(const json::value& value, std::string_view name) {
    const std::string why = withheld_of(value);
    return why.empty() ? text_at(value, name) : why;
}

// "Missing Migrants Project, 2020-01-08"
std::string source_of(const json::value& value) {
    std::string source = text_at(value, "source");
    if (const std::string edition = text_at(value, "edition"); !edition.empty())
        source += (source.empty() ? "" : ", ") + edition;
    return source;
}

} // namespace

std::string record_text(const json::value& answer) {
    std::string out = visible(fmt::format("{} {}  (compartment {})", text_at(answer, "kind"),
                                          text_at(answer, "id"), text_at(answer, "compartment"))) +
                      "\n\n";
    Table table({{"field"}, {"value"}, {""}});
    std::vector<std::string> reasons;
    bool conflict = false;
    for (const json::value& field : list_at(answer, "fields")) {
        const bool here = flag_at(field, "conflict");
        conflict = conflict || here;
        const std::string why = text_at(field, "withheld");
        table.row({text_at(field, "field"), why.empty() ? text_at(field, "reading") : "withheld",
                   here ? "CONFLICT" : ""});
        if (!why.empty() && std::find(reasons.begin(), reasons.end(), why) == reasons.end())
            reasons.push_back(why);
        if (!here) continue;
        for (const json::value& value : list_at(field, "values"))
            table.row({"", text_at(value, "value"), "says " + text_at(value, "agency")});
    }
    out += table.render();
    for (const std::string& why : reasons) out += "withheld: " + visible(why) + "\n";
    if (conflict)
        out += "\nAgencies disagree. Who said what: safar explain " +
               visible(text_at(answer, "id")) + " FIELD\n";
    return out;
}

std::string history_text(const json::value& answer) {
    Table table(
        {{"when"}, {"agency"}, {"did"}, {"field"}, {"value"}, {"source"}, {"by"}, {"event"}});
    for (const json::value& event : list_of(answer, "history")) {
        bool first = true;
        const auto row = [&](const std::string& field, const std::string& value) {
            table.row({first ? day(text_at(event, "at")) : "",
                       first ? text_at(event, "agency") : "", first ? text_at(event, "verb") : "",
                       field, value, first ? source_of(event) : "",
                       first ? text_at(event, "actor") : "",
                       first ? text_at(event, "event.log").substr(0, 8) + "/" +
                                   text_at(event, "event.sequence")
                             : ""});
            first = false;
        };
        for (const json::value& said : list_at(event, "asserts"))
            row(text_at(said, "field"), value_of(said, "value"));
        if (first) row("", fmt::format("(sets aside {})", text_at(event, "replaces")));
    }
    return table.render();
}

std::string explain_text(const json::value& answer) {
    const bool conflict = flag_at(answer, "conflict");
    const std::string reading = text_at(answer, "reading");
    std::string out =
        visible(fmt::format("{} of {}", text_at(answer, "field"), text_at(answer, "id"))) + "\n";
    const std::string why = withheld_of(answer);
    out += visible(fmt::format("reads: {}   (rule: {}{})",
                               !why.empty()      ? why
                               : reading.empty() ? "nothing"
                                                 : reading,
                               text_at(answer, "rule"), conflict ? "; agencies disagree" : "")) +
           "\n";
    if (!why.empty()) return out;
    out += "\n";
    Table live({{"no", Align::right},
                {"value"},
                {"agency"},
                {"when"},
                {"how"},
                {"source"},
                {"basis"},
                {"quality", Align::right}});
    std::size_t number = 0;
    for (const json::value& value : list_at(answer, "live"))
        live.row({std::to_string(++number), text_at(value, "value"), text_at(value, "agency"),
                  day(text_at(value, "at")), text_at(value, "verb"), source_of(value),
                  text_at(value, "basis"),
                  number_at(value, "quality") > 0 ? text_at(value, "quality") : ""});
    if (!live.empty()) out += "What stands:\n" + live.render();
    Table replaced({{"value"}, {"agency"}, {"when"}, {"how"}, {"source"}, {"set aside by"}});
    for (const json::value& value : list_at(answer, "replaced")) {
        const json::value& by = member(value, "replaced_by");
        std::string who =
            by.is_object() ? text_at(by, "agency") + " " + day(text_at(by, "at")) : shown(by);
        if (by.is_object() && !text_at(by, "why").empty()) who += ": " + text_at(by, "why");
        replaced.row({text_at(value, "value"), text_at(value, "agency"), day(text_at(value, "at")),
                      text_at(value, "verb"), source_of(value), who});
    }
    if (!replaced.empty()) out += "\nWhat was said before and set aside:\n" + replaced.render();
    if (conflict)
        out += "\n" +
               visible(fmt::format("To settle it: safar conflict resolve {} {} --pick N --why TEXT",
                                   text_at(answer, "id"), text_at(answer, "field"))) +
               "\n";
    return out;
}

std::string similar_text(const json::value& answer) {
    Table table({{"record"}, {"kind"}, {"likeness", Align::right}, {"because of"}, {"title"}});
    for (const json::value& one : list_at(answer, "records")) {
        std::string matched;
        for (const json::value& field : list_at(one, "matched"))
            matched += (matched.empty() ? "" : ", ") + visible(shown(field));
        table.row({visible(text_at(one, "id")), visible(text_at(one, "kind")),
                   text_at(one, "likeness"), std::move(matched), visible(text_at(one, "title"))});
    }
    return table.empty() ? std::string() : table.render();
}

std::string found_text(const json::value& answer) {
    const json::array& records = list_at(answer, "records");
    if (records.empty()) return "no record matches\n";
    // Columns: the fields of the first records, in their order; more than six do not fit a screen.
    std::vector<std::string> names;
    for (const json::value& record : records)
        if (const auto* fields = member(record, "fields").if_object())
            for (const auto& field : *fields) {
                std::string name(field.key().data(), field.key().size());
                if (names.size() < 6 && std::find(names.begin(), names.end(), name) == names.end())
                    names.push_back(name);
            }
    std::vector<Table::Column> columns{{"id"}};
    for (const std::string& name : names) columns.push_back({name});
    Table table(columns);
    for (const json::value& record : records) {
        std::vector<std::string> cells{text_at(record, "id")};
        for (const std::string& name : names)
            cells.push_back(shorten(text_at(member(record, "fields"), name), 28));
        table.row(std::move(cells));
    }
    std::string out = table.render();
    if (const auto* withheld = member(answer, "withheld").if_object())
        for (const auto& one : *withheld)
            out += visible(fmt::format("{}: withheld ({})",
                                       std::string_view(one.key().data(), one.key().size()),
                                       shown(one.value()))) +
                   "\n";
    if (flag_at(answer, "truncated"))
        out += fmt::format("the first {}; --limit N shows more\n", records.size());
    return out;
}

std::string conflicts_text(const json::value& answer) {
    const json::array& conflicts = list_of(answer, "conflicts");
    if (conflicts.empty()) return "no open conflicts\n";
    Table table({{"record"}, {"kind"}, {"field"}, {"agencies"}, {"values"}, {"since"}});
    for (const json::value& conflict : conflicts) {
        std::string values;
        for (const json::value& value : list_at(conflict, "values")) {
            if (!values.empty()) values += " | ";
            values += value.is_object() ? text_at(value, "value") : shown(value);
        }
        if (!text_at(conflict, "withheld").empty()) values = "withheld";
        table.row({text_at(conflict, "id"), text_at(conflict, "kind"), text_at(conflict, "field"),
                   text_at(conflict, "agencies"), shorten(visible(values), 40),
                   day(text_at(conflict, "since"))});
    }
    std::string out = table.render();
    const auto total = number_at(answer, "total");
    out += total > static_cast<std::int64_t>(conflicts.size())
               ? fmt::format("{} of {}; --limit N shows more\n", conflicts.size(), grouped(total))
               : fmt::format("{} open conflicts\n", conflicts.size());
    return out;
}

} // namespace safar::cli

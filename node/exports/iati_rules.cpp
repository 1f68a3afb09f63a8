#include "node/exports/iati_rules.hpp"

#include "node/registry/iso_time.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <map>
#include <optional>
#include <pugixml.hpp>

namespace safar {
namespace {

using pugi::xml_node;

std::optional<std::int32_t> day_of(std::string_view text) {
    auto time = parse_time(text.substr(0, 10));
    if (!time) return std::nullopt;
    return static_cast<std::int32_t>(time.value().microseconds / day_us);
}

std::string text_of(const xml_node& node) { return node.child("narrative").text().get(); }
std::string attribute(const xml_node& node, const char* name) {
    return node.attribute(name).value();
}
bool has(const xml_node& node, const char* name) { return !node.attribute(name).empty(); }
std::size_t count(const xml_node& node, const char* child) {
    auto range = node.children(child);
    return static_cast<std::size_t>(std::distance(range.begin(), range.end()));
}
bool has_symbol(std::string_view text) {
    return text.find_first_of("/&|?") != std::string_view::npos;
}
bool has_blank_end(std::string_view text) {
    constexpr std::string_view blank = " \t\r\n";
    return !text.empty() && (blank.find(text.front()) != std::string_view::npos ||
                             blank.find(text.back()) != std::string_view::npos);
}
bool is_number(std::string_view text) {
    double out = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return !text.empty() && error == std::errc() && end == text.data() + text.size();
}
bool is_capitals(std::string_view text, std::size_t length) {
    return text.size() == length &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}
std::int32_t a_year_after(std::int32_t day) {
    const std::chrono::year_month_day from{std::chrono::sys_days{std::chrono::days{day}}};
    auto to = from + std::chrono::years{1};
    if (!to.ok()) to = to.year() / to.month() / std::chrono::last; // 29 February
    return std::chrono::sys_days{to}.time_since_epoch().count();
}
bool one_of(std::string_view text, std::initializer_list<std::string_view> allowed) {
    return std::find(allowed.begin(), allowed.end(), text) != allowed.end();
}

class Checker {
public:
    Checker(xml_node activity, std::int32_t today, std::vector<BrokenRule>& out)
        : activity_(activity), today_(today), out_(out),
          id_(activity.child("iati-identifier").text().get()) {}

    void run() {
        required();
        identifiers();
        narratives();
        dates();
        places();
        sectors();
        organisations();
        markers();
        codes();
        budgets();
        transactions();
        results();
    }

private:
    void broken(std::string rule, std::string where, std::string what) {
        out_.push_back({id_, std::move(rule), std::move(where), std::move(what)});
    }

    void required() {
        for (const char* name : {"iati-identifier", "reporting-org", "title", "description",
                                 "participating-org", "activity-status", "activity-date"})
            if (!activity_.child(name)) broken(std::string("schema:") + name, name, "is missing");
        const xml_node org = activity_.child("reporting-org");
        if (org && text_of(org).empty())
            broken("schema:reporting-org/narrative", "reporting-org", "has no name");
        for (const char* name : {"ref", "type"})
            if (org && attribute(org, name).empty())
                broken(std::string("schema:reporting-org/@") + name, "reporting-org",
                       std::string("has no ") + name);
    }

    void identifier(const std::string& text, const char* where, const char* symbols,
                    const char* blanks) {
        if (has_symbol(text)) broken(symbols, where, "'" + text + "' contains one of / & | ?");
        if (has_blank_end(text))
            broken(blanks, where, "'" + text + "' begins or ends with a blank");
    }
    void identifiers() {
        const std::string org = attribute(activity_.child("reporting-org"), "ref");
        identifier(id_, "iati-identifier", "1.3.13", "1.3.1");
        identifier(org, "reporting-org", "1.14.13", "1.14.1");
        if (id_ == org)
            broken("1.1.3", "iati-identifier", "is the identifier of the reporting organisation");
        else if (!id_.starts_with(org + "-"))
            broken("1.1.21", "iati-identifier", "'" + id_ + "' does not begin with '" + org + "-'");
        for (xml_node node : activity_.children("participating-org"))
            identifier(attribute(node, "ref"), "participating-org", "1.8.13", "1.8.1");
    }

    void narratives() {
        if (activity_.child("title") && text_of(activity_.child("title")).empty())
            broken("4.3.1", "title", "has no text");
        for (xml_node node : activity_.children("description"))
            if (text_of(node).empty()) broken("4.4.1", "description", "has no text");
        if (attribute(activity_, "xml:lang").empty())
            broken("4.1.1", "iati-activity", "names no language");
    }

    std::optional<std::int32_t> date(const char* type) const {
        for (xml_node node : activity_.children("activity-date"))
            if (attribute(node, "type") == type) return day_of(attribute(node, "iso-date"));
        return std::nullopt;
    }
    void order(const char* rule, const char* first, const char* second, const std::string& what) {
        const auto from = date(first), to = date(second);
        if (from && to && *from > *to) broken(rule, "activity-date", what);
    }
    void dates() {
        if (!date("1") && !date("2"))
            broken("6.11.1", "activity-date", "neither a planned nor an actual start is given");
        order("11.1.2", "1", "3", "the planned start is after the planned end");
        order("11.1.3", "2", "4", "the actual start is after the actual end");
        if (date("2") && *date("2") > today_)
            broken("11.1.4", "activity-date", "the actual start is in the future");
        if (date("4") && *date("4") > today_)
            broken("11.1.5", "activity-date", "the actual end is in the future");
        if (auto at = day_of(attribute(activity_, "last-updated-datetime")); at && *at > today_)
            broken("11.1.1", "iati-activity", "was last updated in the future");
    }

    // Percentages of the nodes of one vocabulary: one alone has none or 100, several have them all,
    // to 100.
    void percentages(const std::vector<xml_node>& nodes, const std::string& where, const char* each,
                     const char* sum, const char* single) {
        if (nodes.size() == 1) {
            const std::string only = attribute(nodes[0], "percentage");
            if (!only.empty() && nodes[0].attribute("percentage").as_double() != 100.0)
                broken(single, where, "the only one has " + only + " %, not 100");
            return;
        }
        double total = 0;
        for (const xml_node& node : nodes) {
            if (!has(node, "percentage")) {
                broken(each, where,
                       "there are several, and '" + attribute(node, "code") +
                           "' has no percentage");
                return;
            }
            total += node.attribute("percentage").as_double();
        }
        if (nodes.size() > 1 && std::abs(total - 100.0) > 0.005)
            broken(sum, where, "percentages add up to " + std::to_string(total).substr(0, 6));
    }

    void places() {
        std::vector<xml_node> countries, all;
        for (xml_node node : activity_.children("recipient-country")) countries.push_back(node);
        all = countries;
        for (xml_node node : activity_.children("recipient-region")) all.push_back(node);
        if (all.size() == countries.size())
            percentages(countries, "recipient-country", "3.1.1", "3.1.2", "3.1.4");
        else
            percentages(all, "recipient-country and recipient-region", "3.4.1", "3.4.2", "3.4.4");
        std::size_t with = 0;
        const std::size_t transactions = count(activity_, "transaction");
        for (xml_node node : activity_.children("transaction"))
            with += node.child("recipient-country") || node.child("recipient-region") ? 1 : 0;
        if (!all.empty() && with > 0)
            broken("3.6.2", "transaction",
                   "a country or region stands at the activity and at a transaction");
        if (all.empty() && with == 0)
            broken("3.7.1", "recipient-country",
                   "neither the activity nor its transactions name a country or region");
        else if (all.empty() && with < transactions)
            broken("3.7.2", "transaction",
                   "some transactions name a country or region and others do not");
    }

    void sectors() {
        std::map<std::string, std::vector<xml_node>> by_vocabulary;
        for (xml_node node : activity_.children("sector"))
            by_vocabulary[has(node, "vocabulary") ? attribute(node, "vocabulary") : "1"].push_back(
                node);
        for (const auto& [vocabulary, nodes] : by_vocabulary) {
            percentages(nodes, "sector", "2.1.1", "2.1.2", "2.1.4");
            for (const xml_node& node : nodes)
                if (one_of(vocabulary, {"98", "99"}) && text_of(node).empty())
                    broken("2.2.1", "sector", "an own code has no text");
        }
        if (!by_vocabulary.empty() && !by_vocabulary.contains("1"))
            broken("102.1.1", "sector", "none is of the OECD DAC vocabulary");
        std::size_t with = 0;
        for (xml_node node : activity_.children("transaction"))
            with += node.child("sector") ? 1 : 0;
        const std::size_t transactions = count(activity_, "transaction");
        if (by_vocabulary.empty() && with == 0)
            broken("6.2.2", "sector", "neither the activity nor its transactions name a sector");
        else if (by_vocabulary.empty() && with < transactions)
            broken("6.7.2", "transaction", "some transactions name a sector and others do not");
        if (!by_vocabulary.empty() && with > 0)
            broken("6.6.2", "transaction", "sectors stand at the activity and at a transaction");
    }

    void organisations() {
        std::size_t number = 0;
        for (xml_node node : activity_.children("participating-org")) {
            const std::string where = "participating-org " + std::to_string(++number);
            if (attribute(node, "ref").empty() && text_of(node).empty())
                broken("6.10.1", where, "has neither an identifier nor a name");
            if (!one_of(attribute(node, "role"), {"1", "2", "3", "4"}))
                broken("codelist:OrganisationRole", where,
                       "role '" + attribute(node, "role") + "' is none of 1 to 4");
        }
    }

    void markers() {
        for (xml_node node : activity_.children("policy-marker")) {
            const std::string vocabulary = attribute(node, "vocabulary");
            if (one_of(vocabulary, {"", "1"}) && !has(node, "significance"))
                broken("6.14.1", "policy-marker", "has no significance (0 to 4)");
            if (vocabulary == "99" && text_of(node).empty())
                broken("6.13.1", "policy-marker", "an own code has no text");
        }
    }

    void code(const xml_node& node, const char* list,
              std::initializer_list<std::string_view> allowed) {
        const std::string value = attribute(node, "code");
        if (node && !one_of(value, allowed))
            broken(std::string("codelist:") + list, node.name(),
                   "'" + value + "' is not on the list");
    }
    void currency(const xml_node& value, const std::string& where) {
        const std::string own = attribute(value, "currency"),
                          common = attribute(activity_, "default-currency");
        if (own.empty() && common.empty())
            broken("7.8.1", where, "neither the value nor the activity names a currency");
        for (const std::string& text : {own, common})
            if (!text.empty() && !is_capitals(text, 3))
                broken("codelist:Currency", where, "'" + text + "' is no ISO 4217 code");
        if (!is_number(value.text().get()))
            broken("schema:value", where, "the amount is no number");
        if (!day_of(attribute(value, "value-date")))
            broken("schema:value/@value-date", where, "has no value date");
    }
    void codes() {
        code(activity_.child("activity-status"), "ActivityStatus", {"1", "2", "3", "4", "5", "6"});
        for (xml_node node : activity_.children("recipient-country"))
            if (!is_capitals(attribute(node, "code"), 2))
                broken("codelist:Country", "recipient-country",
                       "'" + attribute(node, "code") + "' is no ISO 3166-1 alpha-2 code");
        for (xml_node node : activity_.children("sector"))
            if (one_of(attribute(node, "vocabulary"), {"", "1"}) &&
                (attribute(node, "code").size() != 5 || !is_number(attribute(node, "code"))))
                broken("codelist:Sector", "sector",
                       "'" + attribute(node, "code") + "' is no DAC code of 5 digits");
        for (xml_node node : activity_.children("tag"))
            if (attribute(node, "vocabulary") == "3" &&
                attribute(node, "code").find('.') == std::string::npos)
                broken("codelist:UNSDG-Targets", "tag",
                       "'" + attribute(node, "code") + "' is no SDG target, such as 10.7");
    }

    void period(const xml_node& node, const char* rule, const std::string& where, bool year) {
        const auto start = day_of(attribute(node.child("period-start"), "iso-date"));
        const auto end = day_of(attribute(node.child("period-end"), "iso-date"));
        if (!start) broken("schema:period-start", where, "has no start");
        if (!end) broken("schema:period-end", where, "has no end");
        if (!start || !end) return;
        if (*start > *end)
            broken(rule, where, "begins after it ends");
        else if (year && *end > a_year_after(*start))
            broken("7.5.3", where,
                   "lasts " + std::to_string(*end - *start + 1) +
                       " days; a budget is of a year at most");
    }
    void budgets() {
        std::size_t number = 0;
        for (xml_node node : activity_.children("budget")) {
            const std::string where = "budget " + std::to_string(++number);
            period(node, "8.6.3", where, /*year=*/true);
            currency(node.child("value"), where);
        }
    }

    void transactions() {
        std::size_t number = 0;
        for (xml_node node : activity_.children("transaction")) {
            std::string where = "transaction " + std::to_string(++number);
            if (has(node, "ref")) where += " (" + attribute(node, "ref") + ")";
            const std::string type = attribute(node.child("transaction-type"), "code");
            if (!one_of(type,
                        {"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13"}))
                broken("codelist:TransactionType", where, "type '" + type + "' is none of 1 to 13");
            const auto at = day_of(attribute(node.child("transaction-date"), "iso-date"));
            if (!at) broken("schema:transaction-date", where, "has no date");
            if (at && *at > today_) broken("11.2.1", where, "its date is in the future");
            const auto valued = day_of(attribute(node.child("value"), "value-date"));
            if (valued && *valued > today_)
                broken("11.2.2", where, "its value date is in the future");
            currency(node.child("value"), where);
            if (const xml_node org = node.child("provider-org");
                org && attribute(org, "ref").empty() && text_of(org).empty())
                broken("6.9.1", where, "the provider has neither an identifier nor a name");
            if (const xml_node org = node.child("receiver-org");
                org && attribute(org, "ref").empty() && text_of(org).empty())
                broken("6.9.2", where, "the receiver has neither an identifier nor a name");
            identifier(attribute(node.child("provider-org"), "ref"), where.c_str(), "1.10.13",
                       "1.10.1");
            identifier(attribute(node.child("receiver-org"), "ref"), where.c_str(), "1.15.13",
                       "1.15.1");
        }
    }

    // A value of a baseline, target or actual.
    void measured(const xml_node& node, bool qualitative, const std::string& where,
                  const std::string& rule) {
        if (!node) return;
        const std::string value = attribute(node, "value");
        if (!qualitative && value.empty())
            broken(rule + ".1", where, "has no value, and the measure is a number");
        if (!qualitative && !value.empty() && !is_number(value))
            broken(rule + ".2", where, "'" + value + "' is no number");
        if (qualitative && !value.empty())
            broken(rule + ".3", where, "has a value, and the measure is qualitative");
    }
    void indicator(const xml_node& node, const std::string& where) {
        const std::string measure = attribute(node, "measure");
        if (!one_of(measure, {"1", "2", "3", "4", "5"}))
            broken("codelist:IndicatorMeasure", where,
                   "measure '" + measure + "' is none of 1 to 5");
        if (text_of(node.child("title")).empty()) broken("4.3.1", where, "the title has no text");
        const bool qualitative = measure == "5";
        measured(node.child("baseline"), qualitative, where + ", baseline", "8.8");
        std::size_t number = 0;
        for (xml_node each : node.children("period")) {
            const std::string here = where + ", period " + std::to_string(++number);
            period(each, "8.6.1", here, /*year=*/false);
            for (xml_node target : each.children("target"))
                measured(target, qualitative, here + ", target", "8.9");
            for (xml_node actual : each.children("actual"))
                measured(actual, qualitative, here + ", actual", "8.10");
        }
    }
    void results() {
        std::size_t number = 0;
        for (xml_node node : activity_.children("result")) {
            const std::string where = "result " + std::to_string(++number);
            if (!one_of(attribute(node, "type"), {"1", "2", "3", "9"}))
                broken("codelist:ResultType", where,
                       "type '" + attribute(node, "type") + "' is none of 1, 2, 3, 9");
            if (text_of(node.child("title")).empty())
                broken("4.3.1", where, "the title has no text");
            if (!node.child("indicator"))
                broken("schema:result/indicator", where, "has no indicator");
            std::size_t inner = 0;
            for (xml_node each : node.children("indicator"))
                indicator(each, where + ", indicator " + std::to_string(++inner));
        }
    }

    xml_node activity_;
    std::int32_t today_;
    std::vector<BrokenRule>& out_;
    std::string id_;
};

} // namespace

Result<std::vector<BrokenRule>> check_iati(std::string_view xml, std::int32_t today) {
    pugi::xml_document document;
    const auto read = document.load_buffer(xml.data(), xml.size());
    if (!read) return failure(ErrorCode::malformed, std::string("no XML: ") + read.description());
    std::vector<BrokenRule> out;
    std::map<std::string, int> activities; // by identifier
    for (xml_node activity : document.child("iati-activities").children("iati-activity")) {
        Checker(activity, today, out).run();
        ++activities[activity.child("iati-identifier").text().get()];
    }
    // Whoever reads the file adds up the money of both.
    for (const auto& [id, count] : activities)
        if (count > 1 && !id.empty())
            out.push_back({id, "unique:iati-identifier", "iati-identifier",
                           "is that of " + std::to_string(count) + " activities of the file"});
    return out;
}

} // namespace safar

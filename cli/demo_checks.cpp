// The tour's chapters that compare: counts with published figures, digests with each other.
#include "cli/demo_data.hpp"
#include "cli/demo_tour.hpp"
#include "cli/json_text.hpp"
#include "cli/table.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <ostream>

namespace safar::cli {

namespace json = boost::json;

namespace {

// What is asked for -> the figure, as it is shown.
using Figures = std::map<std::string, std::string>;
using ByNode = std::vector<std::pair<std::string, Figures>>;

// The count (or sum) of each value of a question's one dimension.
Outcome<Figures> counted(Narrator& narrator, const std::string& agency,
                         const std::vector<std::string>& question, const char* what) {
    SAFAR_TRY(auto answer, narrator.ask(agency, question));
    Figures out;
    for (const json::value& row : list_at(answer, "rows")) {
        const json::array& key = list_at(row, "key");
        if (!key.empty()) out[shown(key.front())] = grouped(number_at(row, what));
    }
    return out;
}

// Prints published figures beside what each node answers.
void compare(Narrator& narrator, const std::string& label, const Figures& published,
             const ByNode& nodes, const Figures& names = {}) {
    std::vector<Table::Column> columns{{label}, {"published", Align::right}};
    for (const auto& [agency, figures] : nodes) columns.push_back({"at " + agency, Align::right});
    columns.push_back({""});
    Table table(columns);
    bool all = true;
    for (const auto& [key, figure] : published) {
        std::vector<std::string> cells{names.contains(key) ? names.at(key) : key, figure};
        bool same = true;
        for (const auto& [agency, figures] : nodes) {
            const auto found = figures.find(key);
            const std::string here = found == figures.end() ? "0" : found->second;
            same = same && here == figure;
            cells.push_back(here);
        }
        cells.push_back(same ? "=" : "DIFFERS");
        all = all && same;
        table.row(std::move(cells));
    }
    narrator.out() << table.render();
    narrator.check(all, all ? "every count equals the published figure, at every node asked"
                            : "a count differs from what is published");
}

std::string figure(const std::string& text) {
    return grouped(std::strtoll(text.c_str(), nullptr, 10));
}

// "2,235 / 400 / 3,166" a year: enforced, refused entry, voluntary.
Figures by_year(const std::map<std::string, Figures>& years) {
    Figures out;
    for (const auto& [year, groups] : years) {
        std::string line;
        for (const char* group : {"enforced", "refused_entry", "voluntary"})
            line += (line.empty() ? "" : " / ") + (groups.contains(group) ? groups.at(group) : "0");
        out[year] = line;
    }
    return out;
}

Outcome<Exit> check_returns(Narrator& narrator) {
    SAFAR_TRY(auto rows, read_published(narrator.network(), "uk_returns.csv"));
    const Figures codes{{"Enforced return", "enforced"},
                        {"Voluntary return", "voluntary"},
                        {"Refused entry and subsequently departed", "refused_entry"}};
    std::map<std::string, Figures> published;
    for (const auto& row : rows) published[row[0]][codes.at(row[1])] = figure(row[2]);
    narrator.say(
        "Returns of Pakistani nationals from the UK were imported by IOM. NCHR may read them.");
    narrator.run("NCHR", {"stats", "return", "--by", "return_type_group", "--where",
                          "nationality=Pakistan"});
    narrator.say("By year: enforced / refused entry / voluntary, as the UK Home Office published "
                 "it and as two nodes count it.");
    ByNode nodes;
    for (const std::string agency : {"IOM", "NCHR"}) {
        SAFAR_TRY(auto answer,
                  narrator.ask(agency, {"stats", "return", "--by", "year,return_type_group",
                                        "--where", "nationality=Pakistan"}));
        std::map<std::string, Figures> years;
        for (const json::value& row : list_at(answer, "rows")) {
            const json::array& key = list_at(row, "key");
            if (key.size() == 2)
                years[shown(key[0])][shown(key[1])] = grouped(number_at(row, "count"));
        }
        nodes.emplace_back(agency, by_year(years));
    }
    compare(narrator, "year", by_year(published), nodes);
    return Exit::ok;
}

Outcome<Exit> check_referrals(Narrator& narrator) {
    SAFAR_TRY(auto rows, read_published(narrator.network(), "uk_nrm.csv"));
    Figures published;
    for (const auto& row : rows) published[row[0]] = figure(row[1]);
    narrator.say("Referrals of possible victims of trafficking: four agencies imported a part "
                 "each, and each of them\n"
                 "now counts the whole.");
    ByNode nodes;
    for (const std::string agency : {"FIA", "IOM", "UNODC", "NCHR"}) {
        SAFAR_TRY(auto counts,
                  counted(narrator, agency, {"stats", "victim_case", "--by", "quarter"}, "count"));
        nodes.emplace_back(agency, std::move(counts));
    }
    compare(narrator, "quarter", published, nodes);
    narrator.say("MOPHRD is not a reader of the compartment `protection`. Its node never received "
                 "a byte of it:");
    const Exit how = narrator.run("MOPHRD", {"stats", "victim_case"}, /*may_fail=*/true);
    narrator.check(how == Exit::not_permitted,
                   "MOPHRD sees no case, and is told which nodes to ask instead");
    return Exit::ok;
}

Outcome<Exit> check_missing(Narrator& narrator) {
    const Figures routes{{"Central Mediterranean", "central_med"},
                         {"Iran to Türkiye", "iran_turkiye"},
                         {"Eastern Mediterranean", "eastern_med"},
                         {"Western Balkans", "western_balkans"}};
    SAFAR_TRY(auto rows, read_published(narrator.network(), "missing_routes.csv"));
    Figures published;
    Figures names;
    for (const auto& row : rows) {
        published[routes.at(row[0])] = figure(row[1]);
        names[routes.at(row[0])] = row[0];
    }
    narrator.say(
        "Dead and missing on routes from Pakistan, 2014 to 2023 (IOM Missing Migrants Project):");
    ByNode nodes;
    for (const std::string agency : {"FIA", "MOPHRD"}) {
        SAFAR_TRY(auto counts,
                  counted(narrator, agency,
                          {"stats", "incident", "--by", "route", "--sum", "dead_and_missing",
                           "--where", "country_of_origin=Pakistan"},
                          "sum"));
        nodes.emplace_back(agency, std::move(counts));
    }
    compare(narrator, "route", published, nodes, names);
    SAFAR_TRY(auto flows, read_published(narrator.network(), "unhcr_flows.csv"));
    Figures asylum;
    for (const auto& row : flows)
        if (row[2] == "ROU") asylum[row[0]] = figure(row[4]);
    narrator.say(
        "Asylum applications of Pakistani nationals in Romania (UNHCR), imported by MOPHRD:");
    ByNode readers;
    for (const std::string agency : {"MOPHRD", "UNODC"}) {
        SAFAR_TRY(auto counts,
                  counted(narrator, agency,
                          {"stats", "population_flow", "--by", "year", "--sum", "asylum_seekers",
                           "--where", "asylum=Romania", "--where", "origin=Pakistan"},
                          "sum"));
        readers.emplace_back(agency, std::move(counts));
    }
    compare(narrator, "year", asylum, readers);
    return Exit::ok;
}

} // namespace

Outcome<Exit> check_published(Narrator& narrator, bool real) {
    SAFAR_TRY(check_returns(narrator));
    SAFAR_TRY(check_referrals(narrator));
    // The real files hold other editions of the incidents than the published totals.
    if (!real) {
        SAFAR_TRY(check_missing(narrator));
    }
    return Exit::ok;
}

Outcome<Exit> show_digests(Narrator& narrator) {
    const DemoNetwork& network = narrator.network();
    SAFAR_TRY(auto charter, network.charter());
    std::vector<Table::Column> columns{{"compartment"}};
    for (const DemoAgency& agency : network.agencies()) columns.push_back({agency.code});
    Table table(columns);
    bool equal = true;
    for (const CharterCompartment& compartment : charter.compartments) {
        std::vector<std::string> cells{compartment.name};
        std::string first;
        for (const DemoAgency& agency : network.agencies()) {
            if (!compartment.may_hold(agency.code)) {
                cells.push_back("-");
                continue;
            }
            SAFAR_TRY(auto answer, narrator.ask(agency.code, {"digest", "--state", "--compartment",
                                                              compartment.name}));
            const json::array& list = list_at(answer, "compartments");
            const std::string digest =
                list.empty() ? "none"
                             : text_at(list.front(), "frontier") + text_at(list.front(), "state");
            if (first.empty()) first = digest;
            equal = equal && digest == first && digest != "none";
            cells.push_back(list.empty() ? "none" : text_at(list.front(), "state").substr(0, 12));
        }
        table.row(std::move(cells));
    }
    narrator.out() << table.render();
    narrator.check(equal, equal ? "in each compartment all holders have the same digest of what "
                                  "they hold and of what it says"
                                : "digests differ");
    return Exit::ok;
}

} // namespace safar::cli

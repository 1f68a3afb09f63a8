// Counting questions.
#include "cli/app.hpp"
#include "cli/arguments.hpp"
#include "cli/json_text.hpp"
#include "cli/table.hpp"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include <ostream>

namespace safar::cli {

namespace json = boost::json;

namespace {

struct StatsOptions {
    std::string kind, by, sum, since, until;
    std::vector<std::string> where;
    std::string format = "table";
};

Outcome<Exit> stats(Context& context, const StatsOptions& options) {
    SAFAR_TRY(auto client, context.client());
    Query query{{"kind", options.kind}};
    if (!options.by.empty()) query.emplace_back("by", options.by);
    for (const std::string& filter : options.where) {
        SAFAR_TRY(assignment("--where", filter));
        query.emplace_back("where", filter);
    }
    if (!options.sum.empty()) query.emplace_back("sum", options.sum);
    if (!options.since.empty()) query.emplace_back("since", options.since);
    if (!options.until.empty()) query.emplace_back("until", options.until);
    SAFAR_TRY(auto answer, client.get(target_of("/v1/statistics", query)));
    if (context.json || options.format == "json") {
        context.print_raw(answer);
        return Exit::ok;
    }
    const bool sums = !options.sum.empty();
    const json::array& by = list_at(answer.json, "by");
    std::vector<Table::Column> columns;
    std::vector<std::string> titles;
    for (const json::value& dimension : by) {
        columns.push_back({shown(dimension)});
        titles.push_back(shown(dimension));
    }
    columns.push_back({"count", Align::right});
    titles.push_back("count");
    if (sums) {
        columns.push_back({"sum of " + options.sum, Align::right});
        titles.push_back("sum_" + options.sum);
    }
    const bool csv = options.format == "csv";
    Table table(columns);
    if (csv) context.out << csv_row(titles);
    const auto add = [&](std::vector<std::string> cells, const json::value& row) {
        const auto number = [&](const char* name) {
            return csv ? text_at(row, name) : grouped(number_at(row, name));
        };
        cells.push_back(number("count"));
        // A sum of money is in minor units, a hundredth of the currency or what it has.
        const bool money = !member(row, "money").is_null();
        if (sums) cells.push_back(money ? text_at(row, "money") : number("sum"));
        if (csv)
            context.out << csv_row(cells);
        else
            table.row(std::move(cells));
    };
    for (const json::value& row : list_at(answer.json, "rows")) {
        std::vector<std::string> cells;
        for (const json::value& key : list_at(row, "key"))
            cells.push_back(shown(key).empty() && !csv ? "(not said)" : shown(key));
        cells.resize(by.size());
        add(std::move(cells), row);
    }
    if (csv) return Exit::ok;
    // Without dimensions the one row is the total already.
    if (!by.empty() || table.empty()) {
        std::vector<std::string> cells(by.size());
        if (!by.empty()) cells.front() = "total";
        add(std::move(cells), answer.json);
    }
    context.out << table.render();
    return Exit::ok;
}

} // namespace

void add_stats_commands(CLI::App& app, Context& context) {
    const auto options = std::make_shared<StatsOptions>();
    auto& command =
        add_command(app, context, "stats", "Count records of a kind by their dimensions",
                    "safar stats return --by year,group --where nationality=PK --since 2012 "
                    "--until 2023-12-31\n"
                    "safar stats incident --by route --sum dead_and_missing --format csv",
                    [&context, options] { return stats(context, *options); });
    command.add_option("kind", options->kind, "Kind of record")->required();
    command
        .add_option("--by", options->by,
                    "Dimensions; year, quarter and month come from the kind's time field")
        ->type_name("DIM[,DIM...]");
    command
        .add_option(
            "--where", options->where,
            "Only these values (commas in a text are part of it); repeat for more dimensions")
        ->type_name("DIM=VALUE[,VALUE...]")
        ->allow_extra_args(false);
    command.add_option("--sum", options->sum, "Also add up this measure")->type_name("MEASURE");
    command.add_option("--since", options->since, "First day")->type_name("DATE");
    command
        .add_option("--until", options->until,
                    "Last day; a date known to the year counts where all of the year does")
        ->type_name("DATE");
    command.add_option("--format", options->format, "table, csv or json")
        ->check(CLI::IsMember({"table", "csv", "json"}));
}

} // namespace safar::cli

// An absence on purpose: peers hear of it beforehand and do not take it for a fault.
#include "cli/app.hpp"
#include "cli/json_text.hpp"
#include "cli/table.hpp"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <ostream>

namespace safar::cli {

namespace json = boost::json;

namespace {

struct MaintenanceOptions {
    std::string from, until, why;
};

Outcome<Exit> print(Context& context, const ApiAnswer& answer) {
    if (context.json) {
        context.print_raw(answer);
        return Exit::ok;
    }
    if (!flag_at(answer.json, "announced"))
        context.out << "peers expect this node to be there\n";
    else
        context.out << visible(fmt::format(
                           "peers know that this node will be away from {} until {}: {}",
                           text_at(answer.json, "from"), text_at(answer.json, "until"),
                           text_at(answer.json, "why")))
                    << "\n";
    return Exit::ok;
}

Outcome<Exit> change(Context& context, const json::object& body) {
    SAFAR_TRY(auto client, context.client());
    SAFAR_TRY(auto answer, client.post("/v1/maintenance", body));
    return print(context, answer);
}

Outcome<Exit> begin(Context& context, const MaintenanceOptions& options) {
    json::object body{{"until", options.until}, {"why", options.why}};
    if (!options.from.empty()) body["from"] = options.from;
    return change(context, body);
}

Outcome<Exit> show_maintenance(Context& context) {
    SAFAR_TRY(auto client, context.client());
    SAFAR_TRY(auto answer, client.get("/v1/maintenance"));
    return print(context, answer);
}

} // namespace

void add_maintenance_commands(CLI::App& app, Context& context) {
    CLI::App& group =
        add_group(app, "maintenance", "Tell the peers that this node will be away on purpose");
    const auto options = std::make_shared<MaintenanceOptions>();
    auto& announce =
        add_command(group, context, "announce",
                    "Peers show it, and take the absence for no fault; another one replaces it",
                    "safar maintenance announce --until 2026-03-01T22:00:00Z --why \"a new disk\"\n"
                    "safar maintenance announce --from 2026-03-01T20:00:00Z --until "
                    "2026-03-01T22:00:00Z --why \"a new disk\"",
                    [&context, options] { return begin(context, *options); });
    announce.add_option("--from", options->from, "In UTC; now if absent")->type_name("TIME");
    announce.add_option("--until", options->until, "In UTC, at most 31 days later")
        ->required()
        ->type_name("TIME");
    announce.add_option("--why", options->why, "One line that every peer reads")
        ->required()
        ->type_name("TEXT");
    add_command(group, context, "end", "Back before the time, or never gone",
                "safar maintenance end", [&context] { return change(context, {}); });
    add_command(group, context, "show", "What the peers have been told", "safar maintenance show",
                [&context] { return show_maintenance(context); });
}

} // namespace safar::cli

// What peers say that they hold and have not delivered.
#include "cli/app.hpp"
#include "cli/json_text.hpp"
#include "cli/table.hpp"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <ostream>

namespace safar::cli {

namespace {

// Authors sign once an hour how far their logs go.
void print_stated(Context& context, const boost::json::value& answer) {
    Table table({{"log of"},
                 {"compartment"},
                 {"log"},
                 {"its author states", Align::right},
                 {"held here", Align::right},
                 {"missing", Align::right},
                 {"stated"}});
    for (const auto& gap : list_at(answer, "stated"))
        table.row({text_at(gap, "agency"), text_at(gap, "compartment"),
                   text_at(gap, "incarnation").substr(0, 8), grouped(number_at(gap, "stated")),
                   grouped(number_at(gap, "ours")), grouped(number_at(gap, "missing")),
                   text_at(gap, "time")});
    if (!table.empty()) context.out << '\n' << table.render();
}

std::string_view split_text(const std::string& kind) {
    if (kind == "two_hashes") return "signed two different batches as its head";
    if (kind == "went_back") return "signed fewer batches later than before";
    return "signed another batch than is held here";
}

void print_split_views(Context& context, const boost::json::value& answer) {
    for (const auto& split : list_at(answer, "split_views")) {
        const std::string second = text_at(split, "second.time");
        context.out << fmt::format(
            "\nSPLIT VIEW: {} in {}, log {}: {} (batch {}, {}{}){}\n", text_at(split, "agency"),
            text_at(split, "compartment"), text_at(split, "incarnation").substr(0, 8),
            split_text(text_at(split, "kind")), grouped(number_at(split, "first.batch")),
            text_at(split, "first.time"), second.empty() ? "" : " and " + second,
            flag_at(split, "proven") ? "; proven: safar evidence show" : "");
    }
}

Outcome<Exit> gaps(Context& context) {
    SAFAR_TRY(auto client, context.client());
    SAFAR_TRY(auto answer, client.get("/v1/gaps"));
    if (context.json) {
        context.print_raw(answer);
        return Exit::ok;
    }
    Table table({{"peer"},
                 {"state"},
                 {"log of"},
                 {"compartment"},
                 {"log"},
                 {"says", Align::right},
                 {"held here", Align::right},
                 {"missing", Align::right},
                 {"nothing since"}});
    for (const auto& gap : list_at(answer.json, "gaps"))
        table.row({text_at(gap, "peer.agency"), text_at(gap, "peer.state"), text_at(gap, "agency"),
                   text_at(gap, "compartment"), text_at(gap, "incarnation").substr(0, 8),
                   grouped(number_at(gap, "theirs")), grouped(number_at(gap, "ours")),
                   grouped(number_at(gap, "missing")), text_at(gap, "since")});
    if (table.empty()) {
        context.out << "No peer says that it holds what is not held here.\n";
    } else {
        context.out << table.render();
    }
    print_stated(context, answer.json);
    print_split_views(context, answer.json);
    if (const auto more = number_at(answer.json, "more"); more > 0)
        context.out << fmt::format("and {} logs more\n", grouped(more));
    return Exit::ok;
}

} // namespace

void add_gaps_command(CLI::App& app, Context& context) {
    add_command(app, context, "gaps",
                "What peers say that they hold and have not delivered, and since when",
                "safar --node ./iom gaps", [&context] { return gaps(context); });
}

} // namespace safar::cli

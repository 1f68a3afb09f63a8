// What an operator asks of a node: is it well, whom does it reach, does it hold what the others
// hold.
#include "cli/app.hpp"
#include "cli/export_commands.hpp"
#include "cli/listing.hpp"
#include "cli/peer_text.hpp"
#include "cli/table.hpp"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <ostream>

namespace safar::cli {

namespace json = boost::json;

namespace {

std::string span_of(std::int64_t seconds) {
    if (seconds < 120) return fmt::format("{} s", seconds);
    if (seconds < 7200) return fmt::format("{} min", seconds / 60);
    if (seconds < 172800) return fmt::format("{} h", seconds / 3600);
    return fmt::format("{} days", seconds / 86400);
}

Outcome<Exit> status(Context& context) {
    SAFAR_TRY(auto client, context.client());
    SAFAR_TRY(auto answer, client.get("/v1/status"));
    if (context.json) {
        context.print_raw(answer);
        return Exit::ok;
    }
    const json::value& s = answer.json;
    context.out << visible(fmt::format("{} node {}, safar {}, up {}", text_at(s, "agency"),
                                       text_at(s, "node").substr(0, 8), text_at(s, "version"),
                                       span_of(number_at(s, "uptime_s"))))
                << "\n";
    context.out << visible(fmt::format("network {}, charter epoch {} ({})",
                                       text_at(s, "charter.network"), text_at(s, "charter.epoch"),
                                       text_at(s, "charter.identity").substr(0, 16)))
                << "\n\n";
    Table table({{"compartment"},
                 {"holds"},
                 {"writes"},
                 {"batches", Align::right},
                 {"events", Align::right},
                 {"records", Align::right}});
    for (const json::value& c : list_at(s, "compartments")) {
        const bool held = flag_at(c, "held");
        const std::string right = text_at(c, "right");
        const auto count = [&](const char* name) {
            return held || (!right.empty() && std::string_view(name) != "records")
                       ? grouped(number_at(c, name))
                       : std::string("-");
        };
        table.row({text_at(c, "name"),
                   held                  ? "yes"
                   : right == "observes" ? "headers"
                   : right == "relays"   ? "to pass on"
                                         : "no",
                   flag_at(c, "may_write") ? "yes" : "no", count("batches"), count("events"),
                   count("records")});
    }
    context.out << table.render() << "\n";
    const auto conflicts = number_at(s, "conflicts");
    context.out << (conflicts == 0 ? "no open conflicts\n"
                                   : fmt::format("{} open conflicts: safar conflict list\n",
                                                 grouped(conflicts)));
    const auto log = number_at(s, "position.log");
    const auto derived = number_at(s, "position.derived");
    if (derived < log)
        context.out << fmt::format("answers lag the log by {} of {} batches\n",
                                   grouped(log - derived), grouped(log));
    return Exit::ok;
}

Outcome<Exit> peers(Context& context) {
    return print_list(context, "/v1/peers", [](const json::array& list) {
        if (list.empty()) return std::string("the charter lists no other node\n");
        Table table({{"agency"},
                     {"node"},
                     {"address"},
                     {"state"},
                     {"lacks here", Align::right},
                     {"lacks there", Align::right},
                     {"in", Align::right},
                     {"out", Align::right},
                     {"since"},
                     {"why"}});
        for (const json::value& p : list)
            table.row({text_at(p, "agency"), text_at(p, "node").substr(0, 8), text_at(p, "address"),
                       text_at(p, "state"), text_at(p, "behind_here"), text_at(p, "behind_there"),
                       text_at(p, "batches_in"), text_at(p, "batches_out"), text_at(p, "since"),
                       peer_note(p)});
        return table.render();
    });
}

struct DigestOptions {
    std::string compartment;
    std::vector<std::string> content; // kinds
    bool state = false;
};

// What records say, without the names of who wrote which batch: two networks can be compared.
Outcome<Exit> content(Context& context, const std::vector<std::string>& kinds) {
    SAFAR_TRY(auto client, context.client());
    Table table({{"kind"}, {"records", Align::right}, {"content"}, {"said"}});
    json::array all;
    for (const std::string& kind : kinds) {
        SAFAR_TRY(auto one, content_digest(client, kind));
        table.row({kind, text_at(one, "records"), text_at(one, "content"), text_at(one, "said")});
        if (json::object* object = one.if_object()) object->emplace("kind", kind);
        all.push_back(std::move(one));
    }
    if (context.json)
        context.out << json::serialize(json::object{{"kinds", std::move(all)}}) << '\n';
    else
        context.out << table.render();
    return Exit::ok;
}

Outcome<Exit> digest(Context& context, const DigestOptions& options) {
    if (!options.content.empty()) {
        if (options.state || !options.compartment.empty())
            return usage("--content is of kinds, --state and --compartment are of compartments");
        return content(context, options.content);
    }
    SAFAR_TRY(auto client, context.client());
    Query query;
    if (!options.compartment.empty()) query.emplace_back("compartment", options.compartment);
    if (options.state) query.emplace_back("state", "1");
    SAFAR_TRY(auto answer,
              (options.state ? client.patient() : client).get(target_of("/v1/digest", query)));
    if (context.json) {
        context.print_raw(answer);
        return Exit::ok;
    }
    std::vector<Table::Column> columns{
        {"compartment"}, {"batches", Align::right}, {"events", Align::right}, {"frontier"}};
    if (options.state) columns.push_back({"state"});
    Table table(columns);
    for (const json::value& c : list_at(answer.json, "compartments")) {
        std::vector<std::string> cells{text_at(c, "name"), grouped(number_at(c, "batches")),
                                       grouped(number_at(c, "events")),
                                       text_at(c, "frontier").substr(0, 32)};
        if (options.state) cells.push_back(text_at(c, "state").substr(0, 32));
        table.row(std::move(cells));
    }
    context.out << table.render();
    context.out
        << "Two nodes that print the same line hold the same. --json has the digests in full.\n";
    return Exit::ok;
}

Outcome<Exit> verify(Context& context, bool deep) {
    SAFAR_TRY(auto client, context.client());
    SAFAR_TRY(auto answer,
              client.patient().post(deep ? "/v1/verify?deep=1" : "/v1/verify", json::object()));
    const json::array& problems = list_at(answer.json, "problems");
    const std::string derived = text_at(answer.json, "derived");
    const bool good = problems.empty() && (derived.empty() || derived == "same");
    if (context.json) {
        context.print_raw(answer);
        return good ? Exit::ok : Exit::no;
    }
    context.out << fmt::format(
        "{} batches, {} events verified: {}\n", grouped(number_at(answer.json, "batches")),
        grouped(number_at(answer.json, "events")),
        problems.empty() ? "every signature, chain and leaf holds" : "PROBLEMS");
    for (const json::value& problem : problems)
        context.out << "  " << visible(shown(problem)) << "\n";
    if (derived.starts_with("could not be compared"))
        context.out << "derived state " << visible(derived) << "\n"
                    << (derived.find("the log grew") != std::string::npos
                            ? ""
                            : "  where this names damage, repair it with: safar rebuild\n");
    else if (!derived.empty() && derived != "same")
        context.out << "derived state differs: " << visible(derived)
                    << "\n  repair it with: safar rebuild\n";
    else if (derived == "same")
        context.out << "records, columns and conflicts follow from the log\n";
    return good ? Exit::ok : Exit::no;
}

Outcome<Exit> rebuild(Context& context) {
    SAFAR_TRY(auto client, context.client());
    SAFAR_TRY(auto answer, client.patient().post("/v1/rebuild", json::object()));
    if (context.json) {
        context.print_raw(answer);
        return Exit::ok;
    }
    context.out << fmt::format("derived again up to batch {} in {} s\n",
                               grouped(number_at(answer.json, "position")),
                               text_at(answer.json, "seconds"));
    if (const std::string same = text_at(answer.json, "same"); !same.empty())
        context.out << "same state as before: " << visible(same) << "\n";
    if (const std::string differs = text_at(answer.json, "differs"); !differs.empty())
        context.out << "NOT the same state as before: " << visible(differs)
                    << "; what was answered of them until now may have been wrong\n";
    return Exit::ok;
}

} // namespace

void add_operator_commands(CLI::App& app, Context& context) {
    add_command(app, context, "status", "How this node is, and what it holds",
                "safar status\nsafar status --json", [&context] { return status(context); });
    add_command(app, context, "peers", "Whom this node reaches, and how far apart they are",
                "safar peers", [&context] { return peers(context); });

    auto shared = std::make_shared<DigestOptions>();
    auto& digest_command = add_command(
        app, context, "digest", "One line a compartment, equal at all members that hold the same",
        "safar digest --compartment return\nsafar digest --state   (over folded records; reads "
        "everything)\n"
        "safar digest --content return movement   (of what records say; equal in two networks that "
        "say the same)",
        [&context, shared] { return digest(context, *shared); });
    digest_command.add_option("--compartment", shared->compartment, "Only this one")
        ->type_name("NAME");
    digest_command.add_flag("--state", shared->state, "The state digest too");
    digest_command
        .add_option("--content", shared->content,
                    "Instead: digests of what the records of these kinds say, and who says it")
        ->type_name("KIND");

    auto deep = std::make_shared<bool>(false);
    auto& verify_command =
        add_command(app, context, "verify", "Check what is stored (exit code 1: problems found)",
                    "safar verify\nsafar verify --deep   (derives everything again and compares)",
                    [&context, deep] { return verify(context, *deep); });
    verify_command.add_flag("--deep", *deep,
                            "Also compare the derived state with a fresh derivation");

    add_command(app, context, "rebuild", "Throw derived state away and derive it again",
                "safar rebuild", [&context] { return rebuild(context); });
}

} // namespace safar::cli

// Who read what at a node, and whether the log of it is whole.
#include "cli/app.hpp"
#include "cli/arguments.hpp"
#include "cli/json_text.hpp"
#include "cli/table.hpp"
#include "node/access/access_read.hpp"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <filesystem>
#include <ostream>

namespace safar::cli {

namespace json = boost::json;

namespace {

struct AccessOptions {
    std::string subject, user, since, directory;
    std::optional<std::string> key; // be it empty: what was asked for is checked
    std::uint64_t limit = 100;
};
using AccessArguments = std::shared_ptr<AccessOptions>;

Outcome<Exit> log(Context& context, const AccessOptions& options) {
    SAFAR_TRY(auto client, context.client());
    Query query{{"limit", std::to_string(options.limit)}};
    if (!options.subject.empty()) {
        SAFAR_TRY(auto id, record_argument(options.subject));
        query.emplace_back("subject", id);
    }
    if (!options.user.empty()) query.emplace_back("user", options.user);
    if (!options.since.empty()) query.emplace_back("since", options.since);
    SAFAR_TRY(auto answer, client.get(target_of("/v1/access", query)));
    if (context.json) {
        context.print_raw(answer);
        return Exit::ok;
    }
    Table table({{"no", Align::right},
                 {"time"},
                 {"user"},
                 {"did"},
                 {"outcome"},
                 {"fields"},
                 {"subject"},
                 {"purpose"},
                 {"note"}});
    const json::array& entries = list_at(answer.json, "entries");
    std::string in_full; // what the table has no room for: the end of a reason, the new rights
    for (const json::value& entry : entries) {
        const json::array& subjects = list_at(entry, "subject");
        std::string subject = subjects.empty() ? "" : shown(subjects.front());
        if (subjects.size() > 1) subject += fmt::format(" and {} more", subjects.size() - 1);
        std::string fields = text_at(entry, "classes");
        if (const std::string kept = text_at(entry, "withheld"); !kept.empty())
            fields += (fields.empty() ? "" : "; ") + ("withheld: " + kept);
        table.row({text_at(entry, "n"), text_at(entry, "time").substr(0, 19),
                   text_at(entry, "user"), text_at(entry, "action"), text_at(entry, "outcome"),
                   fields, subject, text_at(entry, "purpose"), text_at(entry, "note")});
        for (const char* name : {"purpose", "note"})
            if (const std::string text = visible(text_at(entry, name));
                display_width(text) > Table::cell_columns_max)
                in_full += fmt::format("{} of {}: {}\n", name, visible(text_at(entry, "n")), text);
    }
    context.out << (table.empty() ? "no entry matches\n" : table.render()) << in_full;
    if (flag_at(answer.json, "truncated"))
        context.out << fmt::format("the last {}; {}\n", entries.size(),
                                   entries.size() < options.limit
                                       ? "more do not fit into one answer: ask for less with "
                                         "--subject, --user or --since"
                                       : "--limit N shows more");
    return Exit::ok;
}

Outcome<Exit> print_report(Context& context, const json::value& report, const std::string& text) {
    const json::array& problems = list_at(report, "problems");
    if (context.json) {
        context.out << text << (text.ends_with('\n') ? "" : "\n");
        return problems.empty() ? Exit::ok : Exit::no;
    }
    context.out << fmt::format("{} entries in {} files: {}\n",
                               grouped(number_at(report, "entries")),
                               grouped(number_at(report, "segments")),
                               problems.empty() ? "none altered, removed or moved" : "PROBLEMS");
    for (const json::value& problem : problems)
        context.out << "  " << visible(shown(problem)) << "\n";
    context.out << fmt::format("signed up to entry {} by key {}\n",
                               grouped(number_at(report, "signed_up_to")),
                               visible(text_at(report, "key")));
    return problems.empty() ? Exit::ok : Exit::no;
}

// A copied directory: of the log itself, or of a node that has it as access/.
Outcome<Exit> verify_copy(Context& context, const AccessOptions& options) {
    const auto key = PublicKey::parse_hex(options.key.value_or(""));
    if (options.key && !key)
        return usage("--key is 64 hex digits: signing_key of the node in `safar charter show "
                     "--text`, or `safar key show` there");
    std::string directory = options.directory;
    std::error_code ignored;
    if (std::filesystem::is_directory(directory + "/access", ignored)) directory += "/access";
    SAFAR_TRY(auto report, verify_access(directory));
    if (key && report.key && *report.key != *key)
        report.problems.push_back(directory + "/head is signed by another key than --key says");
    json::array problems;
    for (const std::string& problem : report.problems) problems.emplace_back(problem);
    const json::value out = json::object{{"segments", report.segments},
                                         {"entries", report.entries},
                                         {"signed_up_to", report.signed_up_to},
                                         {"last_hash", report.end.hash.hex()},
                                         {"node", report.node ? report.node->hex() : ""},
                                         {"key", report.key ? report.key->hex() : ""},
                                         {"problems", std::move(problems)}};
    return print_report(context, out, json::serialize(out));
}

Outcome<Exit> verify(Context& context, const AccessOptions& options) {
    if (!options.directory.empty()) return verify_copy(context, options);
    if (options.key) return usage("--key goes with a directory: safar access verify DIR --key HEX");
    SAFAR_TRY(auto client, context.client());
    SAFAR_TRY(auto answer, client.patient().post("/v1/access/verify", json::object()));
    return print_report(context, answer.json, answer.text);
}

} // namespace

void add_access_commands(CLI::App& app, Context& context) {
    const auto options = std::make_shared<AccessOptions>();
    CLI::App& access =
        add_group(app, "access", "Who read personal data at this node, and what for");
    auto& log_command =
        add_command(access, context, "log", "Reads, refusals and changes of rights, oldest first",
                    "safar access log --subject 0G3T7ZB1N5V9Q4M2K8R6XWCY7D\n"
                    "safar access log --user amina --since 2026-03-01 --limit 1000",
                    [&context, options] { return log(context, *options); });
    log_command.add_option("--subject", options->subject, "Only about this record")
        ->type_name("ID");
    log_command.add_option("--user", options->user, "Only this Unix account")->type_name("NAME");
    log_command.add_option("--since", options->since, "Only from this day or time on")
        ->type_name("DATE");
    log_command.add_option("--limit", options->limit, "The last so many")
        ->check(CLI::Range(1, 10000));
    auto& verify_command =
        add_command(access, context, "verify", "Is the access log whole? (exit code 1: no)",
                    "safar access verify\n"
                    "safar access verify ./copy-of-access --key HEX   (without the node; its key: "
                    "safar charter show --text)",
                    [&context, options] { return verify(context, *options); });
    verify_command
        .add_option("directory", options->directory, "A copy, instead of the running node's")
        ->type_name("DIR");
    verify_command
        .add_option_function<std::string>(
            "--key", [options](const std::string& hex) { options->key = hex; },
            "The copy must be signed by this key")
        ->type_name("HEX");
}

} // namespace safar::cli

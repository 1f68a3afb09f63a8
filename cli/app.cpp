#include "cli/app.hpp"

#include "cli/charter_epochs.hpp"
#include "cli/table.hpp"

#include <CLI/CLI.hpp>

#include <ostream>

namespace safar::cli {

namespace {

constexpr const char* overview = R"(Exit codes:
  0 done   1 the answer is no, or problems were found   2 wrong usage   3 a part was rejected or is missing
  65 bad input   69 the node does not answer   74 storage   77 not permitted   78 configuration

Example:
  safar demo up                        five agencies on this machine, to try everything
  safar --node ./iom status            ask the node whose directory is ./iom
  SAFAR_NODE=./iom safar find return   the same node, named once)";

} // namespace

Outcome<std::string> Context::node_directory() const {
    if (node.empty())
        return usage(
            "which node? Give its directory with --node DIR or in SAFAR_NODE; a new one is "
            "made by: safar node init DIR --agency CODE --listen HOST:PORT");
    return node;
}

Outcome<ApiClient> Context::client() const {
    SAFAR_TRY(auto directory, node_directory());
    for (char c : purpose)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
            return usage("the purpose (--purpose, SAFAR_PURPOSE) is one line of text");
    return ApiClient(directory, std::chrono::seconds(timeout_seconds), purpose);
}

void Context::print_raw(const ApiAnswer& answer) const {
    out << answer.text;
    if (answer.text.empty() || answer.text.back() != '\n') out << '\n';
}

CLI::App& add_group(CLI::App& parent, const std::string& name, const std::string& what) {
    CLI::App& group = *parent.add_subcommand(name, what);
    group.require_subcommand(1);
    return group;
}

CLI::App& add_command(CLI::App& parent, Context& context, const std::string& name,
                      const std::string& what, const std::string& examples,
                      Context::Action action) {
    CLI::App& command = *parent.add_subcommand(name, what);
    std::string footer = "Example:\n  ";
    for (char c : examples)
        footer += c == '\n' ? std::string("\n  ") : std::string(1, c);
    command.footer(footer);
    command.add_flag("--json", context.json, "Print JSON for programs instead of text for people");
    command.callback([&context, action = std::move(action)] { context.action = action; });
    return command;
}

std::unique_ptr<CLI::App> build_app(Context& context) {
    auto app = std::make_unique<CLI::App>(
        "Safar, a federated migration registry: each agency its own node, one registry", "safar");
    app->set_version_flag("--version", "safar 0.1.0");
    app->set_help_all_flag("--help-all", "Help of every command");
    app->footer(overview);
    app->fallthrough();
    app->require_subcommand(1);
    app->add_option("--node", context.node, "Directory of the node to speak to")
        ->envname("SAFAR_NODE")
        ->type_name("DIR");
    app->add_option("--timeout", context.timeout_seconds, "Give up after so much silence")
        ->type_name("SECONDS")
        ->check(CLI::Range(1U, 86400U));
    app->add_option("--purpose", context.purpose, "What you read personal fields for; goes into the access log")
        ->envname("SAFAR_PURPOSE")
        ->type_name("TEXT");
    add_node_commands(*app, context);
    add_charter_commands(*app, context);
    add_evidence_commands(*app, context);
    add_key_commands(*app, context);
    add_operator_commands(*app, context);
    add_import_commands(*app, context);
    add_bundle_commands(*app, context);
    add_gaps_command(*app, context);
    add_feed_command(*app, context);
    add_export_commands(*app, context);
    add_record_commands(*app, context);
    add_casework_commands(*app, context);
    add_stats_commands(*app, context);
    add_operate_commands(*app, context);
    add_backup_commands(*app, context);
    add_watch_command(*app, context);
    add_user_commands(*app, context);
    add_access_commands(*app, context);
    add_demo_commands(*app, context);
    return app;
}

int run(int argc, const char* const* argv, Context& context) {
    return run(std::vector<std::string>(argv + 1, argv + argc), context);
}

int run(const std::vector<std::string>& arguments, Context& context) {
    const auto app = build_app(context);
    try {
        // CLI11 takes them from the back.
        app->parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    } catch (const CLI::ParseError& error) {
        // CLI11 would say that a command is missing, and not which word it did not know.
        const CLI::App* group = app.get();
        while (!group->get_subcommands().empty())
            group = group->get_subcommands().front();
        const auto unknown = app->remaining(/*recurse=*/true); // a group passes up what it does not know
        if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::RequiredError) &&
            !unknown.empty()) {
            const std::string path = group == app.get() ? "safar" : "safar " + group->get_name();
            context.err << "safar: usage: no command '" << visible(unknown.front()) << "'; " << path
                        << " --help lists them\n";
            return static_cast<int>(Exit::usage);
        }
        const int code = app->exit(error, context.out, context.err);
        return code == 0 ? 0 : static_cast<int>(Exit::usage);
    }
    SAFAR_ASSERT(context.action != nullptr);
    const auto outcome = context.action();
    context.out.flush();
    if (outcome) {
        if (!context.out) {
            context.err << "safar: storage failed: the output could not be written in full\n";
            return static_cast<int>(Exit::storage);
        }
        return static_cast<int>(outcome.value());
    }
    const Problem& problem = outcome.error();
    context.err << "safar: " << problem.what << ": " << visible(problem.detail) << '\n';
    return static_cast<int>(problem.exit);
}

} // namespace safar::cli

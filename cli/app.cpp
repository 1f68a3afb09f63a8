#include "cli/app.hpp"

#include "cli/charter_epochs.hpp"
#include "cli/labels.hpp"
#include "cli/table.hpp"
#include "node/access/users.hpp"

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

namespace {

bool is_elsewhere(const std::string& node) { return node.find("://") != std::string::npos; }

Outcome<RemoteNode> remote_node(const Context& context) {
    constexpr std::string_view scheme = "https://";
    RemoteNode out{context.node, context.node_key, context.user_key};
    if (!out.address.starts_with(scheme))
        return usage("a node elsewhere is named https://HOST:PORT; nothing else is spoken");
    out.address.erase(0, scheme.size());
    if (out.address.ends_with('/')) out.address.pop_back();
    if (out.key_file.empty())
        return usage("who are you? --user-key FILE or SAFAR_USER_KEY names your private key; "
                     "`safar user key` makes one");
    if (!is_certificate(out.node_key))
        return usage("--node-key or SAFAR_NODE_KEY needs the 64 hex digits by which you know the "
                     "node; its operator "
                     "reads them from `safar key show`");
    return out;
}

} // namespace

Outcome<std::string> Context::node_directory() const {
    if (node.empty())
        return usage(
            "which node? Give its directory with --node DIR or in SAFAR_NODE; a new one is "
            "made by: safar node init DIR --agency CODE --listen HOST:PORT");
    if (is_elsewhere(node))
        return usage(
            "this needs the node's own files: run it on the node's machine, with --node DIR");
    return node;
}

Outcome<ApiClient> Context::client() const {
    NodePlace place;
    if (is_elsewhere(node)) {
        SAFAR_TRY(place.remote, remote_node(*this));
    } else {
        SAFAR_TRY(place.directory, node_directory());
    }
    for (char c : purpose)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
            return usage("the purpose (--purpose, SAFAR_PURPOSE) is one line of text");
    return ApiClient(std::move(place), std::chrono::seconds(timeout_seconds), purpose);
}

Outcome<Labels> Context::labels() const {
    SAFAR_TRY(Labels loaded, Labels::load(language));
    return loaded;
}

Outcome<boost::json::value> Context::labelled(const ApiAnswer& answer,
                                              const std::string& kind) const {
    SAFAR_TRY(Labels labels, Labels::load(language));
    if (labels.empty()) return answer.json;
    SAFAR_TRY(auto asking, client());
    SAFAR_TRY(auto schema, asking.get("/v1/schema"));
    return labels.translated(schema.json, answer.json, kind);
}

Outcome<Exit> Context::print(const ApiAnswer& answer,
                             const std::function<std::string(const boost::json::value&)>& text,
                             const std::string& kind) const {
    if (json) {
        print_raw(answer);
        return Exit::ok;
    }
    SAFAR_TRY(auto shown, labelled(answer, kind));
    out << text(shown);
    return Exit::ok;
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
    for (char c : examples) footer += c == '\n' ? std::string("\n  ") : std::string(1, c);
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
    app->add_option("--node", context.node,
                    "Directory of the node to speak to, or https://HOST:PORT")
        ->envname("SAFAR_NODE")
        ->type_name("DIR");
    app->add_option("--user-key", context.user_key, "Your private key, for a node elsewhere")
        ->envname("SAFAR_USER_KEY")
        ->type_name("FILE");
    app->add_option("--node-key", context.node_key,
                    "By what you know a node elsewhere: see safar key show there")
        ->envname("SAFAR_NODE_KEY")
        ->type_name("HEX");
    app->add_option("--timeout", context.timeout_seconds, "Give up after so much silence")
        ->type_name("SECONDS")
        ->check(CLI::Range(1U, 86400U));
    app->add_option("--purpose", context.purpose,
                    "What you read personal fields for; goes into the access log")
        ->envname("SAFAR_PURPOSE")
        ->type_name("TEXT");
    app->add_option("--language", context.language,
                    "Language of kinds, fields and codes in what is shown (ur)")
        ->envname("SAFAR_LANGUAGE")
        ->type_name("LANGUAGE");
    add_node_commands(*app, context);
    add_charter_commands(*app, context);
    add_evidence_commands(*app, context);
    add_delegate_commands(*app, context);
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
    add_maintenance_commands(*app, context);
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
        while (!group->get_subcommands().empty()) group = group->get_subcommands().front();
        const auto unknown =
            app->remaining(/*recurse=*/true); // a group passes up what it does not know
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
    // Words that cannot be had stay English: what went wrong is told in any case.
    const auto labels = context.labels();
    const std::string detail = visible(problem.detail);
    context.err << "safar: " << problem.what << ": "
                << (labels ? labels.value().refusal(detail) : detail) << '\n';
    return static_cast<int>(problem.exit);
}

} // namespace safar::cli

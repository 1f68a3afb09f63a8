// The command line as a whole: CLI11 reads the arguments and picks one command; that command's
// action runs afterwards. Tests call run() with their own streams.
#pragma once

#include "cli/api_client.hpp"
#include "cli/exit_code.hpp"
#include "cli/labels.hpp"

#include <functional>
#include <iosfwd>
#include <memory>

namespace CLI {
class App;
}

namespace safar::cli {

// What every command shares. Lives as long as the app it was given to.
struct Context {
    std::ostream& out;
    std::ostream& err;
    bool out_is_terminal = false;
    bool err_is_terminal = false;

    std::string node; // directory, or https://HOST:PORT: --node, else $SAFAR_NODE
    bool json = false;
    unsigned timeout_seconds = 30; // silence of the node after which a command gives up

    using Action = std::function<Outcome<Exit>()>;
    Action action; // of the command that was picked

    std::string purpose = "";  // --purpose, else $SAFAR_PURPOSE
    std::string language = ""; // --language, else $SAFAR_LANGUAGE; "": as the schema names things
    std::string user_key = {}; // for a node elsewhere: --user-key or $SAFAR_USER_KEY
    std::string node_key = {}; // the same: --node-key or $SAFAR_NODE_KEY

    // For what needs the node's files. Errors: usage (no node was named, or one elsewhere).
    [[nodiscard]] Outcome<std::string> node_directory() const;
    // Errors: usage (no node was named, a key is missing; a purpose that no header can carry).
    [[nodiscard]] Outcome<ApiClient> client() const;
    // Of the language; none: everything keeps its name. Errors: those of Labels::load.
    [[nodiscard]] Outcome<Labels> labels() const;
    // The answer with labels of the language in place of names (labels.hpp), for text that people
    // read. Asks for the schema where there is a language. Errors: those of Labels::load and of
    // asking.
    [[nodiscard]] Outcome<boost::json::value> labelled(const ApiAnswer& answer,
                                                       const std::string& kind = {}) const;
    // Prints an answer: as it came with --json, else the text that `text` makes of it with labels.
    [[nodiscard]] Outcome<Exit>
    print(const ApiAnswer& answer,
          const std::function<std::string(const boost::json::value&)>& text,
          const std::string& kind = {}) const;
    // Prints an answer as it came, for --json.
    void print_raw(const ApiAnswer& answer) const;
};

// A group that only holds commands (`safar charter ...`).
[[nodiscard]] CLI::App& add_group(CLI::App& parent, const std::string& name,
                                  const std::string& what);
// A command: its help ends with `examples` (one a line), it knows --json, and does `action`.
CLI::App& add_command(CLI::App& parent, Context& context, const std::string& name,
                      const std::string& what, const std::string& examples, Context::Action action);

void add_node_commands(CLI::App& app, Context& context);
void add_charter_commands(CLI::App& app, Context& context);
void add_operator_commands(CLI::App& app, Context& context);
void add_import_commands(CLI::App& app, Context& context);
void add_bundle_commands(CLI::App& app, Context& context);
void add_feed_command(CLI::App& app, Context& context);
void add_export_commands(CLI::App& app, Context& context);
void add_gaps_command(CLI::App& app, Context& context);
void add_record_commands(CLI::App& app, Context& context);
void add_casework_commands(CLI::App& app, Context& context);
void add_stats_commands(CLI::App& app, Context& context);
void add_operate_commands(CLI::App& app, Context& context);
void add_backup_commands(CLI::App& app, Context& context);
void add_watch_command(CLI::App& app, Context& context);
void add_maintenance_commands(CLI::App& app, Context& context);
void add_user_commands(CLI::App& app, Context& context);
void add_access_commands(CLI::App& app, Context& context);
void add_demo_commands(CLI::App& app, Context& context);

[[nodiscard]] std::unique_ptr<CLI::App> build_app(Context& context);
// Parses, acts, prints problems; the process's exit code.
[[nodiscard]] int run(int argc, const char* const* argv, Context& context);
[[nodiscard]] int run(const std::vector<std::string>& arguments, Context& context);

} // namespace safar::cli

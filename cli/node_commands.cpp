// Founding a node.
#include "cli/app.hpp"
#include "cli/table.hpp"
#include "node/charter/identity.hpp"
#include "storage/crypto/entropy.hpp"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <ostream>

namespace safar::cli {

namespace json = boost::json;

namespace {

struct InitOptions {
    std::string directory, agency, listen, name;
};

Outcome<Exit> init(Context& context, const InitOptions& options) {
    SAFAR_TRY(auto enrolment, create_node(options.directory, options.agency,
                                          options.name.empty() ? options.agency : options.name,
                                          options.listen, system_entropy()));
    const std::string id = node_id(enrolment.signing_key).hex();
    if (context.json) {
        context.out << json::object{{"node", id},
                                    {"agency", enrolment.agency},
                                    {"address", enrolment.address},
                                    {"directory", options.directory},
                                    {"enrolment", write_enrolment(enrolment)}}
                    << '\n';
        return Exit::ok;
    }
    context.out << write_enrolment(enrolment);
    context.err
        << visible(fmt::format("node {} of {} is in {}; its private keys are in {}/keys and leave "
                               "this machine never.",
                               id.substr(0, 8), enrolment.agency, options.directory,
                               options.directory))
        << "\nSend the enrolment above to the steward who drafts the charter; once it is signed:\n"
        << visible(fmt::format("  safar --node {} charter adopt charter.toml && safard {}",
                               options.directory, options.directory))
        << "\n";
    return Exit::ok;
}

} // namespace

void add_node_commands(CLI::App& app, Context& context) {
    CLI::App& node = add_group(app, "node", "Found a node");
    const auto options = std::make_shared<InitOptions>();
    auto& command = add_command(
        node, context, "init", "Make keys and configuration; prints the enrolment for the charter",
        "safar node init ./fia --agency FIA --listen 10.1.0.7:7400 --name \"Federal Investigation "
        "Agency\" > fia.toml",
        [&context, options] { return init(context, *options); });
    command.add_option("dir", options->directory, "New or empty directory")
        ->required()
        ->type_name("DIR");
    command.add_option("--agency", options->agency, "Agency code as the charter will write it")
        ->required()
        ->type_name("CODE");
    command.add_option("--listen", options->listen, "Where other nodes reach this one")
        ->required()
        ->type_name("HOST:PORT");
    command.add_option("--name", options->name, "Name of the agency for people");
}

} // namespace safar::cli

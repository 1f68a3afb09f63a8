// The people of a node: who may use it, in which roles.
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

struct UserOptions {
    std::string unix_name, name, up_to;
    std::vector<std::string> roles, compartments;
    bool all_compartments = false;
};
using Options = std::shared_ptr<UserOptions>;

constexpr const char* role_help =
    "caseworker, supervisor, analyst, operator, protection_officer or auditor; several: repeat it";

json::array texts(const std::vector<std::string>& list) {
    json::array out;
    for (const std::string& one : list)
        out.emplace_back(one);
    return out;
}

Outcome<Exit> print_users(Context& context, const ApiAnswer& answer) {
    if (context.json) {
        context.print_raw(answer);
        return Exit::ok;
    }
    if (flag_at(answer.json, "single_user")) {
        context.out << "single-user mode: only the owner of the data directory and root get in, with every role.\n"
                       "The first `safar user add` puts roles in force; the owner is then an operator and no more.\n";
        return Exit::ok;
    }
    Table table({{"unix"}, {"name"}, {"roles"}, {"compartments"}, {"fields up to"}});
    for (const json::value& user : list_at(answer.json, "users"))
        table.row({text_at(user, "unix"), text_at(user, "name"), text_at(user, "roles"),
                   flag_at(user, "all_compartments") ? "all" : text_at(user, "compartments"),
                   text_at(user, "classes_up_to")});
    context.out << table.render()
                << "The owner of the data directory and root are operators besides.\n";
    return Exit::ok;
}

json::object rights_of(const UserOptions& options) {
    json::object body{{"roles", texts(options.roles)}};
    if (!options.compartments.empty()) body["compartments"] = texts(options.compartments);
    if (options.all_compartments) body["all_compartments"] = true;
    if (!options.up_to.empty()) body["classes_up_to"] = options.up_to;
    return body;
}

Outcome<Exit> list(Context& context) {
    SAFAR_TRY(auto client, context.client());
    SAFAR_TRY(auto answer, client.get("/v1/users"));
    return print_users(context, answer);
}

Outcome<Exit> add(Context& context, const UserOptions& options) {
    SAFAR_TRY(auto client, context.client());
    json::object body = rights_of(options);
    body["unix"] = options.unix_name;
    if (!options.name.empty()) body["name"] = options.name;
    SAFAR_TRY(auto answer, client.post("/v1/users", body));
    return print_users(context, answer);
}

Outcome<Exit> change(Context& context, const UserOptions& options, const std::string& what,
                     const json::object& body) {
    SAFAR_TRY(auto client, context.client());
    SAFAR_TRY(auto answer,
              client.post("/v1/users/" + percent_encode(options.unix_name) + "/" + what, body));
    return print_users(context, answer);
}

void add_rights(CLI::App& command, const Options& options) {
    command.add_option("unix", options->unix_name, "Unix account")->required();
    command.add_option("--role", options->roles, role_help)->required()->expected(1)->take_all();
    command
        .add_option("--compartment", options->compartments,
                    "Only records of this compartment; several: repeat it")
        ->expected(1)
        ->take_all()
        ->type_name("NAME");
    command.add_option("--classes-up-to", options->up_to,
                       "Narrower than the roles: public, operational, personal or sensitive")
        ->type_name("CLASS");
}

} // namespace

void add_user_commands(CLI::App& app, Context& context) {
    const auto options = std::make_shared<UserOptions>();
    CLI::App& user = add_group(app, "user", "Who may use this node, in which roles");
    add_command(user, context, "list", "The people of this node", "safar user list",
                [&context] { return list(context); });
    auto& add_one = add_command(
        user, context, "add", "Let a Unix account in; the first one ends single-user mode",
        "safar user add amina --name \"Amina Khan\" --role caseworker --compartment movement\n"
        "safar user add bilal --role supervisor --role auditor",
        [&context, options] { return add(context, *options); });
    add_rights(add_one, options);
    add_one.add_option("--name", options->name, "Name for people")->type_name("TEXT");
    auto& roles = add_command(
        user, context, "roles", "Give a person these roles and no others",
        "safar user roles amina --role supervisor\n"
        "safar user roles amina --role caseworker --all-compartments",
        [&context, options] { return change(context, *options, "roles", rights_of(*options)); });
    add_rights(roles, options);
    roles.add_flag("--all-compartments", options->all_compartments, "No longer only some");
    auto& remove =
        add_command(user, context, "remove", "Let a person in no longer", "safar user remove amina",
                    [&context, options] { return change(context, *options, "remove", {}); });
    remove.add_option("unix", options->unix_name, "Unix account")->required();
}

} // namespace safar::cli

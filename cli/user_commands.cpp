// The people of a node: who may use it, in which roles.
#include "cli/app.hpp"
#include "cli/json_text.hpp"
#include "cli/table.hpp"
#include "node/access/users.hpp"
#include "node/charter/key_files.hpp"
#include "node/tls/certificate_print.hpp"
#include "storage/crypto/entropy.hpp"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <filesystem>
#include <ostream>

namespace safar::cli {

namespace json = boost::json;

namespace {

struct UserOptions {
    std::string login, name, up_to, certificate, file;
    std::vector<std::string> roles, compartments;
    bool all_compartments = false, no_account = false, none = false;
};
using UserArguments = std::shared_ptr<UserOptions>;

constexpr const char* role_help =
    "caseworker, supervisor, analyst, operator, protection_officer or auditor; several: repeat it";

json::array texts(const std::vector<std::string>& list) {
    json::array out;
    for (const std::string& one : list) out.emplace_back(one);
    return out;
}

Outcome<Exit> print_users(Context& context, const ApiAnswer& answer) {
    if (context.json) {
        context.print_raw(answer);
        return Exit::ok;
    }
    if (flag_at(answer.json, "single_user")) {
        context.out << "single-user mode: only the owner of the data directory and root get in, "
                       "with every role.\n"
                       "The first `safar user add` puts roles in force; the owner is then an "
                       "operator and no more.\n";
        return Exit::ok;
    }
    Table table({{"login"},
                 {"account"},
                 {"name"},
                 {"roles"},
                 {"compartments"},
                 {"fields up to"},
                 {"certificate"}});
    for (const json::value& user : list_at(answer.json, "users"))
        table.row({text_at(user, "login"), text_at(user, "unix").empty() ? "none" : "unix",
                   text_at(user, "name"), text_at(user, "roles"),
                   flag_at(user, "all_compartments") ? "all" : text_at(user, "compartments"),
                   text_at(user, "classes_up_to"), text_at(user, "certificate").substr(0, 16)});
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

Outcome<Exit> list_users(Context& context) {
    SAFAR_TRY(auto client, context.client());
    SAFAR_TRY(auto answer, client.get("/v1/users"));
    return print_users(context, answer);
}

Outcome<Exit> add(Context& context, const UserOptions& options) {
    SAFAR_TRY(auto client, context.client());
    json::object body = rights_of(options);
    body[options.no_account ? "login" : "unix"] = options.login;
    if (!options.certificate.empty()) body["certificate"] = options.certificate;
    if (!options.name.empty()) body["name"] = options.name;
    SAFAR_TRY(auto answer, client.post("/v1/users", body));
    return print_users(context, answer);
}

Outcome<Exit> change(Context& context, const UserOptions& options, const std::string& what,
                     const json::object& body) {
    SAFAR_TRY(auto client, context.client());
    SAFAR_TRY(auto answer,
              client.post("/v1/users/" + percent_encode(options.login) + "/" + what, body));
    return print_users(context, answer);
}

Outcome<Exit> certificate(Context& context, const UserOptions& options) {
    if (options.none == !options.certificate.empty())
        return usage("give the certificate, or --none to take it away");
    return change(context, options, "certificate", {{"certificate", options.certificate}});
}

// Makes the key of a person, or reads the one that was made before.
Outcome<Exit> make_key(Context& context, const UserOptions& options) {
    if (!is_login(options.login))
        return usage("a login has a-z, digits, '_', '-' and '.', at most 32 characters");
    const std::string file = options.file.empty() ? options.login + ".key" : options.file;
    std::error_code ignored;
    const bool there = std::filesystem::exists(file, ignored);
    SAFAR_TRY(auto key, there ? load_key_at(file, user_key_purpose, user_key_advice)
                              : create_key_at(file, user_key_purpose, system_entropy()));
    const std::string print = certificate_print(key.public_key());
    if (context.json) {
        context.out << json::object{{"login", options.login},
                                    {"file", file},
                                    {"made", !there},
                                    {"certificate", print}}
                    << '\n';
        return Exit::ok;
    }
    context.out << "certificate = \"" << print << "\"\n";
    context.err
        << visible(fmt::format(
               "{} {}: it stays with {}, and nobody else may read it. Tell the node's operator the "
               "line above, who enters it:",
               there ? "The private key was in" : "The private key is in", file, options.login))
        << "\n"
        << visible(fmt::format("  safar user add {} --certificate {} --role ROLE     "
                               "(--no-account: without a Unix account there)",
                               options.login, print))
        << "\n"
        << visible(fmt::format(
               "Then: safar --node https://HOST:PORT --node-key HEX --user-key {} status", file))
        << "\n";
    return Exit::ok;
}

void add_rights(CLI::App& command, const UserArguments& options) {
    command.add_option("login", options->login, "Unix account, or the name of who has none")
        ->required();
    command.add_option("--role", options->roles, role_help)->required()->expected(1)->take_all();
    command
        .add_option("--compartment", options->compartments,
                    "Only records of this compartment; several: repeat it")
        ->expected(1)
        ->take_all()
        ->type_name("NAME");
    command
        .add_option("--classes-up-to", options->up_to,
                    "Narrower than the roles: public, operational, personal or sensitive")
        ->type_name("CLASS");
}

} // namespace

void add_user_commands(CLI::App& app, Context& context) {
    const auto options = std::make_shared<UserOptions>();
    CLI::App& user = add_group(app, "user", "Who may use this node, in which roles");
    add_command(user, context, "list", "The people of this node", "safar user list",
                [&context] { return list_users(context); });
    auto& add_one = add_command(
        user, context, "add", "Let a Unix account in; the first one ends single-user mode",
        "safar user add amina --name \"Amina Khan\" --role caseworker --compartment movement\n"
        "safar user add bilal --role supervisor --role auditor\n"
        "safar user add sara --no-account --role analyst --certificate "
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        [&context, options] { return add(context, *options); });
    add_rights(add_one, options);
    add_one.add_option("--name", options->name, "Name for people")->type_name("TEXT");
    add_one
        .add_option("--certificate", options->certificate,
                    "By which they come from elsewhere: safar user key")
        ->type_name("HEX");
    add_one.add_flag("--no-account", options->no_account,
                     "They have no Unix account on this machine");
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
    remove.add_option("login", options->login, "Who")->required();
    auto& print = add_command(user, context, "certificate",
                              "Change the key that a person comes with from elsewhere",
                              "safar user certificate amina "
                              "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\n"
                              "safar user certificate amina --none",
                              [&context, options] { return certificate(context, *options); });
    print.add_option("login", options->login, "Whose")->required();
    print
        .add_option("certificate", options->certificate,
                    "SHA-256 of the public key: safar user key")
        ->type_name("HEX");
    print.add_flag("--none", options->none, "They come over the local socket only");
    auto& key = add_command(user, context, "key",
                            "Make your key for a node elsewhere; prints what its operator needs",
                            "safar user key amina --file ~/.safar.key",
                            [&context, options] { return make_key(context, *options); });
    key.add_option("login", options->login, "Your login at that node")->required();
    key.add_option("--file", options->file, "Where the private key goes; LOGIN.key if absent")
        ->type_name("FILE");
}

} // namespace safar::cli

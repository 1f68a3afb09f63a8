// Keys of a node: what is in use, how to change them, and what a revocation would cost.
#include "cli/charter_epochs.hpp"
#include "cli/json_text.hpp"
#include "cli/table.hpp"
#include "node/charter/identity.hpp"
#include "node/tls/certificate_print.hpp"
#include "storage/crypto/entropy.hpp"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <ostream>

namespace safar::cli {

namespace json = boost::json;

namespace {

Outcome<Exit> show_keys(Context& context) {
    SAFAR_TRY(auto directory, context.node_directory());
    SAFAR_TRY(auto self, load_identity(directory));
    SAFAR_TRY(auto state, held_state(context));
    const CharterNode* listed = state.ruling().charter->node(self.id);
    const bool same = listed != nullptr && listed->signing_key == self.signing.public_key() &&
                      listed->tls_key == self.tls.public_key();
    if (context.json) {
        context.out << json::object{{"node", self.id.hex()},
                                    {"signing_key", self.signing.public_key().hex()},
                                    {"signing_key_id", self.signing.id().hex()},
                                    {"tls_key", self.tls.public_key().hex()},
                                    {"node_key", certificate_print(self.tls.public_key())},
                                    {"listed", same}}
                    << '\n';
        return Exit::ok;
    }
    context.out << fmt::format("node         {}\nsigning key  {}\nTLS key      {}\n--node-key   {} "
                               "  (for people elsewhere)\n",
                               self.id.hex(), self.signing.public_key().hex(),
                               self.tls.public_key().hex(),
                               certificate_print(self.tls.public_key()))
                << (same ? "the charter lists both\n"
                         : "the charter does not list them for this node\n");
    return Exit::ok;
}

Outcome<Exit> rotate(Context& context) {
    SAFAR_TRY(auto directory, context.node_directory());
    SAFAR_TRY(auto enrolment, stage_next_keys(directory, system_entropy()));
    SAFAR_TRY(auto self, load_identity(directory));
    if (context.json) {
        context.out << json::object{{"node", self.id.hex()},
                                    {"enrolment", write_enrolment(enrolment)}}
                    << '\n';
        return Exit::ok;
    }
    context.out << write_enrolment(enrolment);
    context.err << visible(fmt::format("New keys wait in {}/keys. Send the request above to the "
                                       "steward who drafts the next epoch:",
                                       directory))
                << "\n  safar charter amend --rotate " << self.id.brief()
                << "=FILE > charter-next.toml\n"
                   "When that epoch is in force, safard puts them in use by itself; the old ones "
                   "are kept beside them.\n";
    return Exit::ok;
}

struct KeyRevokeOptions {
    std::string node;
    std::vector<std::string> cuts;
    bool impact = false;
};

Outcome<Exit> revoke_key(Context& context, const KeyRevokeOptions& options) {
    SAFAR_TRY(auto state, held_state(context));
    SAFAR_TRY(auto node, listed_node(state, "key revoke", options.node));
    Query query{{"node", node.hex()}};
    for (const std::string& cut : options.cuts) query.emplace_back("cut", cut);
    SAFAR_TRY(auto client, context.client());
    SAFAR_TRY(auto answer, client.patient().get(target_of("/v1/impact", query)));
    if (context.json) {
        context.print_raw(answer);
        return Exit::ok;
    }
    const json::value& impact = answer.json;
    context.out << fmt::format("{} batches with {} events of node {} would no longer count:\n",
                               grouped(number_at(impact, "batches")),
                               grouped(number_at(impact, "events")), node.brief());
    Table logs({{"compartment"},
                {"log"},
                {"from", Align::right},
                {"to", Align::right},
                {"events", Align::right}});
    for (const json::value& log : list_at(impact, "logs"))
        logs.row({text_at(log, "compartment"), text_at(log, "incarnation"),
                  grouped(number_at(log, "from")), grouped(number_at(log, "to")),
                  grouped(number_at(log, "events"))});
    context.out << logs.render() << "\n";
    Table kinds({{"records of"},
                 {"compartment"},
                 {"would vanish", Align::right},
                 {"would change", Align::right}});
    for (const json::value& kind : list_at(impact, "kinds"))
        kinds.row({text_at(kind, "kind"), text_at(kind, "compartment"),
                   grouped(number_at(kind, "vanish")), grouped(number_at(kind, "change"))});
    context.out << kinds.render()
                << "Statistics and exports of these kinds change with them. Nothing has been "
                   "decided. Next: safar charter "
                   "suspend stops\nthe node at once; safar charter amend --rotate or --remove with "
                   "--cut says for good what "
                   "counts.\n";
    return Exit::ok;
}

} // namespace

void add_key_commands(CLI::App& app, Context& context) {
    CLI::App& group = add_group(app, "key", "The keys of a node");
    add_command(group, context, "show", "The public keys in use here",
                "safar --node ./iom key show", [&context] { return show_keys(context); });
    add_command(group, context, "rotate", "Make new keys; they wait until an epoch lists them",
                "safar --node ./iom key rotate > iom-new.toml",
                [&context] { return rotate(context); });
    const auto r = std::make_shared<KeyRevokeOptions>();
    auto& revoke_command = add_command(
        group, context, "revoke",
        "What depends on what a node signed, before anyone decides what counts",
        "safar --node ./iom key revoke 3fa1b2c4 --impact\nsafar --node ./iom key revoke "
        "3fa1b2c4 --impact --cut return:0f1e2d3c4b5a69788796a5b4c3d2e1f0:17",
        [&context, r] { return revoke_key(context, *r); });
    revoke_command.add_option("node", r->node, "First digits of the node's id")->required();
    revoke_command
        .add_flag("--impact", r->impact, "List batches, records and statistics; nothing is changed")
        ->required();
    revoke_command
        .add_option("--cut", r->cuts,
                    "The last batch of a log that would count; logs without one count to zero")
        ->type_name("COMPARTMENT:LOG:BATCH")
        ->allow_extra_args(false);
}

} // namespace safar::cli

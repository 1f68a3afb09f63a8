// The charter's way from a draft to force. All of it works on files: no node needs to run.
#include "cli/app.hpp"
#include "cli/charter_draft.hpp"
#include "cli/charter_epochs.hpp"
#include "cli/files.hpp"
#include "cli/table.hpp"
#include "node/charter/identity.hpp"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <ostream>

namespace safar::cli {

namespace json = boost::json;

namespace {

json::array names(const std::vector<std::string>& list) {
    json::array out;
    for (const std::string& name : list) out.push_back(json::string(name));
    return out;
}

// Whether enough have signed. nullopt: the stewards of the epoch before are asked too, and it is
// not at hand.
std::optional<Result<>> quorum_of(const Charter& charter, const Charter* before) {
    if (charter.epoch > 1 && before == nullptr) return std::nullopt;
    return check_quorum(charter, before);
}

// "signed by FIA, IOM; in force" or "signed by FIA; 1 more steward must sign"
std::string standing(const Charter& charter, const Charter* before) {
    std::string by;
    for (const CharterSignature& signature : charter.signatures)
        by += (by.empty() ? "" : ", ") + signature.agency;
    const auto quorum = quorum_of(charter, before);
    return fmt::format("signed by {}; {}", by.empty() ? "nobody" : by,
                       !quorum   ? "whether the stewards of the epoch before agree is not judged "
                                   "here: name a node that holds that epoch with --node DIR"
                       : *quorum ? std::string("the quorum is met")
                                 : "not in force: " + quorum->error().detail);
}

Outcome<Exit> draft(Context& context, const DraftOptions& options) {
    SAFAR_TRY(auto text, draft_charter(options));
    if (context.json) {
        SAFAR_TRY(auto charter, parse_charter(text));
        context.out << json::object{{"epoch", charter.epoch},
                                    {"identity", charter.identity.hex()},
                                    {"text", text}}
                    << '\n';
        return Exit::ok;
    }
    context.out << text;
    context.err
        << "Next: each steward reads it and signs it: safar --node DIR charter sign charter.toml\n";
    return Exit::ok;
}

Outcome<Exit> sign(Context& context, const std::string& path) {
    SAFAR_TRY(auto directory, context.node_directory());
    SAFAR_TRY(auto identity, load_identity(directory));
    SAFAR_TRY(auto text, read_file(path));
    SAFAR_TRY(auto unsigned_charter, parse_charter(text));
    SAFAR_TRY(auto before, epoch_before(context, unsigned_charter));
    SAFAR_TRY(auto out, sign_charter(text, identity.agency, identity.signing, before.get()));
    SAFAR_TRY(auto charter, parse_charter(out));
    if (out != text) {
        SAFAR_TRY(replace_file(path, out));
    }
    if (context.json) {
        json::array by;
        for (const CharterSignature& signature : charter.signatures)
            by.push_back(json::string(signature.agency));
        context.out << json::object{{"identity", charter.identity.hex()},
                                    {"signed_by", by},
                                    {"quorum", charter.quorum},
                                    {"in_force", check_quorum(charter, before.get()).has_value()}}
                    << '\n';
        return Exit::ok;
    }
    context.out << visible(fmt::format("{}: {}", path, standing(charter, before.get()))) << "\n";
    return Exit::ok;
}

void print_adopted(Context& context, const Charter& charter) {
    if (context.json)
        context.out << json::object{{"network", charter.network_name},
                                    {"epoch", charter.epoch},
                                    {"identity", charter.identity.hex()}}
                    << '\n';
    else
        context.out << visible(fmt::format("epoch {} of {} ({}) is in force at {}", charter.epoch,
                                           charter.network_name,
                                           charter.identity.hex().substr(0, 16), context.node))
                    << "\n";
}

Outcome<Exit> adopt(Context& context, const std::vector<std::string>& paths) {
    SAFAR_TRY(auto charter, adopt_epochs(context, paths));
    print_adopted(context, charter);
    return Exit::ok;
}

Outcome<Exit> publish(Context& context, const std::string& path) {
    SAFAR_TRY(auto charter, adopt_epochs(context, {path}));
    print_adopted(context, charter);
    if (context.json) return Exit::ok;
    if (charter.epoch > 1) {
        context.out << "Nodes that run hear of it from this one; adopt it at others with: safar "
                       "--node DIR charter adopt "
                    << visible(path) << "\n";
        return Exit::ok;
    }
    context.out << "Now send the file to the others; each checks it and runs: safar --node DIR "
                   "charter adopt "
                << visible(path) << "\n";
    for (const CharterNode& node : charter.nodes)
        context.out << visible(fmt::format("  {}  {}  node {}", node.agency, node.address,
                                           node.id.brief()))
                    << "\n";
    context.out << "Read the identity to each other, all of it: " << charter.identity.hex() << "\n";
    return Exit::ok;
}

std::string may(const CharterCompartment& compartment, const std::string& agency) {
    if (compartment.may_write(agency)) return "writes";
    if (compartment.may_hold(agency)) return "reads";
    if (compartment.relays_only(agency)) return "relays";
    return compartment.observes(agency) ? "observes" : "-";
}

void print_charter(Context& context, const Charter& charter, const Charter* before) {
    context.out << visible(fmt::format("{}, epoch {}", charter.network_name, charter.epoch))
                << "\nidentity " << charter.identity.hex() << "\n"
                << visible(standing(charter, before)) << "\n\n";
    std::vector<Table::Column> columns{{"agency"}, {"title"}, {"name"}};
    for (const CharterCompartment& compartment : charter.compartments)
        columns.push_back({compartment.name});
    Table table(columns);
    for (const CharterAgency& agency : charter.agencies) {
        std::vector<std::string> cells{agency.code, agency.title, shorten(agency.name, 36)};
        for (const CharterCompartment& compartment : charter.compartments)
            cells.push_back(may(compartment, agency.code));
        table.row(std::move(cells));
    }
    context.out << table.render() << "\n";
    Table kinds({{"compartment"}, {"title"}, {"kinds of records"}});
    for (const CharterCompartment& compartment : charter.compartments) {
        std::string list;
        for (const std::string& kind : compartment.kinds) list += (list.empty() ? "" : ", ") + kind;
        kinds.row({compartment.name, compartment.title, list});
    }
    context.out << kinds.render() << "\n";
    Table nodes({{"node"}, {"agency"}, {"address"}});
    for (const CharterNode& node : charter.nodes)
        nodes.row({node.id.brief(), node.agency, node.address});
    context.out << nodes.render()
                << fmt::format("{} documents (schema and code lists)\n", charter.documents.size());
}

json::object charter_json(const Charter& charter, const Charter* before) {
    json::array agencies, compartments, nodes;
    for (const CharterAgency& a : charter.agencies)
        agencies.push_back(json::object{
            {"code", a.code}, {"name", a.name}, {"title", a.title}, {"steward", a.steward}});
    for (const CharterNode& n : charter.nodes)
        nodes.push_back(
            json::object{{"agency", n.agency}, {"id", n.id.hex()}, {"address", n.address}});
    for (const CharterCompartment& c : charter.compartments)
        compartments.push_back(json::object{{"name", c.name},
                                            {"title", c.title},
                                            {"kinds", names(c.kinds)},
                                            {"writers", names(c.writers)},
                                            {"readers", names(c.readers)},
                                            {"observers", names(c.observers)},
                                            {"relays", names(c.relays)}});
    const auto quorum = quorum_of(charter, before);
    return {{"network", charter.network_name},
            {"epoch", charter.epoch},
            {"identity", charter.identity.hex()},
            {"quorum", charter.quorum},
            {"in_force", quorum ? json::value(quorum->has_value()) : json::value()},
            {"agencies", agencies},
            {"nodes", nodes},
            {"compartments", compartments}};
}

struct ShowOptions {
    std::string file;
    bool text = false;
};

Outcome<Exit> show(Context& context, const ShowOptions& options) {
    std::shared_ptr<const Charter> charter, before;
    if (!options.file.empty()) {
        SAFAR_TRY(auto text, read_file(options.file));
        SAFAR_TRY(auto parsed, parse_charter(text));
        charter = std::make_shared<const Charter>(std::move(parsed));
        if (auto known = epoch_before(context, *charter)) before = known.value();
    } else {
        SAFAR_TRY(auto state, held_state(context));
        charter = state.ruling().charter;
        if (const auto& all = state.epochs(); all.size() > 1) before = all[all.size() - 2].charter;
    }
    if (context.json)
        context.out << charter_json(*charter, before.get()) << '\n';
    else if (options.text)
        context.out << charter->unsigned_text;
    else
        print_charter(context, *charter, before.get());
    return Exit::ok;
}

void add_draft(CLI::App& group, Context& context) {
    const auto options = std::make_shared<DraftOptions>();
    auto& command = add_command(
        group, context, "draft",
        "Write the first epoch from the enrolments; nothing is in force yet",
        "safar charter draft --network \"Pakistan UNNM\" --steward FIA --steward IOM --quorum 2 "
        "fia.toml iom.toml nchr.toml > charter.toml",
        [&context, options] { return draft(context, *options); });
    command.add_option("--network", options->network, "Name of the network")->required();
    command
        .add_option("--steward", options->stewards,
                    "Agency that signs epochs; the first is chair, the second coordinator")
        ->required()
        ->type_name("CODE")
        ->allow_extra_args(false);
    command
        .add_option("--quorum", options->quorum,
                    "Signatures an epoch needs; more than half of the stewards")
        ->required();
    command
        .add_option("--compartments", options->compartments,
                    "Who may write and read what; without it everybody everything")
        ->type_name("FILE");
    command.add_option("--schema", options->schema, "Record kinds")->type_name("DIR");
    command.add_option("--codes", options->codes, "Code lists")->type_name("DIR");
    command.add_option("enrolment", options->enrolments, "Files printed by `safar node init`")
        ->required();
}

} // namespace

void add_charter_commands(CLI::App& app, Context& context) {
    CLI::App& charter =
        add_group(app, "charter", "The document that says who may hold and write what");
    add_draft(charter, context);
    const auto file = std::make_shared<std::string>();
    const auto add = [&](const char* name, const char* what, const char* example, auto act) {
        auto& command = add_command(charter, context, name, what, example,
                                    [&context, file, act] { return act(context, *file); });
        command.add_option("charter", *file, "The charter's file")->required();
    };
    add("sign", "Put this steward's signature under a charter, in its file",
        "safar --node ./iom charter sign charter.toml", sign);
    add("publish", "Adopt a signed charter here, and say what the others must do",
        "safar --node ./iom charter publish charter.toml", publish);
    const auto files = std::make_shared<std::vector<std::string>>();
    auto& adopt_command = add_command(
        charter, context, "adopt", "Put signed epochs in force at this node, the oldest first",
        "safar --node ./nchr charter adopt charter.toml\nsafar --node ./punjab charter "
        "adopt charter-1.toml charter-2.toml",
        [&context, files] { return adopt(context, *files); });
    adopt_command.add_option("charter", *files, "The epochs' files, in any order")->required();
    add_epoch_commands(charter, context);

    const auto options = std::make_shared<ShowOptions>();
    auto& show_command =
        add_command(charter, context, "show", "The charter in force here, or the one in a file",
                    "safar --node ./iom charter show\nsafar charter show charter.toml",
                    [&context, options] { return show(context, *options); });
    show_command.add_option("charter", options->file, "A file, instead of the node's own");
    show_command.add_flag("--text", options->text, "The text that is signed, without signatures");
}

} // namespace safar::cli

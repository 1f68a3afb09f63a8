// Drafting the epoch after the one in force.
#include "cli/arguments.hpp"
#include "cli/charter_draft.hpp"
#include "cli/charter_epochs.hpp"
#include "cli/files.hpp"
#include "cli/table.hpp"
#include "node/charter/compartments.hpp"
#include "node/charter/evidence_file.hpp"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ostream>

namespace safar::cli {

namespace json = boost::json;

namespace {

// --- what the draft needs to know of logs ---

Result<> add_heads(const json::value& list, std::vector<KnownHead>& heads) {
    if (!list.is_array())
        return failure(ErrorCode::malformed,
                       "heads: no list as `safar charter heads --json` prints it");
    for (const json::value& log : list.as_array()) {
        SAFAR_TRY(auto head, head_of(log));
        heads.push_back(std::move(head));
    }
    return success();
}

Outcome<std::vector<KnownHead>> gather_heads(Context& context,
                                             const std::vector<std::string>& files) {
    std::vector<KnownHead> heads;
    for (const std::string& path : files) {
        SAFAR_TRY(auto text, read_file(path));
        boost::system::error_code bad;
        auto list = json::parse(text, bad);
        if (bad) return Problem(failure(ErrorCode::malformed, path + ": " + bad.message()));
        SAFAR_TRY(add_heads(list, heads));
    }
    SAFAR_TRY(auto client, context.client());
    auto answer = client.get("/v1/logs");
    if (!answer) {
        // Only where no node runs: a node that could not answer may hold more than the files say,
        // and what lies beyond a cut is kept apart everywhere.
        if (!files.empty() && answer.error().code == ErrorCode::unreachable) {
            context.err << "note: no node runs here, so the cuts are those of the --heads files "
                           "alone\n";
            return heads;
        }
        return Problem(failure(answer.error().code,
                               answer.error().detail +
                                   "; a draft names the heads of logs: run it beside a node "
                                   "that runs, or give --heads FILE"));
    }
    SAFAR_TRY(add_heads(answer.value().json, heads));
    return heads;
}

// --- amend ---

struct AmendOptions {
    std::vector<std::string> admit, remove, remove_nodes, titles, grants, rotate, cuts, lift,
        branches, heads;
    std::string network, compartments, schema, codes, why;
    std::uint32_t quorum = 0;
};

Result<Grant> grant_of(const std::string& text) {
    const auto parts = split(text, ':');
    Grant out;
    if (parts.size() == 3) {
        out.agency = parts[0];
        out.compartment = parts[1];
        if (parts[2] == "write")
            out.right = Grant::Right::write;
        else if (parts[2] == "observe")
            out.right = Grant::Right::observe;
        else if (parts[2] == "relay")
            out.right = Grant::Right::relay;
        else if (parts[2] == "none")
            out.right = Grant::Right::none;
        if (out.right != Grant::Right::read || parts[2] == "read") return out;
    }
    return wrong_value("--grant", text,
                       "AGENCY:COMPARTMENT:write, :read, :relay, :observe or :none");
}

Result<CharterCut> cut_of(const CharterState& state, const std::string& text) {
    const auto parts = split(text, ':');
    CharterCut out;
    if (parts.size() == 4) {
        SAFAR_TRY(out.node, listed_node(state, "--cut", parts[0]));
        out.compartment = parts[1];
        auto [end, bad] =
            std::from_chars(parts[3].data(), parts[3].data() + parts[3].size(), out.batch);
        if (from_hex(parts[2], out.incarnation.raw) && bad == std::errc{} && *end == '\0')
            return out;
    }
    return wrong_value("--cut", text, "NODE:COMPARTMENT:LOG:BATCH, LOG being its 32 digits");
}

// A branch by the first digits of the hash that `safar evidence show` lists.
Result<CharterAdmit> branch_of(const CharterState& state, const std::string& text,
                               const std::string& why) {
    constexpr std::size_t digits_min = 8;
    std::vector<CharterAdmit> found;
    Epochs chain;
    for (const HeldCharter& held : state.epochs()) chain.push_back(held.charter);
    for (const auto& [name, notice] : state.notices()) {
        const auto* fork = std::get_if<ForkEvidence>(&notice.what);
        if (fork == nullptr || text.size() < digits_min) continue;
        SAFAR_TRY(auto file, make_evidence_file(*fork, chain));
        SAFAR_TRY(auto headers, read_evidence(*fork));
        for (const Bytes* header : {&fork->header_a, &fork->header_b}) {
            CharterAdmit admit{file.node,
                               file.compartment,
                               fork->place.log.incarnation,
                               fork->place.number,
                               header_hash(headers.a.network, *header),
                               why};
            if (admit.hash.hex().starts_with(text) &&
                std::find(found.begin(), found.end(), admit) == found.end())
                found.push_back(std::move(admit));
        }
    }
    if (found.size() == 1) return found.front();
    return failure(
        ErrorCode::invalid_argument,
        fmt::format(
            "--admit-branch {}: {} of the known forks begins so; give {} digits or more of a "
            "branch that `safar evidence show` lists",
            text, found.empty() ? "no branch" : "more than one branch", digits_min));
}

Result<Enrolment> enrolment_in(const std::string& path) {
    SAFAR_TRY(auto text, read_file(path));
    auto out = parse_enrolment(text);
    if (!out) return failure(out.error().code, path + ": " + out.error().detail);
    return out;
}

Result<Amendment> amendment_of(const CharterState& state, const AmendOptions& options) {
    Amendment out;
    if (!options.network.empty()) out.network_name = options.network;
    if (options.quorum > 0) out.quorum = options.quorum;
    out.remove = options.remove;
    out.why = options.why;
    for (const std::string& path : options.admit) {
        SAFAR_TRY(auto enrolment, enrolment_in(path));
        out.admit.push_back(std::move(enrolment));
    }
    for (const std::string& text : options.remove_nodes) {
        SAFAR_TRY(auto node, listed_node(state, "--remove-node", text));
        out.remove_nodes.push_back(node);
    }
    for (const std::string& text : options.titles) {
        const auto parts = split(text, '=');
        if (parts.size() != 2) return wrong_value("--title", text, "AGENCY=TITLE");
        out.titles.emplace_back(parts[0], parts[1]);
    }
    for (const std::string& text : options.rotate) {
        const auto parts = split(text, '=');
        if (parts.size() != 2) return wrong_value("--rotate", text, "NODE=ENROLMENT");
        SAFAR_TRY(auto node, listed_node(state, "--rotate", parts[0]));
        SAFAR_TRY(auto enrolment, enrolment_in(parts[1]));
        out.rotate_nodes.push_back(node);
        out.rotate.push_back(std::move(enrolment));
    }
    for (const std::string& text : options.grants) {
        SAFAR_TRY(auto grant, grant_of(text));
        out.grants.push_back(std::move(grant));
    }
    for (const std::string& text : options.cuts) {
        SAFAR_TRY(auto cut, cut_of(state, text));
        out.cuts.push_back(std::move(cut));
    }
    for (const std::string& text : options.branches) {
        SAFAR_TRY(auto admit, branch_of(state, text, options.why));
        out.admits.push_back(std::move(admit));
    }
    for (const std::string& text : options.lift) {
        SAFAR_TRY(auto node, listed_node(state, "--lift", text));
        out.lift.push_back(node);
    }
    if (!options.compartments.empty()) {
        SAFAR_TRY(auto text, read_file(options.compartments));
        SAFAR_TRY(out.compartments, parse_compartments({options.compartments, std::move(text)}));
    }
    if (!options.schema.empty() || !options.codes.empty()) {
        SAFAR_TRY(out.documents, charter_documents(options.schema, options.codes));
    }
    return out;
}

Outcome<Exit> amend(Context& context, const AmendOptions& options) {
    SAFAR_TRY(auto state, held_state(context));
    SAFAR_TRY(auto amendment, amendment_of(state, options));
    SAFAR_TRY(auto known, gather_heads(context, options.heads));
    SAFAR_TRY(auto text, amend_charter(state, amendment, known));
    SAFAR_TRY(auto next, parse_charter(text));
    if (context.json) {
        context.out << json::object{{"epoch", next.epoch},
                                    {"identity", next.identity.hex()},
                                    {"text", text}}
                    << '\n';
        return Exit::ok;
    }
    context.out << text;
    context.err << fmt::format("Epoch {} of {}, if it is signed:\n", next.epoch,
                               visible(next.network_name));
    for (const std::string& line : charter_changes(*state.ruling().charter, next))
        context.err << "  " << visible(line) << "\n";
    context.err << "Next: stewards read and sign it (safar --node DIR charter sign FILE), then one "
                   "publishes it.\n";
    return Exit::ok;
}

} // namespace

void add_amend_command(CLI::App& charter, Context& context) {
    const auto o = std::make_shared<AmendOptions>();
    auto& command = add_command(
        charter, context, "amend",
        "Draft the epoch after the one in force; what somebody loses is cut at the heads known",
        "safar --node ./iom charter amend --admit punjab.toml --grant PUNJAB:protection:write > "
        "charter-2.toml\nsafar --node ./iom charter amend --remove UKF --why \"left the network\" "
        "> charter-3.toml",
        [&context, o] { return amend(context, *o); });
    command
        .add_option("--admit", o->admit, "Enrolment of a new node; a new agency enters as member")
        ->type_name("FILE");
    command.add_option("--remove", o->remove, "Agency that leaves, with all its nodes")
        ->type_name("CODE");
    command.add_option("--remove-node", o->remove_nodes, "One node that leaves")->type_name("NODE");
    command
        .add_option("--title", o->titles, "chair, coordinator, steward, member, observer or donor")
        ->type_name("CODE=TITLE");
    command.add_option("--grant", o->grants, "A compartment's write, read, relay, observe or none")
        ->type_name("CODE:COMPARTMENT:RIGHT");
    command.add_option("--rotate", o->rotate, "New keys of a node, from its enrolment")
        ->type_name("NODE=FILE");
    command.add_option("--cut", o->cuts, "What counts of a log, in place of the head known here")
        ->type_name("NODE:COMPARTMENT:LOG:BATCH");
    command
        .add_option(
            "--admit-branch", o->branches,
            "Of a forked log the branch that counts (safar evidence show), and what follows")
        ->type_name("HASH");
    command.add_option("--lift", o->lift, "Node whose cuts go: all of it counts again")
        ->type_name("NODE");
    command.add_option("--heads", o->heads, "Heads from other stewards (charter heads --json)")
        ->type_name("FILE");
    command.add_option("--quorum", o->quorum, "Signatures an epoch needs")
        ->check(CLI::PositiveNumber);
    command.add_option("--network", o->network, "A new name");
    command.add_option("--compartments", o->compartments, "All compartments anew")
        ->type_name("FILE");
    command.add_option("--schema", o->schema, "Record kinds anew")->type_name("DIR");
    command.add_option("--codes", o->codes, "Code lists anew")->type_name("DIR");
    command.add_option("--why", o->why, "Reason, stands in the cuts")->type_name("TEXT");
    for (CLI::Option* option : command.get_options())
        if (option->get_items_expected_max() > 1) option->allow_extra_args(false);
}

} // namespace safar::cli

// Proofs of forks: which are known, one as a file for outsiders, and whether such a file holds.
#include "cli/charter_epochs.hpp"
#include "cli/files.hpp"
#include "cli/json_text.hpp"
#include "cli/table.hpp"
#include "node/charter/evidence_file.hpp"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <ostream>

namespace safar::cli {

namespace json = boost::json;

namespace {

Epochs chain_of(const CharterState& state) {
    Epochs out;
    for (const HeldCharter& held : state.epochs()) out.push_back(held.charter);
    return out;
}

struct Known {
    Hash hash;
    EvidenceFile file;
    Hash branch_a, branch_b;      // of the two headers
    std::optional<Hash> admitted; // the one that the ruling epoch lets count
    bool closes = true;           // the log, before the place
};

Outcome<std::vector<Known>> known_forks(Context& context) {
    SAFAR_TRY(auto state, held_state(context));
    std::vector<Known> out;
    const auto authority = state.authority();
    for (const auto& [hash, notice] : state.notices()) {
        const auto* fork = std::get_if<ForkEvidence>(&notice.what);
        if (fork == nullptr) continue;
        SAFAR_TRY(auto file, make_evidence_file(*fork, chain_of(state)));
        const NetworkId& network = authority->network();
        Known known{hash,
                    std::move(file),
                    header_hash(network, fork->header_a),
                    header_hash(network, fork->header_b),
                    std::nullopt,
                    closes(*fork, *authority)};
        if (const Hash* one = authority->admitted(fork->place)) known.admitted = *one;
        out.push_back(std::move(known));
    }
    return out;
}

std::string verdict_on(const Known& known) {
    if (known.admitted == known.branch_a) return "the first counts";
    if (known.admitted == known.branch_b) return "the second counts";
    if (known.admitted) return "another batch counts";
    return known.closes ? "neither counts" : "settled at an earlier batch";
}

json::object evidence_json(const EvidenceFile& file) {
    return {
        {"agency", file.agency},           {"node", file.node.hex()},
        {"compartment", file.compartment}, {"incarnation", file.fork.place.log.incarnation.hex()},
        {"batch", file.fork.place.number}, {"key_a", file.key_a.hex()},
        {"key_b", file.key_b.hex()}};
}

Outcome<Exit> show_forks(Context& context) {
    SAFAR_TRY(auto forks, known_forks(context));
    if (context.json) {
        json::array out;
        for (const Known& known : forks) {
            json::object line = evidence_json(known.file);
            line["hash"] = known.hash.hex();
            line["branch_a"] = known.branch_a.hex();
            line["branch_b"] = known.branch_b.hex();
            line["admitted"] =
                known.admitted ? json::value(known.admitted->hex()) : json::value(nullptr);
            line["closes"] = known.closes;
            out.push_back(std::move(line));
        }
        context.out << out << '\n';
        return Exit::ok;
    }
    if (forks.empty()) {
        context.out << "no fork is known\n";
        return Exit::ok;
    }
    Table table({{"proof"},
                 {"agency"},
                 {"node"},
                 {"compartment"},
                 {"log"},
                 {"batch", Align::right},
                 {"its two branches"},
                 {"verdict"}});
    for (const Known& known : forks)
        table.row({known.hash.brief(), known.file.agency, known.file.node.brief(),
                   known.file.compartment, known.file.fork.place.log.incarnation.brief(),
                   grouped(static_cast<std::int64_t>(known.file.fork.place.number)),
                   known.branch_a.brief() + " " + known.branch_b.brief(), verdict_on(known)});
    context.out << table.render()
                << "What came before a fork counts. Where neither branch does, the log is closed "
                   "and its node goes on in a new one;\nan epoch may admit one: safar charter "
                   "amend --admit-branch BRANCH.\n";
    return Exit::ok;
}

struct EvidenceExportOptions {
    std::string proof;
};

Outcome<Exit> export_one(Context& context, const EvidenceExportOptions& options) {
    if (options.proof.empty()) return usage("which proof? `safar evidence show` lists them");
    SAFAR_TRY(auto forks, known_forks(context));
    const Known* found = nullptr;
    for (const Known& known : forks) {
        if (!known.hash.hex().starts_with(options.proof)) continue;
        if (found != nullptr)
            return usage(fmt::format("several proofs begin with {}: give more of its digits",
                                     options.proof));
        found = &known;
    }
    if (found == nullptr)
        return Problem(failure(
            ErrorCode::not_found,
            fmt::format("no proof {} is known: safar evidence show lists them", options.proof)));
    context.out << write_evidence_file(found->file);
    return Exit::ok;
}

struct EvidenceVerifyOptions {
    std::string file, charter;
};

Outcome<Exit> verify_evidence(Context& context, const EvidenceVerifyOptions& options) {
    SAFAR_TRY(auto text, read_file(options.file));
    SAFAR_TRY(auto evidence, verify_evidence_file(text));
    bool listed = false;
    if (!options.charter.empty()) {
        SAFAR_TRY(auto charter_text, read_file(options.charter));
        SAFAR_TRY(auto charter, parse_charter(charter_text));
        const CharterNode* node = charter.node(evidence.node);
        if (node == nullptr || node->agency != evidence.agency ||
            (node->signing_key != evidence.key_a && node->signing_key != evidence.key_b))
            return Problem(
                failure(ErrorCode::identity_mismatch,
                        fmt::format("{}: that charter does not list these keys for node {} of {}",
                                    options.charter, evidence.node.brief(), evidence.agency)));
        listed = true;
    }
    if (context.json) {
        json::object out = evidence_json(evidence);
        out["holds"] = true;
        out["listed"] = listed;
        context.out << out << '\n';
        return Exit::ok;
    }
    context.out << visible(fmt::format(
                       "It holds: the key of node {} signed two batches {} of its log {} in {}.",
                       evidence.node.brief(), evidence.fork.place.number,
                       evidence.fork.place.log.incarnation.brief(), evidence.compartment))
                << "\n"
                << visible(listed
                               ? fmt::format("The charter lists that key for {}.", evidence.agency)
                               : fmt::format("That the key is {}'s, only the charter says: compare "
                                             "{}, or give --charter FILE.",
                                             evidence.agency, evidence.key_a.hex()))
                << "\n";
    return Exit::ok;
}

} // namespace

void add_evidence_commands(CLI::App& app, Context& context) {
    CLI::App& group = add_group(app, "evidence", "Proofs that a log has forked");
    add_command(group, context, "show", "The forks that are known here",
                "safar --node ./iom evidence show", [&context] { return show_forks(context); });
    const auto e = std::make_shared<EvidenceExportOptions>();
    auto& export_command =
        add_command(group, context, "export", "One proof as a file that stands alone",
                    "safar --node ./iom evidence export 3fa1b2c4 > fork.toml",
                    [&context, e] { return export_one(context, *e); });
    export_command.add_option("proof", e->proof, "First digits, as `evidence show` lists it")
        ->required();
    const auto v = std::make_shared<EvidenceVerifyOptions>();
    auto& verify_command =
        add_command(group, context, "verify", "Check such a file; no node is needed",
                    "safar evidence verify fork.toml --charter charter.toml",
                    [&context, v] { return verify_evidence(context, *v); });
    verify_command.add_option("file", v->file, "The proof")->required();
    verify_command.add_option("--charter", v->charter, "Also check that it lists the key")
        ->type_name("FILE");
}

} // namespace safar::cli

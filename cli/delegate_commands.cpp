// Letting a partner's node write some kinds of records, and ending that.
#include "cli/charter_epochs.hpp"
#include "cli/json_text.hpp"
#include "cli/listing.hpp"
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

struct GiveOptions {
    std::string whom, compartment, why;
    std::vector<std::string> kinds;
    std::uint64_t until_epoch = 0, until_batch = 0;
};

std::string listed(const std::vector<std::string>& words) {
    std::string out;
    for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
    return out;
}

// The nodes of an agency, or the one whose id begins so.
Result<std::vector<NodeId>> nodes_named(const CharterState& state, const std::string& text) {
    std::vector<NodeId> out;
    for (const CharterNode& node : state.ruling().charter->nodes)
        if (node.agency == text) out.push_back(node.id);
    if (!out.empty()) return out;
    auto node = listed_node(state, "delegate give", text);
    if (!node)
        return wrong_value("delegate give", text,
                           "the code of an agency, or the first digits of a node's id");
    return std::vector<NodeId>{node.value()};
}

Outcome<Exit> give(Context& context, const GiveOptions& options) {
    SAFAR_TRY(auto directory, context.node_directory());
    SAFAR_TRY(auto self, load_identity(directory));
    SAFAR_TRY(auto state, held_state(context));
    SAFAR_TRY(auto nodes, nodes_named(state, options.whom));
    SAFAR_TRY(auto client, context.client());
    json::array given;
    for (const NodeId& node : nodes) {
        Delegation what;
        what.network = NetworkId{state.epochs().front().charter->identity.raw};
        what.epoch = state.ruling().charter->identity;
        what.agency = self.agency;
        what.node = node;
        what.compartment = options.compartment;
        what.kinds = options.kinds;
        what.until_epoch = options.until_epoch;
        what.until_batch = options.until_batch;
        what.reason = options.why;
        SAFAR_TRY(auto text, write_delegation(what, self.signing));
        SAFAR_TRY(auto signed_one, parse_delegation(text));
        const Notice notice = make_delegation_notice(text, signed_one);
        SAFAR_TRY(check_notice(notice, [&] {
            Epochs epochs;
            for (const HeldCharter& held : state.epochs()) epochs.push_back(held.charter);
            return epochs;
        }()));
        SAFAR_TRY(
            client.post("/v1/charter/notices", json::object{{"notice", to_hex(notice.bytes)}}));
        given.push_back(
            json::object{{"hash", notice.hash.hex()}, {"node", node.hex()}, {"text", text}});
        if (!context.json)
            context.out << visible(notice.hash.brief() + "  " + describe_notice(notice)) << "\n";
    }
    if (context.json)
        context.out << given << '\n';
    else
        context.out << "Every node that hears of it takes such records from there. To end it: "
                       "safar delegate revoke.\n";
    return Exit::ok;
}

// Does it give anything today?
bool stands(const CharterState& state, const HeldDelegation& each) {
    const CharterCompartment* compartment =
        state.ruling().charter->compartment(each.what.compartment);
    return compartment != nullptr && !each.end &&
           std::any_of(each.what.kinds.begin(), each.what.kinds.end(),
                       [&](const std::string& kind) {
                           return state.lets(each.what.node, *compartment, kind);
                       });
}

Outcome<Exit> list(Context& context) {
    SAFAR_TRY(auto state, held_state(context));
    const auto all = state.delegations();
    const auto partner = [&](const NodeId& node) {
        for (auto held = state.epochs().rbegin(); held != state.epochs().rend(); ++held)
            if (const CharterNode* known = held->charter->node(node)) return known->agency;
        return std::string();
    };
    if (context.json) {
        json::array out;
        for (const HeldDelegation& each : all) {
            json::array kinds;
            for (const std::string& kind : each.what.kinds) kinds.push_back(json::string(kind));
            out.push_back(json::object{{"hash", each.name.hex()},
                                       {"by", each.what.agency},
                                       {"agency", partner(each.what.node)},
                                       {"node", each.what.node.hex()},
                                       {"compartment", each.what.compartment},
                                       {"kinds", kinds},
                                       {"since_epoch", each.since},
                                       {"until_epoch", each.what.until_epoch},
                                       {"until_batch", each.what.until_batch},
                                       {"reason", each.what.reason},
                                       {"ended", each.end.has_value()},
                                       {"holds", stands(state, each)}});
        }
        context.out << out << '\n';
        return Exit::ok;
    }
    if (all.empty()) {
        context.out << "no delegations are known\n";
        return Exit::ok;
    }
    Table table({{"delegation"},
                 {"by"},
                 {"to"},
                 {"node"},
                 {"compartment"},
                 {"kinds"},
                 {"until"},
                 {"state"}});
    for (const HeldDelegation& each : all)
        table.row(
            {each.name.brief(), each.what.agency, partner(each.what.node), each.what.node.brief(),
             each.what.compartment, listed(each.what.kinds),
             (each.what.until_epoch > 0 ? fmt::format("epoch {} ", each.what.until_epoch) : "") +
                 (each.what.until_batch > 0 ? fmt::format("batch {}", each.what.until_batch) : ""),
             each.end              ? "ended"
             : stands(state, each) ? "holds"
                                   : "over"});
    context.out << table.render();
    return Exit::ok;
}

struct RevokeOptions {
    std::string which, why;
};

Outcome<Exit> revoke(Context& context, const RevokeOptions& options) {
    SAFAR_TRY(auto directory, context.node_directory());
    SAFAR_TRY(auto self, load_identity(directory));
    SAFAR_TRY(auto state, held_state(context));
    const auto all = state.delegations();
    constexpr std::size_t digits_min = 4; // an end can not be taken back
    if (options.which.size() < digits_min)
        return Problem(wrong_value(
            "delegate revoke", options.which,
            fmt::format("the first digits of a delegation, {} or more: safar delegate list",
                        digits_min)));
    const HeldDelegation* found = nullptr;
    for (const HeldDelegation& each : all) {
        if (!each.name.hex().starts_with(options.which)) continue;
        if (found != nullptr)
            return Problem(wrong_value("delegate revoke", options.which,
                                       "more digits: several delegations begin so"));
        found = &each;
    }
    if (found == nullptr)
        return Problem(
            failure(ErrorCode::not_found,
                    fmt::format("no delegation {} is known: safar delegate list", options.which)));
    if (found->what.agency != self.agency)
        return Problem(failure(
            ErrorCode::not_permitted,
            fmt::format("{} gave it and may end it; a steward may suspend the partner's node "
                        "(safar charter suspend)",
                        found->what.agency)));
    if (found->end) // of two ends one counts, and not always the later
        return Problem(failure(ErrorCode::conflict,
                               fmt::format("delegation {} is ended already", found->name.brief())));
    DelegationEnd end;
    end.network = found->what.network;
    end.epoch = state.ruling().charter->identity;
    end.agency = self.agency;
    end.delegation = found->name;
    end.reason = options.why;
    SAFAR_TRY(auto client, context.client());
    SAFAR_TRY(auto logs, client.get("/v1/logs"));
    SAFAR_TRY(auto list, list_in(logs, "/v1/logs"));
    for (const json::value& log : *list) {
        SAFAR_TRY(auto head, head_of(log));
        if (head.node == found->what.node && head.compartment == found->what.compartment)
            end.cuts.push_back(
                {head.node, head.compartment, head.incarnation, head.batch, std::nullopt, ""});
    }
    SAFAR_TRY(auto text, write_delegation_end(end, self.signing));
    SAFAR_TRY(auto signed_one, parse_delegation_end(text));
    const Notice notice = make_delegation_end_notice(text, signed_one);
    SAFAR_TRY(client.post("/v1/charter/notices", json::object{{"notice", to_hex(notice.bytes)}}));
    if (context.json) {
        context.out << json::object{{"hash", notice.hash.hex()},
                                    {"cuts", end.cuts.size()},
                                    {"text", text}}
                    << '\n';
        return Exit::ok;
    }
    context.out << fmt::format(
        "Delegation {} is ended: what is held here of {} of its logs counts, what comes after "
        "is kept apart.\n",
        found->name.brief(), end.cuts.size());
    return Exit::ok;
}

} // namespace

void add_delegate_commands(CLI::App& app, Context& context) {
    CLI::App& group =
        add_group(app, "delegate", "Letting a partner's node write some kinds of records");
    const auto g = std::make_shared<GiveOptions>();
    auto& give_command = add_command(
        group, context, "give",
        "Let a node that reads a compartment write some kinds there, until an epoch or batch",
        "safar --node ./fia delegate give EDHI --compartment movement --kind crossing "
        "--until-epoch 4\nsafar --node ./fia delegate give 3fa1b2c4 --compartment movement "
        "--kind crossing --until-batch 200",
        [&context, g] { return give(context, *g); });
    give_command.add_option("whom", g->whom, "Agency, or the first digits of one node's id")
        ->required();
    give_command.add_option("--compartment", g->compartment, "Where it may write")
        ->required()
        ->type_name("NAME");
    give_command.add_option("--kind", g->kinds, "What it may write")
        ->required()
        ->type_name("KIND")
        ->allow_extra_args(false);
    auto* epoch =
        give_command.add_option("--until-epoch", g->until_epoch, "The last epoch in which it may")
            ->type_name("N")
            ->check(CLI::PositiveNumber);
    auto* batch =
        give_command
            .add_option("--until-batch", g->until_batch, "The last batch of each of its logs")
            ->type_name("N")
            ->check(CLI::PositiveNumber);
    give_command.callback([&context, g, epoch, batch] {
        if (epoch->count() == 0 && batch->count() == 0)
            throw CLI::RequiredError(
                "--until-epoch or --until-batch: a delegation ends, and one of them");
        context.action = [&context, g] { return give(context, *g); };
    });
    give_command.add_option("--why", g->why, "Reason, for everybody to read")->type_name("TEXT");
    add_command(group, context, "list", "Who lets whom write what, and until when",
                "safar --node ./fia delegate list", [&context] { return list(context); });
    const auto r = std::make_shared<RevokeOptions>();
    auto& revoke_command =
        add_command(group, context, "revoke", "End a delegation now; what is held of it counts",
                    "safar --node ./fia delegate revoke 5c0e81d2 --why \"the project is over\"",
                    [&context, r] { return revoke(context, *r); });
    revoke_command
        .add_option("delegation", r->which, "First digits, 4 or more, as `delegate list` shows it")
        ->required();
    revoke_command.add_option("--why", r->why, "Reason, for everybody to read")->type_name("TEXT");
}

} // namespace safar::cli

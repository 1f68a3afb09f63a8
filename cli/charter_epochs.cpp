#include "cli/charter_epochs.hpp"

#include "cli/files.hpp"
#include "cli/json_text.hpp"
#include "cli/listing.hpp"
#include "cli/table.hpp"
#include "node/charter/amend.hpp"
#include "node/charter/identity.hpp"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <set>

namespace safar::cli {

namespace json = boost::json;

namespace {

Outcome<Exit> heads(Context& context) {
    return print_list(context, "/v1/logs", [](const json::array& logs) {
        Table table(
            {{"agency"}, {"node"}, {"compartment"}, {"log"}, {"batches", Align::right}, {"state"}});
        for (const json::value& log : logs)
            table.row({text_at(log, "agency"), text_at(log, "node").substr(0, 8),
                       text_at(log, "compartment"), text_at(log, "incarnation").substr(0, 8),
                       grouped(number_at(log, "batch")), flag_at(log, "forked") ? "forked" : ""});
        return table.render();
    });
}

// --- diff, history ---

struct DiffOptions {
    std::string first, second;
};

Outcome<Charter> charter_in(const std::string& path) {
    SAFAR_TRY(auto text, read_file(path));
    SAFAR_TRY(auto charter, parse_charter(text));
    return charter;
}

Outcome<Exit> diff(Context& context, const DiffOptions& options) {
    std::optional<Charter> before, next;
    if (options.second.empty()) {
        SAFAR_TRY(auto state, held_state(context));
        before = *state.ruling().charter;
        SAFAR_TRY(next, charter_in(options.first));
    } else {
        SAFAR_TRY(before, charter_in(options.first));
        SAFAR_TRY(next, charter_in(options.second));
    }
    const auto changes = charter_changes(*before, *next);
    if (context.json) {
        json::array lines;
        for (const std::string& line : changes) lines.push_back(json::string(line));
        context.out << json::object{{"from", before->epoch},
                                    {"to", next->epoch},
                                    {"changes", lines}}
                    << '\n';
        return Exit::ok;
    }
    context.out << fmt::format("epoch {} ({}) to epoch {} ({})\n", before->epoch,
                               before->identity.brief(), next->epoch, next->identity.brief());
    for (const std::string& line : changes) context.out << "  " << visible(line) << "\n";
    if (changes.empty()) context.out << "  nothing but its number\n";
    return Exit::ok;
}

struct HistoryOptions {
    std::string directory;
};

Outcome<Exit> history(Context& context, const HistoryOptions& options) {
    SAFAR_TRY(auto state, held_state(context));
    json::array list;
    const Charter* before = nullptr;
    for (const HeldCharter& held : state.epochs()) {
        json::array changes, signers;
        if (before != nullptr)
            for (const std::string& line : charter_changes(*before, *held.charter))
                changes.push_back(json::string(line));
        for (const CharterSignature& signature : held.charter->signatures)
            signers.push_back(json::string(signature.agency));
        list.push_back(json::object{{"epoch", held.charter->epoch},
                                    {"identity", held.charter->identity.hex()},
                                    {"signed_by", signers},
                                    {"changes", changes}});
        before = held.charter.get();
        if (options.directory.empty()) continue;
        SAFAR_TRY(replace_file(
            fmt::format("{}/charter-{}.toml", options.directory, held.charter->epoch), held.text));
    }
    if (context.json) {
        context.out << json::object{{"epochs", list}, {"frozen", state.frozen()}} << '\n';
        return Exit::ok;
    }
    for (const json::value& epoch : list) {
        context.out << fmt::format("epoch {}  {}  signed by", number_at(epoch, "epoch"),
                                   text_at(epoch, "identity").substr(0, 16));
        for (const json::value& signer : list_at(epoch, "signed_by"))
            context.out << " " << visible(shown(signer));
        context.out << "\n";
        for (const json::value& line : list_at(epoch, "changes"))
            context.out << "  " << visible(shown(line)) << "\n";
    }
    if (state.frozen())
        context.out << fmt::format(
            "Two successors of epoch {} are signed: neither rules. Settle them: safar charter "
            "amend, sign, publish.\n",
            state.ruling().charter->epoch);
    return Exit::ok;
}

// --- suspend ---

struct SuspendOptions {
    std::string who, why;
    bool node = false;
};

Outcome<Exit> suspend(Context& context, const SuspendOptions& options) {
    SAFAR_TRY(auto directory, context.node_directory());
    SAFAR_TRY(auto self, load_identity(directory));
    SAFAR_TRY(auto state, held_state(context));
    const Charter& ruling = *state.ruling().charter;
    Suspension what;
    what.network = NetworkId{state.epochs().front().charter->identity.raw};
    what.epoch = ruling.identity;
    what.reason = options.why;
    if (options.node) {
        SAFAR_TRY(what.node, listed_node(state, "suspend --only-node", options.who));
    } else if (ruling.agency(options.who) == nullptr) {
        return Problem(
            wrong_value("suspend", options.who, "the code of an agency of this charter"));
    } else {
        what.agency = options.who;
    }
    SAFAR_TRY(auto client, context.client());
    SAFAR_TRY(auto logs, client.get("/v1/logs"));
    SAFAR_TRY(auto list, list_in(logs, "/v1/logs"));
    for (const json::value& log : *list) {
        SAFAR_TRY(auto head, head_of(log));
        const CharterNode* listed = ruling.node(head.node);
        if (listed != nullptr && what.stops(*listed))
            what.cuts.push_back(
                {head.node, head.compartment, head.incarnation, head.batch, std::nullopt, ""});
    }
    SAFAR_TRY(auto text, write_suspension(what, self.agency, self.signing));
    const Notice notice = make_suspension_notice(text, what);
    SAFAR_TRY(auto answer,
              client.post("/v1/charter/notices", json::object{{"notice", to_hex(notice.bytes)}}));
    if (context.json) {
        context.out << json::object{{"hash", notice.hash.hex()},
                                    {"cuts", what.cuts.size()},
                                    {"text", text}}
                    << '\n';
        return Exit::ok;
    }
    context.out
        << visible(fmt::format(
               "{} is suspended until the next epoch: {} of its logs are named, what lies beyond "
               "them and every other log of it is kept apart.",
               options.who, what.cuts.size()))
        << "\nEvery node that hears of it does the same. Next: safar charter amend --remove or a "
           "new "
           "epoch "
           "without it.\n";
    return Exit::ok;
}

Outcome<Exit> notices(Context& context) {
    return print_list(context, "/v1/charter/notices", [](const json::array& list) {
        if (list.empty())
            return std::string("no notices: nobody is suspended, no fork or rival is known\n");
        std::string out;
        for (const json::value& notice : list)
            out += visible(fmt::format("{}  {}  {}{}", text_at(notice, "hash").substr(0, 8),
                                       text_at(notice, "kind"), text_at(notice, "what"),
                                       flag_at(notice, "holds") ? "" : " (no longer in force)")) +
                   "\n";
        return out;
    });
}

Outcome<Exit> quarantine(Context& context) {
    return print_list(context, "/v1/quarantine", [](const json::array& batches) {
        if (batches.empty()) return std::string("nothing is kept apart\n");
        Table table({{"agency"}, {"compartment"}, {"log"}, {"batch", Align::right}, {"why"}});
        for (const json::value& batch : batches)
            table.row({text_at(batch, "agency"), text_at(batch, "compartment"),
                       text_at(batch, "incarnation").substr(0, 8),
                       grouped(number_at(batch, "batch")), text_at(batch, "reason")});
        return table.render();
    });
}

} // namespace

Error wrong_value(const std::string& option, const std::string& value, std::string_view wanted) {
    return failure(ErrorCode::invalid_argument,
                   fmt::format("{} {}: needs {}", option, value, wanted));
}

Result<KnownHead> head_of(const json::value& log) {
    KnownHead out;
    auto node = text_at(log, "node"), incarnation = text_at(log, "incarnation");
    if (!from_hex(node, out.node.raw) || !from_hex(incarnation, out.incarnation.raw))
        return failure(ErrorCode::malformed,
                       "heads: no list as `safar charter heads --json` prints it");
    out.compartment = text_at(log, "compartment");
    out.batch = static_cast<std::uint64_t>(number_at(log, "batch"));
    return out;
}

Result<NodeId> listed_node(const CharterState& state, const std::string& option,
                           const std::string& text) {
    std::set<NodeId> found;
    for (const HeldCharter& held : state.epochs())
        for (const CharterNode& node : held.charter->nodes)
            if (!text.empty() && node.id.hex().starts_with(text)) found.insert(node.id);
    if (found.size() == 1) return *found.begin();
    if (found.empty())
        return wrong_value(option, text,
                           "the first digits of a node's id, as `safar charter show` lists them");
    return wrong_value(option, text,
                       fmt::format("more digits: {} nodes begin so, {} and {} among them",
                                   found.size(), found.begin()->hex().substr(0, 16),
                                   std::next(found.begin())->hex().substr(0, 16)));
}

Outcome<CharterState> held_state(Context& context) {
    SAFAR_TRY(auto directory, context.node_directory());
    SAFAR_TRY(auto state, load_charter_state(directory));
    return state;
}

Outcome<std::shared_ptr<const Charter>> epoch_before(Context& context, const Charter& charter) {
    if (charter.epoch == 1) return std::shared_ptr<const Charter>();
    SAFAR_TRY(auto state, held_state(context));
    for (const HeldCharter& held : state.epochs())
        if (held.charter->identity == charter.previous) return held.charter;
    return Problem(
        failure(ErrorCode::epoch_unknown,
                fmt::format("epoch {} follows {}, which this node does not hold: adopt that first",
                            charter.epoch, charter.previous.brief())));
}

namespace {

struct EpochFile {
    std::string path, text;
    std::uint64_t epoch = 0;
    Hash identity;
};

// The oldest first, in whatever order they are named (charter-10 comes before charter-2 in *.toml).
Outcome<std::vector<EpochFile>> read_epochs(const std::vector<std::string>& paths) {
    std::vector<EpochFile> out;
    for (const std::string& path : paths) {
        SAFAR_TRY(auto text, read_file(path));
        auto charter = parse_charter(text);
        if (!charter)
            return Problem(failure(charter.error().code, path + ": " + charter.error().detail));
        out.push_back({path, std::move(text), charter.value().epoch, charter.value().identity});
    }
    std::stable_sort(out.begin(), out.end(),
                     [](const auto& a, const auto& b) { return a.epoch < b.epoch; });
    return out;
}

// What was taken may be kept as a rival, and put what ruled until now out of force.
Result<> check_rules(const CharterState& state, const EpochFile& last) {
    for (const HeldCharter& held : state.epochs())
        if (held.charter->identity == last.identity) return success();
    const Charter& ruling = *state.ruling().charter;
    const std::string place = fmt::format("epoch {} ({})", ruling.epoch, ruling.identity.brief());
    if (!state.frozen())
        return failure(ErrorCode::conflict,
                       fmt::format("{}: epoch {} ({}) is not in force: {} rules, and has put it "
                                   "aside",
                                   last.path, last.epoch, last.identity.brief(), place));
    std::string rivals;
    for (const Hash& rival : state.rivals())
        rivals += (rivals.empty() ? "" : " and ") + rival.brief();
    return failure(ErrorCode::conflict,
                   fmt::format("{}: {} are both signed as the epoch after {}: neither rules, {} "
                               "does, here and wherever both are heard of. Settle them: safar "
                               "charter amend, sign, publish",
                               last.path, rivals, ruling.epoch, place));
}

} // namespace

Outcome<Charter> adopt_epochs(Context& context, const std::vector<std::string>& paths) {
    SAFAR_TRY(auto directory, context.node_directory());
    SAFAR_TRY(auto files, read_epochs(paths));
    SAFAR_TRY(auto client, context.client());
    bool runs = true;
    for (std::size_t i = 0; runs && i < files.size(); ++i) {
        auto taken = client.post("/v1/charter", json::object{{"text", files[i].text}});
        if (!taken && i == 0 && taken.error().code == ErrorCode::unreachable)
            runs = false;
        else if (!taken)
            return Problem(
                failure(taken.error().code, files[i].path + ": " + taken.error().detail));
    }
    if (!runs) {
        std::vector<std::string> texts;
        for (EpochFile& file : files) texts.push_back(std::move(file.text));
        SAFAR_TRY(adopt_charter_file(directory, texts));
    }
    SAFAR_TRY(auto state, load_charter_state(directory));
    SAFAR_TRY(check_rules(state, files.back()));
    return *state.ruling().charter;
}

void add_epoch_commands(CLI::App& charter, Context& context) {
    add_amend_command(charter, context);
    const auto d = std::make_shared<DiffOptions>();
    auto& diff_command = add_command(
        charter, context, "diff", "What an epoch changes, in sentences",
        "safar --node ./iom charter diff charter-2.toml\nsafar charter diff charter-1.toml "
        "charter-2.toml",
        [&context, d] { return diff(context, *d); });
    diff_command
        .add_option("charter", d->first, "A draft, against the epoch in force; or the older of two")
        ->required();
    diff_command.add_option("newer", d->second, "The newer of two");

    const auto h = std::make_shared<HistoryOptions>();
    auto& history_command = add_command(
        charter, context, "history", "Every epoch: who signed it, what it changed",
        "safar --node ./iom charter history\nsafar --node ./iom charter history --export .",
        [&context, h] { return history(context, *h); });
    history_command
        .add_option("--export", h->directory, "Writes each epoch's file there, for a new member")
        ->type_name("DIR");

    add_command(charter, context, "heads",
                "The head of every log held here, for whoever drafts an epoch",
                "safar --node ./fia charter heads --json > fia-heads.json",
                [&context] { return heads(context); });

    const auto s = std::make_shared<SuspendOptions>();
    auto& suspend_command =
        add_command(charter, context, "suspend",
                    "Stop an agency or a node at once, until the next epoch; one steward is enough",
                    "safar --node ./fia charter suspend UKF --why \"its laptop was stolen\"",
                    [&context, s] { return suspend(context, *s); });
    suspend_command
        .add_option("who", s->who, "Agency, or with --only-node the first digits of a node's id")
        ->required();
    suspend_command.add_flag("--only-node", s->node, "One node, not all of an agency");
    suspend_command.add_option("--why", s->why, "Reason, for everybody to read")
        ->required()
        ->type_name("TEXT");

    add_command(charter, context, "notices",
                "Suspensions, forks and rival epochs that are known here",
                "safar --node ./iom charter notices", [&context] { return notices(context); });
    add_command(charter, context, "quarantine", "Batches kept apart until an epoch admits them",
                "safar --node ./iom charter quarantine",
                [&context] { return quarantine(context); });
}

} // namespace safar::cli

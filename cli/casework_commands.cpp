// Working on cases: steps, the inbox, referring, a person's journey and dossier.
#include "cli/app.hpp"
#include "cli/arguments.hpp"
#include "cli/casework_text.hpp"
#include "cli/json_text.hpp"
#include "cli/table.hpp"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <ostream>

namespace safar::cli {

namespace json = boost::json;

namespace {

struct CaseOptions {
    std::string id, step, agency, kind, why, basis, without_consent, at;
    std::vector<std::string> fields, to, groups;
    std::uint64_t limit = 100;
    bool overdue = false, everybody = false, caseload = false, preview = false, svg = false;
};
using CaseArguments = std::shared_ptr<CaseOptions>;
using Shown = std::string (*)(const json::value&, const Labels&);

std::string picture(const json::value& journey, const Labels&) { return journey_svg(journey); }

// The words to answer in. Loaded before anything is written: a language that is not there refuses a
// command, and must not end one that was done. JSON has none.
Outcome<Labels> labels_for(const Context& context) {
    return context.json ? Outcome<Labels>(Labels()) : context.labels();
}

// Gets what the node says of one record, and prints it.
Outcome<Exit> look_at(Context& context, const CaseOptions& options, const char* rest, Shown text) {
    SAFAR_TRY(auto client, context.client());
    SAFAR_TRY(auto id, record_argument(options.id));
    SAFAR_TRY(auto labels, labels_for(context));
    SAFAR_TRY(auto answer, client.get(record_path(id, rest)));
    return context.print(answer, [&](const json::value& shown) { return text(shown, labels); });
}

Outcome<Exit> step(Context& context, const CaseOptions& options) {
    SAFAR_TRY(auto client, context.client());
    SAFAR_TRY(auto labels, labels_for(context));
    SAFAR_TRY(auto id, record_argument(options.id));
    SAFAR_TRY(auto fields, field_list(options.fields));
    json::object body{{"step", options.step}, {"fields", std::move(fields)}};
    if (!options.why.empty()) body["why"] = options.why;
    if (!options.without_consent.empty()) body["without_consent"] = options.without_consent;
    if (!options.at.empty()) body["at"] = options.at;
    SAFAR_TRY(auto answer, client.post(record_path(id, "/steps"), body));
    if (context.json) {
        context.print_raw(answer);
        return Exit::ok;
    }
    context.out << step_text(answer.json, id, labels);
    return Exit::ok;
}

Outcome<Exit> reassign(Context& context, const CaseOptions& options) {
    SAFAR_TRY(auto client, context.client());
    SAFAR_TRY(auto labels, labels_for(context));
    SAFAR_TRY(auto id, record_argument(options.id));
    json::object body{{"agency", options.agency}};
    if (!options.why.empty()) body["why"] = options.why;
    SAFAR_TRY(auto answer, client.post(record_path(id, "/owner"), body));
    if (context.json) {
        context.print_raw(answer);
        return Exit::ok;
    }
    context.out << labels.format("{} is now {}'s; durable here and on its way to the peers",
                                 visible(id), visible(options.agency))
                << '\n';
    return Exit::ok;
}

Outcome<Exit> inbox(Context& context, const CaseOptions& options) {
    SAFAR_TRY(auto client, context.client());
    SAFAR_TRY(auto labels, labels_for(context));
    Query query{{"limit", std::to_string(options.limit)}};
    if (options.overdue) query.emplace_back("overdue", "1");
    if (options.everybody) query.emplace_back("everybody", "1");
    SAFAR_TRY(auto answer, client.get(target_of("/v1/inbox", query)));
    return context.print(answer, [&](const json::value& shown) {
        return options.caseload ? caseload_text(shown, labels) : inbox_text(shown, labels);
    });
}

Outcome<Exit> refer(Context& context, const CaseOptions& options) {
    SAFAR_TRY(auto client, context.client());
    SAFAR_TRY(auto labels, labels_for(context));
    SAFAR_TRY(auto id, record_argument(options.id));
    SAFAR_TRY(auto fields, field_list(options.fields));
    json::object body{{"to", json::value_from(options.to)},
                      {"groups", json::value_from(options.groups)},
                      {"fields", std::move(fields)},
                      {"preview", options.preview}};
    if (!options.kind.empty()) body["kind"] = options.kind;
    if (!options.basis.empty()) body["basis"] = options.basis;
    if (!options.without_consent.empty()) body["without_consent"] = options.without_consent;
    SAFAR_TRY(auto answer, client.post(record_path(id, "/refer"), body));
    if (context.json)
        context.print_raw(answer);
    else
        context.out << referral_text(answer.json, labels);
    return options.preview && !list_at(answer.json, "missing_consent").empty() ? Exit::no
                                                                               : Exit::ok;
}

void add_steps(CLI::App& app, Context& context, const CaseArguments& options) {
    auto& steps =
        add_command(app, context, "steps", "What can be done with a record now, and by whom",
                    "safar steps 0G3T7ZB1N5V9Q4M2K8R6XWCY7D", [&context, options] {
                        return look_at(context, *options, "/steps", steps_text);
                    });
    steps.add_option("id", options->id, "Record id")->required();
    auto& take = add_command(app, context, "step", "Take a step in a record's workflow",
                             "safar step 0G3T7ZB1N5V9Q4M2K8R6XWCY7D accept\n"
                             "safar step 0G3T7ZB1N5V9Q4M2K8R6XWCY7D reject reason=\"no free bed\"",
                             [&context, options] { return step(context, *options); });
    take.add_option("id", options->id, "Record id")->required();
    take.add_option("step", options->step, "Step, as `safar steps ID` lists them")->required();
    take.add_option("field", options->fields, "name=value that goes with it");
    take.add_option("--at", options->at, "When it happened, if not now; due dates count from it")
        ->type_name("DATE");
    take.add_option("--why", options->why, "Reason, kept with the event")->type_name("TEXT");
    take.add_option("--without-consent", options->without_consent,
                    "Go on though consent is missing; kept and listed")
        ->type_name("REASON");
}

void add_reassign(CLI::App& app, Context& context, const CaseArguments& options) {
    auto& command =
        add_command(app, context, "reassign", "Give a case to another agency; only its owner may",
                    "safar reassign 0G3T7ZB1N5V9Q4M2K8R6XWCY7D NCHR --why \"she moved to Lahore\"",
                    [&context, options] { return reassign(context, *options); });
    command.add_option("id", options->id, "Record id")->required();
    command.add_option("agency", options->agency, "Agency, as the charter names it")->required();
    command.add_option("--why", options->why, "Reason, kept with the event")->type_name("TEXT");
}

void add_refer(CLI::App& app, Context& context, const CaseArguments& options) {
    auto& command = add_command(
        app, context, "refer",
        "Hand a case on with copies of some of its fields (exit code 1: a preview lacks consent)",
        "safar refer 0G3T7ZB1N5V9Q4M2K8R6XWCY7D --to FIA --group identity --preview\n"
        "safar refer 0G3T7ZB1N5V9Q4M2K8R6XWCY7D --to FIA --group identity --group contact "
        "reason=shelter",
        [&context, options] { return refer(context, *options); });
    command.add_option("id", options->id, "Record id of the person")->required();
    command.add_option("field", options->fields, "name=value of the referral");
    command.add_option("--to", options->to, "Agency that it goes to")
        ->required()
        ->type_name("AGENCY")
        ->allow_extra_args(false); // the words that follow are fields
    command.add_option("--group", options->groups, "Group of fields that go with it")
        ->type_name("GROUP")
        ->allow_extra_args(false);
    command.add_option("--kind", options->kind,
                       "Kind of the referral, where the schema has several");
    command.add_option("--basis", options->basis, "What this rests on")->type_name("TEXT");
    command
        .add_option("--without-consent", options->without_consent,
                    "Go on though consent is missing; kept and listed")
        ->type_name("REASON");
    command.add_flag("--preview", options->preview,
                     "Show exactly what would go, and write nothing");
}

} // namespace

void add_casework_commands(CLI::App& app, Context& context) {
    const auto options = std::make_shared<CaseOptions>();
    add_steps(app, context, options);
    add_reassign(app, context, options);
    add_refer(app, context, options);
    auto& inbox_command =
        add_command(app, context, "inbox", "What waits for this agency: tasks, answers, conflicts",
                    "safar inbox --overdue\nsafar inbox --caseload",
                    [&context, options] { return inbox(context, *options); });
    inbox_command.add_flag("--overdue", options->overdue, "Only what is overdue");
    inbox_command.add_flag("--everybody", options->everybody,
                           "Tasks of all agencies, as far as they are held here");
    inbox_command.add_flag("--caseload", options->caseload,
                           "Only how many wait and are overdue, by task");
    inbox_command.add_option("--limit", options->limit, "At most so many")
        ->check(CLI::Range(1, 10000));
    auto& journey = add_command(
        app, context, "journey", "Everything held here about one person, in order of time",
        "safar journey 0G3T7ZB1N5V9Q4M2K8R6XWCY7D --purpose counselling",
        [&context, options] { return look_at(context, *options, "/journey", journey_text); });
    journey.add_option("id", options->id, "Record id")->required();
    auto& timeline = add_command(
        app, context, "timeline", "The same, or a picture of it without values",
        "safar timeline 0G3T7ZB1N5V9Q4M2K8R6XWCY7D --svg > journey.svg", [&context, options] {
            return look_at(context, *options, "/journey", options->svg ? picture : journey_text);
        });
    timeline.add_option("id", options->id, "Record id")->required();
    timeline.add_flag("--svg", options->svg, "SVG on standard output");
    auto& dossier = add_command(
        app, context, "dossier",
        "What is held of a person, who may hold it, who has acknowledged what",
        "safar dossier 0G3T7ZB1N5V9Q4M2K8R6XWCY7D --purpose \"data-subject request\"",
        [&context, options] { return look_at(context, *options, "/dossier", dossier_text); });
    dossier.add_option("id", options->id, "Record id")->required();
}

} // namespace safar::cli

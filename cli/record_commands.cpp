// Records: create, change, read, explain, and settle what agencies disagree about.
#include "cli/app.hpp"
#include "cli/arguments.hpp"
#include "cli/json_text.hpp"
#include "cli/record_text.hpp"
#include "cli/table.hpp"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <ostream>

namespace safar::cli {

namespace json = boost::json;

namespace {

struct RecordOptions {
    std::string kind, id, field, why, basis, at, value, without_consent, as_of, as_known, dot;
    std::vector<std::string> fields;
    std::uint64_t limit = 20;
    unsigned pick = 0;
    int quality = 0; // 0: not stated
    bool replace = false, fresh = false;
};
using RecordArguments = std::shared_ptr<RecordOptions>;

Outcome<Exit> changed(Context& context, const ApiAnswer& answer, const std::string& what) {
    if (context.json) {
        context.print_raw(answer);
        return Exit::ok;
    }
    const auto events = number_at(answer.json, "events");
    const std::string id = text_at(answer.json, "id");
    if (events == 0)
        context.out << visible(id) << ": nothing to say that was not said already\n";
    else
        context.out << visible(id) << ": " << what
                    << ", durable here and on its way to the peers\n";
    return Exit::ok;
}

// Records that may be there already, for people; "" if there are none. An argument that the search
// refuses is left to creating to judge; that nobody looked for any other reason is said.
Outcome<std::string> likely_there(const ApiClient& client, const RecordOptions& options,
                                  const json::array& fields) {
    auto answer =
        client.post("/v1/similar", json::object{{"kind", options.kind}, {"fields", fields}});
    if (answer.has_value()) return similar_text(answer.value().json);
    if (answer.error().code == ErrorCode::invalid_argument) return std::string();
    Problem problem = std::move(answer).error();
    problem.detail = "it could not be looked whether it is recorded already, so nothing was "
                     "written: " +
                     problem.detail +
                     ". Ask again (--purpose TEXT where a purpose is asked for), or say that it "
                     "is new: --new";
    return problem;
}

Outcome<Exit> create(Context& context, const RecordOptions& options) {
    SAFAR_TRY(auto client, context.client());
    SAFAR_TRY(auto fields, field_list(options.fields));
    if (!options.fresh) {
        SAFAR_TRY(const auto there, likely_there(client, options, fields));
        if (!there.empty()) {
            context.err << there; // a table, so it stands in no sentence
            return Problem(Exit::no, "similar",
                           "this may be recorded already; nothing was written. Look at what is "
                           "listed above; if it is somebody or something else, say so: --new");
        }
    }
    json::object body{{"kind", options.kind}, {"fields", std::move(fields)}};
    if (!options.basis.empty()) body["basis"] = options.basis;
    if (options.quality != 0) body["quality"] = options.quality;
    if (!options.at.empty()) body["at"] = options.at;
    if (!options.without_consent.empty()) body["without_consent"] = options.without_consent;
    SAFAR_TRY(auto answer, client.post("/v1/records", body));
    return changed(context, answer, "created");
}

Outcome<Exit> set(Context& context, const RecordOptions& options) {
    if (options.replace && options.why.empty())
        return usage(
            "--replace sets aside what other agencies said, so it needs a reason: --why TEXT");
    SAFAR_TRY(auto client, context.client());
    SAFAR_TRY(auto id, record_argument(options.id));
    SAFAR_TRY(auto fields, field_list(options.fields));
    json::object body{{"fields", std::move(fields)}, {"replace", options.replace}};
    if (!options.why.empty()) body["why"] = options.why;
    SAFAR_TRY(auto answer, client.post(record_path(id, "/fields"), body));
    return changed(context, answer, "set");
}

Outcome<Exit> retract(Context& context, const RecordOptions& options) {
    SAFAR_TRY(auto client, context.client());
    SAFAR_TRY(auto id, record_argument(options.id));
    json::object body{{"field", options.field}};
    if (!options.why.empty()) body["why"] = options.why;
    SAFAR_TRY(auto answer, client.post(record_path(id, "/retract"), body));
    return changed(context, answer, "retracted");
}

Query past(const RecordOptions& options) {
    Query out;
    if (!options.as_of.empty()) out.emplace_back("as_of", options.as_of);
    if (!options.as_known.empty()) out.emplace_back("as_known", options.as_known);
    return out;
}

// Stands above an answer about the past, so that nobody takes it for today's.
std::string past_line(const RecordOptions& options) {
    std::string out;
    if (!options.as_of.empty()) out += "as of " + options.as_of;
    if (!options.as_known.empty())
        out += (out.empty() ? "" : ", ") + ("as known on " + options.as_known);
    return out.empty() ? out : visible(out) + "\n";
}

void add_past_options(CLI::App& command, const RecordArguments& options) {
    command
        .add_option("--as-of", options->as_of,
                    "Only what had happened by then, as its authors claim")
        ->type_name("DATE");
    command.add_option("--as-known", options->as_known, "Only what this node had received by then")
        ->type_name("DATE");
}

Outcome<Exit> show(Context& context, const RecordOptions& options) {
    SAFAR_TRY(auto client, context.client());
    SAFAR_TRY(auto id, record_argument(options.id));
    SAFAR_TRY(auto answer, client.get(target_of(record_path(id), past(options))));
    return context.print(
        answer, [&](const json::value& shown) { return past_line(options) + record_text(shown); });
}

Outcome<Exit> history(Context& context, const RecordOptions& options) {
    SAFAR_TRY(auto client, context.client());
    SAFAR_TRY(auto id, record_argument(options.id));
    SAFAR_TRY(auto answer, client.get(target_of(record_path(id, "/history"), past(options))));
    if (context.json)
        context.print_raw(answer);
    else
        context.out << past_line(options) << history_text(answer.json);
    return Exit::ok;
}

Outcome<Exit> explain(Context& context, const RecordOptions& options) {
    SAFAR_TRY(auto client, context.client());
    SAFAR_TRY(auto id, record_argument(options.id));
    Query query{{"field", options.field}};
    for (auto& one : past(options)) query.push_back(std::move(one));
    SAFAR_TRY(auto answer, client.get(target_of(record_path(id, "/explain"), query)));
    if (context.json)
        context.print_raw(answer);
    else
        context.out << past_line(options) << explain_text(answer.json);
    return Exit::ok;
}

Outcome<Exit> find(Context& context, const RecordOptions& options) {
    SAFAR_TRY(auto client, context.client());
    Query query{{"kind", options.kind}, {"limit", std::to_string(options.limit)}};
    for (auto& one : past(options)) query.push_back(std::move(one));
    for (const std::string& text : options.fields) {
        SAFAR_TRY(assignment("filter", text));
        query.emplace_back("where", text);
    }
    SAFAR_TRY(auto answer, client.get(target_of("/v1/records", query)));
    const Exit outcome = list_at(answer.json, "records").empty() ? Exit::no : Exit::ok;
    SAFAR_TRY(context.print(
        answer, [&](const json::value& shown) { return past_line(options) + found_text(shown); },
        options.kind));
    return outcome;
}

Outcome<Exit> similar(Context& context, const RecordOptions& options) {
    SAFAR_TRY(auto client, context.client());
    SAFAR_TRY(auto fields, field_list(options.fields));
    SAFAR_TRY(auto answer, client.post("/v1/similar", json::object{{"kind", options.kind},
                                                                   {"fields", std::move(fields)}}));
    const bool none = list_at(answer.json, "records").empty();
    if (context.json)
        context.print_raw(answer);
    else
        context.out << (none ? std::string("no record that is like it\n")
                             : similar_text(answer.json));
    return none ? Exit::no : Exit::ok;
}

Outcome<Exit> conflict_list(Context& context, const RecordOptions& options) {
    SAFAR_TRY(auto client, context.client());
    SAFAR_TRY(auto answer,
              client.get(target_of("/v1/conflicts", {{"limit", std::to_string(options.limit)}})));
    if (context.json)
        context.print_raw(answer);
    else
        context.out << conflicts_text(answer.json);
    return Exit::ok;
}

Outcome<Exit> resolve(Context& context, const RecordOptions& options, bool by_value) {
    if (by_value == (options.pick > 0))
        return usage("say which one counts: --pick N (its number in `safar explain`) or --value V");
    if (by_value && !options.dot.empty()) return usage("--dot goes with --pick");
    SAFAR_TRY(auto client, context.client());
    SAFAR_TRY(auto id, record_argument(options.id));
    json::object body{{"field", options.field}, {"why", options.why}};
    if (by_value)
        body["value"] = options.value;
    else
        body["pick"] = options.pick;
    if (!options.dot.empty()) body["dot"] = options.dot;
    SAFAR_TRY(auto answer, client.post(record_path(id, "/resolve"), body));
    return changed(context, answer, "resolved; what was set aside stays in its history");
}

void add_writing(CLI::App& group, Context& context, const RecordArguments& options) {
    auto& create_command =
        add_command(group, context, "create", "A new record",
                    "safar record create return nationality=PAK host_country=GBR date=2023-05-04\n"
                    "safar record create incident dead=3 --basis report --quality 4",
                    [&context, options] { return create(context, *options); });
    create_command.add_option("kind", options->kind, "Kind of record, as the schema names it")
        ->required();
    create_command.add_option("field", options->fields, "name=value, as many as there are")
        ->required();
    create_command.add_option("--basis", options->basis,
                              "What this rests on (seen, document, statement, report, ...)");
    create_command.add_option("--quality", options->quality, "Quality of the source, 1 to 5")
        ->check(CLI::Range(1, 5));
    create_command.add_flag("--new", options->fresh,
                            "Do not look whether it may be recorded already");
    create_command.add_option("--at", options->at, "When it happened, if not now")
        ->type_name("DATE");
    create_command
        .add_option("--without-consent", options->without_consent,
                    "Go on though consent is missing; kept and listed")
        ->type_name("REASON");

    auto& set_command = add_command(group, context, "set",
                                    "Say a field's value; what other agencies said stays beside it",
                                    "safar record set 0G3T7ZB1N5V9Q4M2K8R6XWCY7D dead=4\n"
                                    "safar record set 0G3T7ZB1N5V9Q4M2K8R6XWCY7D dead=4 --replace "
                                    "--why \"counted again at the harbour\"",
                                    [&context, options] { return set(context, *options); });
    set_command.add_option("id", options->id, "Record id")->required();
    set_command.add_option("field", options->fields, "name=value")->required();
    set_command.add_flag("--replace", options->replace, "Also set aside what other agencies said");
    set_command.add_option("--why", options->why, "Reason, kept with the event")->type_name("TEXT");

    auto& retract_command = add_command(
        group, context, "retract", "Take back what this agency said of a field",
        "safar record retract 0G3T7ZB1N5V9Q4M2K8R6XWCY7D dead --why \"another incident\"",
        [&context, options] { return retract(context, *options); });
    retract_command.add_option("id", options->id, "Record id")->required();
    retract_command.add_option("field", options->field, "Field")->required();
    retract_command.add_option("--why", options->why, "Reason, kept with the event")
        ->type_name("TEXT");
}

void add_reading(CLI::App& group, Context& context, const RecordArguments& options) {
    auto& show_command = add_command(group, context, "show", "What the network says of one record",
                                     "safar record show 0G3T7ZB1N5V9Q4M2K8R6XWCY7D",
                                     [&context, options] { return show(context, *options); });
    show_command.add_option("id", options->id, "Record id")->required();
    add_past_options(show_command, options);
    auto& history_command = add_command(group, context, "history", "Every event of one record",
                                        "safar record history 0G3T7ZB1N5V9Q4M2K8R6XWCY7D",
                                        [&context, options] { return history(context, *options); });
    history_command.add_option("id", options->id, "Record id")->required();
    add_past_options(history_command, options);
}

} // namespace

void add_record_commands(CLI::App& app, Context& context) {
    const auto options = std::make_shared<RecordOptions>();
    CLI::App& record = add_group(app, "record", "Create, change and read records");
    add_writing(record, context, options);
    add_reading(record, context, options);

    auto& similar_command = add_command(
        app, context, "similar",
        "Records that may describe the same, across scripts and spellings (exit code 1: none)",
        "safar similar person name=\"Mohammed Bilal\" cnic=35202-1234567-1",
        [&context, options] { return similar(context, *options); });
    similar_command.add_option("kind", options->kind, "Kind of record")->required();
    similar_command.add_option("field", options->fields, "name=value, as many as are known")
        ->required();

    auto& find_command = add_command(
        app, context, "find", "Records of a kind (exit code 1: none)",
        "safar find incident route=\"Central Mediterranean\" --limit 50\nsafar find return\n"
        "safar find victim_case status=open --as-of 2025-12-31",
        [&context, options] { return find(context, *options); });
    find_command.add_option("kind", options->kind, "Kind of record")->required();
    find_command.add_option(
        "filter", options->fields,
        "field=value, or field=value,value: any of them (commas in a text are part of "
        "it); several: all must hold");
    add_past_options(find_command, options);
    find_command.add_option("--limit", options->limit, "At most so many")
        ->check(CLI::Range(1, 10000));

    auto& explain_command =
        add_command(app, context, "explain", "Why a field reads as it does: who said what, when",
                    "safar explain 0G3T7ZB1N5V9Q4M2K8R6XWCY7D dead",
                    [&context, options] { return explain(context, *options); });
    explain_command.add_option("id", options->id, "Record id")->required();
    explain_command.add_option("field", options->field, "Field")->required();
    add_past_options(explain_command, options);

    CLI::App& conflict = add_group(app, "conflict", "What agencies disagree about");
    auto& list = add_command(conflict, context, "list", "Open conflicts, oldest first",
                             "safar conflict list --limit 100",
                             [&context, options] { return conflict_list(context, *options); });
    list.add_option("--limit", options->limit, "At most so many")->check(CLI::Range(1, 10000));

    // Set once the options exist: the action must know whether --value was given, also as "".
    auto value_option = std::make_shared<CLI::Option*>(nullptr);
    auto& resolve_command = add_command(
        conflict, context, "resolve", "Settle a conflict; the decision is itself an event",
        "safar conflict resolve 0G3T7ZB1N5V9Q4M2K8R6XWCY7D dead --pick 2 --why \"coroner's list\"\n"
        "safar conflict resolve 0G3T7ZB1N5V9Q4M2K8R6XWCY7D dead --value 5 --why \"both counted in "
        "part\"",
        [&context, options, value_option] {
            return resolve(context, *options, (*value_option)->count() > 0);
        });
    resolve_command.add_option("id", options->id, "Record id")->required();
    resolve_command.add_option("field", options->field, "Field")->required();
    resolve_command
        .add_option("--pick", options->pick, "Number of the value, as `safar explain` lists them")
        ->check(CLI::Range(1U, 65535U));
    resolve_command.add_option("--dot", options->dot,
                               "With --pick: that value's dot in `safar explain --json`; refused "
                               "where another has taken its place");
    *value_option = resolve_command.add_option("--value", options->value, "Another value");
    resolve_command.add_option("--why", options->why, "Reason, kept with the decision")
        ->required()
        ->type_name("TEXT");
}

} // namespace safar::cli

// Records out as a file, and such a file back in.
#include "cli/export_commands.hpp"

#include "cli/app.hpp"
#include "cli/arguments.hpp"
#include "cli/files.hpp"
#include "cli/json_text.hpp"
#include "cli/lines.hpp"
#include "cli/locate.hpp"
#include "cli/out_file.hpp"
#include "cli/table.hpp"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <ostream>

namespace safar::cli {

namespace json = boost::json;

namespace {

struct ExportOptions {
    std::string kind, format = "csv", output, tags, map, recipient, without_consent;
    std::vector<std::string> where, programmes;
    bool hxl = false, check = false, blank = false;
};

// Which consent was missing, for whoever waits for the file.
std::string left_out_text(const json::value& left) {
    std::string out =
        fmt::format("for {}: {} records and {} fields were left out\n", text_at(left, "for"),
                    text_at(left, "records"), text_at(left, "fields"));
    if (const std::string gone = text_at(left, "without_consent"); gone != "0")
        out +=
            fmt::format("{} records went without consent; the access log has the reason\n", gone);
    for (const json::value& each : list_at(left, "missing"))
        if (each.is_string())
            out += fmt::format("  missing: {}\n", visible(std::string(each.get_string())));
    if (const std::string more = text_at(left, "missing_more"); more != "0")
        out += fmt::format("  and {} more\n", more);
    return out;
}

// What comes goes out line by line, but for one that begins with `{"error"`: why the file ends
// early; and one that begins with `{"left_out"`: what is not in the file. No row looks like either.
class Lines {
public:
    // @param has_end  the file is whole only with a line `{"end": ..}`.
    Lines(OutFile& out, bool has_end) : out_(out), end_is_missing_(has_end) {}
    [[nodiscard]] const std::string& told() const { return told_; }
    Result<> take(std::string_view bytes) {
        rest_ += bytes;
        return take_lines(rest_, [this](std::string_view line) { return take_line(line); });
    }
    [[nodiscard]] bool whole() const { return rest_.empty() && !end_is_missing_; }

private:
    Result<> take_line(std::string_view line) {
        json::error_code ec;
        if (line.starts_with("{\"error\"")) {
            const json::value value = json::parse({line.data(), line.size()}, ec);
            return failure(
                error_code_named(text_at(value, "error.code")).value_or(ErrorCode::storage_failed),
                "the file ends early: " + text_at(value, "error.detail"));
        }
        if (line.starts_with("{\"left_out\"")) {
            const json::value value = json::parse({line.data(), line.size()}, ec);
            told_ = left_out_text(member(value, "left_out"));
            return success();
        }
        if (line.starts_with("{\"end\"")) end_is_missing_ = false;
        SAFAR_TRY(out_.write(line));
        return out_.write("\n");
    }

    OutFile& out_;
    bool end_is_missing_;
    std::string rest_, told_;
};

// To a file that is there once it is whole; or to the screen.
Outcome<Exit> download_to(Context& context, const ApiClient& client, const std::string& target,
                          const Upload& body, const std::string& path, bool has_end) {
    OutFile file(path, context.out);
    SAFAR_TRY(file.open());
    Lines lines(file, has_end);
    SAFAR_TRY(client.patient().download(target, body,
                                        [&](std::string_view bytes) { return lines.take(bytes); }));
    if (!lines.whole())
        return Problem(failure(ErrorCode::unreachable, "the node's answer ended early"));
    SAFAR_TRY(file.finish());
    context.err << lines.told();
    return Exit::ok;
}

Outcome<std::string> standard(const std::string& given, const std::string& file) {
    if (!given.empty()) {
        SAFAR_TRY(auto text, read_file(given));
        return text;
    }
    SAFAR_TRY(auto directory, config_directory("standards"));
    SAFAR_TRY(auto text, read_file(directory + "/" + file));
    return text;
}

// A whole answer that is no stream of lines.
Outcome<std::string> ask(const ApiClient& client, const std::string& target,
                         const std::string& body) {
    std::string answer;
    SAFAR_TRY(client.patient().download(target, text_upload(body, "application/toml"),
                                        [&](std::string_view bytes) -> Result<> {
                                            answer += bytes;
                                            return success();
                                        }));
    return answer;
}

Outcome<Exit> show_broken(Context& context, const std::string& answer) {
    json::error_code ec;
    const json::value value = json::parse(answer, ec);
    const auto& broken = list_at(value, "broken");
    if (context.json) {
        context.out << answer << '\n';
    } else if (broken.empty()) {
        context.out << "breaks no rule\n";
    } else {
        Table table({{"activity"}, {"rule"}, {"where"}, {"what"}});
        for (const auto& one : broken)
            table.row({text_at(one, "activity"), text_at(one, "rule"), text_at(one, "where"),
                       text_at(one, "what")});
        context.out << table.render();
    }
    return broken.empty() ? Exit::ok : Exit::no;
}

Outcome<Exit> export_iati(Context& context, const ExportOptions& options) {
    if (!options.where.empty() || options.hxl || !options.tags.empty() || options.blank ||
        options.format != "csv")
        return usage("export iati takes --programme, not --where, --format, --template, --hxl or "
                     "--tags");
    if (!options.recipient.empty() || !options.without_consent.empty())
        return usage("export iati is for everybody: leave --for and --without-consent out");
    if (options.check && !options.output.empty())
        return usage("export iati --check writes no file: leave -o out");
    SAFAR_TRY(auto client, context.client());
    SAFAR_TRY(auto map, standard(options.map, "iati.toml"));
    Query query;
    for (const std::string& id : options.programmes) {
        SAFAR_TRY(auto known, record_argument(id));
        query.emplace_back("programme", known);
    }
    if (options.check) query.emplace_back("check", "1");
    SAFAR_TRY(auto answer, ask(client, target_of("/v1/export/iati", query), map));
    if (options.check) return show_broken(context, answer);
    if (options.output.empty()) {
        context.out << answer;
        return Exit::ok;
    }
    SAFAR_TRY(replace_file(options.output, answer));
    return Exit::ok;
}

Outcome<Exit> export_records(Context& context, const ExportOptions& options) {
    if (options.kind == "iati") return export_iati(context, options);
    if (!options.programmes.empty() || options.check || !options.map.empty())
        return usage("--programme, --check and --map go with: safar export iati");
    if (!options.tags.empty() && !options.hxl)
        return usage("--tags says which hashtags --hxl writes: give both");
    if (options.blank &&
        (!options.where.empty() || !options.recipient.empty() || !options.without_consent.empty()))
        return usage("--template has no records: leave --where, --for and --without-consent out");
    if (options.format == "digest" && !options.output.empty())
        return usage("--format digest writes no file: leave -o out");
    SAFAR_TRY(auto client, context.client());
    const bool csv = options.format == "csv" && !context.json;
    if (options.blank && !csv)
        return usage("--template is a CSV file; leave --format and --json out");
    if (options.hxl && !csv)
        return usage("--hxl: hashtags are a row of CSV files; leave --format and --json out");
    Query query{{"kind", options.kind},
                {"format", options.blank                ? "template"
                           : csv                        ? "csv"
                           : options.format == "digest" ? "digest"
                                                        : "jsonl"}};
    for (const std::string& text : options.where) {
        SAFAR_TRY(assignment("--where", text));
        query.emplace_back("where", text);
    }
    if (!options.recipient.empty()) query.emplace_back("for", options.recipient);
    if (!options.without_consent.empty())
        query.emplace_back("without_consent", options.without_consent);
    std::string tags;
    if (options.hxl) {
        SAFAR_TRY(tags, standard(options.tags, "hxl.toml"));
    }
    if (options.format != "digest")
        return download_to(context, client, target_of("/v1/export", query),
                           text_upload(tags, "application/toml"), options.output,
                           /*has_end=*/!csv);
    SAFAR_TRY(auto answer, ask(client, target_of("/v1/export", query), tags));
    if (context.json) {
        context.out << answer << '\n';
        return Exit::ok;
    }
    json::error_code ec;
    const json::value value = json::parse(answer, ec);
    context.out << fmt::format("records {}\ncontent {}\nsaid    {}\n", text_at(value, "records"),
                               text_at(value, "content"), text_at(value, "said"));
    if (const json::value& left = member(value, "left_out"); left.is_object())
        context.err << left_out_text(left);
    return Exit::ok;
}

} // namespace

std::optional<std::string> exported_format(std::string file) {
    if (file.ends_with(".gz")) file.resize(file.size() - 3);
    if (file.ends_with(".jsonl") || file.ends_with(".ndjson")) return "jsonl";
    if (file.ends_with(".csv")) return "csv";
    return std::nullopt;
}

Outcome<json::value> content_digest(const ApiClient& client, const std::string& kind) {
    SAFAR_TRY(auto answer,
              ask(client, target_of("/v1/export", {{"kind", kind}, {"format", "digest"}}), ""));
    json::error_code ec;
    json::value out = json::parse(answer, ec);
    if (ec) return Problem(failure(ErrorCode::malformed, "the node's answer is no JSON"));
    return out;
}

void add_export_commands(CLI::App& app, Context& context) {
    const auto options = std::make_shared<ExportOptions>();
    auto& command = add_command(
        app, context, "export",
        "Records of a kind as a file: CSV or JSON lines; safar import --exported reads it back",
        "safar export return --where nationality=Pakistan > returns.csv\n"
        "safar export incident --hxl --output incidents.csv\n"
        "safar --purpose \"hand-over of cases\" export person --format jsonl --output "
        "persons.jsonl\n"
        "safar --purpose \"return: flight of 3 March\" export person --for ROIGI -o persons.csv   "
        "(what consent covers)\n"
        "safar export return --format digest   (equal where the same is said)\n"
        "safar export iati --programme 0G3T7ZB1N5V9Q4M2K8R6XWCY7D --output fund.xml\n"
        "safar export iati --check             (which rules programmes break)",
        [&context, options] { return export_records(context, *options); });
    command
        .add_option("kind", options->kind,
                    "Kind of record; or iati: programmes as IATI 2.03 activities")
        ->required();
    command
        .add_option("--where", options->where,
                    "Only records whose field reads so (commas in a text are part of it); repeat "
                    "for more")
        ->type_name("FIELD=VALUE")
        ->allow_extra_args(false);
    command.add_option("--format", options->format, "csv (default), jsonl or digest")
        ->check(CLI::IsMember({"csv", "jsonl", "digest"}));
    command
        .add_option("--for", options->recipient,
                    "Whom the file is for: only what consent covers for --purpose CODE")
        ->type_name("AGENCY");
    command
        .add_option("--without-consent", options->without_consent,
                    "With --for: go on where consent is missing; listed in the access log")
        ->type_name("REASON");
    command.add_flag("--template", options->blank,
                     "No records: a table to fill in, for safar import --kind KIND");
    command.add_flag("--hxl", options->hxl, "A row of HXL hashtags below the header");
    command
        .add_option("--tags", options->tags,
                    "Hashtags of columns, instead of config/standards/hxl.toml")
        ->type_name("FILE");
    command
        .add_option("--programme", options->programmes,
                    "With iati: only this programme; repeat for more")
        ->type_name("ID")
        ->allow_extra_args(false);
    command.add_flag("--check", options->check,
                     "With iati: only say which rules are broken (exit code 1: some are)");
    command
        .add_option("--map", options->map,
                    "With iati: where values are found, instead of config/standards/iati.toml")
        ->type_name("FILE");
    command.add_option("-o,--output", options->output, "Into this file")->type_name("FILE");
}

} // namespace safar::cli

#include "cli/import_commands.hpp"

#include "cli/app.hpp"
#include "cli/arguments.hpp"
#include "cli/export_commands.hpp"
#include "cli/files.hpp"
#include "cli/json_text.hpp"
#include "cli/locate.hpp"
#include "cli/progress.hpp"
#include "cli/table.hpp"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <ostream>

namespace safar::cli {

namespace fs = std::filesystem;
namespace json = boost::json;

namespace {

constexpr std::size_t rejects_shown_max = 10;

Outcome<std::string> import_target(const ImportOptions& options, const std::string& name) {
    const std::string dry_run = options.dry_run ? "1" : "0";
    if (options.exported) {
        const auto format = exported_format(name);
        if (!format)
            return usage("'" + name +
                         "': an exported file's name ends in .csv or .jsonl, perhaps with .gz");
        if (!options.where.empty())
            return usage("--where chooses rows of a register; an exported file is read whole");
        return target_of("/v1/import/exported", {{"file", name},
                                                 {"format", *format},
                                                 {"own", options.own ? "1" : "0"},
                                                 {"dry_run", dry_run}});
    }
    Query query;
    if (options.kind.empty())
        query.emplace_back("profile", fs::path(options.profile).stem().string());
    else
        query.emplace_back("kind", options.kind);
    query.emplace_back("file", name);
    query.emplace_back("dry_run", dry_run);
    for (const std::string& key : options.key) query.emplace_back("key", key);
    if (!options.source.empty()) query.emplace_back("source", options.source);
    for (const std::string& filter : options.where) {
        SAFAR_TRY(assignment("--where", filter));
        query.emplace_back("where", filter);
    }
    return target_of("/v1/import", query);
}

// The profile's length and text, then the file (docs/api.md).
Bytes opening(std::string_view profile) {
    Bytes out;
    ByteWriter(out).sized(as_bytes(profile));
    return out;
}

ImportReport report_of(const json::value& summary) {
    const auto n = [&](const char* name) { return number_at(summary, name); };
    return {n("rows"),    n("skipped"),   n("rejected"), n("records"), n("new"),
            n("changed"), n("unchanged"), n("events"),   n("batches"), text_at(summary, "seconds")};
}

} // namespace

Outcome<ImportReport> import_file(const ApiClient& client, const ImportOptions& options,
                                  std::ostream& err, bool err_is_terminal,
                                  const OnImportLine& on_line) {
    Bytes head;
    if (!options.kind.empty()) {
        // Columns may be headed by hashtags: the node is told which.
        std::string tags;
        if (auto directory = config_directory("standards"))
            if (auto text = read_file(directory.value() + "/hxl.toml"))
                tags = std::move(text).value();
        head = opening(tags);
    } else if (!options.exported) {
        SAFAR_TRY(auto profile, read_file(options.profile));
        head = opening(profile);
    }
    std::error_code ec;
    const auto size = fs::file_size(options.file, ec);
    std::ifstream in(options.file, std::ios::binary);
    if (ec || !in)
        return Problem(failure(ErrorCode::storage_failed,
                               fmt::format("cannot read '{}': {}", options.file,
                                           ec ? ec.message() : "permission denied")));
    const std::string name = fs::path(options.file).filename().string();
    SAFAR_TRY(auto target, import_target(options, name));
    std::size_t head_sent = 0;
    std::uint64_t sent = 0;
    Progress progress(err, err_is_terminal, name, size);
    const Upload upload{
        options.exported ? "application/octet-stream" : "application/x-safar-import",
        head.size() + size, [&](std::span<std::byte> out) -> Result<std::size_t> {
            if (head_sent < head.size()) {
                const auto n = std::min(out.size(), head.size() - head_sent);
                std::memcpy(out.data(), head.data() + head_sent, n);
                head_sent += n;
                return n;
            }
            in.read(reinterpret_cast<char*>(out.data()), static_cast<std::streamsize>(out.size()));
            sent += static_cast<std::uint64_t>(in.gcount());
            progress.at(sent);
            return static_cast<std::size_t>(in.gcount());
        }};
    std::optional<ImportReport> report;
    SAFAR_TRY(client.patient().upload(
        target, upload, [&](std::string_view line, const json::value& value) {
            on_line(line, value);
            if (value.is_object() && value.as_object().contains("summary"))
                report = report_of(member(value, "summary"));
        }));
    if (!report)
        return Problem(
            failure(ErrorCode::malformed,
                    "the node ended its answer without a summary; what it had "
                    "acknowledged is kept, and importing again adds only what is missing"));
    return *report;
}

namespace {

struct CommandOptions {
    std::string profile, profiles, rejects, kind, source;
    std::vector<std::string> files, where, key;
    bool dry_run = false, exported = false, own = false;
};

// Rejects as they come: to the --rejects file, or the first few to the screen.
class Rejects {
public:
    Rejects(Context& context, const std::string& path) : context_(context), path_(path) {}
    Result<> open() {
        if (path_.empty()) return success();
        SAFAR_TRY(create_private(path_));
        out_.open(path_, std::ios::binary | std::ios::trunc);
        out_ << csv_row({"file", "line", "column", "reason", "row"});
        if (!out_)
            return failure(ErrorCode::storage_failed, fmt::format("cannot write '{}'", path_));
        return success();
    }
    void add(const std::string& file, const json::value& reject) {
        if (!path_.empty())
            out_ << csv_row({file, text_at(reject, "line"), text_at(reject, "column"),
                             text_at(reject, "reason"), text_at(reject, "row")});
        else if (!context_.json && ++shown_ <= rejects_shown_max)
            context_.err << visible(fmt::format("{}:{}: {}{}", file, text_at(reject, "line"),
                                                text_at(reject, "column").empty()
                                                    ? ""
                                                    : text_at(reject, "column") + ": ",
                                                text_at(reject, "reason")))
                         << '\n';
    }
    Result<> close() {
        if (shown_ > rejects_shown_max)
            context_.err << fmt::format("... and {} more; --rejects FILE keeps them all\n",
                                        shown_ - rejects_shown_max);
        if (!path_.empty() && !out_.flush())
            return failure(ErrorCode::storage_failed, fmt::format("cannot write '{}'", path_));
        return success();
    }

private:
    Context& context_;
    std::string path_;
    std::ofstream out_;
    std::size_t shown_ = 0;
};

// The file of rejects is emptied before anything is read.
Outcome<bool> check_rejects(const std::string& rejects, const std::vector<std::string>& files,
                            const std::string& profile) {
    const auto is_rejects = [&](const std::string& read) {
        std::error_code ec; // where one is not there, they are not the same
        return fs::equivalent(rejects, read, ec);
    };
    for (const std::string& read : files)
        if (is_rejects(read))
            return usage("--rejects would write over '" + read + "', which is to be read");
    if (is_rejects(profile))
        return usage("--rejects would write over the profile '" + profile + "'");
    return true;
}

Outcome<Exit> import(Context& context, const CommandOptions& options) {
    SAFAR_TRY(auto client, context.client());
    std::string profile;
    std::vector<std::string> files = options.files;
    if (options.exported || !options.kind.empty()) {
        if (!options.profile.empty())
            files.insert(files.begin(), options.profile); // the first word is a file too
    } else {
        SAFAR_TRY(profile, find_profile(options.profile, options.profiles));
    }
    if (files.empty()) return usage("no file is named; see safar import --help");
    if (options.own && !options.exported) return usage("--own goes with --exported");
    if (options.exported && !options.kind.empty())
        return usage("--kind reads tables of people, --exported those of safar export");
    if (!options.profiles.empty() && (options.exported || !options.kind.empty()))
        return usage("--profiles goes with a profile, not with --kind or --exported");
    if (options.kind.empty() && (!options.key.empty() || !options.source.empty()))
        return usage("--key and --source go with --kind; a profile says both");
    SAFAR_TRY(check_rejects(options.rejects, files, profile));
    Rejects rejects(context, options.rejects);
    SAFAR_TRY(rejects.open());
    Table table({{"file"},
                 {"rows", Align::right},
                 {"skipped", Align::right},
                 {"rejected", Align::right},
                 {"records", Align::right},
                 {"new", Align::right},
                 {"changed", Align::right},
                 {"unchanged", Align::right},
                 {"events", Align::right},
                 {"seconds", Align::right}});
    bool rejected = false;
    for (const std::string& file : files) {
        const ImportOptions one{profile,          file,        options.where, options.dry_run,
                                options.exported, options.own, options.kind,  options.source,
                                options.key};
        auto report =
            import_file(client, one, context.err, context.err_is_terminal,
                        [&](std::string_view line, const json::value& value) {
                            if (context.json) context.out << line << '\n';
                            if (const auto& reject = member(value, "reject"); reject.is_object())
                                rejects.add(file, reject);
                        });
        if (!report) {
            // What earlier files did stands; show it before the reason this one stopped, which
            // counts more than whether the rejects could be kept.
            static_cast<void>(rejects.close());
            if (!context.json && !table.empty()) context.out << table.render();
            Problem problem = report.error();
            problem.detail = file + ": " + problem.detail;
            return problem;
        }
        const ImportReport& r = report.value();
        rejected = rejected || r.rejected > 0;
        table.row({fs::path(file).filename().string(), grouped(r.rows), grouped(r.skipped),
                   grouped(r.rejected), grouped(r.records), grouped(r.fresh), grouped(r.changed),
                   grouped(r.unchanged), grouped(r.events), r.seconds});
    }
    SAFAR_TRY(rejects.close());
    if (!context.json) {
        context.out << table.render();
        if (options.dry_run) context.out << "dry run: nothing was written\n";
    }
    return rejected ? Exit::rejects : Exit::ok;
}

} // namespace

void add_import_commands(CLI::App& app, Context& context) {
    const auto options = std::make_shared<CommandOptions>();
    auto& command = add_command(
        app, context, "import",
        "Read files of a known register into records (exit code 3: some rows were rejected)",
        "safar import uk-returns returns.csv.gz --dry-run\n"
        "safar import uk-nrm nrm_*.csv.gz --where \"First responder type=Police\" --rejects "
        "rejects.csv\n"
        "safar import --kind person persons.csv --key number   (safar export person --template)\n"
        "safar import --exported returns.jsonl",
        [&context, options] { return import(context, *options); });
    command.add_option(
        "profile", options->profile,
        "Import profile: a name in config/imports, or a path to one; none with --exported");
    command.add_option("file", options->files,
                       "Files, .gz as they are; importing a file again writes nothing new");
    command
        .add_option(
            "--kind", options->kind,
            "The file's columns are fields of this kind, by name, title or hashtag; no profile")
        ->type_name("KIND");
    command
        .add_option("--key", options->key,
                    "With --kind: a column that names a record; without it all cells do")
        ->type_name("COLUMN")
        ->allow_extra_args(false);
    command
        .add_option("--source", options->source,
                    "With --kind: whose table it is; part of what names a record")
        ->type_name("NAME");
    command.add_flag("--exported", options->exported,
                     "Files that safar export wrote: .csv, .jsonl");
    command.add_flag("--own", options->own, "Of JSON lines only what this node's own agency said");
    command.add_flag("--dry-run", options->dry_run, "Read and check everything, write nothing");
    command
        .add_option("--where", options->where,
                    "Only rows whose cell has exactly this text; repeat for more")
        ->type_name("COLUMN=VALUE")
        ->allow_extra_args(false);
    command.add_option("--rejects", options->rejects, "Write rejected rows to this CSV file")
        ->type_name("FILE");
    command.add_option("--profiles", options->profiles, "Directory to look for the profile first")
        ->type_name("DIR");
}

} // namespace safar::cli

// A USB stick as a peer: make a bundle, look into one, apply one.
#include "cli/app.hpp"
#include "cli/bundle_file.hpp"
#include "cli/bundle_verify.hpp"
#include "cli/files.hpp"
#include "cli/json_text.hpp"
#include "cli/out_file.hpp"
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

struct InFile {
    std::ifstream in;
    std::uint64_t size = 0;
};

Outcome<InFile> open_bundle(const std::string& path) {
    std::error_code ec;
    const auto size = fs::file_size(path, ec);
    InFile file{std::ifstream(path, std::ios::binary), size};
    if (ec || !file.in)
        return Problem(failure(
            ErrorCode::storage_failed,
            fmt::format("cannot read '{}': {}", path, ec ? ec.message() : "permission denied")));
    return file;
}

template <class Take> void each_piece(std::istream& in, const Take& take) {
    Bytes piece(256u << 10);
    while (in.read(reinterpret_cast<char*>(piece.data()),
                   static_cast<std::streamsize>(piece.size())) ||
           in.gcount() > 0)
        take(ByteView(piece).first(static_cast<std::size_t>(in.gcount())));
}

// --- make ---

struct MakeOptions {
    std::string agency, file;
    bool since_last = false;
};

// The node remembers what it made a bundle of once it has sent the last byte; what became of it
// here it does not hear.
Problem taken_for_made(Problem problem) {
    problem.detail += "; the node may take this bundle for made: make the next one for that agency "
                      "without --since-last";
    return problem;
}

Outcome<Exit> make(Context& context, const MakeOptions& options) {
    if (options.file.empty() && context.json)
        return usage("--json tells what is in the bundle; name the bundle's own file with -o FILE");
    if (options.file.empty() && context.out_is_terminal)
        return usage("a bundle is nothing to read: send it to a file with -o FILE or > FILE");
    SAFAR_TRY(auto client, context.client());
    OutFile file(options.file, context.out);
    SAFAR_TRY(file.open()); // before the node takes the bundle for made
    BundleWatch watch;
    const Query query{{"for", options.agency}, {"since_last", options.since_last ? "1" : "0"}};
    bool came = false;
    const auto done = client.patient().download(target_of("/v1/bundle", query),
                                                [&](std::string_view bytes) -> Result<> {
                                                    came = true;
                                                    watch.take(as_bytes(bytes));
                                                    return file.write(bytes);
                                                });
    if (!done) return came ? taken_for_made(done.error()) : Problem(done.error());
    if (!watch.whole()) // its maker gave up, and takes nothing for made
        return Problem(
            failure(ErrorCode::storage_failed,
                    "the bundle is not whole: " + watch.problem() +
                        (options.file.empty() ? "; what was written of it can still be applied"
                                              : "; nothing was written")));
    if (const auto kept = file.finish(); !kept) return taken_for_made(kept.error());
    if (context.json) {
        context.out << watch.json() << '\n';
    } else {
        context.err << visible("bundle for " + options.agency + ": " + watch.summary()) << '\n';
    }
    return Exit::ok;
}

// --- inspect ---

Outcome<Exit> inspect(Context& context, const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in)
        return Problem(failure(ErrorCode::storage_failed, fmt::format("cannot read '{}'", path)));
    BundleWatch watch;
    each_piece(in, [&](ByteView piece) { watch.take(piece); });
    const BundleContents& contents = watch.contents();
    if (!contents.hello)
        return Problem(watch.broken() ? *watch.broken()
                                      : failure(ErrorCode::malformed,
                                                "this is no bundle: it ends before its hello"));
    if (context.json) {
        context.out << watch.json() << '\n';
    } else {
        const std::string name =
            watch.charter() != nullptr ? watch.charter()->ruling().charter->network_name : "";
        context.out << visible(fmt::format("from     {}, as the file says", watch.maker())) << '\n'
                    << visible(fmt::format("network  {} {}", contents.hello->network.brief(), name))
                    << '\n'
                    << visible("holds    " + watch.summary()) << '\n'
                    << visible("whole    " + (watch.whole() ? "yes" : "no: " + watch.problem()))
                    << '\n';
        context.out << watch.logs();
    }
    if (watch.broken()) return Exit::bad_data;
    return watch.whole() ? Exit::ok : Exit::rejects;
}

// --- verify ---

struct VerifyOptions {
    std::vector<std::string> files;
    std::optional<std::string> network; // be it empty: what was asked for is checked
};

Outcome<Exit> verify(Context& context, const VerifyOptions& options) {
    const auto network = NetworkId::parse_hex(options.network.value_or(""));
    if (options.network && !network)
        return usage("--network is 64 hex digits: charter.network_id of `safar status --json` at a "
                     "node that you trust");
    BundleVerifier verifier(network);
    for (const std::string& path : options.files) {
        SAFAR_TRY(auto file, open_bundle(path));
        Progress progress(context.err, context.err_is_terminal, fs::path(path).filename().string(),
                          file.size);
        std::uint64_t done = 0;
        each_piece(file.in, [&](ByteView piece) {
            verifier.take(piece, path);
            progress.at(done += piece.size());
        });
        verifier.end_file(path);
    }
    const auto report = verifier.end();
    if (context.json)
        context.out << report.json() << '\n';
    else
        context.out << report.text();
    return report.good() ? Exit::ok : Exit::bad_data;
}

// --- apply ---

struct ApplyOptions {
    std::string file;
    bool dry_run = false;
};

void print_refusals(Context& context, const json::value& report) {
    for (const json::value& line : list_at(report, "charter_refused"))
        context.out << visible("refused: " + shown(line)) << '\n';
    for (const json::value& refusal : list_at(report, "refused")) {
        const std::string agency = text_at(refusal, "agency");
        context.out << visible(fmt::format("refused: {} batches from {} on of {} {}: {}: {}",
                                           text_at(refusal, "batches"), text_at(refusal, "first"),
                                           agency.empty()
                                               ? "log " + text_at(refusal, "log").substr(0, 8)
                                               : agency + "'s log " +
                                                     text_at(refusal, "incarnation").substr(0, 8),
                                           text_at(refusal, "compartment").empty()
                                               ? ""
                                               : "in " + text_at(refusal, "compartment"),
                                           text_at(refusal, "reason"), text_at(refusal, "detail")))
                    << '\n';
    }
}

void print_conflicts(Context& context, const json::value& report) {
    const auto before = number_at(report, "conflicts.before"),
               after = number_at(report, "conflicts.after");
    context.out << fmt::format("conflicts: {} before, {} now\n", grouped(before), grouped(after));
    if (!flag_at(report, "conflicts.told"))
        context.out << "which of them are new can not be told among so many\n";
    for (const json::value& conflict : list_at(report, "conflicts.new"))
        context.out << visible(fmt::format("  new: {} {} {}: {}", text_at(conflict, "kind"),
                                           text_at(conflict, "id"), text_at(conflict, "field"),
                                           shown(member(conflict, "agencies"))))
                    << '\n';
}

void print_report(Context& context, const json::value& report, bool dry_run) {
    const auto n = [&](const char* path) { return grouped(number_at(report, path)); };
    const std::string agency = text_at(report, "from.agency");
    context.out << visible(fmt::format("from {} (node {}), as the file says",
                                       agency.empty() ? "a node that the charter does not list"
                                                      : agency,
                                       text_at(report, "from.node").substr(0, 8)))
                << '\n'
                << fmt::format("epochs: {} in it, {} new; notices: {} in it, {} new\n",
                               n("epochs.held"), n("epochs.new"), n("notices.held"),
                               n("notices.new"))
                << fmt::format("batches: {} in it, {} new with {} events, {} known, {} refused\n",
                               n("batches.held"), n("batches.new"), n("events_new"),
                               n("batches.known"), n("batches.refused"));
    print_refusals(context, report);
    if (!dry_run) print_conflicts(context, report);
    if (!flag_at(report, "whole"))
        context.out << visible((flag_at(report, "damaged") ? "damaged: " : "not whole: ") +
                               text_at(report, "problem"))
                    << '\n'
                    << "what came whole before that was " << (dry_run ? "judged" : "taken") << '\n';
    if (dry_run) context.out << "dry run: nothing was written\n";
}

Outcome<Exit> apply(Context& context, const ApplyOptions& options) {
    SAFAR_TRY(auto client, context.client());
    SAFAR_TRY(auto opened, open_bundle(options.file));
    std::ifstream& in = opened.in;
    const std::uint64_t size = opened.size;
    if (size == 0)
        return Problem(failure(ErrorCode::malformed, "this is no bundle: the file is empty"));
    std::uint64_t sent = 0;
    std::optional<json::value> report;
    {
        Progress progress(context.err, context.err_is_terminal,
                          fs::path(options.file).filename().string(), size);
        const Upload upload{"application/x-safar-bundle", size,
                            [&](std::span<std::byte> out) -> Result<std::size_t> {
                                in.read(reinterpret_cast<char*>(out.data()),
                                        static_cast<std::streamsize>(out.size()));
                                sent += static_cast<std::uint64_t>(in.gcount());
                                progress.at(sent);
                                return static_cast<std::size_t>(in.gcount());
                            }};
        const Query query{{"dry_run", options.dry_run ? "1" : "0"}};
        SAFAR_TRY(client.patient().upload(
            target_of("/v1/bundle", query), upload,
            [&](std::string_view, const json::value& value) { report = value; }));
    }
    if (!report)
        return Problem(failure(ErrorCode::malformed,
                               "the node gave no report; applying it again is harmless"));
    if (context.json) {
        context.out << *report << '\n';
    } else {
        print_report(context, *report, options.dry_run);
    }
    if (flag_at(*report, "damaged")) return Exit::bad_data;
    const bool partial = !flag_at(*report, "whole") || number_at(*report, "batches.refused") > 0 ||
                         !list_at(*report, "charter_refused").empty();
    return partial ? Exit::rejects : Exit::ok;
}

} // namespace

void add_bundle_commands(CLI::App& app, Context& context) {
    CLI::App& bundle =
        add_group(app, "bundle", "What a session with another node carries, in a file");

    const auto made = std::make_shared<MakeOptions>();
    auto& make_command = add_command(bundle, context, "make", "Write a bundle for another agency",
                                     "safar bundle make --for FIA -o /media/stick/fia.bundle\n"
                                     "safar bundle make --for FIA --since-last > fia-2.bundle",
                                     [&context, made] { return make(context, *made); });
    make_command
        .add_option("--for", made->agency,
                    "Agency that gets it; holds only what that agency may hold")
        ->required()
        ->type_name("AGENCY");
    make_command.add_flag("--since-last", made->since_last,
                          "Only batches beyond the last bundle made for it; the first is whole");
    make_command.add_option("-o,--output", made->file, "File to write, in place of the output")
        ->type_name("FILE");

    const auto applied = std::make_shared<ApplyOptions>();
    auto& apply_command = add_command(
        bundle, context, "apply",
        "Take a bundle in; again is harmless (exit code 3: a part was refused or is missing)",
        "safar bundle apply /media/stick/fia.bundle\nsafar bundle apply fia.bundle --dry-run",
        [&context, applied] { return apply(context, *applied); });
    apply_command.add_option("file", applied->file, "The bundle")->required();
    apply_command.add_flag("--dry-run", applied->dry_run, "Judge everything, write nothing");

    const auto looked = std::make_shared<std::string>();
    auto& inspect_command =
        add_command(bundle, context, "inspect",
                    "What is in a bundle, without a node (exit code 3: it is not whole)",
                    "safar bundle inspect /media/stick/fia.bundle",
                    [&context, looked] { return inspect(context, *looked); });
    inspect_command.add_option("file", *looked, "The bundle")->required();

    const auto verified = std::make_shared<VerifyOptions>();
    auto& verify_command = add_command(
        bundle, context, "verify",
        "Whether bundles prove themselves, without a node (exit code 65: something does not hold)",
        "safar bundle verify fia.bundle --network 4b1f...\n"
        "safar bundle verify fia.bundle fia-2.bundle   (the second was made with --since-last)",
        [&context, verified] { return verify(context, *verified); });
    verify_command.add_option("file", verified->files, "The bundles, in the order they were made")
        ->required();
    verify_command
        .add_option_function<std::string>(
            "--network", [verified](const std::string& hex) { verified->network = hex; },
            "Name of the network that it must be of")
        ->type_name("HEX");
}

} // namespace safar::cli

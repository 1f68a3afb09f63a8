// Backups of a running node, and nodes from backups.
#include "cli/app.hpp"
#include "cli/json_text.hpp"
#include "cli/prove.hpp"
#include "cli/table.hpp"
#include "node/operate/backup.hpp"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <ostream>

namespace safar::cli {

namespace fs = std::filesystem;
namespace json = boost::json;

namespace {

struct BackupOptions {
    std::string target;
    bool with_keys = false;
};

std::string size_of(std::uint64_t bytes) {
    if (bytes < 10u << 20) return fmt::format("{} KiB", (bytes + 1023) >> 10);
    return fmt::format("{} MiB", bytes >> 20);
}

// What lies in the data directory is lost with it.
Outcome<void> check_outside(const std::string& target, const std::string& directory) {
    std::error_code error;
    const fs::path inner = fs::weakly_canonical(fs::absolute(target, error), error);
    fs::path outer = fs::weakly_canonical(fs::absolute(directory, error), error);
    if (!outer.has_filename()) outer = outer.parent_path(); // "iom/"
    if (!error &&
        std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end())
        return usage(target +
                     " lies in the node's own directory, and would be lost with it; name a "
                     "place outside, best on another disk");
    return success();
}

Outcome<Exit> backup(Context& context, const BackupOptions& options) {
    SAFAR_TRY(ArchiveWriter::check(options.target));
    // The copy is made beside the node and carried away from there.
    SAFAR_TRY(auto directory, context.node_directory());
    SAFAR_TRY(check_outside(options.target, directory));
    SAFAR_TRY(auto client, context.client());
    SAFAR_TRY(auto made,
              client.patient().post("/v1/backup", json::object{{"with_keys", options.with_keys}}));
    const std::string manifest = text_at(made.json, "manifest");
    const std::string copy = text_at(made.json, "directory");
    auto carried = carry_backup(copy, manifest, options.target);
    // Whatever became of it, the node lets go of it, as soon as it does not make another one.
    auto done = client.patient().post(
        "/v1/backup/done", json::object{{"directory", copy}, {"kept", carried.has_value()}});
    SAFAR_TRY(carried);
    SAFAR_TRY(done);
    SAFAR_TRY(auto facts, parse_manifest(options.target, manifest));
    if (context.json) {
        context.out << json::object{{"backup", options.target},
                                    {"files", number_at(made.json, "files")},
                                    {"bytes", number_at(made.json, "bytes")},
                                    {"position", facts.position},
                                    {"keys", facts.with_keys}}
                    << '\n';
        return Exit::ok;
    }
    context.out << visible(fmt::format("{}: {} of {}, {} batches, {} files, {}", options.target,
                                       facts.agency, facts.made,
                                       grouped(static_cast<std::int64_t>(facts.position)),
                                       facts.files.size(), size_of(facts.bytes())))
                << "\n";
    context.out << (facts.with_keys ? "The private keys are in it: whoever reads it can speak as "
                                      "this node. Keep it locked away.\n"
                                    : "The private keys are NOT in it. Keep a copy of DIR/keys "
                                      "apart, offline; without them a "
                                      "restored node can not sign.\n");
    return Exit::ok;
}

struct RestoreOptions {
    RestoreRequest request;
    bool prove = false;
    unsigned patience_seconds = 30;
};

void tell_restored(Context& context, const Restored& restored, const std::string& directory) {
    const Manifest& manifest = restored.manifest;
    context.out << visible(fmt::format(
                       "{}: node {} of {} as of {}, {} batches, {} events; every file, signature, "
                       "chain and leaf holds",
                       directory, manifest.node.brief(), manifest.agency, manifest.made,
                       grouped(static_cast<std::int64_t>(restored.checked.batches)),
                       grouped(static_cast<std::int64_t>(restored.checked.events))))
                << "\n";
    for (const std::string& note : restored.notes) context.out << "note: " << visible(note) << "\n";
    if (!restored.has_keys)
        context.out
            << visible(fmt::format(
                   "The private keys were not in the backup: put the copy of the node's keys/ "
                   "(signing.key, tls.key, and `node` if it is there) into {}/keys (mode 0600) "
                   "before you start it.",
                   directory))
            << "\n";
    context.out << "Never start it while the node it was copied from may still run: two nodes with "
                   "the same keys fork "
                   "their logs.\n";
}

json::object restored_json(const Restored& restored, const std::string& directory) {
    const Manifest& manifest = restored.manifest;
    return {{"directory", directory},
            {"node", manifest.node.hex()},
            {"agency", manifest.agency},
            {"made", manifest.made},
            {"position", manifest.position},
            {"batches", restored.checked.batches},
            {"events", restored.checked.events},
            {"keys", restored.has_keys},
            {"notes", json::value_from(restored.notes)}};
}

Outcome<Exit> restore(Context& context, const RestoreOptions& options) {
    SAFAR_TRY(auto restored, restore_backup(options.request));
    const std::string& directory = options.request.directory;
    if (!context.json) tell_restored(context, restored, directory);
    if (options.prove && !restored.has_keys)
        return Problem(Exit::bad_config, "not proved",
                       "the restored node has no keys and can not meet its peers; restore again "
                       "with --keys DIR");
    json::object answer = restored_json(restored, directory);
    Exit end = Exit::ok;
    if (options.prove) {
        SAFAR_TRY(auto proof, prove_restored(context, directory, restored.manifest.position,
                                             std::chrono::seconds(options.patience_seconds)));
        if (!context.json) context.out << "\n" << proof_text(proof);
        answer["proof"] = proof.json;
        if (!proof.good()) end = Exit::no;
    }
    if (context.json) context.out << answer << '\n';
    return end;
}

} // namespace

void add_backup_commands(CLI::App& app, Context& context) {
    const auto options = std::make_shared<BackupOptions>();
    auto& backup_command =
        add_command(app, context, "backup",
                    "Copy this node while it runs: store, witness, charter, configuration",
                    "safar backup /mnt/backup/iom-monday.tar\nsafar backup /mnt/backup/iom-monday  "
                    " (a directory)\n"
                    "safar backup --with-keys /safe/iom.tar   (with the private keys)",
                    [&context, options] { return backup(context, *options); });
    backup_command
        .add_option("target", options->target, "New directory, or new file ending in .tar")
        ->required()
        ->type_name("FILE-or-DIR");
    backup_command.add_flag("--with-keys", options->with_keys,
                            "The private keys too: it is then the node itself");

    const auto restoring = std::make_shared<RestoreOptions>();
    auto& restore_command = add_command(
        app, context, "restore", "Make a data directory from a backup, and check everything in it",
        "safar restore /mnt/backup/iom-monday.tar /var/lib/safar --keys /media/usb/keys\n"
        "safar restore /mnt/backup/iom-monday.tar ./iom --keys ./keys --prove   (asks the peers "
        "too)",
        [&context, restoring] { return restore(context, *restoring); });
    restore_command.add_option("backup", restoring->request.backup, "What `safar backup` made")
        ->required()
        ->type_name("BACKUP");
    restore_command.add_option("dir", restoring->request.directory, "New or empty directory")
        ->required()
        ->type_name("DIR");
    restore_command
        .add_option("--keys", restoring->request.keys,
                    "A copy of DIR/keys, kept apart: keys in use, waiting and former ones")
        ->type_name("DIR");
    restore_command.add_flag("--prove", restoring->prove,
                             "Start it, let it meet its peers, say what was missing, and stop it");
    restore_command
        .add_option("--patience", restoring->patience_seconds,
                    "How long --prove waits for peers (default 30)")
        ->type_name("SECONDS")
        ->check(CLI::Range(1U, 86400U));
}

} // namespace safar::cli

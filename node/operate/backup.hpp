// Making a backup of a running node, and writing a new data directory from one.
//
// What is in it: the store (a RocksDB checkpoint), the witness, the charter, safard.toml, users and
// the access log, and the private keys only where they were asked for. Derived state goes along and
// is never trusted: it can be made again.
#pragma once

#include "node/operate/archive.hpp"
#include "node/operate/manifest.hpp"

#include <mutex>

namespace safar {

// --- in safard: a copy of hard links, which the command line carries away ---

struct BackupPlan {
    bool with_keys = false;
    Manifest facts; // version, made, agency, network, node
    // Puts what copy_moment() copies under `into`, and fills in epoch, charter, heads and position
    // of that moment.
    std::function<Result<>(const std::string& into, Manifest& facts)> capture;
};
// Store, witness and charter, which say together what counts: one without an epoch that cuts its
// logs, or with one that came later, has other heads. For the log thread, where all three change.
// Errors: storage_full, storage_failed.
[[nodiscard]] Result<> copy_moment(Log& log, const std::string& directory, const std::string& into);

struct BackupMade {
    std::string directory; // holds the files of the manifest and no manifest
    std::string manifest;  // signed text
    std::uint64_t files = 0, bytes = 0;
};

// Holds the newest copy, under DIR/backup/NAME, until it was carried away. A backup that is begun
// takes the place of an older one, for nobody may be there any more to carry that: carry_backup()
// finds it gone. Any thread; a call waits for a copy that is being made.
class BackupShelf {
public:
    explicit BackupShelf(std::string directory) // the data directory
        : directory_(std::move(directory)), shelf_(directory_ + "/backup") {}

    // Errors: storage_full, storage_failed; those of `capture`.
    [[nodiscard]] Result<BackupMade> make(BackupPlan plan, const SigningKey& key);
    // Removes the copy that make() named `copy`; a newer one stays, and what never was a copy.
    [[nodiscard]] Result<> let_go(const std::string& copy);

private:
    [[nodiscard]] Result<BackupMade> fill(const std::string& into, BackupPlan plan,
                                          const SigningKey& key) const;
    [[nodiscard]] Result<> clear() const;

    std::string directory_, shelf_;
    std::mutex mutex_; // whoever holds it may write under shelf_
};

// --- on the command line ---

// Copies what `manifest` lists from `from` to `target` (a new directory, or a new .tar file),
// checking each file on its way. Errors: conflict (another backup took its place meanwhile, or
// `target` is there), wrong_hash; those of ArchiveWriter.
[[nodiscard]] Result<> carry_backup(const std::string& from, const std::string& manifest,
                                    const std::string& target);

struct RestoreRequest {
    std::string backup;    // directory or tar file
    std::string directory; // new or empty
    std::string keys;      // a copy of DIR/keys, which goes before those in it; may be empty
};
struct Restored {
    Manifest manifest;
    bool has_keys = false;
    VerifyReport checked; // of the restored store, all signatures and hashes; no problems
    std::vector<std::string> notes;
};
// All or nothing: after an error nothing of the backup is left in `directory`. Errors: conflict
// (the directory is not empty); malformed, wrong_hash, bad_signature, unsupported_version,
// storage_corrupt, each with the file.
[[nodiscard]] Result<Restored> restore_backup(const RestoreRequest& request);

} // namespace safar

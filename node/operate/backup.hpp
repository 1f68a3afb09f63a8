// Making a backup of a running node, and writing a new data directory from one.
//
// What is in it: the store (a RocksDB checkpoint), the witness, the charter, safard.toml, users and
// the access log, and the private keys only where they were asked for. Derived state goes along and
// is never trusted: it can be made again.
#pragma once

#include "node/operate/archive.hpp"
#include "node/operate/manifest.hpp"

namespace safar {

// --- in safard: a copy of hard links under DIR/backup/NAME, which the command line carries away
// ---

struct BackupPlan {
    std::string directory; // the data directory
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
// Replaces one that was made before and not carried away. Errors: storage_full, storage_failed.
[[nodiscard]] Result<BackupMade> make_backup(BackupPlan plan, const SigningKey& key);
// Removes what make_backup left under DIR/backup.
[[nodiscard]] Result<> drop_backup(const std::string& directory);

// --- on the command line ---

// Copies `made` to `target` (a new directory, or a new .tar file), checking each file on its way.
[[nodiscard]] Result<> carry_backup(const std::string& from, const std::string& manifest,
                                    const std::string& target);

struct RestoreRequest {
    std::string backup;    // directory or tar file
    std::string directory; // new or empty
    std::string keys;      // a copy of DIR/keys, for a backup without them; may be empty
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

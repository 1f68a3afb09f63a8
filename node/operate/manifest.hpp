// What a backup says about itself: whose it is, how far each log went, and every file with its
// hash; signed with the node's signing key. Plain lines, so that a person can read it:
//
//     safar-backup 1
//     version 0.1.0
//     made 2026-01-31T08:00:00Z
//     network <hex>  node <hex>  agency IOM  epoch 1 <charter's identity>  position 812  keys no
//     (one a line) head <compartment> <log> <incarnation> <number> <hash> <own|held> <open|forked>
//     file <hash> <bytes> <path>
//     signature <public key> <signature over all lines before this one>
//
// Hashes of files are H("backup-file", bytes).
#pragma once

#include "storage/crypto/ed25519.hpp"
#include "storage/log/log.hpp"

namespace safar {

constexpr std::uint32_t backup_format = 1;
constexpr std::string_view manifest_name = "backup.manifest";
constexpr std::size_t manifest_bytes_max = 64u << 20; // some 300,000 files

struct BackupHead {
    std::string compartment;
    LogName log;
    std::uint64_t number = 0;
    Hash hash;
    bool own = false, forked = false;
};
struct BackupFile {
    std::string path; // relative, '/' between, no "..", no blanks
    std::uint64_t bytes = 0;
    Hash hash;
};

struct Manifest {
    std::string version, made, agency;
    NetworkId network;
    NodeId node;
    std::uint64_t epoch = 0;
    Hash charter; // identity of the ruling epoch
    Position position = 0;
    bool with_keys = false;
    std::vector<BackupHead> heads;
    std::vector<BackupFile> files; // ascending by path
    PublicKey key;                 // that signed it

    [[nodiscard]] const BackupFile* file(std::string_view path) const;
    [[nodiscard]] std::uint64_t bytes() const; // of all files
};

[[nodiscard]] std::string write_manifest(const Manifest& manifest, const SigningKey& key);
// Checks form and signature, not whose key it is: check_backup_key() does. `file` is for messages.
// Errors: malformed with the line; unsupported_version; bad_signature.
[[nodiscard]] Result<Manifest> parse_manifest(const std::string& file, std::string_view text);

// True for a path that stays inside the directory it is put under.
[[nodiscard]] bool is_inner_path(std::string_view path);

} // namespace safar

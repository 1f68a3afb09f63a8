// A node's identity on disk: DIR/keys/signing.key and tls.key (mode 0600), DIR/safard.toml.
//
// Data directory:
//     safard.toml        configuration, written by `safar node init`
//     keys/              signing.key, tls.key; signing.next.key, tls.next.key wait for an epoch
//                        (key_files.hpp)
//     charter/           1.toml ...: epochs adopted; notices/HASH
//     store/             RocksDB
//     witness            heads of own logs
//     safar.sock         the API
#pragma once

#include "node/charter/charter_state.hpp"

namespace safar {

struct Identity {
    std::string agency;
    SigningKey signing, tls;
    NodeId id; // hash of the first signing key
};

// Creates keys and configuration in a new or empty directory. Errors: conflict (there is one
// already), storage_failed with the path.
[[nodiscard]] Result<Enrolment> create_node(const std::string& directory, const std::string& agency,
                                            const std::string& name, const std::string& listen,
                                            Entropy& entropy);
// Errors: not_found (no node here: `safar node init`), storage_corrupt (a key file is damaged).
[[nodiscard]] Result<Identity> load_identity(const std::string& directory);

// Keys that wait: made once, then the same again, with a request that a later epoch list them for
// this node (`safar charter amend --rotate`). Errors: those of load_identity; storage_*.
[[nodiscard]] Result<Enrolment> stage_next_keys(const std::string& directory, Entropy& entropy);
// Puts waiting keys that `ruling` lists for this node in use; for a node that does not run. True:
// some were.
[[nodiscard]] bool next_keys_listed(const std::string& directory, const Charter& ruling);
[[nodiscard]] Result<bool> promote_next_keys(const std::string& directory, const Charter& ruling);

// The charter as files: charter/N.toml for each epoch that was in force here, charter/notices/HASH
// for each notice. Loading replays them, and removes those whose place others took. Errors:
// not_found (no charter yet), storage_corrupt, storage_failed, each with the path.
[[nodiscard]] Result<CharterState> load_charter_state(const std::string& directory);
// Writes what is not there yet, each file whole and durable.
[[nodiscard]] Result<> save_charter_state(const std::string& directory, const CharterState& state);
// For a node that does not run: takes the epochs in the texts up, in order, and saves. What a node
// adopts first must end with an epoch that lists it with its keys. Adopting the same again changes
// nothing. Returns the epoch that now rules.
[[nodiscard]] Result<Charter> adopt_charter_file(const std::string& directory,
                                                 std::span<const std::string> texts);
[[nodiscard]] inline Result<Charter> adopt_charter_file(const std::string& directory,
                                                        const std::string& text) {
    return adopt_charter_file(directory, std::span(&text, 1));
}

} // namespace safar

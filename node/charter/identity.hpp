// A node's identity on disk: DIR/keys/signing.key and tls.key (mode 0600), DIR/safard.toml.
//
// Data directory:
//     safard.toml        configuration, written by `safar node init`
//     keys/              signing.key, tls.key: one line "safar-key-1 <purpose> <64 hex seed> <8 hex check>"
//     charter/1.toml ... epochs adopted
//     store/             RocksDB       witness   head of own logs       safar.sock   the API
#pragma once

#include "node/charter/charter.hpp"

namespace safar {

struct Identity {
    std::string agency;
    SigningKey signing, tls;
    NodeId id; // hash of the first signing key
};

// Creates keys and configuration in a new or empty directory. Errors: conflict (there is one already),
// storage_failed with the path.
[[nodiscard]] Result<Enrolment> create_node(const std::string& directory, const std::string& agency,
                                            const std::string& name, const std::string& listen,
                                            Entropy& entropy);
// Errors: not_found (no node here: `safar node init`), storage_corrupt (a key file is damaged).
[[nodiscard]] Result<Identity> load_identity(const std::string& directory);

// Charter epochs adopted, ascending, as files. Adopting checks quorum, chain and that this node is
// listed, writes the file atomically and durably; adopting the same again changes nothing.
[[nodiscard]] Result<std::vector<Charter>> load_charters(const std::string& directory);
[[nodiscard]] Result<Charter> adopt_charter_file(const std::string& directory, std::string_view text);

} // namespace safar

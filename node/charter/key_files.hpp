// Private keys as files: DIR/keys/NAME.key, one line "safar-key-1 PURPOSE SEED CHECK", mode 0600.
// NAME is the purpose ("signing", "tls"), or "signing.next" for a key that waits for its epoch.
#pragma once

#include "storage/crypto/ed25519.hpp"
#include "storage/crypto/entropy.hpp"

#include <string>

namespace safar {

[[nodiscard]] std::string key_path(const std::string& directory, std::string_view name);
// Errors: storage_full, storage_failed.
[[nodiscard]] Result<SigningKey> create_key_file(const std::string& directory,
                                                 std::string_view name, std::string_view purpose,
                                                 Entropy& entropy);
// Errors: storage_corrupt (missing, damaged, of another purpose), not_permitted (others may read
// it).
[[nodiscard]] Result<SigningKey> load_key_file(const std::string& directory, std::string_view name,
                                               std::string_view purpose);

// The same for a key that is no node's: any path; what to do about a file that is lost or damaged
// is `advice`'s to say.
[[nodiscard]] Result<SigningKey> create_key_at(const std::string& path, std::string_view purpose,
                                               Entropy& entropy);
[[nodiscard]] Result<SigningKey> load_key_at(const std::string& path, std::string_view purpose,
                                             std::string_view advice);

} // namespace safar

// A public key as people hand it on: SHA-256 of its SubjectPublicKeyInfo (RFC 5280), which is what
// `openssl pkey -pubout -outform DER | sha256sum` prints and what curl's --pinnedpubkey means.
#pragma once

#include "storage/base/ids.hpp"

namespace safar {

// 64 lower-case hex digits.
[[nodiscard]] std::string certificate_print(const PublicKey& key);

} // namespace safar

// Strict Ed25519: small-order and non-canonical public keys, and signatures whose scalar is not
// reduced, are refused everywhere (OpenSSL 3.0 accepts the former, and under such a key one
// constant signature verifies for every message). Cost here: about 80 us a signature, 180 us a
// check.
#pragma once

#include "storage/base/error.hpp"
#include "storage/base/ids.hpp"

#include <memory>

namespace safar {

// Ok, or bad_key: the bytes are not a canonical encoding, or name one of the low-order points.
[[nodiscard]] Result<> check_public_key(const PublicKey& key);

// True if `signature` is `key`'s signature of "safar/1/" purpose 0x00 message; false on any doubt.
[[nodiscard]] bool verify(const PublicKey& key, std::string_view purpose, ByteView message,
                          const Signature& signature);

[[nodiscard]] KeyId key_id(const PublicKey& key);

// A private key in memory, erased when destroyed. Move-only; sign() may be called from any thread.
class SigningKey {
public:
    static constexpr std::size_t seed_bytes = 32;
    [[nodiscard]] static Result<SigningKey> from_seed(ByteView seed);

    [[nodiscard]] const PublicKey& public_key() const { return public_key_; }
    [[nodiscard]] const KeyId& id() const { return id_; }
    [[nodiscard]] Signature sign(std::string_view purpose, ByteView message) const;
    // OpenSSL's EVP_PKEY, borrowed: only for TLS, which signs what no purpose tag can precede.
    [[nodiscard]] void* native() const;

private:
    struct Handle;
    struct Free {
        void operator()(Handle*) const;
    };
    SigningKey() = default;
    std::unique_ptr<Handle, Free> handle_;
    PublicKey public_key_;
    KeyId id_;
};

} // namespace safar

#include "node/tls/certificate_print.hpp"

#include "storage/base/error.hpp"

#include <array>
#include <openssl/evp.h>

namespace safar {

std::string certificate_print(const PublicKey& key) {
    // The encoding of every Ed25519 key differs in its last 32 bytes only (RFC 8410, section 4).
    constexpr std::array<unsigned char, 12> head{0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                                 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
    std::array<unsigned char, head.size() + PublicKey::size> encoded{};
    std::copy(head.begin(), head.end(), encoded.begin());
    for (std::size_t i = 0; i < PublicKey::size; ++i)
        encoded[head.size() + i] = std::to_integer<unsigned char>(key.raw[i]);
    Hash out;
    unsigned length = 0;
    const int done =
        EVP_Digest(encoded.data(), encoded.size(), reinterpret_cast<unsigned char*>(out.raw.data()),
                   &length, EVP_sha256(), nullptr);
    SAFAR_ASSERT(done == 1 &&
                 length == Hash::size); // OpenSSL without SHA-256 is a broken installation
    return out.hex();
}

} // namespace safar

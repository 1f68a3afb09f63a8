#include "storage/crypto/ed25519.hpp"

#include "storage/crypto/sha256.hpp"

#include <algorithm>
#include <openssl/crypto.h>
#include <openssl/evp.h>

namespace safar {
namespace {

// Points of order 1, 2, 4 and 8 in every encoding that a lax decoder accepts, sign bit masked off.
// Computed with the arithmetic of RFC 8032, section 5.1.
constexpr std::string_view low_order[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

// Little-endian, both of 32 bytes: a < b.
bool less(ByteView a, ByteView b) {
    return std::lexicographical_compare(a.rbegin(), a.rend(), b.rbegin(), b.rend());
}

template <class Id> Id constant(std::string_view hex) {
    auto id = Id::parse_hex(hex);
    SAFAR_ASSERT(id.has_value());
    return *id;
}

// 2^255 - 19, and the order of the base point.
const PublicKey& field_prime() {
    static const auto value =
        constant<PublicKey>("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
    return value;
}
const PublicKey& group_order() {
    static const auto value =
        constant<PublicKey>("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    return value;
}

Bytes tagged_message(std::string_view purpose, ByteView message) {
    Bytes out;
    out.reserve(16 + purpose.size() + message.size());
    ByteWriter writer(out);
    writer.bytes(as_bytes("safar/1/"));
    writer.bytes(as_bytes(purpose));
    writer.integer(std::uint8_t{0});
    writer.bytes(message);
    return out;
}

const unsigned char* raw(ByteView bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}

struct FreeContext {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
struct FreeKey {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};

} // namespace

Result<> check_public_key(const PublicKey& key) {
    PublicKey masked = key;
    masked.raw[31] &= std::byte{0x7f};
    static const auto blocked = [] {
        std::array<PublicKey, std::size(low_order)> out;
        for (std::size_t i = 0; i < out.size(); ++i) out[i] = constant<PublicKey>(low_order[i]);
        return out;
    }();
    if (std::find(blocked.begin(), blocked.end(), masked) != blocked.end())
        return failure(ErrorCode::bad_key, "public key " + key.brief() + " has small order");
    if (!less(masked.view(), field_prime().view()))
        return failure(ErrorCode::bad_key, "public key " + key.brief() + " is not canonical");
    return success();
}

bool verify(const PublicKey& key, std::string_view purpose, ByteView message,
            const Signature& signature) {
    if (!check_public_key(key)) return false;
    if (!less(ByteView(signature.raw).subspan(32), group_order().view())) return false;
    std::unique_ptr<EVP_PKEY, FreeKey> handle(
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw(key.view()), PublicKey::size));
    if (!handle) return false;
    std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
    SAFAR_ASSERT(context != nullptr);
    if (EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, handle.get()) != 1)
        return false;
    Bytes tagged = tagged_message(purpose, message);
    return EVP_DigestVerify(context.get(), raw(signature.view()), Signature::size, raw(tagged),
                            tagged.size()) == 1;
}

KeyId key_id(const PublicKey& key) { return KeyId{tagged_hash("key", {key.view()}).raw}; }

struct SigningKey::Handle {
    EVP_PKEY* key = nullptr;
    ~Handle() { EVP_PKEY_free(key); }
};
void SigningKey::Free::operator()(Handle* handle) const { delete handle; }

Result<SigningKey> SigningKey::from_seed(ByteView seed) {
    if (seed.size() != seed_bytes)
        return failure(ErrorCode::bad_key, "a signing key is a seed of 32 bytes");
    SigningKey out;
    out.handle_.reset(new Handle);
    out.handle_->key =
        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, raw(seed), seed.size());
    std::size_t length = PublicKey::size;
    if (out.handle_->key == nullptr ||
        EVP_PKEY_get_raw_public_key(out.handle_->key,
                                    reinterpret_cast<unsigned char*>(out.public_key_.raw.data()),
                                    &length) != 1)
        return failure(ErrorCode::bad_key, "OpenSSL does not accept the seed of a signing key");
    out.id_ = key_id(out.public_key_);
    return out;
}

void* SigningKey::native() const { return handle_->key; }

Signature SigningKey::sign(std::string_view purpose, ByteView message) const {
    std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
    SAFAR_ASSERT(context != nullptr);
    SAFAR_ASSERT(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, handle_->key) == 1);
    Bytes tagged = tagged_message(purpose, message);
    Signature out;
    std::size_t length = Signature::size;
    SAFAR_ASSERT(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.raw.data()),
                                &length, raw(tagged), tagged.size()) == 1);
    return out;
}

} // namespace safar

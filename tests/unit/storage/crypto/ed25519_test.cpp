#include "storage/crypto/ed25519.hpp"

#include "storage/crypto/entropy.hpp"
#include "tests/unit/storage/crypto/low_order_keys.hpp"

#include <gtest/gtest.h>

namespace safar {
namespace {

SigningKey key_of(std::uint8_t seed) {
    Bytes bytes(SigningKey::seed_bytes, std::byte{seed});
    return SigningKey::from_seed(bytes).value();
}

TEST(Ed25519, SignsAndVerifiesUnderItsPurposeOnly) {
    SigningKey key = key_of(7);
    Signature signature = key.sign("batch", as_bytes("message"));
    EXPECT_TRUE(verify(key.public_key(), "batch", as_bytes("message"), signature));
    EXPECT_FALSE(verify(key.public_key(), "charter", as_bytes("message"), signature));
    EXPECT_FALSE(verify(key.public_key(), "batch", as_bytes("messagf"), signature));
    EXPECT_FALSE(verify(key_of(8).public_key(), "batch", as_bytes("message"), signature));
}

TEST(Ed25519, EveryBitOfASignatureCounts) {
    SigningKey key = key_of(1);
    Signature signature = key.sign("batch", as_bytes("x"));
    for (std::size_t bit = 0; bit < 8 * Signature::size; ++bit) {
        Signature damaged = signature;
        damaged.raw[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
        EXPECT_FALSE(verify(key.public_key(), "batch", as_bytes("x"), damaged)) << bit;
    }
}

TEST(Ed25519, LowOrderPublicKeysAreRefused) {
    for (const char* text : testing::low_order_keys) {
        PublicKey key = PublicKey::parse_hex(text).value();
        auto checked = check_public_key(key);
        ASSERT_FALSE(checked) << text;
        EXPECT_EQ(checked.error().code, ErrorCode::bad_key);
        EXPECT_FALSE(verify(key, "batch", as_bytes("any"), Signature{})) << text;
    }
    EXPECT_TRUE(check_public_key(key_of(3).public_key()));
}

TEST(Ed25519, NonCanonicalPublicKeyIsRefused) {
    // y = p + 3, a valid y in a second encoding.
    PublicKey key =
        PublicKey::parse_hex("f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")
            .value();
    EXPECT_FALSE(check_public_key(key));
}

TEST(Ed25519, SignatureWithUnreducedScalarIsRefused) {
    SigningKey key = key_of(9);
    Signature signature = key.sign("batch", as_bytes("x"));
    auto order =
        PublicKey::parse_hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
            .value();
    unsigned carry = 0;
    for (std::size_t i = 0; i < 32; ++i) {
        unsigned sum = std::to_integer<unsigned>(signature.raw[32 + i]) +
                       std::to_integer<unsigned>(order.raw[i]) + carry;
        signature.raw[32 + i] = static_cast<std::byte>(sum & 255);
        carry = sum >> 8;
    }
    EXPECT_FALSE(verify(key.public_key(), "batch", as_bytes("x"), signature));
}

TEST(Entropy, SeededBytesRepeatAndDiffer) {
    SeededEntropy a(1), b(1), c(2);
    auto x = a.draw<Hash>();
    EXPECT_EQ(x, b.draw<Hash>());
    EXPECT_NE(x, c.draw<Hash>());
    EXPECT_NE(x, a.draw<Hash>());
    EXPECT_NE(system_entropy().draw<Hash>(), system_entropy().draw<Hash>());
}

} // namespace
} // namespace safar

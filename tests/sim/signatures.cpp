#include "tests/sim/signatures.hpp"

#include "storage/crypto/ed25519.hpp"

namespace {

bool stand_in_on = false;

safar::sim::Raw tagged(std::string_view purpose, safar::ByteView message) {
    using namespace safar;
    Bytes out = copy(as_bytes("safar/1/"));
    const ByteView name = as_bytes(purpose);
    out.insert(out.end(), name.begin(), name.end());
    out.push_back(std::byte{0});
    out.insert(out.end(), message.begin(), message.end());
    return out;
}

} // namespace

namespace safar {

// The linker sends calls of the originals here, and of __real_ there. The names are mangled, since
// --wrap knows nothing of C++.
bool real_verify(const PublicKey&, std::string_view, ByteView, const Signature&) asm(
    "__real__ZN5safar6verifyERKNS_10FixedBytesILm32ENS_12PublicKeyTagEEESt17basic_string_"
    "viewIcSt11char_"
    "traitsIcEESt4spanIKSt4byteLm18446744073709551615EERKNS0_ILm64ENS_12SignatureTagEEE");
bool wrapped_verify(const PublicKey&, std::string_view, ByteView, const Signature&) asm(
    "__wrap__ZN5safar6verifyERKNS_10FixedBytesILm32ENS_12PublicKeyTagEEESt17basic_string_"
    "viewIcSt11char_"
    "traitsIcEESt4spanIKSt4byteLm18446744073709551615EERKNS0_ILm64ENS_12SignatureTagEEE");
Signature real_sign(const SigningKey*, std::string_view,
                    ByteView) asm("__real__ZNK5safar10SigningKey4signESt17basic_string_"
                                  "viewIcSt11char_traitsIcEESt4spanIKSt4byteLm184"
                                  "46744073709551615EE");
Signature wrapped_sign(const SigningKey*, std::string_view,
                       ByteView) asm("__wrap__ZNK5safar10SigningKey4signESt17basic_string_"
                                     "viewIcSt11char_traitsIcEESt4spanIKSt4byteLm184"
                                     "46744073709551615EE");

bool wrapped_verify(const PublicKey& key, std::string_view purpose, ByteView message,
                    const Signature& signature) {
    if (!stand_in_on) return real_verify(key, purpose, message, signature);
    const sim::Raw expected = sim::stand_in(key.raw, tagged(purpose, message));
    return std::memcmp(expected.data(), signature.raw.data(), expected.size()) == 0;
}

Signature wrapped_sign(const SigningKey* key, std::string_view purpose, ByteView message) {
    if (!stand_in_on) return real_sign(key, purpose, message);
    Signature out;
    const sim::Raw made = sim::stand_in(key->public_key().raw, tagged(purpose, message));
    std::memcpy(out.raw.data(), made.data(), made.size());
    return out;
}

namespace sim {

bool stand_in_signatures() { return stand_in_on; }
void use_stand_in_signatures(bool on) { stand_in_on = on; }

Raw stand_in(RawView public_key, RawView message) {
    Raw out = plain_hash("sim-signature-1", {public_key, message});
    const Raw half = plain_hash("sim-signature-2", {out});
    out.insert(out.end(), half.begin(), half.end());
    return out;
}

} // namespace sim
} // namespace safar

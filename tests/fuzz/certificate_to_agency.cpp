// What a stranger shows before anything is believed. A certificate, arbitrary or an own one edited
// and signed anew: the key that is taken from it is the one that stands in its bytes, and that key
// signed those bytes, says a reader of forty lines. An enrolment: one that is accepted says what
// its sender signed, and reads the same when it is written again.
#include "node/charter/charter.hpp"
#include "node/tls/tls_context.hpp"
#include "tests/fuzz/input.hpp"

#include <algorithm>
#include <array>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace {
using namespace safar;
using namespace safar::fuzz;

const unsigned char* raw(ByteView bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}

// --- DER by hand ---

struct Item {
    int tag = -1; // -1: nothing that this reader knows
    ByteView whole, content;
};

Item next_item(ByteView& in) {
    if (in.size() < 2) return {};
    std::size_t length = std::to_integer<std::size_t>(in[1]), head = 2;
    if (length > 127) {
        std::size_t width = length & 127;
        if (width == 0 || width > 3 || in.size() < 2 + width) return {};
        for (length = 0; width > 0; --width)
            length = length << 8 | std::to_integer<std::size_t>(in[head++]);
    }
    if (in.size() - head < length) return {};
    Item out{std::to_integer<int>(in[0]), in.first(head + length), in.subspan(head, length)};
    in = in.subspan(head + length);
    return out;
}

void put_item(Bytes& out, int tag, ByteView content) {
    out.push_back(static_cast<std::byte>(tag));
    out.push_back(std::byte{0x82});
    out.push_back(static_cast<std::byte>(content.size() >> 8 & 255));
    out.push_back(static_cast<std::byte>(content.size() & 255));
    out.insert(out.end(), content.begin(), content.end());
}

struct Parts {
    ByteView signed_bytes, algorithm, signature, key;
};

Parts read_parts(ByteView certificate) {
    Parts out;
    ByteView in = next_item(certificate).content;
    const Item body = next_item(in);
    out.signed_bytes = body.whole;
    out.algorithm = next_item(in).whole;
    const ByteView bits = next_item(in).content; // BIT STRING: a byte of padding first
    out.signature = bits.empty() ? bits : bits.subspan(1);
    ByteView fields = body.content;
    Item field = next_item(fields);
    if (field.tag == 0xa0) field = next_item(fields); // version; then this is the serial number
    for (int i = 0; i < 5; ++i)                       // algorithm, issuer, validity, subject, key
        field = next_item(fields);
    if (field.content.size() > PublicKey::size) out.key = field.content.last(PublicKey::size);
    return out;
}

bool signed_by(ByteView key, const Parts& parts) {
    EVP_PKEY* const native =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw(key), key.size());
    EVP_MD_CTX* const context = EVP_MD_CTX_new();
    const bool good = native != nullptr &&
                      EVP_DigestVerifyInit(context, nullptr, nullptr, nullptr, native) == 1 &&
                      EVP_DigestVerify(context, raw(parts.signature), parts.signature.size(),
                                       raw(parts.signed_bytes), parts.signed_bytes.size()) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(native);
    return good;
}

// --- what is shown ---

SigningKey make_key(int fill) {
    const Bytes seed(SigningKey::seed_bytes, static_cast<std::byte>(fill));
    return SigningKey::from_seed(seed).value();
}

struct World {
    SigningKey signing = make_key(1), tls = make_key(2);
    Bytes certificate;
    Enrolment enrolment = make_enrolment("IOM", "The IOM", "127.0.0.1:7400", signing, tls);
    X509_STORE* store = X509_STORE_new();

    World() {
        const TlsContext context = make_tls_context(tls, "IOM").value();
        X509* const made = SSL_CTX_get0_certificate(context.get());
        certificate.resize(static_cast<std::size_t>(i2d_X509(made, nullptr)));
        auto* out = reinterpret_cast<unsigned char*>(certificate.data());
        i2d_X509(made, &out);
    }
    ~World() { X509_STORE_free(store); }
};

const World& world() {
    static const World made;
    return made;
}

template <class Text> void edit(Input& in, Text& text) {
    for (int edits = 0; !in.empty() && edits < 8; ++edits) {
        const std::uint8_t op = in.byte();
        const std::size_t at = text.empty() ? 0 : in.two() % text.size();
        const Bytes put = in.bytes(op / 4 % 16);
        const std::size_t cut = op % 4 == 0 ? 0 : op % 4 == 1 ? put.size() : in.byte() % 32;
        const auto from = text.begin() + static_cast<std::ptrdiff_t>(at);
        const auto until = from + static_cast<std::ptrdiff_t>(std::min(cut, text.size() - at));
        Text fresh(text.begin(), from);
        for (std::byte byte : put) fresh.push_back(static_cast<typename Text::value_type>(byte));
        fresh.insert(fresh.end(), until, text.end());
        text = std::move(fresh);
    }
}

// The own certificate with other contents, under a true signature.
Bytes signed_anew(Input& in) {
    ByteView whole = world().certificate;
    ByteView body = next_item(whole).content;
    const ByteView first = next_item(body).content;
    const Item algorithm = next_item(body);
    Bytes contents(first.begin(), first.end()), to_sign;
    edit(in, contents);
    put_item(to_sign, 0x30, contents);

    Bytes bits(65);
    std::size_t length = 64;
    EVP_MD_CTX* const context = EVP_MD_CTX_new();
    must(EVP_DigestSignInit(context, nullptr, nullptr, nullptr,
                            static_cast<EVP_PKEY*>(world().tls.native())) == 1 &&
         EVP_DigestSign(context, reinterpret_cast<unsigned char*>(bits.data()) + 1, &length,
                        raw(to_sign), to_sign.size()) == 1);
    EVP_MD_CTX_free(context);
    Bytes inside = to_sign, out;
    inside.insert(inside.end(), algorithm.whole.begin(), algorithm.whole.end());
    put_item(inside, 0x03, bits);
    put_item(out, 0x30, inside);
    return out;
}

void show_certificate(const Bytes& shown) {
    const unsigned char* at = raw(shown);
    X509* const leaf = d2i_X509(nullptr, &at, static_cast<long>(shown.size()));
    if (leaf == nullptr) return;
    X509_STORE_CTX* const context = X509_STORE_CTX_new();
    STACK_OF(X509)* const chain = sk_X509_new_null();
    sk_X509_push(chain, leaf);
    must(X509_STORE_CTX_init(context, world().store, leaf, chain) == 1);
    PublicKey key;
    const bool taken = judge_certificate(context, key) == X509_V_OK;
    X509_STORE_CTX_free(context);
    sk_X509_free(chain);
    X509_free(leaf);
    if (!taken) return;
    const Parts parts = read_parts(shown);
    must(std::ranges::equal(parts.key, key.view()));
    must(check_public_key(key).has_value());
    must(signed_by(parts.key, parts));
}

void show_enrolment(std::string_view text) {
    auto shown = parse_enrolment(text);
    if (!shown) return must(!shown.error().detail.empty());
    const Enrolment& read = shown.value();
    if (read.signing_key == world().enrolment.signing_key) // nobody else has it
        must(read.agency == world().enrolment.agency && read.name == world().enrolment.name &&
             read.address == world().enrolment.address &&
             read.tls_key == world().enrolment.tls_key);
    const std::string written = write_enrolment(read);
    must(write_enrolment(parse_enrolment(written).value()) == written);
}
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Input in(data, size);
    Bytes certificate = world().certificate;
    std::string text = write_enrolment(world().enrolment);
    switch (in.byte() % 6) {
    case 0: show_certificate(in.rest()); break;
    case 1:
        edit(in, certificate);
        show_certificate(certificate);
        break;
    case 2:
    case 3: show_certificate(signed_anew(in)); break;
    case 4: show_enrolment(as_text(in.rest())); break;
    default: edit(in, text); show_enrolment(text);
    }
    return 0;
}

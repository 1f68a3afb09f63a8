#include "storage/crypto/sha256.hpp"

#include "storage/base/error.hpp"

#include <openssl/evp.h>

namespace safar {
namespace {

constexpr std::string_view prefix = "safar/1/";

const EVP_MD* algorithm() {
    static const EVP_MD* const md = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    SAFAR_ASSERT(md != nullptr);
    return md;
}

EVP_MD_CTX* new_context() {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    SAFAR_ASSERT(context != nullptr);
    return context;
}

struct ThreadContext {
    EVP_MD_CTX* context = new_context();
    ~ThreadContext() { EVP_MD_CTX_free(context); }
};

void update(EVP_MD_CTX* context, ByteView bytes) {
    SAFAR_ASSERT(EVP_DigestUpdate(context, bytes.data(), bytes.size()) == 1);
}

void start(EVP_MD_CTX* context, std::string_view purpose) {
    SAFAR_ASSERT(EVP_DigestInit_ex2(context, algorithm(), nullptr) == 1);
    char tag[64];
    SAFAR_ASSERT(prefix.size() + purpose.size() + 1 <= sizeof tag);
    std::memcpy(tag, prefix.data(), prefix.size());
    std::memcpy(tag + prefix.size(), purpose.data(), purpose.size());
    tag[prefix.size() + purpose.size()] = 0;
    update(context, as_bytes({tag, prefix.size() + purpose.size() + 1}));
}

Hash finish(EVP_MD_CTX* context) {
    Hash out;
    unsigned length = 0;
    SAFAR_ASSERT(EVP_DigestFinal_ex(context, reinterpret_cast<unsigned char*>(out.raw.data()),
                                    &length) == 1 &&
                 length == Hash::size);
    return out;
}

} // namespace

Hash tagged_hash(std::string_view purpose, std::initializer_list<ByteView> parts) {
    thread_local ThreadContext held;
    start(held.context, purpose);
    for (ByteView part : parts) update(held.context, part);
    return finish(held.context);
}

Hasher::Hasher(std::string_view purpose) : context_(new_context()) {
    start(static_cast<EVP_MD_CTX*>(context_), purpose);
}
Hasher::~Hasher() { EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context_)); }
void Hasher::add(ByteView bytes) { update(static_cast<EVP_MD_CTX*>(context_), bytes); }
Hash Hasher::finish() { return safar::finish(static_cast<EVP_MD_CTX*>(context_)); }

} // namespace safar

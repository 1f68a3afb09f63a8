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

// Every call into OpenSSL costs as much as hashing a block: short input is gathered first.
class Gather {
public:
    Gather(EVP_MD_CTX* context, std::string_view purpose) : context_(context) {
        SAFAR_ASSERT(EVP_DigestInit_ex2(context, algorithm(), nullptr) == 1);
        SAFAR_ASSERT(prefix.size() + purpose.size() + 1 <= sizeof buffer_);
        add(as_bytes(prefix));
        add(as_bytes(purpose));
        add(as_bytes(std::string_view("", 1)));
    }
    void add(ByteView bytes) {
        if (bytes.size() > sizeof buffer_ - used_) flush();
        if (bytes.size() > sizeof buffer_) return update(context_, bytes);
        if (!bytes.empty()) std::memcpy(buffer_ + used_, bytes.data(), bytes.size());
        used_ += bytes.size();
    }
    void flush() {
        if (used_ > 0) update(context_, {buffer_, used_});
        used_ = 0;
    }

private:
    EVP_MD_CTX* context_;
    std::size_t used_ = 0;
    std::byte buffer_[512];
};

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
    Gather gather(held.context, purpose);
    for (ByteView part : parts) gather.add(part);
    gather.flush();
    return finish(held.context);
}

Hasher::Hasher(std::string_view purpose) : context_(new_context()) {
    Gather(static_cast<EVP_MD_CTX*>(context_), purpose).flush();
}
Hasher::~Hasher() { EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context_)); }
void Hasher::add(ByteView bytes) { update(static_cast<EVP_MD_CTX*>(context_), bytes); }
Hash Hasher::finish() { return safar::finish(static_cast<EVP_MD_CTX*>(context_)); }

} // namespace safar

#include "storage/crypto/entropy.hpp"

#include "storage/base/error.hpp"
#include "storage/crypto/sha256.hpp"

#include <openssl/rand.h>

namespace safar {
namespace {
class SystemEntropy final : public Entropy {
public:
    void fill(std::span<std::byte> out) override {
        SAFAR_ASSERT(RAND_bytes(reinterpret_cast<unsigned char*>(out.data()),
                                static_cast<int>(out.size())) == 1);
    }
};
} // namespace

Entropy& system_entropy() {
    static SystemEntropy entropy;
    return entropy;
}

void SeededEntropy::fill(std::span<std::byte> out) {
    while (!out.empty()) {
        Bytes block;
        ByteWriter writer(block);
        writer.integer(seed_);
        writer.integer(counter_++);
        Hash hash = tagged_hash("seeded-entropy", {block});
        std::size_t count = std::min(out.size(), hash.raw.size());
        std::memcpy(out.data(), hash.raw.data(), count);
        out = out.subspan(count);
    }
}

} // namespace safar

// Random bytes come from outside: production gives the system's, tests and the simulator a seed's.
#pragma once

#include "storage/base/ids.hpp"

namespace safar {

class Entropy {
public:
    virtual ~Entropy() = default;
    // Fills `out`; safe from any thread.
    virtual void fill(std::span<std::byte> out) = 0;

    template <class Id> [[nodiscard]] Id draw() {
        Id id;
        fill(id.raw);
        return id;
    }
};

// OpenSSL's generator, seeded by the kernel. Stops the program if it cannot deliver.
[[nodiscard]] Entropy& system_entropy();

// Reproducible bytes for tests and simulation: SHA-256 of a seed and a counter. Never for keys.
class SeededEntropy final : public Entropy {
public:
    explicit SeededEntropy(std::uint64_t seed) : seed_(seed) {}
    void fill(std::span<std::byte> out) override;

private:
    std::uint64_t seed_;
    std::uint64_t counter_ = 0;
};

} // namespace safar

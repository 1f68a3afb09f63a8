// SHA-256 under a domain tag. The algorithm is fetched once; each thread keeps one context
// (OpenSSL's implicit fetch is three times slower and does not scale over threads).
#pragma once

#include "storage/base/ids.hpp"

#include <initializer_list>

namespace safar {

// Hash of "safar/1/" purpose 0x00 followed by the parts, concatenated. Parts of variable length
// must be delimited by the caller. Never fails: OpenSSL without SHA-256 is a broken installation.
[[nodiscard]] Hash tagged_hash(std::string_view purpose, std::initializer_list<ByteView> parts);

// For long input in pieces (files, state digests). Not copyable; one thread at a time.
class Hasher {
public:
    explicit Hasher(std::string_view purpose);
    ~Hasher();
    Hasher(const Hasher&) = delete;
    Hasher& operator=(const Hasher&) = delete;
    void add(ByteView bytes);
    // Ends the hash; the object must not be used afterwards.
    [[nodiscard]] Hash finish();

private:
    void* context_;
};

} // namespace safar

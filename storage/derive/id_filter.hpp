// Tells most unknown record ids from known ones without asking the index: a Bloom filter whose bits of
// one id share a word. In memory, 16 bits an id; says "perhaps" for about one unknown id in a hundred.
#pragma once

#include "storage/base/ids.hpp"

#include <vector>

namespace safar {

class IdFilter {
public:
    // Room for `ids`; forgets what it held. Add everything again.
    void reset(std::size_t ids) {
        std::size_t words = 1024;
        while (words * 64 < ids * 16) words *= 2;
        words_.assign(words, 0);
        room_ = words * 64 / 16;
        held_ = 0;
    }
    [[nodiscard]] bool full() const { return held_ >= room_; }
    void add(const RecordId& id) {
        auto [word, bits] = place(id);
        words_[word] |= bits;
        ++held_;
    }
    [[nodiscard]] bool perhaps(const RecordId& id) const {
        auto [word, bits] = place(id);
        return (words_[word] & bits) == bits;
    }

private:
    struct Place {
        std::size_t word;
        std::uint64_t bits;
    };
    [[nodiscard]] Place place(const RecordId& id) const {
        std::uint64_t half[2];
        std::memcpy(half, id.raw.data(), sizeof half);
        std::uint64_t hash = (half[0] ^ (half[1] * 0x9e3779b97f4a7c15)) * 0xbf58476d1ce4e5b9;
        hash ^= hash >> 31;
        hash *= 0x94d049bb133111eb;
        hash ^= hash >> 29;
        std::uint64_t bits = 0;
        for (int i = 0; i < 4; ++i) bits |= 1ull << ((hash >> (6 * i)) & 63);
        return {static_cast<std::size_t>(hash >> 24) & (words_.size() - 1), bits};
    }
    std::vector<std::uint64_t> words_;
    std::size_t room_ = 0, held_ = 0;
};

} // namespace safar

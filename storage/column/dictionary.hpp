// Codes for the values of one dimension, in order of first sight; 0 stands for "not stated". A
// value is a text or a number; a combination of several values of one record has a code of its own.
// Codes are local to this node: nothing that leaves it depends on them.
#pragma once

#include "storage/base/bytes.hpp"
#include "storage/base/error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace safar {

using Code32 = std::uint32_t;

// Open addressing from a hash to codes; the owner compares.
class CodeTable {
public:
    // The code among those with this hash for which `same` holds; nullopt: none.
    template <class Same>
    [[nodiscard]] std::optional<Code32> find(std::uint64_t hash, const Same& same) const {
        if (slots_.empty()) return std::nullopt;
        for (std::size_t at = hash & mask();; at = (at + 1) & mask()) {
            if (slots_[at].code == none) return std::nullopt;
            if (slots_[at].hash == static_cast<std::uint32_t>(hash >> 32) && same(slots_[at].code))
                return slots_[at].code;
        }
    }
    void add(std::uint64_t hash, Code32 code);

private:
    static constexpr Code32 none = 0xffffffff;
    struct Slot {
        std::uint32_t hash = 0; // upper half
        Code32 code = none;
        std::uint32_t low = 0; // lower half, to grow without the values
    };
    [[nodiscard]] std::size_t mask() const { return slots_.size() - 1; }
    std::vector<Slot> slots_; // a power of two, at most half full
    std::size_t used_ = 0;
};

class Dictionary {
public:
    explicit Dictionary(bool numbers);

    // The value's code, a new one if need be.
    [[nodiscard]] Code32 of_text(std::string_view text); // "" is 0
    [[nodiscard]] Code32 of_number(std::int64_t number);
    // Sorts `codes` and drops 0 and doubles. One code is itself.
    [[nodiscard]] Code32 of_parts(std::vector<Code32>& codes);

    [[nodiscard]] std::optional<Code32> find_text(std::string_view text) const;
    [[nodiscard]] std::optional<Code32> find_number(std::int64_t number) const;

    [[nodiscard]] bool numbers() const { return numbers_; }
    [[nodiscard]] Code32 size() const; // codes given, 0 included
    // Of a code that is no combination.
    [[nodiscard]] std::string_view text(Code32 code) const { return texts_[code]; }
    [[nodiscard]] std::int64_t number(Code32 code) const { return values_[code]; }
    // The codes of a combination, ascending; empty: a plain value.
    [[nodiscard]] const std::vector<Code32>& parts(Code32 code) const;
    [[nodiscard]] bool has_parts() const { return !parts_.empty(); }

    // Codes from `first` (at least 1) to before `last`.
    [[nodiscard]] Bytes encode(Code32 first, Code32 last) const;
    // Appends what encode() made. Errors: storage_corrupt.
    [[nodiscard]] Result<> decode(ByteView bytes);

private:
    Code32 append();
    void set_parts(Code32 code, std::vector<Code32> parts);

    bool numbers_;
    Code32 last_ = 0; // runs of one value are common
    CodeTable lookup_, lookup_parts_;
    std::vector<std::string> texts_;                        // by code, unless numbers
    std::vector<std::int64_t> values_;                      // by code, if numbers
    std::unordered_map<Code32, std::vector<Code32>> parts_; // never iterated
};

} // namespace safar

// How often each key has been seen: a flat table of 16-byte ids, about 30 to 60 bytes a key.
#pragma once

#include "storage/base/ids.hpp"

namespace safar {

class Occurrences {
public:
    // The count of this key, from 0, to be read and advanced. Valid until the next call.
    [[nodiscard]] std::uint32_t& operator[](const RecordId& key);
    [[nodiscard]] std::size_t size() const { return used_; }

private:
    struct Slot {
        RecordId key; // zero: free (a hash is zero once in 2^128)
        std::uint32_t count = 0;
    };
    [[nodiscard]] Slot& place(std::vector<Slot>& slots, const RecordId& key) const;

    std::vector<Slot> slots_;
    std::size_t used_ = 0;
};

} // namespace safar

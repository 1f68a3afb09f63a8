#include "node/imports/occurrences.hpp"

namespace safar {

// Ids are hashes: a part of one is as good as a hash of it. The number of slots is a power of two.
Occurrences::Slot& Occurrences::place(std::vector<Slot>& slots, const RecordId& key) const {
    std::size_t mask = slots.size() - 1;
    std::size_t at = std::hash<RecordId>{}(key)&mask;
    while (!slots[at].key.is_zero() && slots[at].key != key) at = (at + 1) & mask;
    return slots[at];
}

std::uint32_t& Occurrences::operator[](const RecordId& key) {
    if (4 * (used_ + 1) > 3 * slots_.size()) {
        std::vector<Slot> larger(slots_.empty() ? 1024 : 2 * slots_.size());
        for (const Slot& slot : slots_)
            if (!slot.key.is_zero()) place(larger, slot.key) = slot;
        slots_ = std::move(larger);
    }
    Slot& slot = place(slots_, key);
    if (slot.key.is_zero()) {
        slot.key = key;
        ++used_;
    }
    return slot.count;
}

} // namespace safar

// Record id -> its row, in memory: 8 bytes a slot, at most three quarters full. The ids themselves
// lie in the columns, so the owner compares. Persisted nowhere: filled from the columns at the
// start.
#pragma once

#include "storage/column/columns.hpp"

#include <optional>
#include <vector>

namespace safar {

struct RowPlace {
    std::uint16_t kind = 0;
    Row row = 0;
};

class RecordTable {
public:
    // Empties it, with room for `records`.
    void reset(std::size_t records) {
        std::size_t slots = 1024;
        while (slots * 3 / 4 <= records) slots *= 2;
        slots_.assign(slots, {});
        used_ = 0;
    }
    // Where growing means filling another table first.
    [[nodiscard]] bool has_room(std::size_t more) const {
        return used_ + more <= slots_.size() * 3 / 4;
    }
    [[nodiscard]] std::size_t size() const { return used_; }

    // `is(place)`: is this the place of `id`?
    template <class Is>
    [[nodiscard]] std::optional<RowPlace> find(const RecordId& id, const Is& is) const {
        if (slots_.empty()) return std::nullopt;
        std::uint64_t hash = hash_of(id);
        for (std::size_t at = hash & mask(); slots_[at].used(); at = (at + 1) & mask())
            if (slots_[at].mark == mark_of(hash) && is(slots_[at].place()))
                return slots_[at].place();
        return std::nullopt;
    }
    // Of an id that is not in it; there must be room.
    void add(const RecordId& id, RowPlace place) {
        std::uint64_t hash = hash_of(id);
        std::size_t at = hash & mask();
        while (slots_[at].used()) at = (at + 1) & mask();
        slots_[at] = {place.row, place.kind, mark_of(hash)};
        ++used_;
    }
    // Of an id that is in it at `from`.
    void move(const RecordId& id, RowPlace from, RowPlace to) {
        std::uint64_t hash = hash_of(id);
        std::size_t at = hash & mask();
        while (slots_[at].row != from.row || slots_[at].kind != from.kind ||
               slots_[at].mark != mark_of(hash))
            at = (at + 1) & mask();
        slots_[at] = {to.row, to.kind, mark_of(hash)};
    }

private:
    struct Slot {
        Row row = 0;
        std::uint16_t kind = 0;
        std::uint16_t mark = 0; // of the hash, never 0; 0: unused
        [[nodiscard]] bool used() const { return mark != 0; }
        [[nodiscard]] RowPlace place() const { return {kind, row}; }
    };
    static std::uint16_t mark_of(std::uint64_t hash) {
        return static_cast<std::uint16_t>((hash >> 48) | 1);
    }
    static std::uint64_t hash_of(const RecordId& id) {
        std::uint64_t half[2];
        std::memcpy(half, id.raw.data(), sizeof half);
        std::uint64_t hash = (half[0] ^ (half[1] * 0x9e3779b97f4a7c15)) * 0xbf58476d1ce4e5b9;
        hash ^= hash >> 31;
        hash *= 0x94d049bb133111eb;
        return hash ^ (hash >> 29);
    }
    [[nodiscard]] std::size_t mask() const { return slots_.size() - 1; }

    std::vector<Slot> slots_; // a power of two
    std::size_t used_ = 0;
};

} // namespace safar

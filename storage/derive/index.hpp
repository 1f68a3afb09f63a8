// The keys and values of derived state beside the log (all integers in keys big-endian):
//   'P'                               position up to which the persisted columns are true
//   'c' record 16 field u16           a conflict
//   'k' kind u16 ...                  columns (storage/column/columns_store.cpp)
//   'p'                               Progress: position up to which the rest is true
//   'r' record 16                     IndexEntry
//   'u' log u32 batch u64 index u8    an event without effect, and why
#pragma once

#include "storage/derive/derived.hpp"

namespace safar {

// What the index says of a record.
struct IndexEntry {
    std::uint16_t kind = 0; // 0: of no kind that the schema knows
    Row row = 0;
    std::vector<std::uint16_t> conflicts; // fields, ascending
    std::vector<EventPlace> places;       // in order of arrival, of every compartment
};
[[nodiscard]] Bytes encode_entry(std::uint16_t kind, Row row, std::span<const std::uint16_t> conflicts,
                                 std::span<const EventPlace> places);
[[nodiscard]] Result<IndexEntry> decode_entry(ByteView bytes); // storage_corrupt

// Why an event has no effect.
enum class NoEffect : std::uint8_t { absent = 1, body = 2, dots = 3, kind = 4 };

struct Progress {
    Hash stamp; // schema and owners under which it was derived
    Position position = 0;
    std::uint64_t conflicts = 0;
    std::uint64_t not_understood = 0;
    struct Taken {
        LogHandle log = 0;
        std::uint64_t number = 0; // highest batch taken
    };
    std::vector<Taken> taken; // ascending by log
};
[[nodiscard]] Bytes encode_progress(const Progress& progress);
[[nodiscard]] Result<Progress> decode_progress(ByteView bytes);

struct ColumnsMark {
    Hash stamp;
    Position position = 0;
};
[[nodiscard]] Bytes encode_mark(const ColumnsMark& mark);
[[nodiscard]] Result<ColumnsMark> decode_mark(ByteView bytes);

[[nodiscard]] Bytes encode_conflict(const Conflict& conflict);
// `key` without its 'c'. Errors: storage_corrupt.
[[nodiscard]] Result<Conflict> decode_conflict(ByteView key, ByteView value);

[[nodiscard]] Bytes mark_key();
[[nodiscard]] Bytes conflict_key(const RecordId& record, std::uint16_t field);
[[nodiscard]] Bytes columns_prefix(std::uint16_t kind);
[[nodiscard]] Bytes progress_key();
[[nodiscard]] Bytes record_key(const RecordId& record);
[[nodiscard]] Bytes no_effect_key(const EventPlace& place);

} // namespace safar

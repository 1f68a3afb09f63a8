// The keys and values of derived state beside the log (integers in keys big-endian):
//   'P'                              Mark: position up to which all of it is true
//   'c' record 16 field u16          a conflict
//   'k' kind u16 ...                 columns (storage/column/columns_store.cpp)
//   'm' record 16 record 16          the second has, or had, a reference to the first; kept until
//   all is derived anew 'n'                              Ahead: how far the keys 'c', 'r' and 'u'
//   may be ahead of 'P' 'r' record 16                    IndexEntry of a record of several events
//   's' kind u16 word 8 count u8 record 16   the record says, or said, a text of `count` words with
//   this one (by hash) 'u' log u32 batch u64 index u8   an event without effect, and why
// A record of one event has no key: its place lies beside its id in the columns. So the bulk of a
// registry costs no random keys, and what a crash takes is followed again from 'P'.
#pragma once

#include "storage/derive/derived.hpp"

namespace safar {

// What the index says of a record of several events.
struct IndexEntry {
    std::vector<std::uint16_t> conflicts; // fields, ascending
    std::vector<EventPlace> places;       // in order of arrival, of every compartment
};
[[nodiscard]] Bytes encode_entry(const IndexEntry& entry);
[[nodiscard]] Result<IndexEntry> decode_entry(ByteView bytes); // storage_corrupt

// The only event of a record, as the columns keep it.
[[nodiscard]] inline Origin origin_of(const EventPlace& place) {
    return {place.log, (place.batch << 8) | place.index};
}
[[nodiscard]] inline EventPlace place_of(const Origin& origin) {
    return {origin.log, origin.at >> 8, static_cast<std::uint8_t>(origin.at & 0xff)};
}

// Why an event has no effect.
enum class NoEffect : std::uint8_t {
    absent = 1,
    body = 2,
    dots = 3,
    kind = 4,
    said = 5
}; // said: not its author's to say

struct Mark {
    Hash stamp; // schema and owners under which it was derived
    Position position = 0;
    std::uint64_t not_understood = 0;
    struct Taken {
        LogHandle log = 0;
        std::uint64_t number = 0; // highest batch taken
    };
    std::vector<Taken> taken; // ascending by log
    std::vector<Taken>
        passed; // lowest batch passed over because it did not count; ascending by log
    struct KindRows {
        std::uint16_t kind = 0;
        Row rows = 0;
    };
    std::vector<KindRows> rows; // ascending by kind
};
[[nodiscard]] Bytes encode_mark(const Mark& mark);
[[nodiscard]] Result<Mark> decode_mark(ByteView bytes);

struct Ahead {
    Position position = 0;
    std::uint64_t conflicts = 0; // keys 'c'
};
[[nodiscard]] Bytes encode_ahead(const Ahead& ahead);
[[nodiscard]] Result<Ahead> decode_ahead(ByteView bytes);

[[nodiscard]] Bytes encode_conflict(const Conflict& conflict);
// `key` without its 'c'. Errors: storage_corrupt.
[[nodiscard]] Result<Conflict> decode_conflict(ByteView key, ByteView value);

[[nodiscard]] Bytes mark_key();
[[nodiscard]] Bytes conflict_key(const RecordId& record, std::uint16_t field);
[[nodiscard]] Bytes columns_prefix(std::uint16_t kind);
[[nodiscard]] Bytes mention_key(ByteView mentioned,
                                const RecordId& by); // `mentioned`: RecordId::size bytes
[[nodiscard]] Bytes mentions_prefix(const RecordId& mentioned);
[[nodiscard]] Bytes word_prefix(std::uint16_t kind, std::string_view word);
[[nodiscard]] Bytes word_key(std::uint16_t kind, std::string_view word, std::size_t words,
                             const RecordId& by);
[[nodiscard]] Bytes ahead_key();
[[nodiscard]] Bytes record_key(const RecordId& record);
[[nodiscard]] Bytes no_effect_key(const EventPlace& place);

} // namespace safar

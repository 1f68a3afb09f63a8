#include "storage/derive/index.hpp"

#include "storage/crypto/sha256.hpp"

#include <algorithm>

namespace safar {
namespace {

void put_varint(Bytes& out, std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out.push_back(static_cast<std::byte>((value & 0x7f) | 0x80));
    out.push_back(static_cast<std::byte>(value));
}
std::uint64_t read_varint(ByteReader& in) {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        auto part = in.integer<std::uint8_t>();
        value |= static_cast<std::uint64_t>(part & 0x7f) << shift;
        if ((part & 0x80) == 0) break;
    }
    return value;
}

Bytes key_of(char mark) { return {static_cast<std::byte>(mark)}; }

Error corrupt(const char* what) {
    return failure(ErrorCode::storage_corrupt,
                   std::string("derived state: ") + what + " does not parse; it is derived again");
}

} // namespace

// varint conflicts, these u16 | places: log and batch as varints, index u8.
Bytes encode_entry(const IndexEntry& entry) {
    Bytes out;
    out.reserve(1 + 2 * entry.conflicts.size() + 8 * entry.places.size());
    ByteWriter writer(out);
    put_varint(out, entry.conflicts.size());
    for (std::uint16_t field : entry.conflicts) writer.integer(field);
    for (const EventPlace& place : entry.places) {
        put_varint(out, place.log);
        put_varint(out, place.batch);
        writer.integer(place.index);
    }
    return out;
}

Result<IndexEntry> decode_entry(ByteView bytes) {
    ByteReader in(bytes);
    IndexEntry out;
    std::uint64_t conflicts = read_varint(in);
    for (std::uint64_t i = 0; i < conflicts && in.ok(); ++i)
        out.conflicts.push_back(in.integer<std::uint16_t>());
    while (in.remaining() > 0) {
        EventPlace place;
        place.log = static_cast<LogHandle>(read_varint(in));
        place.batch = read_varint(in);
        place.index = in.integer<std::uint8_t>();
        out.places.push_back(place);
    }
    if (!in.at_end() || out.places.empty()) return corrupt("a record's index entry");
    return out;
}

// stamp 32 | position u64 | not understood u64 | u32 logs, each: u32, u64 | kinds, each: u16, u32 |
// hash of all that: the mark decides what is derived again, so no bit of it is taken on trust.
Bytes encode_mark(const Mark& mark) {
    Bytes out;
    ByteWriter writer(out);
    writer.bytes(mark.stamp.view());
    writer.integer(mark.position);
    writer.integer(mark.not_understood);
    for (const auto* list : {&mark.taken, &mark.passed}) {
        writer.integer(static_cast<std::uint32_t>(list->size()));
        for (const auto& each : *list) {
            writer.integer(each.log);
            writer.integer(each.number);
        }
    }
    for (const auto& each : mark.rows) {
        writer.integer(each.kind);
        writer.integer(each.rows);
    }
    const Hash sum = tagged_hash("derived-mark", {out});
    writer.bytes(sum.view());
    return out;
}

Result<Mark> decode_mark(ByteView bytes) {
    if (bytes.size() < Hash::size) return corrupt("the position");
    const ByteView body = bytes.first(bytes.size() - Hash::size);
    if (Hash::from(bytes.last(Hash::size)) != tagged_hash("derived-mark", {body}))
        return corrupt("the position");
    ByteReader in(body);
    Mark out;
    out.stamp = read_id<Hash>(in);
    out.position = in.integer<Position>();
    out.not_understood = in.integer<std::uint64_t>();
    for (auto* list : {&out.taken, &out.passed}) {
        auto logs = in.integer<std::uint32_t>();
        for (std::uint32_t i = 0; i < logs && in.ok(); ++i) {
            auto log = in.integer<LogHandle>();
            list->push_back({log, in.integer<std::uint64_t>()});
        }
    }
    while (in.remaining() > 0) {
        auto kind = in.integer<std::uint16_t>();
        out.rows.push_back({kind, in.integer<Row>()});
    }
    if (!in.at_end()) return corrupt("the position");
    return out;
}

Bytes encode_ahead(const Ahead& ahead) {
    Bytes out;
    ByteWriter writer(out);
    writer.integer(ahead.position);
    writer.integer(ahead.conflicts);
    return out;
}

Result<Ahead> decode_ahead(ByteView bytes) {
    ByteReader in(bytes);
    Ahead out;
    out.position = in.integer<Position>();
    out.conflicts = in.integer<std::uint64_t>();
    if (!in.at_end()) return corrupt("the position of the index");
    return out;
}

Bytes encode_conflict(const Conflict& conflict) {
    Bytes out;
    ByteWriter writer(out);
    writer.integer(conflict.kind);
    writer.integer(conflict.since.microseconds);
    for (const std::string& agency : conflict.agencies) writer.sized(as_bytes(agency));
    return out;
}

Result<Conflict> decode_conflict(ByteView key, ByteView value) {
    Conflict out;
    ByteReader key_in(key), in(value);
    out.record = read_id<RecordId>(key_in);
    auto high = key_in.integer<std::uint8_t>(), low = key_in.integer<std::uint8_t>();
    out.field = static_cast<std::uint16_t>(high << 8 | low);
    out.kind = in.integer<std::uint16_t>();
    out.since.microseconds = in.integer<std::int64_t>();
    while (in.remaining() > 0) out.agencies.emplace_back(as_text(in.sized()));
    if (!in.at_end() || !key_in.at_end()) return corrupt("a conflict");
    return out;
}

Bytes mark_key() { return key_of('P'); }
Bytes mentions_prefix(const RecordId& mentioned) {
    Bytes out = key_of('m');
    ByteWriter(out).bytes(mentioned.raw);
    return out;
}

Bytes mention_key(ByteView mentioned, const RecordId& by) {
    Bytes out = key_of('m');
    ByteWriter writer(out);
    writer.bytes(mentioned);
    writer.bytes(by.raw);
    return out;
}

Bytes word_prefix(std::uint16_t kind, std::string_view word) {
    Bytes out = key_of('s');
    put_big_endian(out, kind);
    ByteWriter(out).bytes(tagged_hash("derived-word", {as_bytes(word)}).view().first(8));
    return out;
}

Bytes word_key(std::uint16_t kind, std::string_view word, std::size_t words, const RecordId& by) {
    Bytes out = word_prefix(kind, word);
    ByteWriter writer(out);
    writer.integer(static_cast<std::uint8_t>(std::min<std::size_t>(words, 255)));
    writer.bytes(by.raw);
    return out;
}

Bytes ahead_key() { return key_of('n'); }

Bytes conflict_key(const RecordId& record, std::uint16_t field) {
    Bytes key = key_of('c');
    key.insert(key.end(), record.raw.begin(), record.raw.end());
    put_big_endian(key, field);
    return key;
}
Bytes columns_prefix(std::uint16_t kind) {
    Bytes key = key_of('k');
    put_big_endian(key, kind);
    return key;
}
Bytes record_key(const RecordId& record) {
    Bytes key;
    key.reserve(1 + RecordId::size);
    key.push_back(std::byte{'r'});
    key.insert(key.end(), record.raw.begin(), record.raw.end());
    return key;
}
Bytes no_effect_key(const EventPlace& place) {
    Bytes key = key_of('u');
    put_big_endian(key, place.log);
    put_big_endian(key, place.batch);
    key.push_back(static_cast<std::byte>(place.index));
    return key;
}

} // namespace safar

// Columns as values under keys: prefix 'd' column u16 page u32 (a dictionary's codes), then
// prefix 's' column u16 segment u32 (65,536 rows); numbers in keys big-endian, so that the order of
// keys is the order in which they must be written. Column 0 holds the ids, then come dimensions,
// then measures, in the schema's order.
#include "storage/column/columns.hpp"
#include "storage/column/columns_state.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace safar {
namespace {

constexpr std::byte dictionary_mark{'d'}, segment_mark{'s'};

Bytes key_of(ByteView prefix, std::byte mark, std::size_t column, std::size_t number) {
    Bytes key = copy(prefix);
    key.push_back(mark);
    for (int shift : {8, 0}) key.push_back(static_cast<std::byte>((column >> shift) & 0xff));
    for (int shift : {24, 16, 8, 0})
        key.push_back(static_cast<std::byte>((number >> shift) & 0xff));
    return key;
}

Error corrupt(const std::string& what) {
    return failure(ErrorCode::storage_corrupt, "columns: " + what + "; they are derived again");
}

struct Span {
    std::size_t first, count;
};
Span rows_of(std::size_t segment, std::size_t rows) {
    std::size_t first = segment * segment_rows;
    return {first, std::min<std::size_t>(segment_rows, rows - first)};
}

void raw_bytes(ByteWriter& writer, const void* data, std::size_t size) {
    writer.bytes({static_cast<const std::byte*>(data), size});
}

// By row: u8 alive, id 16, origin u64 and u32; each column of the segment after the other.
constexpr std::size_t identity_bytes = 1 + RecordId::size + 8 + 4;

Bytes encode_ids(const Columns::State& state, std::size_t segment) {
    auto [first, count] = rows_of(segment, state.ids.size());
    Bytes out;
    out.reserve(count * identity_bytes);
    ByteWriter writer(out);
    raw_bytes(writer, state.alive.data() + first, count);
    static_assert(sizeof(RecordId) == RecordId::size);
    raw_bytes(writer, state.ids.data() + first, count * RecordId::size);
    raw_bytes(writer, state.origin_at.data() + first, count * 8);
    raw_bytes(writer, state.origin_log.data() + first, count * 4);
    return out;
}

Bytes encode_codes(const CodeVector& codes, std::size_t segment) {
    auto [first, count] = rows_of(segment, codes.size());
    Bytes out;
    ByteWriter writer(out);
    writer.integer(static_cast<std::uint8_t>(codes.width()));
    codes.with([&, first = first, count = count](const auto* data) {
        raw_bytes(writer, data + first, count * sizeof *data);
    });
    return out;
}

Bytes encode_measure(const std::vector<std::int64_t>& values, std::size_t segment) {
    auto [first, count] = rows_of(segment, values.size());
    Bytes out;
    ByteWriter writer(out);
    raw_bytes(writer, values.data() + first, count * sizeof(std::int64_t));
    return out;
}

// Collects writes until they hold enough bytes.
struct Taken {
    ByteView prefix;
    std::size_t bytes_max;
    std::vector<KeyValue::Write> writes{};
    std::size_t bytes = 0;

    [[nodiscard]] bool full() const { return bytes >= bytes_max; }
    void add(std::byte mark, std::size_t column, std::size_t number, Bytes value) {
        bytes += value.size();
        writes.push_back({key_of(prefix, mark, column, number), std::move(value)});
    }
    template <class Encode>
    void segments(std::vector<std::uint8_t>& dirty, std::size_t column, const Encode& encode) {
        for (std::size_t i = 0; i < dirty.size() && !full(); ++i)
            if (std::exchange(dirty[i], 0) != 0) add(segment_mark, column, i, encode(i));
    }
    void dictionary(Dimension& dimension, std::size_t column) {
        while (dimension.pages_taken < dimension.values.size() && !full()) {
            Code32 page = dimension.pages_taken / page_codes;
            Code32 first = std::max<Code32>(1, page * page_codes);
            Code32 last = std::min<Code32>(dimension.values.size(), (page + 1) * page_codes);
            add(dictionary_mark, column, page, dimension.values.encode(first, last));
            dimension.pages_taken = last;
        }
    }
};

// Visits the values of one column in order; `take` judges each and says whether to go on.
template <class Take>
Result<> each_value(const KeyValue& store, ByteView prefix, std::byte mark, std::size_t column,
                    const Take& take) {
    Bytes start = key_of(prefix, mark, column, 0);
    Bytes common(start.begin(), start.end() - 4);
    std::size_t number = 0;
    Result<> outcome = success();
    SAFAR_TRY(store.scan(common, common, [&](ByteView key, ByteView value) {
        if (!std::ranges::equal(key, key_of(prefix, mark, column, number)))
            outcome = corrupt("a segment is missing");
        else
            outcome = take(number++, value);
        return outcome.has_value();
    }));
    return outcome;
}

// The segments that hold the first `rows` rows. `load` gets the first row, how many of them are
// wanted, and the value, and says how many it holds.
template <class Load>
Result<> each_segment(const KeyValue& store, ByteView prefix, std::size_t column, std::size_t rows,
                      const Load& load) {
    std::size_t loaded = 0;
    SAFAR_TRY(each_value(store, prefix, segment_mark, column,
                         [&](std::size_t segment, ByteView value) -> Result<> {
                             if (segment * segment_rows >= rows)
                                 return success(); // written after the position that counts
                             auto [first, count] = rows_of(segment, rows);
                             if (load(first, count, value) < count)
                                 return corrupt("segment " + std::to_string(segment) +
                                                " of column " + std::to_string(column) +
                                                " is too short or names a value that is not there");
                             loaded = first + count;
                             return success();
                         }));
    return loaded == rows ? Result<>(success())
                          : corrupt("column " + std::to_string(column) + " ends early");
}

std::size_t load_ids(Columns::State& state, std::size_t first, std::size_t count, ByteView value) {
    std::size_t held = value.size() / identity_bytes;
    if (held < count || value.size() != held * identity_bytes) return 0;
    const std::byte* at = value.data();
    std::memcpy(state.alive.data() + first, at, count);
    std::memcpy(state.ids.data() + first, at += held, count * RecordId::size);
    std::memcpy(state.origin_at.data() + first, at += held * RecordId::size, count * 8);
    std::memcpy(state.origin_log.data() + first, at += held * 8, count * 4);
    for (std::size_t i = first; i < first + count; ++i) {
        if (state.alive[i] > 1) return 0;
        state.records += state.alive[i];
    }
    return held;
}

template <class Code>
bool copy_codes(CodeVector& codes, std::size_t first, std::size_t count, ByteView raw,
                Code32 size) {
    for (std::size_t i = 0; i < count; ++i) {
        Code code;
        std::memcpy(&code, raw.data() + i * sizeof code, sizeof code);
        if (code >= size) return false;
        codes.set(first + i, code);
    }
    return true;
}

std::size_t load_codes(Dimension& dimension, std::size_t first, std::size_t count, ByteView value) {
    std::size_t width = value.empty() ? 0 : std::to_integer<std::size_t>(value[0]);
    if (width != 1 && width != 2 && width != 4) return 0;
    ByteView raw = value.subspan(1);
    std::size_t held = raw.size() / width;
    if (held < count) return 0;
    CodeVector& codes = dimension.codes;
    Code32 size = dimension.values.size();
    bool known = width == 1   ? copy_codes<std::uint8_t>(codes, first, count, raw, size)
                 : width == 2 ? copy_codes<std::uint16_t>(codes, first, count, raw, size)
                              : copy_codes<std::uint32_t>(codes, first, count, raw, size);
    return known ? held : 0;
}

std::size_t load_measure(Measure& measure, std::size_t first, std::size_t count, ByteView value) {
    std::size_t held = value.size() / sizeof(std::int64_t);
    if (held < count) return 0;
    std::memcpy(measure.values.data() + first, value.data(), count * sizeof(std::int64_t));
    for (std::size_t i = first; i < first + count; ++i) {
        if (measure.values[i] == measure_absent) continue;
        auto bits = static_cast<std::uint64_t>(measure.values[i]);
        measure.magnitude_max =
            std::max(measure.magnitude_max, measure.values[i] < 0 ? ~bits + 1 : bits);
    }
    return held;
}

} // namespace

std::vector<KeyValue::Write> Columns::take_dirty(ByteView prefix, std::size_t bytes_max) {
    State& state = *state_;
    Taken taken{prefix, bytes_max};
    for (std::size_t i = 0; i < state.dimensions.size(); ++i)
        taken.dictionary(state.dimensions[i], i + 1);
    taken.segments(state.dirty, 0, [&](std::size_t segment) { return encode_ids(state, segment); });
    std::size_t column = 1;
    for (Dimension& each : state.dimensions)
        taken.segments(each.dirty, column++,
                       [&](std::size_t segment) { return encode_codes(each.codes, segment); });
    for (Measure& each : state.measures)
        taken.segments(each.dirty, column++,
                       [&](std::size_t segment) { return encode_measure(each.values, segment); });
    return std::move(taken.writes);
}

Result<> Columns::load(const KeyValue& store, ByteView prefix, Row rows) {
    State& state = *state_;
    state.grow(rows);
    SAFAR_TRY(each_segment(store, prefix, 0, rows,
                           [&](std::size_t first, std::size_t count, ByteView value) {
                               return load_ids(state, first, count, value);
                           }));
    std::size_t column = 1;
    for (Dimension& each : state.dimensions) {
        SAFAR_TRY(
            each_value(store, prefix, dictionary_mark, column,
                       [&](std::size_t, ByteView value) { return each.values.decode(value); }));
        each.pages_taken = each.values.size();
        SAFAR_TRY(each_segment(store, prefix, column++, rows,
                               [&](std::size_t first, std::size_t count, ByteView value) {
                                   return load_codes(each, first, count, value);
                               }));
    }
    for (Measure& each : state.measures) {
        SAFAR_TRY(each_segment(store, prefix, column++, rows,
                               [&](std::size_t first, std::size_t count, ByteView value) {
                                   return load_measure(each, first, count, value);
                               }));
    }
    return success();
}

} // namespace safar

#include "storage/log/store_rows.hpp"

#include "storage/crypto/sha256.hpp"

namespace safar {
namespace {

void append(Bytes& out, ByteView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

void write_name(ByteWriter& out, const LogName& name) {
    out.bytes(name.id.view());
    out.bytes(name.incarnation.view());
}
LogName read_name(ByteReader& in) {
    LogName name;
    name.id = read_id<LogId>(in);
    name.incarnation = read_id<Incarnation>(in);
    return name;
}

Error damaged(std::string_view what) {
    return failure(ErrorCode::storage_corrupt,
                   "the store's " + std::string(what) +
                       " does not parse: restore the data directory from a copy, or start with an "
                       "empty one and let the peers send everything again");
}

constexpr std::string_view witness_magic = "safarW1\n";

// What nearly no row has stands at its end, and only where there is some: rows of older stores read
// on.
void write_rare(ByteWriter& writer, const LogRow& row) {
    if (row.first == 1 && row.trunk.empty() && !row.aside && row.bare == 0) return;
    writer.integer(static_cast<std::uint8_t>(row.aside ? 1 : 0));
    writer.integer(row.bare);
    writer.integer(row.first);
    writer.integer(static_cast<std::uint32_t>(row.trunk.size()));
    for (const LogRow::Part& part : row.trunk) {
        writer.integer(part.first);
        writer.integer(part.handle);
    }
}

bool read_rare(ByteReader& in, LogRow& row) {
    if (in.remaining() == 0) return true;
    auto aside = in.integer<std::uint8_t>();
    row.aside = aside == 1;
    row.bare = in.integer<std::uint64_t>();
    row.first = in.integer<std::uint64_t>();
    auto parts = in.integer<std::uint32_t>();
    if (!in.ok() || aside > 1 || parts > in.remaining() / 12) return false;
    std::uint64_t before = 0;
    for (std::uint32_t i = 0; i < parts; ++i) {
        LogRow::Part part;
        part.first = in.integer<std::uint64_t>();
        part.handle = in.integer<LogHandle>();
        if (part.first <= before || part.first >= row.first || part.handle == 0) return false;
        before = part.first;
        row.trunk.push_back(part);
    }
    return (row.first == 1) == row.trunk.empty() && row.first >= 1 && row.held + 1 >= row.first &&
           row.bare <= row.held && (row.trunk.empty() || row.trunk.front().first == 1);
}

} // namespace

LogHandle LogRow::handle_at(std::uint64_t number) const {
    LogHandle out = handle;
    if (number >= first) return out;
    for (const Part& part : trunk)
        if (part.first <= number) out = part.handle;
    return out;
}

Bytes batch_key(LogHandle log, std::uint64_t number) {
    Bytes key;
    key.reserve(12);
    put_big_endian(key, log);
    put_big_endian(key, number);
    return key;
}

Bytes journal_key(Position position) {
    Bytes key;
    put_big_endian(key, position);
    return key;
}

Bytes log_key(LogHandle log) {
    Bytes key{log_prefix};
    put_big_endian(key, log);
    return key;
}

Bytes own_key(const LogId& log) {
    Bytes key{own_prefix};
    append(key, log.view());
    return key;
}

Bytes setting_key(std::string_view name) {
    Bytes key{setting_prefix};
    append(key, as_bytes(name));
    return key;
}

Bytes evidence_key(const LogName& log) {
    Bytes key;
    append(key, log.id.view());
    append(key, log.incarnation.view());
    return key;
}

Bytes evidence_key(const BatchPlace& place) {
    Bytes key = evidence_key(place.log);
    put_big_endian(key, place.number);
    return key;
}

Bytes quarantine_key(const BatchPlace& place, const Hash& hash) {
    Bytes key = evidence_key(place.log);
    put_big_endian(key, place.number);
    append(key, hash.view());
    return key;
}

Bytes after_prefix(ByteView prefix) {
    Bytes key = copy(prefix);
    while (!key.empty() && key.back() == std::byte{0xff}) key.pop_back();
    SAFAR_ASSERT(!key.empty());
    key.back() = static_cast<std::byte>(std::to_integer<unsigned>(key.back()) + 1);
    return key;
}

// Longer than any key of these tables, and no key starts with 0xff 0xff: names are hashes, and a
// position or handle of that size would need more batches than will ever be.
Bytes after_all_keys() { return Bytes(128, std::byte{0xff}); }

std::uint64_t read_big_endian(ByteView bytes) {
    SAFAR_ASSERT(bytes.size() <= 8);
    std::uint64_t value = 0;
    for (std::byte byte : bytes) value = (value << 8) | std::to_integer<std::uint64_t>(byte);
    return value;
}

Bytes encode_journal_row(const JournalRow& row) { return batch_key(row.log, row.number); }

Result<JournalRow> decode_journal_row(ByteView bytes) {
    if (bytes.size() != 12) return damaged("journal");
    return JournalRow{static_cast<LogHandle>(read_big_endian(bytes.first(4))),
                      read_big_endian(bytes.subspan(4))};
}

Bytes encode_log_row(const LogRow& row) {
    Bytes out;
    ByteWriter writer(out);
    write_name(writer, row.name);
    writer.integer(row.head.number);
    writer.integer(row.head.last_sequence);
    writer.bytes(row.head.hash.view());
    writer.integer(row.head.epoch);
    writer.integer(static_cast<std::uint8_t>(row.head.forked ? 1 : 0));
    writer.integer(row.held);
    write_rare(writer, row);
    return out;
}

Result<LogRow> decode_log_row(ByteView key, ByteView value) {
    LogRow row;
    ByteReader in(value);
    row.name = read_name(in);
    row.head.number = in.integer<std::uint64_t>();
    row.head.last_sequence = in.integer<std::uint64_t>();
    row.head.hash = read_id<Hash>(in);
    row.head.epoch = in.integer<std::uint64_t>();
    auto forked = in.integer<std::uint8_t>();
    row.head.forked = forked == 1;
    row.held = in.integer<std::uint64_t>();
    if (!read_rare(in, row) || key.size() != 5 || !in.at_end() || forked > 1 ||
        row.held < row.head.number || (row.aside && (row.head.number > 0 || row.head.forked)))
        return damaged("list of logs");
    row.handle = static_cast<LogHandle>(read_big_endian(key.subspan(1)));
    return row;
}

Bytes encode_quarantined(std::string_view reason, ByteView batch) {
    Bytes out;
    ByteWriter writer(out);
    writer.sized(as_bytes(reason));
    writer.bytes(batch);
    return out;
}

Result<QuarantineRow> decode_quarantined(ByteView key, ByteView value) {
    QuarantineRow out;
    ByteReader name(key);
    out.what.place.log = read_name(name);
    ByteView number = name.bytes(8);
    out.what.hash = read_id<Hash>(name);
    ByteReader in(value);
    out.what.reason = std::string(as_text(in.sized()));
    out.batch = copy(in.bytes(in.remaining()));
    if (!name.at_end() || !in.at_end() || out.batch.size() < EncodedBatch::prefix_bytes)
        return damaged("quarantine");
    out.what.place.number = read_big_endian(number);
    return out;
}

Bytes encode_witness(std::uint64_t counter, const WitnessState& state) {
    Bytes out;
    out.reserve(witness_bytes(state.heads.size()));
    ByteWriter writer(out);
    writer.bytes(as_bytes(witness_magic));
    writer.integer(counter);
    writer.integer(state.position);
    writer.integer(static_cast<std::uint32_t>(state.heads.size()));
    for (const auto& own : state.heads) {
        write_name(writer, own.log);
        writer.integer(own.number);
        writer.bytes(own.hash.view());
    }
    writer.bytes(tagged_hash("witness", {out}).view());
    return out;
}

std::optional<WitnessSlot> decode_witness(ByteView bytes) {
    ByteReader in(bytes);
    WitnessSlot slot;
    if (as_text(in.bytes(witness_magic.size())) != witness_magic) return std::nullopt;
    slot.counter = in.integer<std::uint64_t>();
    slot.state.position = in.integer<std::uint64_t>();
    auto count = in.integer<std::uint32_t>();
    if (!in.ok() || bytes.size() < witness_bytes(0) ||
        count > (bytes.size() - witness_bytes(0)) / (witness_bytes(1) - witness_bytes(0)))
        return std::nullopt;
    slot.state.heads.resize(count);
    for (auto& own : slot.state.heads) {
        own.log = read_name(in);
        own.number = in.integer<std::uint64_t>();
        own.hash = read_id<Hash>(in);
    }
    const std::size_t hashed = in.position();
    Hash stated = read_id<Hash>(in);
    if (!in.ok() || stated != tagged_hash("witness", {bytes.first(hashed)})) return std::nullopt;
    return slot;
}

} // namespace safar

#include "storage/record/schema.hpp"

#include "storage/crypto/sha256.hpp"

#include <algorithm>

namespace safar {
namespace {

constexpr std::string_view digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; // Crockford: no I, L, O, U
constexpr std::size_t text_digits = 26; // 26 * 5 = 130 bits: the first digit holds three

// 0 to 31, or -1.
constexpr int digit_value(char c) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (c == 'I' || c == 'L') return 1;
    if (c == 'O') return 0;
    auto at = digits.find(c);
    return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

struct SizedPart {
    std::byte size[4];
    explicit SizedPart(std::size_t bytes) {
        for (std::size_t i = 0; i < 4; ++i)
            size[i] = static_cast<std::byte>((bytes >> (8 * i)) & 0xff);
    }
    [[nodiscard]] ByteView view() const { return size; }
};

RecordId first_half(const Hash& hash) {
    RecordId id;
    std::ranges::copy(ByteView(hash.raw).first(RecordId::size), id.raw.begin());
    return id;
}

} // namespace

RecordId native_record_id(const LogName& log, std::uint64_t sequence) {
    RecordId id = first_half(tagged_hash("record-native", {log.id.view(), log.incarnation.view()}));
    for (std::size_t i = 0; i < 8; ++i)
        id.raw[8 + i] = static_cast<std::byte>((sequence >> (56 - 8 * i)) & 0xff);
    return id;
}

RecordId derived_record_id(std::string_view source, std::string_view external_id,
                           std::string_view compartment, std::string_view kind,
                           std::uint32_t occurrence) {
    SizedPart source_size(source.size()), id_size(external_id.size());
    SizedPart compartment_size(compartment.size()), kind_size(kind.size()), number(occurrence);
    return first_half(tagged_hash(
        "record-derived", {source_size.view(), as_bytes(source), id_size.view(),
                           as_bytes(external_id), compartment_size.view(), as_bytes(compartment),
                           kind_size.view(), as_bytes(kind), number.view()}));
}

std::string show_id(const RecordId& id) {
    std::string out(text_digits, '0');
    std::uint32_t held = 0;
    int bits = 0;
    std::size_t at = text_digits;
    for (std::size_t i = RecordId::size; i-- > 0;) {
        held |= std::to_integer<std::uint32_t>(id.raw[i]) << bits;
        bits += 8;
        for (; bits >= 5; bits -= 5, held >>= 5) out[--at] = digits[held & 31];
    }
    out[--at] = digits[held & 31];
    return out;
}

std::optional<RecordId> parse_id(std::string_view text) {
    if (text.size() != text_digits || digit_value(text[0]) > 7) return std::nullopt;
    RecordId id;
    std::uint32_t held = 0;
    int bits = 0;
    std::size_t at = RecordId::size;
    for (std::size_t i = text_digits; i-- > 0;) {
        int value = digit_value(text[i]);
        if (value < 0) return std::nullopt;
        held |= static_cast<std::uint32_t>(value) << bits;
        bits += 5;
        if (bits >= 8 && at > 0) {
            id.raw[--at] = static_cast<std::byte>(held & 0xff);
            held >>= 8;
            bits -= 8;
        }
    }
    return id;
}

} // namespace safar

// Strong types for everything that is "some bytes": two of them can never be swapped by mistake.
#pragma once

#include "storage/base/bytes.hpp"

#include <array>
#include <compare>
#include <functional>
#include <optional>

namespace safar {

template <std::size_t Size, class Tag> struct FixedBytes {
    static constexpr std::size_t size = Size;
    std::array<std::byte, Size> raw{};

    [[nodiscard]] ByteView view() const { return raw; }
    [[nodiscard]] std::string hex() const { return to_hex(raw); }
    [[nodiscard]] bool is_zero() const { return *this == FixedBytes{}; }
    // First eight digits, for logs and tables.
    [[nodiscard]] std::string brief() const { return hex().substr(0, 8); }

    // `bytes` must hold exactly Size bytes.
    [[nodiscard]] static std::optional<FixedBytes> from(ByteView bytes) {
        if (bytes.size() != Size) return std::nullopt;
        FixedBytes id;
        std::memcpy(id.raw.data(), bytes.data(), Size);
        return id;
    }
    [[nodiscard]] static std::optional<FixedBytes> parse_hex(std::string_view text) {
        FixedBytes id;
        if (!from_hex(text, id.raw)) return std::nullopt;
        return id;
    }
    friend auto operator<=>(const FixedBytes&, const FixedBytes&) = default;
};

using Hash = FixedBytes<32, struct HashTag>;         // SHA-256
using NetworkId = FixedBytes<32, struct NetworkTag>; // hash of charter epoch 1's unsigned text
using NodeId = FixedBytes<32, struct NodeTag>;       // hash of the node's first signing key
using LogId = FixedBytes<32, struct LogTag>;         // hash of network, node and compartment
using Incarnation = FixedBytes<16, struct IncarnationTag>;
using KeyId = FixedBytes<32, struct KeyTag>;           // hash of a public key
using PublicKey = FixedBytes<32, struct PublicKeyTag>; // Ed25519
using Signature = FixedBytes<64, struct SignatureTag>; // Ed25519
using Salt = FixedBytes<16, struct SaltTag>;
using RecordId = FixedBytes<16, struct RecordTag>;

// One node's log in one compartment, in one incarnation: the unit of append, chain and frontier.
struct LogName {
    LogId id;
    Incarnation incarnation;
    // Both in eight digits each, for logs and tables.
    [[nodiscard]] std::string brief() const { return id.brief() + "/" + incarnation.brief(); }
    friend auto operator<=>(const LogName&, const LogName&) = default;
};

// Places a batch: `number` starts at 1 in each log.
struct BatchPlace {
    LogName log;
    std::uint64_t number = 0;
    friend auto operator<=>(const BatchPlace&, const BatchPlace&) = default;
};

template <class Id> [[nodiscard]] Id read_id(ByteReader& in) {
    Id out;
    ByteView raw = in.bytes(Id::size);
    if (raw.size() == Id::size) std::memcpy(out.raw.data(), raw.data(), Id::size);
    return out;
}

} // namespace safar

template <std::size_t Size, class Tag> struct std::hash<safar::FixedBytes<Size, Tag>> {
    // Ids are hashes or random already; their first bytes spread well enough.
    std::size_t operator()(const safar::FixedBytes<Size, Tag>& id) const noexcept {
        std::size_t out;
        std::memcpy(&out, id.raw.data() + (Size >= 16 ? Size - 8 : 0), sizeof out);
        return out;
    }
};
template <> struct std::hash<safar::LogName> {
    std::size_t operator()(const safar::LogName& name) const noexcept {
        return std::hash<safar::LogId>{}(name.id) ^
               std::hash<safar::Incarnation>{}(name.incarnation);
    }
};

// Byte buffers, views, and the little-endian reader and writer behind every hand-written format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace safar {

using Bytes = std::vector<std::byte>;
using ByteView = std::span<const std::byte>;

[[nodiscard]] inline ByteView as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
[[nodiscard]] inline std::string_view as_text(ByteView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
[[nodiscard]] inline Bytes copy(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

[[nodiscard]] std::string to_hex(ByteView bytes);
// Fills `out` from exactly 2 * out.size() hex digits of either case; false if `hex` is anything
// else.
[[nodiscard]] bool from_hex(std::string_view hex, std::span<std::byte> out);

// Appends fixed-width little-endian fields to a buffer it does not own.
class ByteWriter {
public:
    explicit ByteWriter(Bytes& out) : out_(out) {}

    template <class Integer>
    requires std::is_integral_v<Integer>
    void integer(Integer value) {
        auto bits = static_cast<std::make_unsigned_t<Integer>>(value);
        std::byte raw[sizeof bits];
        for (std::size_t i = 0; i < sizeof bits; ++i)
            raw[i] = static_cast<std::byte>((bits >> (8 * i)) & 0xff);
        out_.insert(out_.end(), raw, raw + sizeof bits);
    }
    void bytes(ByteView view) { out_.insert(out_.end(), view.begin(), view.end()); }
    // u32 length, then the bytes.
    void sized(ByteView view) {
        integer(static_cast<std::uint32_t>(view.size()));
        bytes(view);
    }

private:
    Bytes& out_;
};

// Appends an unsigned integer so that keys sort as numbers do: ordered stores, never a signed
// format.
template <class Integer>
requires std::is_unsigned_v<Integer>
void put_big_endian(Bytes& out, Integer value) {
    for (int shift = 8 * (static_cast<int>(sizeof value) - 1); shift >= 0; shift -= 8)
        out.push_back(static_cast<std::byte>((value >> shift) & 0xff));
}

// Reads the same fields. Past the end every read yields zero or an empty view and the reader stays
// failed: check ok() or at_end() once, after a group of reads. The input must outlive the views.
class ByteReader {
public:
    explicit ByteReader(ByteView in) : in_(in) {}

    template <class Integer>
    requires std::is_integral_v<Integer> Integer integer() {
        using Bits = std::make_unsigned_t<Integer>;
        ByteView raw = bytes(sizeof(Bits));
        if (raw.size() != sizeof(Bits)) return 0;
        Bits bits = 0;
        for (std::size_t i = 0; i < sizeof(Bits); ++i)
            bits = static_cast<Bits>(bits | (static_cast<Bits>(raw[i]) << (8 * i)));
        return static_cast<Integer>(bits);
    }
    ByteView bytes(std::size_t count) {
        if (failed_ || count > in_.size() - at_) {
            failed_ = true;
            return {};
        }
        ByteView view = in_.subspan(at_, count);
        at_ += count;
        return view;
    }
    ByteView sized() { return bytes(integer<std::uint32_t>()); }

    [[nodiscard]] bool ok() const { return !failed_; }
    [[nodiscard]] bool at_end() const { return !failed_ && at_ == in_.size(); }
    [[nodiscard]] std::size_t remaining() const { return failed_ ? 0 : in_.size() - at_; }
    [[nodiscard]] std::size_t position() const { return at_; }

private:
    ByteView in_;
    std::size_t at_ = 0;
    bool failed_ = false;
};

} // namespace safar

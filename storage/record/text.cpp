#include "storage/record/text.hpp"

#include "storage/record/utf8.hpp"

#include <algorithm>
#include <cstdint>

namespace safar {
namespace {

struct CodePoint {
    std::uint32_t value = 0;
    std::size_t bytes = 0; // 0: not UTF-8
};

std::uint32_t byte_at(std::string_view text, std::size_t at) {
    return static_cast<unsigned char>(text[at]);
}

// The code point at the front of `text`, which is not empty.
CodePoint first_code_point(std::string_view text) {
    std::uint32_t lead = byte_at(text, 0);
    if (lead < 0x80) return {lead, 1};
    std::size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < bytes) return {};
    std::uint32_t value = lead & (0xffu >> (bytes + 1));
    for (std::size_t i = 1; i < bytes; ++i) {
        std::uint32_t next = byte_at(text, i);
        if ((next & 0xc0) != 0x80) return {};
        value = (value << 6) | (next & 0x3f);
    }
    static constexpr std::uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    bool surrogate = value >= 0xd800 && value <= 0xdfff;
    if (value < smallest[bytes] || value > 0x10ffff || surrogate) return {};
    return {value, bytes};
}

bool is_control(std::uint32_t value) {
    return (value < 0x20 && value != '\n' && value != '\t') || (value >= 0x7f && value < 0xa0);
}

} // namespace

Result<> check_text(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        CodePoint point = first_code_point(text.substr(at));
        if (point.bytes == 0)
            return failure(ErrorCode::invalid_argument,
                           "byte " + std::to_string(at + 1) +
                               " is not UTF-8; convert the text to UTF-8");
        if (is_control(point.value))
            return failure(ErrorCode::invalid_argument,
                           "byte " + std::to_string(at + 1) + " is control character " +
                               std::to_string(point.value) +
                               "; remove it (newline and tab are allowed)");
        at += point.bytes;
    }
    return success();
}

std::string as_utf8(std::string text) {
    const std::string_view in = text;
    const auto bytes_at = [&](std::size_t at) {
        return byte_at(in, at) < 0x80 ? 1 : first_code_point(in.substr(at)).bytes;
    };
    std::size_t at = 0;
    while (at < in.size() && bytes_at(at) != 0) at += bytes_at(at);
    if (at == in.size()) return text;
    std::string out(in.substr(0, at));
    while (at < in.size()) {
        const std::size_t bytes = bytes_at(at);
        out += bytes == 0 ? "\xef\xbf\xbd" : in.substr(at, bytes);
        at += std::max<std::size_t>(bytes, 1);
    }
    return out;
}

std::string ascii_lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), ascii_lower_of);
    return out;
}

std::string Quoted::operator()(std::string_view text) const {
    constexpr std::size_t bytes_max = 60;
    std::string out = "\"";
    std::size_t at = 0;
    while (at < text.size()) {
        CodePoint point = first_code_point(text.substr(at));
        std::size_t bytes = std::max<std::size_t>(point.bytes, 1);
        if (at + bytes > bytes_max) break;
        bool printable = point.bytes != 0 && point.value >= 0x20 && !is_control(point.value);
        out += printable ? text.substr(at, bytes) : std::string_view("?");
        at += bytes;
    }
    out += at < text.size() ? "...\"" : "\"";
    return out;
}

} // namespace safar

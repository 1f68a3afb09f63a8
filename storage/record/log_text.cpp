#include "storage/record/log_text.hpp"

#include "storage/record/utf8.hpp"

namespace safar {

std::string log_value(std::string_view text) {
    static constexpr char digits[] = "0123456789abcdef";
    const std::string whole = as_utf8(std::string(text));
    std::string out = "\"";
    for (std::size_t at = 0; at < whole.size(); ++at) {
        auto byte = static_cast<unsigned char>(whole[at]);
        // U+0080 to U+009F: a terminal obeys some of them.
        const bool second_set = byte == 0xc2 && static_cast<unsigned char>(whole[at + 1]) < 0xa0;
        if (second_set) byte = static_cast<unsigned char>(whole[++at]);
        if (second_set || byte < 0x20 || byte == 0x7f) {
            if (byte == '\n')
                out += ' ';
            else
                (out += "\\x").append({digits[byte >> 4], digits[byte & 15]});
            continue;
        }
        if (byte == '"' || byte == '\\') out += '\\';
        out += static_cast<char>(byte);
    }
    return out + '"';
}

} // namespace safar

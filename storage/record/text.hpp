// What text may be in a value, a code or a label; and small helpers for text that people see.
#pragma once

#include "storage/base/error.hpp"

#include <algorithm>
#include <span>
#include <string>
#include <string_view>

namespace safar {

// Ok: valid UTF-8 (no overlong form, surrogate or code point above U+10FFFF) without control
// characters but newline and tab. Normal form C is checked where text is typed, not here.
// Errors: invalid_argument naming the byte and what to do.
[[nodiscard]] Result<> check_text(std::string_view text);

[[nodiscard]] constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
[[nodiscard]] constexpr char ascii_lower_of(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
[[nodiscard]] std::string ascii_lower(std::string_view text);

// In double quotes for a message: at most 60 bytes, what is not printable ASCII or whole UTF-8 as
// '?'. An object and not a function, so that std::quoted is never found in its place.
struct Quoted {
    [[nodiscard]] std::string operator()(std::string_view text) const;
};
inline constexpr Quoted quoted;

[[nodiscard]] inline bool has_word(std::span<const std::string> words, std::string_view word) {
    return std::ranges::find(words, word) != words.end();
}

// "a, b, c" of the first `count_max`, then "and 12 more".
template <class Range> [[nodiscard]] std::string listed(const Range& texts, std::size_t count_max) {
    std::string out;
    std::size_t count = 0;
    for (const auto& text : texts) {
        if (count < count_max) out += (count == 0 ? "" : ", ") + std::string(text);
        ++count;
    }
    if (count > count_max) out += " and " + std::to_string(count - count_max) + " more";
    return out;
}

} // namespace safar

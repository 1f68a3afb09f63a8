// What a spreadsheet would run where it reads a table: whoever writes one puts something before it.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace safar {

// True where `text`, at the start of a cell, is taken for a formula; the wide forms count in some
// locales.
[[nodiscard]] inline bool starts_formula(std::string_view text) {
    constexpr std::array<std::string_view, 8> signs{"=", "+", "-", "@", "＝", "＋", "－", "＠"};
    return std::ranges::any_of(signs, [&](auto sign) { return text.starts_with(sign); });
}

// True where a cell begins after `before`: also ';', which separates cells in many locales,
// whatever is quoted.
[[nodiscard]] constexpr bool cell_begins_after(char before) {
    return std::string_view(";\t\r\n").find(before) != std::string_view::npos;
}

} // namespace safar

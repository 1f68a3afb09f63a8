// A cell of an exported CSV file: one or several values, so written that a spreadsheet runs none of
// it and that reading it back gives exactly the same values. docs/exports.md.
#pragma once

#include "storage/base/error.hpp"

#include <span>
#include <string>
#include <vector>

namespace safar {

// In a value '\' is written "\\"; where a field holds several, ';' stands between them and in them
// is "\;"; a value without text is "\e". A cell that then begins with = + - @ (or their wide
// forms), tab, newline, CR or ' gets a ' in front. No values: an empty cell.
[[nodiscard]] std::string write_cell(std::span<const std::string> values, bool many);
// Errors: invalid_argument (a '\' that nothing of the above follows).
[[nodiscard]] Result<std::vector<std::string>> read_cell(std::string_view cell, bool many);

// As RFC 4180 has it; also quoted where a spreadsheet might see a separator.
void append_csv(std::string& out, std::string_view cell);

} // namespace safar

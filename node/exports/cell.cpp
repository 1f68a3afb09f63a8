#include "node/exports/cell.hpp"

#include <algorithm>
#include <array>

namespace safar {
namespace {

// What makes a spreadsheet take a cell for a formula; the wide forms count in some locales.
constexpr std::array<std::string_view, 8> formula{"=", "+", "-", "@", "＝", "＋", "－", "＠"};

bool starts_formula(std::string_view text) {
    return std::any_of(formula.begin(), formula.end(),
                       [&](auto start) { return text.starts_with(start); });
}

} // namespace

std::string write_cell(std::span<const std::string> values, bool many) {
    std::string out;
    // Where ';' separates the cells of a row, as in many locales, quotes inside a row protect
    // nothing: what follows a ';', a tab or a line's end begins a cell. "\e" is no letter.
    const auto begins_cell = [&] {
        return !out.empty() &&
               std::string_view(";\t\r\n").find(out.back()) != std::string_view::npos;
    };
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (i > 0) out += ';';
        if (values[i].empty()) out += "\\e";
        for (std::string_view rest = values[i]; !rest.empty(); rest.remove_prefix(1)) {
            if (begins_cell() && starts_formula(rest)) out += "\\e";
            if (rest.front() == '\\' || (many && rest.front() == ';')) out += '\\';
            out += rest.front();
        }
    }
    constexpr std::string_view others = "\t\r\n'";
    if (starts_formula(out) || (!out.empty() && others.find(out.front()) != std::string_view::npos))
        out.insert(out.begin(), '\'');
    return out;
}

Result<std::vector<std::string>> read_cell(std::string_view cell, bool many) {
    std::vector<std::string> out;
    if (cell.empty()) return out;
    if (cell.starts_with('\'')) cell.remove_prefix(1);
    out.emplace_back();
    for (std::size_t i = 0; i < cell.size(); ++i) {
        if (many && cell[i] == ';') {
            out.emplace_back();
        } else if (cell[i] != '\\') {
            out.back() += cell[i];
        } else {
            const char next = i + 1 < cell.size() ? cell[i + 1] : '\0';
            if (next == '\\' || (many && next == ';'))
                out.back() += next;
            else if (next != 'e')
                return failure(
                    ErrorCode::invalid_argument,
                    "a '\\' that is followed by neither '\\', ';' nor 'e'; write '\\\\' for one");
            ++i;
        }
    }
    return out;
}

void append_csv(std::string& out, std::string_view cell) {
    const bool plain = cell.find_first_of(",;\t\r\n\"") == std::string_view::npos &&
                       !cell.starts_with(' ') && !cell.ends_with(' ');
    if (plain) {
        out += cell;
        return;
    }
    out += '"';
    for (char c : cell) {
        if (c == '"') out += '"';
        out += c;
    }
    out += '"';
}

} // namespace safar

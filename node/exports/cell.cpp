#include "node/exports/cell.hpp"

#include "storage/record/formula.hpp"

namespace safar {

std::string write_cell(std::span<const std::string> values, bool many) {
    std::string out;
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (i > 0) out += ';';
        if (values[i].empty()) out += "\\e";
        for (std::string_view rest = values[i]; !rest.empty(); rest.remove_prefix(1)) {
            // "\e" is no letter.
            if (!out.empty() && cell_begins_after(out.back()) && starts_formula(rest)) out += "\\e";
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

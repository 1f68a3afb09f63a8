#include "cli/table.hpp"

#include "storage/base/error.hpp"
#include "storage/record/formula.hpp"

#include <fmt/format.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <algorithm>

namespace safar::cli {

namespace {

// Calls `each(code point or -1 for a bad byte, its bytes)` along `text`.
template <class Each> void walk(std::string_view text, Each each) {
    const auto size = static_cast<std::int32_t>(text.size());
    for (std::int32_t at = 0; at < size;) {
        const std::int32_t start = at;
        UChar32 c = 0;
        U8_NEXT(text.data(), at, size, c);
        each(c, text.substr(static_cast<std::size_t>(start), static_cast<std::size_t>(at - start)));
    }
}

std::size_t width_of(UChar32 c) {
    if (c < 0) return 1;
    if (c >= 0x20 && c < 0x7f) return 1;
    switch (u_charType(c)) {
    case U_NON_SPACING_MARK:
    case U_ENCLOSING_MARK:
    case U_FORMAT_CHAR:
    case U_CONTROL_CHAR: return 0;
    default: break;
    }
    const auto wide = u_getIntPropertyValue(c, UCHAR_EAST_ASIAN_WIDTH);
    return wide == U_EA_FULLWIDTH || wide == U_EA_WIDE ? 2 : 1;
}

// Controls, line separators and everything that reorders text on a terminal.
bool obeyed(UChar32 c) {
    return u_charType(c) == U_CONTROL_CHAR || c == 0x2028 || c == 0x2029 || c == 0x061c ||
           (c >= 0x200e && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069);
}

} // namespace

std::size_t display_width(std::string_view text) {
    std::size_t width = 0;
    walk(text, [&](UChar32 c, std::string_view) { width += width_of(c); });
    return width;
}

std::string visible(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    walk(text, [&](UChar32 c, std::string_view bytes) {
        if (c < 0) {
            for (char byte : bytes)
                out += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\r') {
            out += "\\r";
        } else if (c == '\t') {
            out += "\\t";
        } else if (obeyed(c)) {
            out += c < 0x100 ? fmt::format("\\x{:02x}", c) : fmt::format("\\u{{{:04x}}}", c);
        } else {
            out += bytes;
        }
    });
    return out;
}

std::string shorten(std::string_view text, std::size_t columns) {
    if (display_width(text) <= columns) return std::string(text);
    std::string out;
    std::size_t width = 0;
    bool full = false;
    walk(text, [&](UChar32 c, std::string_view bytes) {
        full = full || width + width_of(c) + 1 > columns;
        if (full) return;
        width += width_of(c);
        out += bytes;
    });
    return out + "…";
}

std::string grouped(std::int64_t number) {
    std::string digits = std::to_string(number);
    const std::size_t first = digits.front() == '-' ? 1 : 0;
    for (std::size_t at = digits.size(); at > first + 3;) digits.insert(at -= 3, ",");
    return digits;
}

namespace {

// With a ' before whatever a spreadsheet would take for a formula, also one that cuts rows at ';'.
// Numbers stay numbers.
std::string inert(std::string_view cell) {
    if (cell.size() > 1 && cell.front() == '-' &&
        cell.find_first_not_of("0123456789", 1) == std::string_view::npos)
        return std::string(cell);
    std::string out;
    for (std::size_t i = 0; i < cell.size(); ++i) {
        const bool first = i == 0 || cell_begins_after(cell[i - 1]);
        const bool guarded = i == 0 && std::string_view("\t\r\n'").find(cell[0]) != cell.npos;
        if ((first && starts_formula(cell.substr(i))) || guarded) out += '\'';
        out += cell[i];
    }
    return out;
}

} // namespace

std::string csv_row(const std::vector<std::string>& cells) {
    std::string out;
    for (const std::string& text : cells) {
        if (&text != &cells.front()) out += ',';
        const std::string cell = inert(text);
        if (cell.find_first_of(",;\t\"\r\n") == std::string::npos) {
            out += cell;
            continue;
        }
        out += '"';
        for (char c : cell) {
            if (c == '"') out += '"';
            out += c;
        }
        out += '"';
    }
    return out + "\r\n";
}

namespace {

// Isolated where it runs from the right, so that a terminal does not reorder the cells beside it.
std::string isolated_cell(std::string cell) {
    bool from_right = false;
    walk(cell, [&](UChar32 c, std::string_view) {
        const auto direction = u_charDirection(c);
        from_right =
            from_right || direction == U_RIGHT_TO_LEFT || direction == U_RIGHT_TO_LEFT_ARABIC;
    });
    return from_right ? "\u2068" + cell + "\u2069" : cell;
}

} // namespace

void Table::row(std::vector<std::string> cells) {
    SAFAR_ASSERT(cells.size() <= columns_.size());
    cells.resize(columns_.size());
    for (std::string& cell : cells) cell = isolated_cell(shorten(visible(cell), cell_columns_max));
    rows_.push_back(std::move(cells));
}

std::string Table::render() const {
    std::vector<std::size_t> widths;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        std::size_t width = display_width(columns_[i].title);
        for (const auto& cells : rows_) width = std::max(width, display_width(cells[i]));
        widths.push_back(width);
    }
    std::string out;
    const auto line = [&](auto text_of) {
        std::string text;
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            const std::string cell = text_of(i);
            const std::string space(widths[i] - display_width(cell), ' ');
            if (i > 0) text += "  ";
            text += columns_[i].align == Align::right ? space + cell : cell + space;
        }
        text.erase(text.find_last_not_of(' ') + 1);
        out += text + "\n";
    };
    line([&](std::size_t i) { return isolated_cell(columns_[i].title); });
    std::size_t total = 2 * (columns_.empty() ? 0 : columns_.size() - 1);
    for (std::size_t width : widths) total += width;
    for (std::size_t i = 0; i < total; ++i) out += "─";
    out += "\n";
    for (const auto& cells : rows_) line([&](std::size_t i) { return cells[i]; });
    return out;
}

} // namespace safar::cli

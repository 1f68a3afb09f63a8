// Text for people: tables that line up in any script, and nothing in data that a terminal obeys.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace safar::cli {

// Columns of a terminal that `text` (UTF-8) takes: wide characters two, combining marks none.
[[nodiscard]] std::size_t display_width(std::string_view text);

// `text` with everything a terminal would obey instead of show written out: control characters as
// \n, \t or \x1b, direction overrides as \u{202e}, bytes that are not UTF-8 as \xff.
[[nodiscard]] std::string visible(std::string_view text);

// At most `columns` wide, the last one an ellipsis where something was cut.
[[nodiscard]] std::string shorten(std::string_view text, std::size_t columns);

// 1234567 -> "1,234,567"
[[nodiscard]] std::string grouped(std::int64_t number);

// One CSV row as RFC 4180 has it, with the line end.
[[nodiscard]] std::string csv_row(const std::vector<std::string>& cells);

enum class Align { left, right };

class Table {
public:
    struct Column {
        std::string title;
        Align align = Align::left;
    };
    static constexpr std::size_t cell_columns_max = 60; // longer cells are cut with an ellipsis

    explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
    // Missing cells are empty, cells beyond the columns a broken invariant.
    void row(std::vector<std::string> cells);
    [[nodiscard]] bool empty() const { return rows_.empty(); }
    // Header, a rule and the rows, each line ended; no trailing spaces.
    [[nodiscard]] std::string render() const;

private:
    std::vector<Column> columns_;
    std::vector<std::vector<std::string>> rows_;
};

} // namespace safar::cli

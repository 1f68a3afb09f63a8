// Rows of a CSV text after RFC 4180: quoted cells may hold separators, newlines and doubled quotes;
// lines end in LF or CRLF.
//
// Why not libcsv: it stops at the first malformed quote, gives neither the line of a row nor its
// text, and trims what is not quoted. Here a malformed row is one answer among others: it names its
// line and cell, costs one line of the file, and reading goes on at the next - also after a quote
// that nobody closes, which would otherwise swallow the rest of the file.
#pragma once

#include "node/imports/text_source.hpp"

#include <deque>

namespace safar {

struct CsvRow {
    std::uint64_t line = 0;              // where it starts, from 1
    std::vector<std::string_view> cells; // valid until the next call
    std::string_view raw;                // as written, without the end of line
    std::string problem;                 // empty: well-formed; otherwise `cells` is incomplete
    std::size_t problem_cell = 0;        // its index
};

class CsvRows {
public:
    static constexpr std::size_t row_bytes_max = 1u << 20; // bounds memory, whatever the file holds

    CsvRows(std::unique_ptr<TextSource> text, char separator)
        : text_(std::move(text)), separator_(separator) {}

    // Fills `row`; false: the end. Blank lines are passed over. Errors: those of the text source.
    [[nodiscard]] Result<bool> next(CsvRow& row);
    [[nodiscard]] std::uint64_t bytes_in() const { return text_->bytes_in(); }

private:
    enum class Scan { complete, more, bad };

    [[nodiscard]] Scan scan(CsvRow& row);
    [[nodiscard]] Scan scan_quoted(CsvRow& row, std::size_t& at, std::uint64_t& newlines);
    [[nodiscard]] Scan scan_plain(CsvRow& row, std::size_t& at);
    [[nodiscard]] Result<> refill();
    [[nodiscard]] Result<bool> reject_line(CsvRow& row);
    [[nodiscard]] Result<> skip_line();

    std::unique_ptr<TextSource> text_;
    char separator_;
    std::string buffer_;
    std::size_t begin_ = 0; // of the next row
    std::size_t end_ = 0;   // of the row just scanned
    std::uint64_t line_ = 1;
    std::uint64_t row_lines_ = 0;
    bool ended_ = false;
    std::deque<std::string> unescaped_; // cells with doubled quotes; stable addresses
    std::size_t unescaped_used_ = 0;
};

} // namespace safar

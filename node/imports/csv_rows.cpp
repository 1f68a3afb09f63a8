#include "node/imports/csv_rows.hpp"

#include <algorithm>

namespace safar {
namespace {

// 0: no end of line here; npos: cannot be told before more is read.
std::size_t end_of_line(const std::string& text, std::size_t at, bool ended) {
    if (text[at] == '\n') return 1;
    if (text[at] != '\r') return 0;
    if (at + 1 < text.size()) return text[at + 1] == '\n' ? 2 : 0;
    return ended ? 0 : std::string::npos;
}

} // namespace

Result<> CsvRows::refill() {
    if (begin_ > 0) {
        buffer_.erase(0, begin_);
        begin_ = 0;
    }
    SAFAR_TRY(std::size_t count, text_->read(buffer_));
    ended_ = count == 0;
    return success();
}

// From an opening quote to behind the separator; at the end of the row `at` stays at its last
// cell's end.
CsvRows::Scan CsvRows::scan_quoted(CsvRow& row, std::size_t& at, std::uint64_t& newlines) {
    std::size_t start = at + 1, from = start;
    bool doubled = false;
    std::size_t close;
    for (;;) {
        close = buffer_.find('"', from);
        if (close == std::string::npos) {
            if (!ended_) return Scan::more;
            row.problem = "a quoted cell is not closed before the end of the file; add the quote";
            return Scan::bad;
        }
        if (close + 1 == buffer_.size() && !ended_) return Scan::more;
        if (close + 1 == buffer_.size() || buffer_[close + 1] != '"') break;
        doubled = true;
        from = close + 2;
    }
    std::string_view cell = std::string_view(buffer_).substr(start, close - start);
    newlines += static_cast<std::uint64_t>(std::ranges::count(cell, '\n'));
    if (doubled) {
        if (unescaped_used_ == unescaped_.size()) unescaped_.emplace_back();
        std::string& plain = unescaped_[unescaped_used_++];
        plain.clear();
        for (std::size_t i = 0; i < cell.size(); ++i) {
            plain += cell[i];
            if (cell[i] == '"') ++i;
        }
        cell = plain;
    }
    at = close + 1;
    if (at < buffer_.size() && buffer_[at] != separator_) {
        std::size_t end = end_of_line(buffer_, at, ended_);
        if (end == std::string::npos) return Scan::more;
        if (end == 0) {
            row.problem = "text after the closing quote of a cell; double the quotes inside it";
            return Scan::bad;
        }
    }
    row.cells.push_back(cell);
    return Scan::complete;
}

CsvRows::Scan CsvRows::scan_plain(CsvRow& row, std::size_t& at) {
    std::size_t start = at;
    for (; at < buffer_.size(); ++at) {
        char c = buffer_[at];
        if (c == separator_ || c == '\n') break;
        if (c == '\r') {
            std::size_t end = end_of_line(buffer_, at, ended_);
            if (end == std::string::npos) return Scan::more;
            if (end > 0) break;
        }
        if (c == '"') {
            row.problem = "a quote inside a cell that is not quoted; quote the cell and double it";
            return Scan::bad;
        }
    }
    if (at == buffer_.size() && !ended_) return Scan::more;
    row.cells.push_back(std::string_view(buffer_).substr(start, at - start));
    return Scan::complete;
}

CsvRows::Scan CsvRows::scan(CsvRow& row) {
    row.cells.clear();
    row.problem.clear();
    unescaped_used_ = 0;
    std::uint64_t newlines = 0;
    std::size_t at = begin_;
    for (;;) {
        if (at == buffer_.size() && !ended_) return Scan::more;
        bool quoted_cell = at < buffer_.size() && buffer_[at] == '"';
        Scan cell = quoted_cell ? scan_quoted(row, at, newlines) : scan_plain(row, at);
        if (cell != Scan::complete) {
            row.problem_cell = row.cells.size();
            return cell;
        }
        if (at == buffer_.size() && !ended_) return Scan::more;
        if (at < buffer_.size() && buffer_[at] == separator_) {
            ++at;
            continue;
        }
        row.raw = std::string_view(buffer_).substr(begin_, at - begin_);
        end_ = at == buffer_.size() ? at : at + end_of_line(buffer_, at, ended_);
        row_lines_ = newlines + 1;
        return Scan::complete;
    }
}

// The row's first line is lost; what follows it is read anew.
Result<bool> CsvRows::reject_line(CsvRow& row) {
    std::size_t newline = buffer_.find('\n', begin_);
    while (newline == std::string::npos && !ended_ && buffer_.size() - begin_ <= row_bytes_max) {
        SAFAR_TRY(refill());
        newline = buffer_.find('\n', begin_);
    }
    row.cells.clear();
    row.line = line_++;
    if (newline == std::string::npos && !ended_) {
        row.raw = {};
        SAFAR_TRY(skip_line());
        return true;
    }
    std::size_t end = newline == std::string::npos ? buffer_.size() : newline;
    row.raw = std::string_view(buffer_).substr(begin_, end - begin_);
    if (row.raw.ends_with('\r')) row.raw.remove_suffix(1);
    begin_ = newline == std::string::npos ? end : newline + 1;
    return true;
}

Result<> CsvRows::skip_line() {
    for (;;) {
        std::size_t newline = buffer_.find('\n', begin_);
        if (newline != std::string::npos || ended_) {
            begin_ = newline == std::string::npos ? buffer_.size() : newline + 1;
            return success();
        }
        begin_ = buffer_.size();
        SAFAR_TRY(refill());
    }
}

Result<bool> CsvRows::next(CsvRow& row) {
    for (;;) {
        if (begin_ == buffer_.size()) {
            if (ended_) return false;
            SAFAR_TRY(refill());
            continue;
        }
        Scan outcome = scan(row);
        if (outcome == Scan::more && buffer_.size() - begin_ > row_bytes_max) {
            row.problem = "the row is longer than 1 MiB; a quote may be missing";
            outcome = Scan::bad;
        }
        if (outcome == Scan::more) {
            SAFAR_TRY(refill());
            continue;
        }
        if (outcome == Scan::bad) return reject_line(row);
        row.line = line_;
        line_ += row_lines_;
        begin_ = end_;
        if (row.raw.empty()) continue; // a blank line
        return true;
    }
}

} // namespace safar

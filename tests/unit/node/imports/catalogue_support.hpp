// The repository's catalogue by the names that tables of standards and vectors give.
#pragma once

#include "import_support.hpp"

namespace safar::testing {

inline const Schema& schema() { return *repository_schema(); }

// Rows of a TSV file without its comments.
inline std::vector<std::vector<std::string>> rows_of(const std::filesystem::path& path,
                                                     char first = '#') {
    std::vector<std::vector<std::string>> out;
    std::istringstream lines(read_all(path));
    for (std::string line; std::getline(lines, line);) {
        if (line.empty() || line[0] == first) continue;
        std::vector<std::string> cells;
        std::istringstream row(line);
        for (std::string cell; std::getline(row, cell, '\t');) cells.push_back(cell);
        out.push_back(std::move(cells));
    }
    return out;
}

inline const Field* field_of(const std::string& path) {
    const std::size_t dot = path.find('.');
    const Kind* kind = schema().kind(std::string_view(path).substr(0, dot));
    return kind ? kind->field(std::string_view(path).substr(dot + 1)) : nullptr;
}

} // namespace safar::testing

// What the demo's nodes are filled with: published totals, or the real files, each agency its part.
#pragma once

#include "cli/demo_network.hpp"
#include "cli/exit_code.hpp"

#include <map>

namespace safar::cli {

struct DemoImport {
    std::string agency, profile;    // profile: path
    std::vector<std::string> files; // paths
    std::vector<std::string> where;
    std::string what; // for people
};

[[nodiscard]] Result<std::vector<DemoImport>> published_imports(const DemoNetwork& network);
// Errors: not_found naming the first file that `data` lacks.
[[nodiscard]] Result<std::vector<DemoImport>> real_imports(const std::string& data);
// Imports and says so, a line each. Rejected rows are counted, not hidden.
[[nodiscard]] Outcome<Exit> fill(const DemoNetwork& network, const std::vector<DemoImport>& imports,
                                 std::ostream& out, std::ostream& err, bool err_is_terminal);

// A published file of two columns or more: cells by row, without the header. No quoting in there.
[[nodiscard]] Result<std::vector<std::vector<std::string>>>
read_published(const DemoNetwork& network, const std::string& name);

} // namespace safar::cli

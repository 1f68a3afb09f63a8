// Where an installation or a source tree keeps what commands read. Searched in order:
// $SAFAR_CONFIG, share/safar beside the program's bin/, config/ of the source tree the program was
// built in.
#pragma once

#include "storage/base/error.hpp"

#include <vector>

namespace safar::cli {

// Directories that may hold "schema", "codes", "imports", "demo"; the existing ones, best first.
[[nodiscard]] std::vector<std::string> config_directories(const std::string& what);
// Errors: not_found naming every place that was searched.
[[nodiscard]] Result<std::string> config_directory(const std::string& what);

// An import profile: a path to a .toml file, or a name in `extra` (if not empty) and the
// directories above. Errors: not_found listing the names there are.
[[nodiscard]] Result<std::string> find_profile(const std::string& name, const std::string& extra);

// $SAFARD, beside this program, ../node in a build tree, or on $PATH. Errors: not_found.
[[nodiscard]] Result<std::string> find_safard();
[[nodiscard]] std::string own_path(); // of this program

} // namespace safar::cli

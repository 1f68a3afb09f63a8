// Small files that must be whole or absent after a power loss.
#pragma once

#include "storage/base/error.hpp"

#include <cstddef>

namespace safar {

// Creates a directory that only its owner may enter; one that is there already is fine.
[[nodiscard]] Result<> make_directory(const std::string& path);
// Errors: not_found; limit_exceeded; storage_failed.
[[nodiscard]] Result<std::string> read_small_file(const std::string& path, std::size_t bytes_max);
// Writes beside, syncs, renames, syncs the directory. Mode as given.
// Errors: storage_full, storage_failed, with the path.
[[nodiscard]] Result<> write_file_durably(const std::string& path, std::string_view text,
                                          unsigned mode);

} // namespace safar

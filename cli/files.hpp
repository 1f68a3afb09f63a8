// Whole files, small ones: charters, enrolments, profiles, schema.
#pragma once

#include "storage/record/schema.hpp"

#include <cstdint>

namespace safar::cli {

constexpr std::uint64_t small_file_bytes_max = 4u << 20;

// Errors: storage_failed with path and reason; limit_exceeded over `bytes_max`.
[[nodiscard]] Result<std::string> read_file(const std::string& path,
                                            std::uint64_t bytes_max = small_file_bytes_max);
// Writes beside it and renames, so that a reader sees the old or the new text. Errors:
// storage_failed.
[[nodiscard]] Result<> replace_file(const std::string& path, std::string_view text);
// Creates `path` for its owner alone (0600), or empties it: for what holds personal data. What is
// there already keeps its mode. Errors: storage_failed; storage_full.
[[nodiscard]] Result<> create_private(const std::string& path);
// Every *.toml of a directory, by name; NamedText::name is `prefix` + file name. Errors: not_found
// if there is none.
[[nodiscard]] Result<std::vector<NamedText>> read_folder(const std::string& directory,
                                                         const std::string& prefix);

} // namespace safar::cli

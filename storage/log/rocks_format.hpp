// FORMAT, a line of text beside the database: "safar store format 1". It is read before anything is
// opened, because RocksDB changes files by merely opening.
#pragma once

#include "storage/base/error.hpp"

#include <cstdint>

namespace safar {

// Writes the file into a directory without a database; checks it where there is one.
// Errors: unsupported_version naming both; storage_corrupt; storage_failed.
[[nodiscard]] Result<> check_store_format(const std::string& directory, std::uint32_t known);

} // namespace safar

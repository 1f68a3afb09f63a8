// DIR/maintenance.toml: the absence that this node has announced to its peers; it outlives a
// restart.
#pragma once

#include "storage/base/error.hpp"
#include "sync/wire/maintenance.hpp"

#include <optional>

namespace safar {

// nullopt: none is announced. Errors: invalid_argument with file, line and key; storage_failed.
[[nodiscard]] Result<std::optional<wire::Maintenance>>
load_maintenance(const std::string& directory);
// nullopt removes the file. Errors: storage_full, storage_failed with the path.
[[nodiscard]] Result<> save_maintenance(const std::string& directory,
                                        const std::optional<wire::Maintenance>& notice);

} // namespace safar

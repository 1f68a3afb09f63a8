// What the import of an exported file shares with the export.
#pragma once

#include <optional>
#include <string>

namespace safar::cli {

// "csv" or "jsonl" by the file's name, .gz aside; nullopt: neither.
[[nodiscard]] std::optional<std::string> exported_format(std::string file);

} // namespace safar::cli

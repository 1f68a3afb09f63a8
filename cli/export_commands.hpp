// What the import of an exported file shares with the export.
#pragma once

#include "cli/api_client.hpp"
#include "cli/exit_code.hpp"

#include <boost/json/value.hpp>

#include <optional>
#include <string>

namespace safar::cli {

// "csv" or "jsonl" by the file's name, .gz aside; nullopt: neither.
[[nodiscard]] std::optional<std::string> exported_format(std::string file);

// {records, content, said}: what the node's records of a kind say, equal wherever the same is said
// (docs/exports.md).
[[nodiscard]] Outcome<boost::json::value> content_digest(const ApiClient& client,
                                                         const std::string& kind);

} // namespace safar::cli

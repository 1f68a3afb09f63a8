// What a running node knows of its own health: for /v1/health and /metrics.
#pragma once

#include "node/api/api.hpp"
#include "node/operate/health.hpp"

namespace safar {

[[nodiscard]] HealthFacts gather_health(ApiContext& context);

// The agency of each log that is closed by a fork: none any more once an epoch admitted a branch.
[[nodiscard]] std::vector<std::string> forked_logs(Node& node);

// Of the disk that holds the data directory; nullopt where there is none.
[[nodiscard]] std::optional<HealthFacts::Disk> disk_facts(const OperateContext& operate);

// When the last backup was carried away, as seconds since 1970; nullopt: never. Kept in
// DIR/last-backup.
[[nodiscard]] std::optional<std::int64_t> last_backup(const OperateContext& operate);
[[nodiscard]] Result<> remember_backup(const std::string& directory);

} // namespace safar

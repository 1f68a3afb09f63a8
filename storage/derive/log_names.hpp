// Whose a log is, by the node's short handle: asked once for each log and charter.
#pragma once

#include "storage/log/log.hpp"

#include <mutex>
#include <unordered_map>

namespace safar {

struct LogInfo {
    LogName name;
    std::string agency, compartment;              // empty: no epoch held names the log's owner
    FixedBytes<8, struct NativePrefixTag> native; // start of the ids of records born in it
};

// Safe from any thread.
class LogNames {
public:
    explicit LogNames(const Log& log) : log_(log) {}
    // nullptr: the log knows no such handle. Follows the charter in force.
    [[nodiscard]] std::shared_ptr<const LogInfo> of(LogHandle handle) const;

private:
    const Log& log_;
    mutable std::mutex mutex_;
    mutable std::shared_ptr<const Authority> authority_; // under which `known_` was asked
    mutable std::unordered_map<LogHandle, std::shared_ptr<const LogInfo>> known_; // never iterated
};

// A fold depends on one compartment only (design.md section 5). Events of one record that lie in
// several: those of the compartment where the record was born count, or, where its id does not
// tell, those of the first by name.
//
// @param places  becomes the events that count, order kept.
void keep_home(const LogNames& names, const RecordId& id, std::vector<EventPlace>& places);

} // namespace safar

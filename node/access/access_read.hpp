// Reads an access log: who saw what, and whether the log is whole. Works on a copied directory as
// well.
#pragma once

#include "node/access/entry.hpp"

namespace safar {

struct AccessQuery {
    std::string subject = ""; // record id, as written; empty: any
    std::string user = "";    // login; empty: any
    std::string since = "";   // a text that compares with show_access_time's; empty: all
    std::size_t limit = 100;
    std::size_t bytes_max = 64u << 20; // of all lines; one is given in any case
    std::uint64_t up_to = ~0ull;       // entry number
};
struct AccessPage {
    // JSON, oldest first: the last that match, as many as both limits let through. As they stand
    // in the files, but a byte that is no UTF-8 is U+FFFD, and what is no JSON is told by number.
    std::vector<std::string> lines;
    bool truncated = false; // older ones match too
};
[[nodiscard]] Result<AccessPage> read_access(const std::string& directory,
                                             const AccessQuery& query);

struct AccessReport {
    std::uint64_t segments = 0, entries = 0;
    AccessPoint end;                // of the last entry
    std::uint64_t signed_up_to = 0; // entries that the head's signature covers
    std::optional<NodeId> node;
    std::optional<PublicKey> key;      // of the head
    std::vector<std::string> problems; // each names file and line; empty: whole
};
// One altered, removed, moved or cut-off line is found and named. Not found: the loss of the newest
// entries where the head was put back to the same moment (docs/access.md).
// @param up_to  entries after it are not looked at, for a log that grows meanwhile.
// Errors: not_found (no access log here), storage_failed.
[[nodiscard]] Result<AccessReport> verify_access(const std::string& directory,
                                                 std::uint64_t up_to = ~0ull);

} // namespace safar

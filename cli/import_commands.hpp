// One file of a register, sent to a node with the profile that reads it. Also the demo's way in.
#pragma once

#include "cli/api_client.hpp"
#include "cli/exit_code.hpp"

#include <iosfwd>

namespace safar::cli {

struct ImportOptions {
    std::string profile; // path of the TOML file
    std::string file;
    std::vector<std::string> where; // column=value
    bool dry_run = false;
    bool exported = false;        // a file that safar export wrote: no profile
    bool own = false;             // of it only what the node's agency said
    std::string kind;             // a table of this kind's own fields: no profile
    std::string source;           // of it: whose table it is
    std::vector<std::string> key; // and the columns that name a record
};

struct ImportReport {
    std::int64_t rows = 0, skipped = 0, rejected = 0, records = 0, fresh = 0, changed = 0,
                 unchanged = 0;
    std::int64_t events = 0, batches = 0;
    std::string seconds;
};

// Each line of the answer as it came, before the report is read from the last one.
using OnImportLine = std::function<void(std::string_view line, const boost::json::value& value)>;

// Streams the file. Errors: of the client; storage_failed (the file), malformed (no summary came).
[[nodiscard]] Outcome<ImportReport> import_file(const ApiClient& client,
                                                const ImportOptions& options, std::ostream& err,
                                                bool err_is_terminal, const OnImportLine& on_line);

} // namespace safar::cli

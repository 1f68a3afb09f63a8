// What the log knows without touching the disk: a few hundred bytes for each log, read once when it
// opens and checked against what the store really holds.
#pragma once

#include "storage/log/log_rules.hpp"

#include <map>

namespace safar {

struct Books {
    struct Quarantined {
        QuarantinedBatch what;
        std::size_t bytes = 0;
    };
    std::vector<LogRow> rows;             // by handle, from 1
    std::map<LogName, LogHandle> handles; // of the row that rules, where a log has several
    Position last = 0;
    std::map<LogId, Incarnation> own; // the one this node signs in each log, as last stored
    ForkSet forks;
    std::map<Bytes, Quarantined> quarantine; // by key
    std::map<LogId, std::size_t> quarantine_bytes;
    std::size_t quarantine_total = 0;

    [[nodiscard]] const LogRow* find(const LogName& name) const;
    [[nodiscard]] const LogRow* find(LogHandle handle) const;
    void put(const LogRow& row);
    // Up to where this row's batches lie on the way to the head that rules; see Log::effective.
    [[nodiscard]] std::uint64_t counted(LogHandle handle) const;
    // The first batch of the log that is stored without its body, whatever row it lies in; 0: none.
    [[nodiscard]] std::uint64_t first_bare(const LogRow& row) const;
    void add_quarantined(Bytes key, QuarantinedBatch what, std::size_t bytes);
    void remove_quarantined(const Bytes& key);
};

struct StoredHeader {
    BatchHeader header;
    Hash hash;
    Bytes bytes; // of the whole batch
};
// Errors: storage_corrupt if it is not there or is another batch; those of Store::get.
[[nodiscard]] Result<StoredHeader> stored_header(const Store& store, const LogRow& row,
                                                 std::uint64_t number);

// Reads everything above and checks that heads, the last batches and the journal's end agree: a
// store that lost a piece is refused here. Cost: three reads for each log, whatever its length.
// Errors: storage_corrupt naming what does not hold together.
[[nodiscard]] Result<Books> read_books(const Store& store);

} // namespace safar

#include "storage/log/books.hpp"

#include "storage/base/planted.hpp"

#include <algorithm>

namespace safar {
namespace {

Error broken(const std::string& what) {
    return failure(ErrorCode::storage_corrupt,
                   "the store does not hold together: " + what + std::string(lost_store_advice));
}

std::string log_text(const LogName& name) { return "log " + name.brief(); }

// Scans all rows whose key starts with `prefix` through `take`, which may refuse one.
template <class Take>
Result<> each(const Store& store, Table table, const Bytes& from, const Bytes& until, Take take) {
    Result<> verdict = success();
    auto scanned = store.scan(table, from, until, [&](ByteView key, ByteView value) {
        verdict = take(key, value);
        return verdict.has_value();
    });
    if (!scanned && !planted(Plant::ignore_scan_status))
        return scanned; // it may have stopped half way
    return verdict;
}

Result<> read_rows(const Store& store, Books& books) {
    const Bytes logs{log_prefix}, owns{own_prefix};
    SAFAR_TRY(each(store, Table::meta, logs, after_prefix(logs),
                   [&](ByteView key, ByteView value) -> Result<> {
                       SAFAR_TRY(auto row, decode_log_row(key, value));
                       const bool twice = !row.aside && books.handles.contains(row.name);
                       const bool hangs =
                           std::any_of(row.trunk.begin(), row.trunk.end(), [&](const auto& part) {
                               const LogRow* other = books.find(part.handle);
                               return other == nullptr || other->name != row.name;
                           });
                       if (row.handle != books.rows.size() + 1 || twice || hangs)
                           return broken("the list of logs has a hole or a double at " +
                                         std::to_string(row.handle));
                       books.put(row);
                       return success();
                   }));
    return each(store, Table::meta, owns, after_prefix(owns),
                [&](ByteView key, ByteView value) -> Result<> {
                    auto id = LogId::from(key.subspan(1));
                    auto incarnation = Incarnation::from(value);
                    if (!id || !incarnation) return broken("the list of own logs does not parse");
                    books.own[*id] = *incarnation;
                    return success();
                });
}

Result<> read_apart(const Store& store, Books& books) {
    SAFAR_TRY(each(store, Table::evidence, {}, after_all_keys(),
                   [&](ByteView, ByteView value) -> Result<> {
                       auto evidence = decode_evidence(value);
                       if (!evidence) return broken(evidence.error().detail);
                       std::vector<ForkEvidence> gone;
                       static_cast<void>(books.forks.add(std::move(evidence).value(), gone));
                       return success();
                   }));
    return each(store, Table::quarantine, {}, after_all_keys(),
                [&](ByteView key, ByteView value) -> Result<> {
                    SAFAR_TRY(auto row, decode_quarantined(key, value));
                    books.add_quarantined(copy(key), std::move(row.what), row.batch.size());
                    return success();
                });
}

// The head's batch, the one before it and the last one held must be there and follow each other.
Result<> check_end(const Store& store, const LogRow& row) {
    if (row.head.number > 0) {
        SAFAR_TRY(auto last, stored_header(store, row, row.head.number));
        if (last.hash != row.head.hash || last.header.last_sequence() != row.head.last_sequence ||
            last.header.epoch != row.head.epoch)
            return broken("the head of " + log_text(row.name) + " is not its batch " +
                          std::to_string(row.head.number));
    }
    if (row.held <= 1 || row.own_batches() == 0) return success();
    SAFAR_TRY(auto last, stored_header(store, row, row.held));
    SAFAR_TRY(auto before, stored_header(store, row, row.held - 1));
    if (last.header.previous != before.hash)
        return broken("batch " + std::to_string(row.held) + " of " + log_text(row.name) +
                      " does not follow the one before it");
    return success();
}

// Every batch held has one place in the journal, so the counts must be equal.
Result<> check_journal(const Store& store, Books& books) {
    SAFAR_TRY(auto key, store.last_key(Table::journal));
    if (key && key->size() != 8) return broken("the journal's last key does not parse");
    books.last = key ? read_big_endian(*key) : 0;
    std::uint64_t held = 0;
    for (const LogRow& row : books.rows) held += row.own_batches();
    if (held != books.last)
        return broken("the journal ends at " + std::to_string(books.last) + ", the logs hold " +
                      std::to_string(held) + " batches");
    if (!key) return success();
    // Tables of another store in this one's place have the end and not the beginning.
    SAFAR_TRY(auto first, store.get(Table::journal, journal_key(1)));
    if (!first) return broken("the journal's first entry can not be read");
    SAFAR_TRY(auto value, store.get(Table::journal, *key));
    if (!value) return broken("the journal's last entry can not be read");
    SAFAR_TRY(auto entry, decode_journal_row(*value));
    const LogRow* row = books.find(entry.log);
    if (row == nullptr || entry.number != row->held)
        return broken("the journal's last entry names a batch that is not the last of its log");
    return success();
}

} // namespace

const LogRow* Books::find(const LogName& name) const {
    auto found = handles.find(name);
    return found == handles.end() ? nullptr : &rows[found->second - 1];
}

const LogRow* Books::find(LogHandle handle) const {
    return handle == 0 || handle > rows.size() ? nullptr : &rows[handle - 1];
}

void Books::put(const LogRow& row) {
    SAFAR_ASSERT(row.handle >= 1 && row.handle <= rows.size() + 1);
    if (row.handle > rows.size())
        rows.push_back(row);
    else
        rows[row.handle - 1] = row;
    if (!row.aside) handles[row.name] = row.handle;
}

std::uint64_t Books::counted(LogHandle handle) const {
    const LogRow* row = find(handle);
    const LogRow* ruling = row == nullptr ? nullptr : find(row->name);
    if (ruling == nullptr) return 0;
    std::uint64_t until = ruling->head.number;
    if (ruling->handle == handle) return until;
    std::uint64_t next = ruling->first;
    for (auto part = ruling->trunk.rbegin(); part != ruling->trunk.rend(); ++part) {
        until = std::min(until, next - 1);
        if (part->handle == handle) return until;
        next = part->first;
    }
    return 0;
}

std::uint64_t Books::first_bare(const LogRow& row) const {
    std::uint64_t next = row.first;
    std::uint64_t out = row.bare;
    for (auto part = row.trunk.rbegin(); part != row.trunk.rend(); ++part) {
        const LogRow* other = find(part->handle);
        if (other != nullptr && other->bare != 0 && other->bare < next) out = other->bare;
        next = part->first;
    }
    return out;
}

void Books::add_quarantined(Bytes key, QuarantinedBatch what, std::size_t bytes) {
    quarantine_bytes[what.place.log.id] += bytes;
    quarantine_total += bytes;
    quarantine.emplace(std::move(key), Quarantined{std::move(what), bytes});
}

void Books::remove_quarantined(const Bytes& key) {
    auto found = quarantine.find(key);
    if (found == quarantine.end()) return;
    quarantine_bytes[found->second.what.place.log.id] -= found->second.bytes;
    quarantine_total -= found->second.bytes;
    quarantine.erase(found);
}

Result<StoredHeader> stored_header(const Store& store, const LogRow& row, std::uint64_t number) {
    SAFAR_TRY(auto bytes, store.get(Table::batch, batch_key(row.handle_at(number), number)));
    const std::string what = "batch " + std::to_string(number) + " of " + log_text(row.name);
    if (!bytes) return broken(what + " is missing");
    if (bytes->size() < EncodedBatch::prefix_bytes) return broken(what + " is cut short");
    StoredHeader out;
    ByteView header = ByteView(*bytes).first(BatchHeader::encoded_bytes);
    auto decoded = decode_header(header);
    if (!decoded) return broken(what + " does not parse (" + describe(decoded.error()) + ")");
    out.header = decoded.value();
    if (out.header.log != row.name || out.header.number != number)
        return broken("another batch lies at the place of " + what);
    out.hash = header_hash(out.header.network, header);
    out.bytes = std::move(*bytes);
    return out;
}

Result<Books> read_books(const Store& store) {
    Books books;
    SAFAR_TRY(read_rows(store, books));
    SAFAR_TRY(read_apart(store, books));
    for (const LogRow& row : books.rows) {
        SAFAR_TRY(check_end(store, row));
        if (row.aside && !books.handles.contains(row.name))
            return broken("no branch of " + log_text(row.name) + " rules");
        if (row.head.forked && !books.forks.knows(row.name))
            return broken(log_text(row.name) + " is marked forked without evidence");
    }
    SAFAR_TRY(check_journal(store, books));
    return books;
}

} // namespace safar

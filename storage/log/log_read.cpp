// What readers ask, from any thread.
#include "storage/log/log_core.hpp"

#include "storage/base/planted.hpp"

#include <algorithm>

namespace safar {
namespace {

std::shared_ptr<const EncodedBatch> shared(Bytes bytes) {
    return std::make_shared<const EncodedBatch>(EncodedBatch{std::move(bytes)});
}

Error hole(const LogRow& row, std::uint64_t number) {
    return failure(ErrorCode::storage_corrupt, "the store misses batch " + std::to_string(number) +
                                                   " of log " + row.name.id.brief() +
                                                   ": run `safar verify --deep`");
}

} // namespace

std::optional<LogRow> LogCore::find_row(const LogName& name) const {
    std::shared_lock lock(reading_);
    const LogRow* row = books_.find(name);
    return row == nullptr ? std::nullopt : std::optional(*row);
}

std::optional<LogRow> LogCore::find_row(LogHandle handle) const {
    std::shared_lock lock(reading_);
    const LogRow* row = books_.find(handle);
    return row == nullptr ? std::nullopt : std::optional(*row);
}

Frontier LogCore::frontier(std::string_view compartment) const {
    std::shared_lock lock(reading_);
    Frontier out;
    for (const auto& [log, change] : index_.logs(compartment))
        out.push_back({log, books_.find(log)->head});
    if (planted(Plant::unsorted_frontier))
        std::ranges::sort(out, {},
                          [&](const FrontierEntry& entry) { return books_.handles.at(entry.log); });
    return out;
}

FrontierNews LogCore::frontier_since(std::string_view compartment, std::uint64_t mark) const {
    std::shared_lock lock(reading_);
    FrontierNews news{index_.last_change(), {}};
    for (const LogName& log : index_.changed_since(compartment, mark))
        news.entries.push_back({log, books_.find(log)->head});
    if (planted(Plant::unsorted_frontier))
        std::ranges::sort(news.entries, {},
                          [&](const FrontierEntry& entry) { return books_.handles.at(entry.log); });
    return news;
}

std::uint64_t LogCore::first_bare(const LogName& log) const {
    std::shared_lock lock(reading_);
    const LogRow* row = books_.find(log);
    return row == nullptr ? 0 : books_.first_bare(*row);
}

std::optional<Head> LogCore::head(const LogName& log) const {
    auto row = find_row(log);
    return row ? std::optional(row->head) : std::nullopt;
}

Position LogCore::last_position() const {
    std::shared_lock lock(reading_);
    return books_.last;
}

std::uint64_t LogCore::effective(LogHandle handle) const {
    std::shared_lock lock(reading_);
    const LogRow* row = books_.find(handle);
    if (row == nullptr) return 0;
    const LogOwner* owner = authority_->owner(row->name.id);
    if (owner != nullptr && authority_->only_carries(author_.node, owner->compartment)) return 0;
    const std::uint64_t counted = books_.counted(handle);
    const std::uint64_t bare = books_.first_bare(*row);
    return bare == 0 ? counted : std::min(counted, bare - 1);
}

std::optional<LogName> LogCore::name_of(LogHandle handle) const {
    auto row = find_row(handle);
    return row ? std::optional(row->name) : std::nullopt;
}

Result<std::vector<std::shared_ptr<const EncodedBatch>>>
LogCore::read_range(const LogName& log, std::uint64_t first, std::size_t bytes_max) const {
    std::vector<std::shared_ptr<const EncodedBatch>> out;
    const auto row = find_row(log);
    first = std::max<std::uint64_t>(first, 1);
    if (!row || first > row->held) return out;
    std::uint64_t expected = first;
    // A branch goes on from another row: what lies there is a range of its own.
    std::uint64_t until = row->first > first ? row->first - 1 : row->held;
    for (const LogRow::Part& part : row->trunk)
        if (part.first > first && part.first <= until) until = part.first - 1;
    const LogHandle handle = row->handle_at(first);
    std::size_t bytes = 0;
    bool full = false;
    auto scanned =
        parts_.store->scan(Table::batch, batch_key(handle, first), batch_key(handle, until + 1),
                           [&](ByteView key, ByteView value) {
                               if (read_big_endian(key.last(8)) != expected) return false;
                               bytes += value.size();
                               full = !out.empty() && bytes > bytes_max;
                               if (full) return false;
                               out.push_back(shared(copy(value)));
                               ++expected;
                               return true;
                           });
    if (!scanned) {
        remember(scanned.error());
        return scanned.error();
    }
    if (!full && expected != until + 1) return hole(*row, expected);
    return out;
}

std::optional<Hash> hash_at(const Log& log, const LogName& name, std::uint64_t number) {
    if (const auto head = log.head(name); head && head->number == number) return head->hash;
    const auto held = log.read_range(name, number, 1);
    if (!held || held.value().empty()) return std::nullopt;
    return header_hash(log.authority()->network(), held.value().front()->header());
}

Result<std::shared_ptr<const EncodedBatch>> LogCore::read_batch(LogHandle log,
                                                                std::uint64_t number) const {
    const auto row = find_row(log);
    if (!row || number == 0 || number > row->held)
        return failure(ErrorCode::not_found, "no batch " + std::to_string(number) +
                                                 " is held of log number " + std::to_string(log));
    auto bytes = parts_.store->get(Table::batch, batch_key(row->handle_at(number), number));
    if (!bytes) {
        remember(bytes.error());
        return bytes.error();
    }
    if (!bytes.value()) return hole(*row, number);
    return shared(std::move(*bytes.value()));
}

Result<std::vector<JournalEntry>> LogCore::read_journal(Position after,
                                                        std::size_t entries_max) const {
    std::vector<JournalEntry> out;
    const Position last = last_position();
    if (after >= last || entries_max == 0) return out;
    const Position until =
        std::min<Position>(last, entries_max < last - after ? after + entries_max : last);
    Result<> decoded = success();
    SAFAR_TRY(parts_.store->scan(Table::journal, journal_key(after + 1), journal_key(until + 1),
                                 [&](ByteView key, ByteView value) {
                                     auto row = decode_journal_row(value);
                                     if (!row) {
                                         decoded = row.error();
                                         return false;
                                     }
                                     JournalEntry entry;
                                     entry.position = read_big_endian(key);
                                     entry.log = row.value().log;
                                     entry.number = row.value().number;
                                     out.push_back(std::move(entry));
                                     return true;
                                 }));
    SAFAR_TRY(std::move(decoded));
    if (out.size() != until - after)
        return failure(ErrorCode::storage_corrupt, "the journal has a hole after position " +
                                                       std::to_string(after) +
                                                       ": run `safar verify --deep`");
    for (JournalEntry& entry : out) {
        auto row = find_row(entry.log);
        if (!row)
            return failure(ErrorCode::storage_corrupt, "the journal names a log that is not held");
        entry.name = row->name;
        entry.counts = entry.number <= effective(entry.log);
        SAFAR_TRY(entry.batch, read_batch(entry.log, entry.number));
    }
    return out;
}

std::vector<QuarantinedBatch> LogCore::quarantined() const {
    std::shared_lock lock(reading_);
    std::vector<QuarantinedBatch> out;
    for (const auto& [key, entry] : books_.quarantine) out.push_back(entry.what);
    return out;
}

std::vector<ForkEvidence> LogCore::forks() const {
    std::shared_lock lock(reading_);
    std::vector<ForkEvidence> out;
    for (const auto& [place, evidence] : books_.forks.all()) out.push_back(evidence);
    return out;
}

} // namespace safar

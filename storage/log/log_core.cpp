#include "storage/log/log_core.hpp"

#include "storage/base/planted.hpp"

namespace safar {
namespace {

constexpr std::string_view losses_key = "log/losses";

} // namespace

LogCore::LogCore(LogParts parts, const Author& author, std::shared_ptr<const Authority> authority)
    : parts_(std::move(parts)), author_(author), authority_(std::move(authority)) {
    SAFAR_ASSERT(parts_.store && parts_.witness && parts_.parallel_for && authority_ &&
                 author_.entropy);
}

Result<> LogCore::open(std::vector<std::string>& notes) {
    std::lock_guard lock(writing_);
    SAFAR_TRY(auto books, read_books(*parts_.store));
    SAFAR_TRY(auto witness, parts_.witness->load());
    SAFAR_TRY(Losses before, kept_losses());
    losses_ = before;
    SAFAR_TRY(check_witness(witness, books, *parts_.store, own_, notes, losses_));
    SAFAR_TRY(losses_, still_missing(std::move(losses_), books, *parts_.store));
    losses_kept_ = losses_ == before;
    for (std::string& text : losses_.texts()) notes.push_back(std::move(text));
    enter_books(std::move(books));
    // The charter may have advanced while the node was down.
    SAFAR_TRY(recount_all());
    counted_under_ = authority_->revision();
    return release_quarantined();
}

Result<std::unique_ptr<Log>> open_log(LogParts parts, const Author& author,
                                      std::shared_ptr<const Authority> authority,
                                      std::vector<std::string>& notes) {
    auto log = std::make_unique<LogCore>(std::move(parts), author, std::move(authority));
    SAFAR_TRY(log->open(notes));
    return std::unique_ptr<Log>(std::move(log));
}

std::shared_ptr<const Authority> LogCore::authority() const {
    std::shared_lock lock(reading_);
    return authority_;
}

Hash LogCore::counted_under() const {
    std::shared_lock lock(reading_);
    return counted_under_;
}

void LogCore::confirm_own_heads(const NodeId& peer, const Frontier& held_by_peer) {
    std::lock_guard lock(writing_);
    if (!finish_recount()) return; // unconfirmed: the next append starts a new incarnation
    Draft draft = start_draft();
    for (const FrontierEntry& entry : held_by_peer) {
        if (!own_.is_current(entry.log)) continue;
        const LogRow* row = books_.find(entry.log);
        if (row == nullptr) continue;
        std::optional<Hash> there;
        if (entry.head.number == row->head.number) {
            there = row->head.hash;
        } else if (entry.head.number > 0 && entry.head.number < row->head.number) {
            auto stored = stored_header(*parts_.store, *row, entry.head.number);
            if (!stored) {
                remember(stored.error());
                continue;
            }
            there = stored.value().hash;
        }
        switch (compare_heads(row->head, entry.head, there)) {
        case PeerSays::same: own_.confirm(entry.log, peer, keepers_of(*row)); break;
        case PeerSays::behind: break;
        case PeerSays::contradicts: retire(draft, entry.log.id); break;
        }
    }
    // If this fails the log is still retired in this run, and unconfirmed in the next.
    if (!draft.changes.empty()) static_cast<void>(commit(draft));
}

// The other nodes that may hold what follows the head of that log: who has lost the right to may
// still, and bring it when it is given back.
std::vector<NodeId> LogCore::keepers_of(const LogRow& row) const {
    const LogOwner* owner = authority_->owner(row.name.id);
    if (owner == nullptr) return {};
    std::vector<NodeId> out = authority_->keepers(owner->compartment, row.head.epoch);
    std::erase(out, author_.node);
    return out;
}

Result<Losses> LogCore::kept_losses() const {
    SAFAR_TRY(auto stored, setting(losses_key));
    return stored ? decode_losses(*stored).value_or(Losses{}) : Losses{};
}

Result<> LogCore::put_setting(std::string_view key, ByteView value) {
    std::lock_guard lock(writing_);
    SAFAR_TRY(finish_recount());
    Changes changes;
    changes.put_view(Table::meta, setting_key(key), value);
    auto stored = parts_.store->commit(changes);
    if (!stored) remember(stored.error());
    return stored;
}

Result<std::optional<Bytes>> LogCore::setting(std::string_view key) const {
    return parts_.store->get(Table::meta, setting_key(key));
}

// --- what every writing call shares ---

Result<> LogCore::ready_to_write() {
    if (corrupt_)
        return failure(
            ErrorCode::storage_corrupt,
            "the store is damaged and accepts nothing more: run `safar verify --deep`, then "
            "restore the data directory from a copy");
    if (!doubtful_) return success();
    // The last write may or may not have taken place: only the store can tell.
    SAFAR_TRY(auto books, read_books(*parts_.store));
    std::unique_lock publishing(reading_);
    enter_books(std::move(books));
    doubtful_ = false;
    return success();
}

void LogCore::enter_books(Books books) {
    books_ = std::move(books);
    index_.rebuild(books_, *authority_);
}

void LogCore::remember(const Error& error) const {
    if (error.code == ErrorCode::storage_corrupt) corrupt_ = true;
}

LogCore::Draft LogCore::start_draft() const {
    Draft draft;
    draft.last = books_.last;
    draft.last_handle = static_cast<LogHandle>(books_.rows.size());
    return draft;
}

LogRow LogCore::row_of(const Draft& draft, const LogName& name) const {
    if (auto found = draft.rows.find(name); found != draft.rows.end()) return found->second;
    if (const LogRow* row = books_.find(name); row != nullptr) return *row;
    LogRow fresh;
    fresh.name = name;
    return fresh;
}

Position LogCore::stage(Draft& draft, LogRow row, ByteView batch) {
    if (row.handle == 0) {
        auto staged = draft.rows.find(row.name);
        row.handle = staged != draft.rows.end() ? staged->second.handle : ++draft.last_handle;
    }
    ++draft.last;
    draft.changes.put_view(Table::batch, batch_key(row.handle, row.held), batch);
    draft.changes.put(Table::journal, journal_key(draft.last),
                      encode_journal_row({row.handle, row.held}));
    draft.rows[row.name] = row;
    return draft.last;
}

void LogCore::retire(Draft& draft, const LogId& log) {
    own_.retire(log); // at once: whatever becomes of the commit, this run signs nothing more there
    draft.retired.push_back(log);
    draft.changes.erase(Table::meta, own_key(log));
}

Result<> LogCore::commit(Draft& draft) {
    for (const auto& [name, row] : draft.rows)
        draft.changes.put(Table::meta, log_key(row.handle), encode_log_row(row));
    for (const auto& [handle, row] : draft.aside)
        draft.changes.put(Table::meta, log_key(handle), encode_log_row(row));
    for (const auto& [id, incarnation] : draft.born)
        draft.changes.put(Table::meta, own_key(id), copy(incarnation.view()));
    // The witness forgets them with this commit.
    if (!losses_kept_)
        draft.changes.put(Table::meta, setting_key(losses_key), encode_losses(losses_));
    if (auto stored = parts_.store->commit(draft.changes); !stored) {
        remember(stored.error());
        if (stored.error().code != ErrorCode::storage_full) {
            doubtful_ = true;
            own_.doubt_all();
        }
        return stored;
    }
    losses_kept_ = true;
    publish(draft);
    for (const auto& [id, incarnation] : draft.born) own_.born({id, incarnation});
    auto witnessed = planted(Plant::forget_witness)
                         ? success()
                         : parts_.witness->save(own_.witness_state(books_));
    if (!witnessed) {
        // Durable in the store, but nothing would notice its loss: not acknowledged.
        doubtful_ = true;
        own_.doubt_all();
    }
    return witnessed;
}

void LogCore::publish(Draft& draft) {
    // By handle: new rows must enter the books in the order in which they were numbered.
    std::map<LogHandle, const LogRow*> rows;
    for (const auto& [handle, row] : draft.aside) rows[handle] = &row;
    for (const auto& [name, row] : draft.rows) rows[row.handle] = &row;
    std::unique_lock publishing(reading_);
    for (const auto& [handle, row] : rows) {
        books_.put(*row);
        index_.changed(row->name, *authority_);
    }
    books_.last = draft.last;
    for (const LogId& log : draft.retired) books_.own.erase(log);
    for (const auto& [id, incarnation] : draft.born) books_.own[id] = incarnation;
    std::vector<ForkEvidence> gone;
    for (ForkEvidence& evidence : draft.forks)
        static_cast<void>(books_.forks.add(std::move(evidence), gone, authority_.get()));
    for (auto& [key, entry] : draft.quarantined)
        books_.add_quarantined(std::move(key), std::move(entry.what), entry.bytes);
    for (const Bytes& key : draft.released) books_.remove_quarantined(key);
}

} // namespace safar

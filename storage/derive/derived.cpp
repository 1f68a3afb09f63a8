#include "storage/derive/derived.hpp"

#include "storage/derive/derived_state.hpp"
#include "storage/record/text.hpp"

#include <algorithm>
#include <tuple>

namespace safar {

Result<std::unique_ptr<Derived>> Derived::open(Log& log, std::shared_ptr<const Schema> schema,
                                               WordsOf words) {
    auto derived = std::make_unique<DerivedState>(log, std::move(schema), std::move(words));
    SAFAR_TRY(derived->load());
    return std::unique_ptr<Derived>(std::move(derived));
}

DerivedState::DerivedState(Log& log, std::shared_ptr<const Schema> schema, WordsOf words)
    : log_(log), store_(log.derived()), names_(log), source_(log, names_), words_(std::move(words)),
      schema_(std::move(schema)) {
    table_.reset(0);
}

Position DerivedState::position() const {
    std::shared_lock lock(state_);
    return mark_.position;
}

std::uint64_t DerivedState::generation() const {
    std::shared_lock lock(state_);
    return generation_;
}

std::shared_ptr<const Schema> DerivedState::schema() const {
    std::shared_lock lock(state_);
    return schema_;
}

// Takes effect with the next follow(): until then questions are answered from what stands.
void DerivedState::set_schema(std::shared_ptr<const Schema> schema) {
    std::unique_lock lock(state_);
    schema_ = std::move(schema);
}

std::uint64_t DerivedState::records(std::string_view kind) const {
    std::shared_lock lock(state_);
    const Kind* found = schema_->kind(kind);
    auto at = found ? columns_.find(found->tag) : columns_.end();
    return at == columns_.end() ? 0 : at->second.records();
}

std::uint64_t DerivedState::conflict_count() const {
    std::shared_lock lock(state_);
    return conflicts_;
}

std::uint64_t DerivedState::not_understood() const {
    std::shared_lock lock(state_);
    return mark_.not_understood;
}

std::optional<RowPlace> DerivedState::locate(const RecordId& id) const {
    return table_.find(id, [&](const RowPlace& place) {
        const RecordId* held = columns_.at(place.kind).id(place.row);
        return held != nullptr && *held == id;
    });
}

// An entry whose events lie in the index.
Result<std::optional<RecordEntry>> DerivedState::whole(const RecordId& id, RecordEntry entry,
                                                       const std::optional<Bytes>& index) const {
    if (!index)
        return failure(ErrorCode::storage_corrupt,
                       "derived state: record " + show_id(id) +
                           " has lost its index entry: run safar rebuild");
    SAFAR_TRY(auto decoded, decode_entry(*index));
    entry.events = std::move(decoded.places);
    keep_home(names_, id, entry.events);
    return std::optional(std::move(entry));
}

Result<std::optional<RecordEntry>> DerivedState::entry(const RecordId& id) const {
    SAFAR_TRY(auto found, entries({&id, 1}));
    return std::move(found[0]);
}

Result<std::vector<std::optional<RecordEntry>>>
DerivedState::entries(std::span<const RecordId> ids) const {
    std::vector<std::optional<RecordEntry>> out(ids.size());
    std::vector<std::size_t> joined; // of several events
    std::uint64_t generation = 0;
    {
        std::shared_lock lock(state_);
        generation = generation_;
        for (std::size_t i = 0; i < ids.size(); ++i) {
            auto place = locate(ids[i]);
            if (!place) continue;
            out[i] = RecordEntry{place->kind, place->row, {}};
            Origin origin = columns_.at(place->kind).origin(place->row);
            if (origin.at != 0)
                out[i]->events.push_back(place_of(origin));
            else
                joined.push_back(i);
        }
    }
    if (joined.empty()) return out;
    std::vector<Bytes> keys;
    keys.reserve(joined.size());
    for (std::size_t i : joined) keys.push_back(record_key(ids[i]));
    SAFAR_TRY(auto values, store_.get_many(keys));
    // Entries that are gone with everything else are no damage.
    if (generation != this->generation())
        return failure(ErrorCode::busy, "derived state began again meanwhile: ask again");
    for (std::size_t i = 0; i < joined.size(); ++i) {
        SAFAR_TRY(out[joined[i]], whole(ids[joined[i]], *out[joined[i]], values[i]));
    }
    return out;
}

Result<std::vector<HeldEvent>> DerivedState::events(const RecordEntry& entry) const {
    SAFAR_TRY(auto found, source_.read(std::span(&entry.events, 1)));
    if (found[0].empty())
        return failure(ErrorCode::not_found, "none of the record's events is held any more");
    return std::move(found[0]);
}

Result<Folded> DerivedState::record(const RecordId& id) const {
    SAFAR_TRY(auto found, entry(id));
    if (!found) return failure(ErrorCode::not_found, "no record " + show_id(id) + " is held here");
    SAFAR_TRY(auto held, events(*found));
    auto schema = this->schema();
    Folded out = fold(*schema, *log_.authority(), id, held);
    if (schema->kind(out.kind) == nullptr)
        return failure(ErrorCode::not_found, "record " + show_id(id) + " is of kind " +
                                                 std::to_string(out.kind) +
                                                 ", which the schema in force does not know");
    return out;
}

Result<std::vector<RecordId>> DerivedState::mentions(const RecordId& record, std::size_t limit,
                                                     const RecordId& after) const {
    std::vector<RecordId> out;
    if (limit == 0) return out;
    const Bytes prefix = mentions_prefix(record);
    SAFAR_TRY(store_.scan(prefix, mention_key(record.raw, after), [&](ByteView key, ByteView) {
        RecordId by;
        std::ranges::copy(key.subspan(prefix.size()), by.raw.begin());
        if (by != after) out.push_back(by);
        return out.size() < limit;
    }));
    return out;
}

Result<> DerivedState::alike(const Kind& kind, std::string_view word, const Alike& visit) const {
    const Bytes prefix = word_prefix(kind.tag, word);
    return store_.scan(prefix, prefix, [&](ByteView key, ByteView) {
        const ByteView rest = key.subspan(prefix.size());
        RecordId record;
        if (rest.size() != 1 + RecordId::size) return true;
        std::ranges::copy(rest.subspan(1), record.raw.begin());
        return visit(record, std::to_integer<std::size_t>(rest[0]));
    });
}

Result<std::vector<Conflict>> DerivedState::conflicts(std::size_t limit,
                                                      const WantedConflict& wanted) const {
    // The oldest so far, as a heap: the youngest of them is at the front.
    const auto older = [](const Conflict& a, const Conflict& b) {
        return std::tie(a.since.microseconds, a.record, a.field) <
               std::tie(b.since.microseconds, b.record, b.field);
    };
    std::vector<Conflict> out;
    const Bytes prefix{std::byte{'c'}};
    Result<> outcome = success();
    if (limit == 0) return out;
    SAFAR_TRY(store_.scan(prefix, prefix, [&](ByteView key, ByteView value) {
        auto conflict = decode_conflict(key.subspan(1), value);
        if (!conflict) {
            outcome = std::move(conflict).error();
            return false;
        }
        if (wanted && !wanted(conflict.value())) return true;
        if (out.size() == limit) {
            if (!older(conflict.value(), out.front())) return true;
            std::ranges::pop_heap(out, older);
            out.pop_back();
        }
        out.push_back(std::move(conflict).value());
        std::ranges::push_heap(out, older);
        return true;
    }));
    SAFAR_TRY(outcome);
    std::ranges::sort_heap(out, older);
    return out;
}

Result<StatisticsTable> DerivedState::count(const StatisticsQuery& query) const {
    std::shared_lock lock(state_);
    const Kind* kind = schema_->kind(query.kind);
    if (kind == nullptr) {
        std::vector<std::string> names;
        for (const Kind& each : schema_->kinds) names.push_back(each.name);
        return failure(ErrorCode::invalid_argument, "no record kind " + quoted(query.kind) +
                                                        "; the schema has: " + listed(names, 60));
    }
    auto at = columns_.find(kind->tag);
    return at != columns_.end() ? at->second.count(*schema_, query)
                                : Columns(*kind).count(*schema_, query);
}

} // namespace safar

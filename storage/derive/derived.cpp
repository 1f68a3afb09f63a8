#include "storage/derive/derived.hpp"

#include "storage/derive/derived_state.hpp"
#include "storage/record/text.hpp"

#include <algorithm>

namespace safar {

Result<std::unique_ptr<Derived>> Derived::open(Log& log, std::shared_ptr<const Schema> schema) {
    auto derived = std::make_unique<DerivedState>(log, std::move(schema));
    SAFAR_TRY(derived->load());
    return std::unique_ptr<Derived>(std::move(derived));
}

DerivedState::DerivedState(Log& log, std::shared_ptr<const Schema> schema)
    : log_(log), store_(log.derived()), names_(log), source_(log, names_), schema_(std::move(schema)),
      schema_print_(schema_print(*schema_)) {
    known_.reset(0);
}

Position DerivedState::position() const {
    std::shared_lock lock(state_);
    return progress_.position;
}

std::shared_ptr<const Schema> DerivedState::schema() const {
    std::shared_lock lock(state_);
    return schema_;
}

// Takes effect with the next follow(): until then questions are answered from what stands.
void DerivedState::set_schema(std::shared_ptr<const Schema> schema) {
    Hash print = schema_print(*schema);
    std::unique_lock lock(state_);
    schema_ = std::move(schema);
    schema_print_ = print;
}

std::uint64_t DerivedState::records(std::string_view kind) const {
    std::shared_lock lock(state_);
    const Kind* found = schema_->kind(kind);
    auto at = found ? columns_.find(found->tag) : columns_.end();
    return at == columns_.end() ? 0 : at->second.records();
}

std::uint64_t DerivedState::conflict_count() const {
    std::shared_lock lock(state_);
    return progress_.conflicts;
}

std::uint64_t DerivedState::not_understood() const {
    std::shared_lock lock(state_);
    return progress_.not_understood;
}

std::optional<RecordEntry> DerivedState::entry_of(const RecordId& id, IndexEntry index) const {
    keep_home(names_, id, index.places);
    return RecordEntry{index.kind, index.row, std::move(index.places)};
}

Result<std::optional<RecordEntry>> DerivedState::entry(const RecordId& id) const {
    SAFAR_TRY(auto value, store_.get(record_key(id)));
    if (!value) return std::optional<RecordEntry>{};
    SAFAR_TRY(auto index, decode_entry(*value));
    return entry_of(id, std::move(index));
}

Result<std::vector<std::optional<RecordEntry>>>
DerivedState::entries(std::span<const RecordId> ids) const {
    std::vector<Bytes> keys;
    keys.reserve(ids.size());
    for (const RecordId& id : ids) keys.push_back(record_key(id));
    SAFAR_TRY(auto values, store_.get_many(keys));
    std::vector<std::optional<RecordEntry>> out(ids.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (!values[i]) continue;
        SAFAR_TRY(auto index, decode_entry(*values[i]));
        out[i] = entry_of(ids[i], std::move(index));
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
    auto schema = schema_now();
    Folded out = fold(*schema, *log_.authority(), id, held);
    if (schema->kind(out.kind) == nullptr)
        return failure(ErrorCode::not_found, "record " + show_id(id) + " is of kind " +
                                                 std::to_string(out.kind) +
                                                 ", which the schema in force does not know");
    return out;
}

Result<std::vector<Conflict>> DerivedState::conflicts(std::size_t limit) const {
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
        out.push_back(std::move(conflict).value());
        return out.size() < limit;
    }));
    SAFAR_TRY(outcome);
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
    return at != columns_.end() ? at->second.count(*schema_, query) : Columns(*kind).count(*schema_, query);
}

} // namespace safar

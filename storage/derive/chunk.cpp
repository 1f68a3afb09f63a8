#include "storage/derive/chunk.hpp"

#include <algorithm>

namespace safar {
namespace {

bool repeats_a_field(const std::vector<AssertionView>& assertions) {
    bool ascending = true;
    for (std::size_t i = 1; i < assertions.size() && ascending; ++i)
        ascending = assertions[i - 1].field < assertions[i].field;
    if (ascending) return false;
    std::vector<std::uint16_t> fields;
    fields.reserve(assertions.size());
    for (const AssertionView& each : assertions) fields.push_back(each.field);
    std::ranges::sort(fields);
    return std::ranges::adjacent_find(fields) != fields.end();
}

std::optional<Conflict> conflict_in(const Folded& record, const FoldedField& field) {
    if (!field.conflict || field.live.empty()) return std::nullopt;
    Conflict out{record.id, record.kind, field.field, {}, {}};
    bool found = false;
    for (const Said& said : field.live) {
        out.agencies.push_back(said.agency);
        if (said.value == field.live.front().value) continue;
        out.since = found ? std::min(out.since, said.at) : said.at;
        found = true;
    }
    std::ranges::sort(out.agencies);
    out.agencies.erase(std::ranges::unique(out.agencies).begin(), out.agencies.end());
    return out;
}

} // namespace

Result<> Chunk::read(Position after, Position last, std::size_t batches_max) {
    SAFAR_TRY(auto journal, state_.log_.read_journal(after, std::min(batches_max, chunk_batches)));
    std::size_t raw_bytes = 0;
    position_ = after;
    for (const JournalEntry& entry : journal) {
        if (entry.position > last || raw_bytes > chunk_raw_bytes) break;
        SAFAR_TRY(auto opened, open_batch(entry.batch->bytes, LeafCheck::skip));
        raw_bytes += opened.raw.size();
        events_ += opened.events.size();
        auto shared = std::make_shared<const OpenBatch>(std::move(opened));
        batches_.push_back({entry.log, entry.number, std::move(shared)});
        position_ = entry.position;
    }
    touches_.reserve(events_);
    for (std::size_t i = 0; i < batches_.size(); ++i) touch(batches_[i], static_cast<std::uint16_t>(i));
    std::ranges::sort(no_effects_, {}, &KeyValue::Write::key);
    group();
    return success();
}

void Chunk::no_effect(const EventPlace& place, NoEffect why) {
    ++not_understood_;
    no_effects_.push_back({no_effect_key(place), Bytes{static_cast<std::byte>(why)}});
}

void Chunk::touch(const Source& source, std::uint16_t batch) {
    const auto& events = source.batch->events;
    for (std::size_t i = 0; i < events.size(); ++i) {
        const EventView& view = events[i];
        auto index = static_cast<std::uint8_t>(i);
        EventPlace at{source.log, source.number, index};
        if (view.form == EventForm::erased) {
            no_effect(at, NoEffect::absent);
        } else if (!read_body(view.clear, body_)) {
            no_effect(at, NoEffect::body);
        } else if (!view.dots.empty() && !decode_dots(view.dots)) {
            no_effect(at, NoEffect::dots);
        } else {
            bool known = schema_->kind(body_.kind) != nullptr;
            if (!known) no_effect(at, NoEffect::kind);
            touches_.push_back({body_.record, known ? body_.kind : std::uint16_t{0}, batch, index,
                                repeats_a_field(body_.assertions), 0});
        }
    }
}

void Chunk::group() {
    order_.resize(touches_.size());
    for (std::uint32_t i = 0; i < order_.size(); ++i) order_[i] = i;
    auto by_record = [&](std::uint32_t a, std::uint32_t b) {
        auto order = std::memcmp(touches_[a].id.raw.data(), touches_[b].id.raw.data(), RecordId::size);
        return order != 0 ? order < 0 : a < b;
    };
    if (!std::ranges::is_sorted(order_, by_record)) std::ranges::sort(order_, by_record);
    groups_.reserve(order_.size());
    for (std::uint32_t i = 0; i < order_.size(); ++i) {
        Touch& touch = touches_[order_[i]];
        if (groups_.empty() || id(groups_.back()) != touch.id) {
            groups_.emplace_back();
            groups_.back().first = i;
            groups_.back().kind = touch.kind;
        }
        Group& group = groups_.back();
        ++group.count;
        group.folds = group.count > 1 || touch.repeats;
        touch.group = static_cast<std::uint32_t>(groups_.size() - 1);
    }
}

// Asks the index for the records that may be in it.
Result<> Chunk::look_up(bool everything) {
    std::vector<Bytes> keys;
    std::vector<Group*> asked;
    for (Group& group : groups_) {
        if (!everything && !state_.known_.perhaps(id(group))) continue;
        keys.push_back(record_key(id(group)));
        asked.push_back(&group);
    }
    if (keys.empty()) return success();
    SAFAR_TRY(auto values, state_.store_.get_many(keys));
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (!values[i]) continue;
        SAFAR_TRY(auto entry, decode_entry(*values[i]));
        asked[i]->known = std::make_unique<IndexEntry>(std::move(entry));
        asked[i]->folds = true;
    }
    return success();
}

// The row of a folded record; a record whose kind changed leaves its old one.
void Chunk::place_row(Group& group, std::uint16_t kind) {
    group.kind = kind;
    if (group.known && group.known->kind == kind) {
        group.row = group.known->row;
        return;
    }
    if (group.known) state_.columns(group.known->kind).clear(group.known->row);
    group.row = state_.columns(kind).rows();
}

void Chunk::write_conflicts(Group& group, const Folded& folded) {
    std::vector<KeyValue::Write> writes;
    for (const FoldedField& field : folded.fields) {
        auto conflict = conflict_in(folded, field);
        if (!conflict) continue;
        group.conflicts.push_back(field.field);
        writes.push_back({conflict_key(folded.id, field.field), encode_conflict(*conflict)});
    }
    conflicts_more_ += static_cast<std::int64_t>(group.conflicts.size());
    if (group.known) {
        conflicts_more_ -= static_cast<std::int64_t>(group.known->conflicts.size());
        for (std::uint16_t field : group.known->conflicts)
            if (!std::ranges::binary_search(group.conflicts, field))
                writes.push_back({conflict_key(folded.id, field), std::nullopt});
        std::ranges::sort(writes, {}, &KeyValue::Write::key);
    }
    std::ranges::move(writes, std::back_inserter(conflicts_));
}

// Folds a few thousand records at a time outside the lock, then sets their rows under it. With `write`
// the new events join their places and rows are given; without it everything is in the index already.
Result<> Chunk::fold_groups(bool write) {
    std::vector<Group*> some;
    std::size_t events = 0;
    for (Group& group : groups_) {
        if (!group.folds) continue;
        if (!group.known) events += group.count;
        else events += group.known->places.size() + group.count;
        some.push_back(&group);
        if (some.size() < fold_records && events < 4 * fold_records) continue;
        SAFAR_TRY(fold_some(some, write));
        some.clear();
        events = 0;
    }
    return some.empty() ? Result<>(success()) : fold_some(some, write);
}

Result<> Chunk::fold_some(std::span<Group* const> groups, bool write) {
    std::vector<std::vector<EventPlace>> places;
    for (Group* group : groups) {
        std::vector<EventPlace> all;
        if (group->known) all = group->known->places;
        for (std::uint32_t i = 0; write && i < group->count; ++i)
            all.push_back(place(touches_[order_[group->first + i]]));
        keep_home(state_.names_, id(*group), all);
        places.push_back(std::move(all));
    }
    SAFAR_TRY(auto events, state_.source_.read(places));
    std::vector<Folded> folded;
    folded.reserve(groups.size());
    auto authority = state_.log_.authority();
    for (std::size_t i = 0; i < groups.size(); ++i)
        folded.push_back(fold(*schema_, *authority, id(*groups[i]), events[i]));

    std::unique_lock lock(state_.state_);
    for (std::size_t i = 0; i < groups.size(); ++i) {
        Group& group = *groups[i];
        if (write) {
            bool known = schema_->kind(folded[i].kind) != nullptr;
            place_row(group, known ? folded[i].kind : std::uint16_t{0});
            write_conflicts(group, folded[i]);
        }
        state_.columns(group.kind).set(group.row, folded[i]);
    }
    return success();
}

// Rows of new records in order of arrival, so that records of one batch stay neighbours.
void Chunk::number_rows() {
    std::map<std::uint16_t, Row> next;
    for (const Touch& touch : touches_) {
        Group& group = groups_[touch.group];
        if (group.folds) continue;
        auto [at, fresh] = next.try_emplace(group.kind, 0);
        if (fresh) at->second = state_.columns(group.kind).rows();
        group.row = at->second++;
    }
}

Progress Chunk::progress_after() const {
    Progress out = state_.progress_;
    out.position = position_;
    out.conflicts = static_cast<std::uint64_t>(static_cast<std::int64_t>(out.conflicts) + conflicts_more_);
    out.not_understood += not_understood_;
    bool grown = false;
    for (const Source& source : batches_) {
        auto at = std::ranges::lower_bound(out.taken, source.log, {}, &Progress::Taken::log);
        if (at == out.taken.end() || at->log != source.log) {
            at = out.taken.insert(at, {source.log, 0});
            grown = true;
        }
        at->number = std::max(at->number, source.number);
    }
    if (grown) out.stamp = state_.stamp_of(*state_.authority_, out);
    return out;
}

Result<> Chunk::write_index() {
    std::vector<KeyValue::Write> writes = std::move(conflicts_);
    writes.reserve(writes.size() + groups_.size() + no_effects_.size() + 1);
    writes.push_back({progress_key(), encode_progress(progress_after())});
    for (Group& group : groups_) {
        if (!group.folds) {
            EventPlace only = place(touches_[order_[group.first]]);
            writes.push_back({record_key(id(group)), encode_entry(group.kind, group.row, {}, {&only, 1})});
            continue;
        }
        std::vector<EventPlace> places;
        if (group.known) places = std::move(group.known->places);
        for (std::uint32_t i = 0; i < group.count; ++i)
            places.push_back(place(touches_[order_[group.first + i]]));
        writes.push_back({record_key(id(group)), encode_entry(group.kind, group.row, group.conflicts, places)});
    }
    std::ranges::move(no_effects_, std::back_inserter(writes));
    return state_.store_.write(writes);
}

void Chunk::set_rows() {
    for (const Touch& touch : touches_) {
        const Group& group = groups_[touch.group];
        if (group.folds) continue;
        // It was read once already, so it reads again.
        SAFAR_ASSERT(read_body(batches_[touch.batch].batch->events[touch.index].clear, body_));
        SAFAR_ASSERT(state_.columns(group.kind).set_single(group.row, touch.id, body_));
    }
}

Result<> Chunk::apply() {
    SAFAR_TRY(look_up(/*everything=*/false));
    if (std::ranges::any_of(groups_, &Group::folds))
        for (const Source& each : batches_) state_.source_.offer(each.log, each.number, each.batch);
    SAFAR_TRY(fold_groups(/*write=*/true));
    {
        std::unique_lock lock(state_.state_);
        number_rows();
    }
    Progress after = progress_after();
    SAFAR_TRY(write_index());
    std::unique_lock lock(state_.state_);
    set_rows();
    state_.progress_ = std::move(after);
    lock.unlock();
    for (const Group& group : groups_)
        if (!group.known) state_.remember(id(group));
    return success();
}

Result<> Chunk::heal(std::vector<RecordId>& ids, std::vector<RecordEntry>& entries) {
    SAFAR_TRY(look_up(/*everything=*/true));
    for (Group& group : groups_) {
        if (!group.known)
            return failure(ErrorCode::storage_corrupt, "derived state: a record is not in the index");
        group.kind = group.known->kind;
        group.row = group.known->row;
        group.folds = group.known->places.size() > 1 || touches_[order_[group.first]].repeats;
        ids.push_back(id(group));
        entries.push_back({group.kind, group.row, {}});
    }
    SAFAR_TRY(fold_groups(/*write=*/false));
    std::unique_lock lock(state_.state_);
    set_rows();
    return success();
}

} // namespace safar

#include "storage/derive/chunk.hpp"

#include <algorithm>
#include <utility>

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

Result<> Chunk::read(Position after, std::size_t batches_max) {
    SAFAR_TRY(auto journal, state_.log_.read_journal(after, std::min(batches_max, chunk_batches)));
    std::size_t raw_bytes = 0;
    after_ = position_ = after;
    for (const JournalEntry& entry : journal) {
        if (raw_bytes > chunk_raw_bytes) break;
        if (!entry.counts) {
            passed_.push_back({entry.log, entry.number});
            position_ = entry.position;
            continue;
        }
        SAFAR_TRY(auto opened, open_batch(entry.batch->bytes, LeafCheck::skip));
        raw_bytes += opened.raw.size();
        events_ += opened.events.size();
        auto shared = std::make_shared<const OpenBatch>(std::move(opened));
        batches_.push_back({entry.log, entry.number, std::move(shared)});
        position_ = entry.position;
    }
    touches_.reserve(events_);
    for (std::size_t i = 0; i < batches_.size(); ++i)
        touch(batches_[i], static_cast<std::uint16_t>(i));
    std::ranges::sort(no_effects_, {}, &KeyValue::Write::key);
    for (auto* keys : {&mentions_, &words_}) {
        std::ranges::sort(*keys, {}, &KeyValue::Write::key);
        auto [same, end] = std::ranges::unique(*keys, {}, &KeyValue::Write::key);
        keys->erase(same, end);
    }
    group();
    return success();
}

void Chunk::no_effect(const EventPlace& place, NoEffect why) {
    ++not_understood_;
    no_effects_.push_back({no_effect_key(place), Bytes{static_cast<std::byte>(why)}});
}

void Chunk::note_mentions() {
    for (const AssertionView& each : body_.assertions)
        if (!each.record.empty())
            mentions_.push_back({mention_key(each.record, body_.record), Bytes{}});
}

void Chunk::note_words(const Kind& kind) {
    for (const AssertionView& each : body_.assertions) {
        const auto type = static_cast<FieldType>(each.type);
        if (type != FieldType::text && type != FieldType::date) continue;
        const Field* field = kind.field(each.field);
        if (field == nullptr || field->type != type ||
            std::ranges::count(kind.casework.similar, field->name) == 0)
            continue;
        const std::string day =
            type == FieldType::text
                ? std::string()
                : show_value(Date{static_cast<std::int32_t>(each.number), each.precision});
        const auto words =
            state_.words_(*field, type == FieldType::text ? each.text : std::string_view(day));
        for (const std::string& word : words)
            words_.push_back({word_key(kind.tag, word, words.size(), body_.record), Bytes{}});
    }
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
        } else if (!state_.authority_->may_say(source.batch->header, body_.kind)) {
            no_effect(at, NoEffect::said);
        } else {
            const Kind* kind = schema_->kind(body_.kind);
            if (kind == nullptr)
                no_effect(at, NoEffect::kind);
            else
                note_mentions();
            if (kind != nullptr && !kind->casework.similar.empty() && state_.words_)
                note_words(*kind);
            touches_.push_back({body_.record, kind ? body_.kind : std::uint16_t{0}, batch, index,
                                repeats_a_field(body_.assertions), 0});
        }
    }
}

void Chunk::group() {
    order_.resize(touches_.size());
    for (std::uint32_t i = 0; i < order_.size(); ++i) order_[i] = i;
    auto by_record = [&](std::uint32_t a, std::uint32_t b) {
        auto order =
            std::memcmp(touches_[a].id.raw.data(), touches_[b].id.raw.data(), RecordId::size);
        return order != 0 ? order < 0 : a < b;
    };
    if (!std::ranges::is_sorted(order_, by_record)) std::ranges::sort(order_, by_record);
    groups_.reserve(order_.size());
    for (std::uint32_t i = 0; i < order_.size(); ++i) {
        Touch& touch = touches_[order_[i]];
        if (groups_.empty() || id(groups_.back()) != touch.id) {
            groups_.emplace_back();
            groups_.back().first = i;
        }
        Group& group = groups_.back();
        ++group.count;
        group.folds = group.count > 1 || touch.repeats;
        touch.group = static_cast<std::uint32_t>(groups_.size() - 1);
    }
}

// Finds out which records are known, and asks the index for those of several events.
Result<> Chunk::look_up() {
    std::vector<Bytes> keys;
    std::vector<Group*> asked;
    const bool recovering = after_ < state_.recover_until_;
    for (Group& group : groups_) {
        group.before = state_.locate(id(group));
        Origin origin;
        if (group.before) origin = state_.columns_.at(group.before->kind).origin(group.before->row);
        group.folds = group.folds || group.before.has_value();
        if (origin.at != 0) {
            group.entry = std::make_unique<IndexEntry>();
            group.entry->places.push_back(place_of(origin));
        }
        if ((group.before && origin.at == 0) || recovering) {
            keys.push_back(record_key(id(group)));
            asked.push_back(&group);
        }
    }
    if (keys.empty()) return success();
    SAFAR_TRY(auto values, state_.store_.get_many(keys));
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (values[i]) {
            SAFAR_TRY(auto entry, decode_entry(*values[i]));
            asked[i]->entry = std::make_unique<IndexEntry>(std::move(entry));
            asked[i]->folds = true;
        } else if (asked[i]->before && !asked[i]->entry) {
            return failure(ErrorCode::storage_corrupt,
                           "derived state: record " + show_id(id(*asked[i])) +
                               " has lost its index entry; it is derived again");
        }
    }
    return success();
}

// Adds the chunk's events to a record's entry. After a crash some may be in it already.
void Chunk::join(Group& group) {
    if (!group.entry) group.entry = std::make_unique<IndexEntry>();
    std::vector<EventPlace>& places = group.entry->places;
    std::vector<EventPlace> before = places;
    std::ranges::sort(before);
    for (std::uint32_t i = 0; i < group.count; ++i) {
        EventPlace at = place(touches_[order_[group.first + i]]);
        if (!std::ranges::binary_search(before, at)) places.push_back(at);
    }
    group.conflicts = std::exchange(group.entry->conflicts, {});
}

void Chunk::write_conflicts(Group& group, const Folded& folded) {
    std::vector<std::uint16_t>& now = group.entry->conflicts;
    for (const FoldedField& field : folded.fields) {
        auto conflict = conflict_in(folded, field);
        if (!conflict) continue;
        now.push_back(field.field);
        conflicts_.push_back({conflict_key(folded.id, field.field), encode_conflict(*conflict)});
    }
    for (std::uint16_t field : group.conflicts)
        if (!std::ranges::binary_search(now, field))
            conflicts_.push_back({conflict_key(folded.id, field), std::nullopt});
    conflicts_more_ +=
        static_cast<std::int64_t>(now.size()) - static_cast<std::int64_t>(group.conflicts.size());
}

// Folds a few thousand records at a time, so that memory stays bounded, and in the order of their
// first events: neighbours there share the batches that must be opened.
Result<> Chunk::fold_groups() {
    std::vector<Group*> all;
    for (Group& group : groups_) {
        if (!group.folds) continue;
        join(group);
        all.push_back(&group);
    }
    std::ranges::sort(all, {}, [](const Group* group) { return group->entry->places.front(); });
    std::size_t events = 0, from = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
        events += all[i]->entry->places.size();
        if (i + 1 < all.size() && i + 1 - from < fold_records && events < 4 * fold_records)
            continue;
        SAFAR_TRY(fold_some(std::span(all).subspan(from, i + 1 - from)));
        from = i + 1;
        events = 0;
    }
    std::ranges::sort(conflicts_, {}, &KeyValue::Write::key);
    return success();
}

// Folds outside the lock, then sets the rows under it. A record whose kind changed gets a row there
// and keeps its old one until settle(), as readers find it by that.
Result<> Chunk::fold_some(std::span<Group* const> groups) {
    std::vector<std::vector<EventPlace>> places;
    for (Group* group : groups) {
        places.push_back(group->entry->places);
        keep_home(state_.names_, id(*group), places.back());
    }
    SAFAR_TRY(auto events, state_.source_.read(places));
    std::vector<Folded> folded;
    folded.reserve(groups.size());
    auto authority = state_.authority_;
    for (std::size_t i = 0; i < groups.size(); ++i) {
        folded.push_back(fold(*schema_, *authority, id(*groups[i]), events[i]));
        write_conflicts(*groups[i], folded[i]);
    }
    changed_ = true;
    std::unique_lock lock(state_.state_);
    for (std::size_t i = 0; i < groups.size(); ++i) {
        Group& group = *groups[i];
        group.after.kind = schema_->kind(folded[i].kind) ? folded[i].kind : std::uint16_t{0};
        Columns& columns = state_.columns(group.after.kind);
        bool stays = group.before && group.before->kind == group.after.kind;
        group.after.row = stays ? group.before->row : columns.rows();
        columns.set(group.after.row, folded[i]);
    }
    return success();
}

Mark Chunk::mark_after() const {
    Mark out = state_.mark_;
    out.position = position_;
    out.not_understood += not_understood_;
    for (const Mark::Taken& passed : passed_) {
        auto at = std::ranges::lower_bound(out.passed, passed.log, {}, &Mark::Taken::log);
        if (at == out.passed.end() || at->log != passed.log)
            out.passed.insert(at, passed);
        else
            at->number = std::min(at->number, passed.number);
    }
    bool grown = false;
    for (const Source& source : batches_) {
        auto at = std::ranges::lower_bound(out.taken, source.log, {}, &Mark::Taken::log);
        if (at == out.taken.end() || at->log != source.log) {
            at = out.taken.insert(at, {source.log, 0});
            grown = true;
        }
        at->number = std::max(at->number, source.number);
    }
    if (grown) out.stamp = state_.stamp_of(out);
    return out;
}

Result<> Chunk::write_index() {
    std::vector<KeyValue::Write> writes = std::move(conflicts_);
    std::ranges::move(mentions_, std::back_inserter(writes));
    Ahead ahead{
        std::max(position_, state_.recover_until_),
        static_cast<std::uint64_t>(static_cast<std::int64_t>(state_.conflicts_) + conflicts_more_)};
    writes.push_back({ahead_key(), encode_ahead(ahead)});
    for (const Group& group : groups_)
        if (group.folds) writes.push_back({record_key(id(group)), encode_entry(*group.entry)});
    std::ranges::move(words_, std::back_inserter(writes));
    std::ranges::move(no_effects_, std::back_inserter(writes));
    return writes.size() == 1 ? Result<>(success()) : state_.write(writes);
}

// Lets readers see the chunk: rows of records of one event in order of arrival, so that neighbours
// in a batch stay neighbours, then what was folded.
void Chunk::settle() {
    for (const Touch& touch : touches_) {
        Group& group = groups_[touch.group];
        if (group.folds) continue;
        Columns& columns = state_.columns(touch.kind);
        group.after = {touch.kind, columns.rows()};
        // It was read once already, so it reads again.
        SAFAR_ASSERT(read_body(batches_[touch.batch].batch->events[touch.index].clear, body_));
        SAFAR_ASSERT(columns.set_single(group.after.row, touch.id, body_));
        columns.set_origin(group.after.row, origin_of(place(touch)));
        state_.table_.add(touch.id, group.after);
    }
    for (const Group& group : groups_) {
        if (!group.folds) continue;
        state_.columns(group.after.kind).set_origin(group.after.row, {});
        if (!group.before) {
            state_.table_.add(id(group), group.after);
        } else if (group.before->kind != group.after.kind) {
            state_.table_.move(id(group), *group.before, group.after);
            state_.columns(group.before->kind).clear(group.before->row);
        }
    }
}

Result<> Chunk::apply() {
    if (auto found = look_up(); !found) {
        state_.damaged_ = found.error().code == ErrorCode::storage_corrupt;
        return found;
    }
    if (std::ranges::any_of(groups_, &Group::folds))
        for (const Source& each : batches_) state_.source_.offer(each.log, each.number, each.batch);
    SAFAR_TRY(fold_groups());
    changed_ = true;
    SAFAR_TRY(write_index());
    Mark after = mark_after();
    state_.make_room(groups_.size());
    std::unique_lock lock(state_.state_);
    settle();
    state_.mark_ = std::move(after);
    state_.conflicts_ =
        static_cast<std::uint64_t>(static_cast<std::int64_t>(state_.conflicts_) + conflicts_more_);
    return success();
}

} // namespace safar

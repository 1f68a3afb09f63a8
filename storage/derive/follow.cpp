// Keeping up with the journal: loading, following, persisting, and starting again.
#include "storage/crypto/sha256.hpp"
#include "storage/derive/chunk.hpp"

#include <algorithm>

namespace safar {
namespace {

// Changes when derived state is laid out or derived differently: what older code left is thrown
// away.
constexpr std::uint32_t derivation_version = 5;

void add_text(ByteWriter& out, std::string_view text) { out.sized(as_bytes(text)); }

void add_field(ByteWriter& out, const Field& field) {
    out.integer(field.tag);
    add_text(out, field.name);
    for (int part : {static_cast<int>(field.type), static_cast<int>(field.rule),
                     static_cast<int>(field.sensitivity), static_cast<int>(field.role)})
        out.integer(part);
    out.integer(static_cast<std::uint32_t>(field.strictness.size()));
    for (const std::string& code : field.strictness) add_text(out, code);
    add_text(out, field.lattice.initial);
    out.integer(static_cast<std::uint32_t>(field.lattice.steps.size()));
    for (const auto& step : field.lattice.steps) {
        add_text(out, step.from);
        add_text(out, step.to);
    }
    out.integer(static_cast<std::uint32_t>(field.lattice.order.size()));
    for (const std::string& state : field.lattice.order) add_text(out, state);
    out.integer(static_cast<std::uint32_t>(field.prefer.size()));
    for (const std::string& verb : field.prefer) add_text(out, verb);
}

} // namespace

Hash schema_print(const Schema& schema) {
    Bytes bytes;
    ByteWriter out(bytes);
    out.integer(derivation_version);
    for (const Kind& kind : schema.kinds) {
        out.integer(kind.tag);
        add_text(out, kind.name);
        add_text(out, kind.time_field);
        out.integer(static_cast<std::uint32_t>(kind.fields.size()));
        for (const Field& field : kind.fields) add_field(out, field);
        out.integer(static_cast<std::uint32_t>(kind.casework.similar.size()));
        for (const std::string& field : kind.casework.similar) add_text(out, field);
    }
    return tagged_hash("derived-schema", {bytes});
}

// Schema, and owner and rank of every log taken: all of the charter that a fold may depend on.
Hash DerivedState::stamp_of(const Mark& mark) const {
    Bytes bytes;
    ByteWriter out(bytes);
    for (const auto& taken : mark.taken) {
        out.integer(taken.log);
        std::optional<LogName> name = log_.name_of(taken.log);
        const LogOwner* owner = name ? authority_->owner(name->id) : nullptr;
        add_text(out, owner ? owner->agency : "");
        add_text(out, owner ? owner->compartment : "");
        out.integer(owner ? authority_->rank(owner->agency) : 0);
        if (const Hash said = name ? authority_->said_under(name->id) : Hash{}; !said.is_zero())
            out.bytes(said.view());
    }
    return tagged_hash("derived-stamp", {pinned_print_.view(), bytes});
}

// From here on everything is derived under what is in force now.
void DerivedState::pin_rules() {
    authority_ = log_.authority();
    std::shared_ptr<const Schema> now = schema();
    if (now == pinned_schema_) return;
    pinned_print_ = schema_print(*now);
    pinned_schema_ = std::move(now);
}

Columns& DerivedState::columns(std::uint16_t kind) {
    if (auto at = columns_.find(kind); at != columns_.end()) return at->second;
    return columns_.emplace(kind, Columns(pinned_kind(kind))).first->second;
}

Kind DerivedState::pinned_kind(std::uint16_t kind) const {
    const Kind* known = pinned_schema_->kind(kind);
    return known != nullptr ? *known : Kind{};
}

Result<> DerivedState::reset() {
    // Clearing needs the room that flushing does: without it readers keep what they have.
    if (!columns_.empty())
        if (auto room = store_.flush(); !room && room.error().code == ErrorCode::storage_full)
            return room;
    source_.forget();
    pin_rules();
    Mark fresh;
    fresh.stamp = stamp_of(fresh);
    {
        // Before anything is gone, so that whoever reads meanwhile can tell.
        std::unique_lock lock(state_);
        columns_.clear();
        table_.reset(0);
        mark_ = std::move(fresh);
        conflicts_ = 0;
        ++generation_;
    }
    recover_until_ = 0;
    careful_until_ = 0;
    events_since_checkpoint_ = 0;
    persisted_ = 0;
    damaged_ = true; // until the store is as empty
    SAFAR_TRY(store_.clear());
    damaged_ = false;
    loaded_ = true;
    return success();
}

Result<> DerivedState::load() {
    pin_rules();
    auto loaded = load_persisted();
    // A disk that refuses may serve later; what is damaged is derived again.
    if (!loaded && loaded.error().code == ErrorCode::storage_failed)
        return std::move(loaded).error();
    if (!loaded || !loaded.value() || !still_true()) return reset();
    events_since_checkpoint_ = 0;
    damaged_ = false;
    loaded_ = true;
    return success();
}

// False: there is nothing that could be gone on from.
Result<bool> DerivedState::load_persisted() {
    SAFAR_TRY(auto marked, store_.get(mark_key()));
    SAFAR_TRY(auto written, store_.get(ahead_key()));
    if (!marked) return false; // nothing was ever persisted: whatever lies there has no columns
    SAFAR_TRY(auto mark, decode_mark(*marked));
    SAFAR_TRY(auto ahead, written ? decode_ahead(*written) : Result<Ahead>(Ahead{}));
    if (mark.stamp != stamp_of(mark)) return false;
    // All of it or nothing: a disk that breaks off leaves readers what they had.
    SAFAR_TRY(auto loaded, load_columns(mark));
    std::unique_lock lock(state_);
    columns_ = std::move(loaded);
    mark_ = std::move(mark);
    conflicts_ = ahead.conflicts;
    ++generation_;
    fill_table(table_, 0);
    recover_until_ = ahead.position;
    persisted_ = mark_.position;
    return true;
}

Result<std::map<std::uint16_t, Columns>> DerivedState::load_columns(const Mark& mark) const {
    std::map<std::uint16_t, Columns> out;
    for (const auto& each : mark.rows) {
        auto& columns = out.emplace(each.kind, Columns(pinned_kind(each.kind))).first->second;
        SAFAR_TRY(columns.load(store_, columns_prefix(each.kind), each.rows));
    }
    return out;
}

// All records of the columns, and room for so many more.
void DerivedState::fill_table(RecordTable& table, std::size_t room) const {
    std::size_t records = 0;
    for (const auto& [kind, columns] : columns_) records += columns.records();
    table.reset(records + room);
    for (const auto& [kind, columns] : columns_)
        for (Row row = 0; row < columns.rows(); ++row)
            if (const RecordId* id = columns.id(row)) table.add(*id, {kind, row});
}

void DerivedState::make_room(std::size_t records) {
    if (table_.has_room(records)) return;
    RecordTable larger;
    fill_table(larger, records); // readers go on with the old one
    std::unique_lock lock(state_);
    table_ = std::move(larger);
}

// Does everything that was taken still count, and nothing that was passed over?
bool DerivedState::still_true() {
    if (mark_.position > log_.last_position()) return false;
    for (const auto& taken : mark_.taken)
        if (log_.effective(taken.log) < taken.number) return false;
    for (const auto& passed :
         mark_.passed) // has an effect now: an epoch admitted it, or its bodies came
        if (log_.effective(passed.log) >= passed.number) return false;
    return true;
}

Result<> DerivedState::prepare() {
    if (damaged_) return reset();
    if (!loaded_) {
        SAFAR_TRY(load());
    }
    pin_rules();
    if (mark_.stamp != stamp_of(mark_) || !still_true()) return reset();
    return success();
}

Result<std::size_t> DerivedState::follow(std::size_t batches_max) {
    std::lock_guard work(work_);
    SAFAR_TRY(prepare());
    std::size_t taken = 0;
    while (taken < batches_max) {
        SAFAR_TRY(auto some, follow_chunk(batches_max - taken));
        if (some == 0) break;
        taken += some;
        if (events_since_checkpoint_ >= checkpoint_events) {
            SAFAR_TRY(persist());
        }
    }
    return taken;
}

Result<std::size_t> DerivedState::follow_chunk(std::size_t batches_max) {
    Chunk chunk(*this, pinned_schema_);
    const bool careful = mark_.position < careful_until_;
    auto done = chunk.read(mark_.position, careful ? 1 : batches_max);
    if (done && chunk.positions() > 0) done = chunk.apply();
    if (!done) {
        if (chunk.changed()) loaded_ = false; // rows may be ahead of the index: load both again
        careful_until_ = mark_.position + chunk_batches;
        return std::move(done).error();
    }
    events_since_checkpoint_ += chunk.events();
    return chunk.positions();
}

Result<> DerivedState::checkpoint() {
    std::lock_guard work(work_);
    if (damaged_ || !loaded_) return success(); // the next follow() loads or begins again
    return persist();
}

// What a write is told of damage it can not mend: all is derived again.
Result<> DerivedState::write(std::span<const KeyValue::Write> writes) {
    auto written = store_.write(writes);
    if (!written && written.error().code == ErrorCode::storage_corrupt) damaged_ = true;
    return written;
}

// Segments, then the mark: whatever part of it a crash leaves, the mark before it stays true.
Result<> DerivedState::persist() {
    if (persisted_ == mark_.position) return success();
    Mark mark = mark_;
    mark.rows.clear();
    for (auto& [kind, columns] : columns_) {
        mark.rows.push_back({kind, columns.rows()});
        for (;;) {
            // Takes under no lock: only the holder of work_ changes columns.
            auto writes = columns.take_dirty(columns_prefix(kind), checkpoint_write_bytes);
            if (writes.empty()) break;
            if (auto written = write(writes); !written) {
                loaded_ = false; // what was taken counts as written: load what is
                return written;
            }
        }
    }
    const KeyValue::Write last{mark_key(), encode_mark(mark)};
    SAFAR_TRY(write({&last, 1}));
    SAFAR_TRY(store_.flush());
    persisted_ = mark_.position;
    events_since_checkpoint_ = 0;
    return success();
}

Result<> DerivedState::rebuild(const std::function<void(Position, Position)>& progress) {
    {
        std::lock_guard work(work_);
        SAFAR_TRY(reset());
    }
    for (;;) {
        SAFAR_TRY(auto taken, follow(chunk_batches));
        if (progress) progress(position(), log_.last_position());
        if (taken == 0) break;
    }
    return checkpoint();
}

} // namespace safar

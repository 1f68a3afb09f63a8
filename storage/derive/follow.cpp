// Keeping up with the journal: loading, following, persisting, and starting again.
#include "storage/crypto/sha256.hpp"
#include "storage/derive/chunk.hpp"

#include <algorithm>

namespace safar {
namespace {

// Changes when derived state is laid out or derived differently: what older code left is thrown away.
constexpr std::uint32_t derivation_version = 1;

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
    }
    return tagged_hash("derived-schema", {bytes});
}

// Schema, and owner and rank of every log taken: all of the charter that a fold may depend on.
Hash DerivedState::stamp_of(const Authority& authority, const Progress& progress) const {
    Bytes bytes;
    ByteWriter out(bytes);
    for (const auto& taken : progress.taken) {
        out.integer(taken.log);
        std::optional<LogName> name = log_.name_of(taken.log);
        const LogOwner* owner = name ? authority.owner(name->id) : nullptr;
        add_text(out, owner ? owner->agency : "");
        add_text(out, owner ? owner->compartment : "");
        out.integer(owner ? authority.rank(owner->agency) : 0);
    }
    Hash print;
    {
        std::shared_lock lock(state_);
        print = schema_print_;
    }
    return tagged_hash("derived-stamp", {print.view(), bytes});
}

Columns& DerivedState::columns(std::uint16_t kind) {
    if (auto at = columns_.find(kind); at != columns_.end()) return at->second;
    const Kind* known = schema_->kind(kind);
    return columns_.emplace(kind, Columns(known ? *known : Kind{})).first->second;
}

Result<> DerivedState::reset() {
    SAFAR_TRY(store_.clear());
    source_.forget();
    std::unique_lock lock(state_);
    columns_.clear();
    progress_ = {};
    mark_ = {};
    ++generation_;
    lock.unlock();
    authority_ = log_.authority();
    progress_.stamp = stamp_of(*authority_, progress_);
    known_.reset(0);
    events_since_checkpoint_ = 0;
    loaded_ = true;
    flushed_ = false;
    return success();
}

Result<> DerivedState::load() {
    loaded_ = false;
    {
        std::unique_lock lock(state_);
        columns_.clear();
        progress_ = {};
        mark_ = {};
        ++generation_;
    }
    authority_ = log_.authority();
    SAFAR_TRY(auto value, store_.get(progress_key()));
    if (!value) return reset();
    auto progress = decode_progress(*value);
    if (!progress || progress.value().stamp != stamp_of(*authority_, progress.value())) return reset();
    progress_ = std::move(progress).value();
    if (!still_true()) return reset();
    auto outcome = load_columns();
    if (outcome) outcome = heal();
    if (!outcome) {
        if (outcome.error().code == ErrorCode::storage_failed) return outcome;
        return reset();
    }
    fill_filter();
    loaded_ = true;
    return success();
}

Result<> DerivedState::load_columns() {
    SAFAR_TRY(auto value, store_.get(mark_key()));
    if (!value) return success(); // never persisted: heal() sets every row
    SAFAR_TRY(auto mark, decode_mark(*value));
    if (mark.position > progress_.position)
        return failure(ErrorCode::storage_corrupt, "columns are ahead of the index");
    auto schema = schema_now();
    std::vector<std::uint16_t> kinds{0};
    for (const Kind& kind : schema->kinds) kinds.push_back(kind.tag);
    std::unique_lock lock(state_);
    for (std::uint16_t kind : kinds) {
        SAFAR_TRY(columns(kind).load(store_, columns_prefix(kind)));
    }
    mark_ = mark;
    return success();
}

// A crash may lose columns, or parts of them, that were written after the index. Every row that differs
// belongs to a record with an event after the columns' position: these are set again.
Result<> DerivedState::heal() {
    auto schema = schema_now();
    std::vector<RecordId> ids;
    std::vector<RecordEntry> entries;
    for (Position at = mark_.position; at < progress_.position;) {
        Chunk chunk(*this, schema);
        SAFAR_TRY(chunk.read(at, progress_.position, chunk_batches));
        if (chunk.batches() == 0) break;
        SAFAR_TRY(chunk.heal(ids, entries));
        events_since_checkpoint_ += chunk.events();
        at = chunk.position();
    }
    if (!ids.empty()) forget_moved(ids, entries);
    return success();
}

// A record that changed its kind after the columns' position still has its old row in them.
void DerivedState::forget_moved(std::span<const RecordId> ids, std::span<const RecordEntry> entries) {
    IdFilter healed;
    healed.reset(ids.size());
    std::vector<std::size_t> order(ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) {
        healed.add(ids[i]);
        order[i] = i;
    }
    std::ranges::sort(order, {}, [&](std::size_t i) -> const RecordId& { return ids[i]; });
    std::unique_lock lock(state_);
    for (auto& [kind, columns] : columns_) {
        for (Row row = 0; row < columns.rows(); ++row) {
            const RecordId* id = columns.id(row);
            if (id == nullptr || !healed.perhaps(*id)) continue;
            auto at = std::ranges::lower_bound(order, *id, {}, [&](std::size_t i) -> const RecordId& { return ids[i]; });
            if (at == order.end() || ids[*at] != *id) continue;
            if (entries[*at].kind != kind || entries[*at].row != row) columns.clear(row);
        }
    }
}

void DerivedState::fill_filter() {
    std::size_t rows = 0;
    for (const auto& [kind, columns] : columns_) rows += columns.rows();
    known_.reset(2 * rows);
    for (const auto& [kind, columns] : columns_)
        for (Row row = 0; row < columns.rows(); ++row)
            if (const RecordId* id = columns.id(row)) known_.add(*id);
}

void DerivedState::remember(const RecordId& id) {
    if (known_.full()) fill_filter();
    known_.add(id);
}

// Does the log still hold everything that was taken, under the same owners?
bool DerivedState::still_true() {
    if (progress_.position > log_.last_position()) return false;
    for (const auto& taken : progress_.taken) {
        std::optional<LogName> name = log_.name_of(taken.log);
        std::optional<Head> head = name ? log_.head(*name) : std::nullopt;
        if (!head || head->number < taken.number) return false;
    }
    return true;
}

Result<> DerivedState::prepare() {
    if (!loaded_) {
        SAFAR_TRY(load());
    }
    authority_ = log_.authority();
    if (progress_.stamp != stamp_of(*authority_, progress_) || !still_true()) return reset();
    return success();
}

Result<std::size_t> DerivedState::follow(std::size_t batches_max) {
    std::lock_guard work(work_);
    SAFAR_TRY(prepare());
    std::size_t taken = 0;
    while (taken < batches_max) {
        auto some = follow_chunk(batches_max - taken);
        if (!some) {
            loaded_ = false; // rows may be ahead of the index: load both again
            return std::move(some).error();
        }
        if (some.value() == 0) break;
        taken += some.value();
        if (events_since_checkpoint_ >= checkpoint_events) {
            SAFAR_TRY(checkpoint_columns());
        }
    }
    return taken;
}

Result<std::size_t> DerivedState::follow_chunk(std::size_t batches_max) {
    Chunk chunk(*this, schema_now());
    SAFAR_TRY(chunk.read(progress_.position, log_.last_position(), batches_max));
    if (chunk.batches() == 0) return std::size_t{0};
    SAFAR_TRY(chunk.apply());
    events_since_checkpoint_ += chunk.events();
    flushed_ = false;
    return chunk.batches();
}

Result<> DerivedState::checkpoint() {
    std::lock_guard work(work_);
    if (!loaded_) {
        SAFAR_TRY(load());
    }
    return checkpoint_columns();
}

Result<> DerivedState::checkpoint_columns() {
    if (flushed_ && mark_.position == progress_.position) return success();
    std::vector<std::uint16_t> kinds;
    for (const auto& [kind, columns] : columns_) kinds.push_back(kind);
    for (std::uint16_t kind : kinds) {
        for (;;) {
            std::vector<KeyValue::Write> writes;
            {
                std::shared_lock lock(state_);
                writes = columns_.at(kind).take_dirty(columns_prefix(kind), checkpoint_write_bytes);
            }
            if (writes.empty()) break;
            if (auto written = store_.write(writes); !written) {
                loaded_ = false; // what was taken is no longer known to be unwritten
                return written;
            }
        }
    }
    ColumnsMark mark{progress_.stamp, progress_.position};
    std::vector<KeyValue::Write> last;
    last.push_back({mark_key(), encode_mark(mark)});
    SAFAR_TRY(store_.write(last));
    SAFAR_TRY(store_.flush());
    mark_ = mark;
    flushed_ = true;
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

#include "storage/log/rocks_key_value.hpp"

#include "storage/log/rocks_options.hpp"

#include <algorithm>
#include <rocksdb/utilities/checkpoint.h>
#include <utility>

namespace safar {
namespace {

// A write-ahead log up to this size is copied; a longer one is flushed first, and next to nothing
// is left to copy. Flushing a little at each backup would leave as many small files.
constexpr std::uint64_t copied_log_bytes_max = 16u << 20;

// A read opens tables of derived state and no others. A write may be refused because a table of
// the log is damaged: one database holds both.
Error read_error(const rocksdb::Status& status, std::string_view doing) {
    return rocks_error(status, doing,
                       ": the log loses nothing by it; `safar rebuild` derives it again");
}

// Of a merge RocksDB tells how it ended, then on the same thread what it makes of that.
thread_local bool derived_state_failed = false;

} // namespace

void DerivedDamage::OnCompactionCompleted(rocksdb::DB*, const rocksdb::CompactionJobInfo& job) {
    derived_state_failed = job.cf_name == derived_family && job.status.IsCorruption();
    if (!derived_state_failed) return;
    std::lock_guard lock(mutex_);
    found_.emplace(job.cf_id, job.status);
}

void DerivedDamage::OnBackgroundError(rocksdb::BackgroundErrorReason reason,
                                      rocksdb::Status* error) {
    if (reason != rocksdb::BackgroundErrorReason::kCompaction) return;
    if (std::exchange(derived_state_failed, false)) *error = rocksdb::Status::OK();
}

rocksdb::Status DerivedDamage::of(std::uint32_t family) const {
    std::lock_guard lock(mutex_);
    auto found = found_.find(family);
    return found == found_.end() ? rocksdb::Status::OK() : found->second;
}

RocksKeyValue::RocksKeyValue(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family,
                             const rocksdb::ColumnFamilyOptions& options,
                             std::function<Result<>()> has_room,
                             std::shared_ptr<const DerivedDamage> damage)
    : db_(db), options_(options), has_room_(std::move(has_room)), damage_(std::move(damage)),
      family_(own(family)) {}

RocksKeyValue::Family RocksKeyValue::own(rocksdb::ColumnFamilyHandle* handle) const {
    return {handle,
            [db = &db_](rocksdb::ColumnFamilyHandle* h) { db->DestroyColumnFamilyHandle(h); }};
}

RocksKeyValue::Family RocksKeyValue::family() const {
    std::lock_guard lock(mutex_);
    return family_;
}

Result<std::optional<Bytes>> RocksKeyValue::get(ByteView key) const {
    const Family family = this->family();
    rocksdb::PinnableSlice value;
    rocksdb::Status status = db_.Get({}, family.get(), slice(key), &value);
    if (status.IsNotFound()) return std::optional<Bytes>();
    if (!status.ok()) return read_error(status, "reading derived state");
    return std::optional(copy(view(value)));
}

Result<std::vector<std::optional<Bytes>>>
RocksKeyValue::get_many(std::span<const Bytes> keys) const {
    constexpr std::size_t at_once = 256; // bounds what stays pinned
    const Family family = this->family();
    std::vector<std::optional<Bytes>> out(keys.size());
    const bool sorted =
        std::is_sorted(keys.begin(), keys.end(),
                       [](const Bytes& a, const Bytes& b) { return as_text(a) < as_text(b); });
    for (std::size_t done = 0; done < keys.size(); done += at_once) {
        const std::size_t count = std::min(at_once, keys.size() - done);
        std::vector<rocksdb::Slice> names(count);
        std::vector<rocksdb::PinnableSlice> values(count);
        std::vector<rocksdb::Status> statuses(count);
        for (std::size_t i = 0; i < count; ++i) names[i] = slice(keys[done + i]);
        db_.MultiGet({}, family.get(), count, names.data(), values.data(), statuses.data(), sorted);
        for (std::size_t i = 0; i < count; ++i) {
            if (statuses[i].IsNotFound()) continue;
            if (!statuses[i].ok()) return read_error(statuses[i], "reading derived state");
            out[done + i] = copy(view(values[i]));
        }
    }
    return out;
}

Result<> RocksKeyValue::scan(ByteView prefix, ByteView from,
                             const std::function<bool(ByteView, ByteView)>& visit) const {
    const Family family = this->family();
    rocksdb::ReadOptions options;
    options.auto_prefix_mode = false;
    options.total_order_seek = true;
    std::unique_ptr<rocksdb::Iterator> at(db_.NewIterator(options, family.get()));
    const ByteView start = as_text(from) < as_text(prefix) ? prefix : from;
    for (at->Seek(slice(start)); at->Valid() && at->key().starts_with(slice(prefix)); at->Next())
        if (!visit(view(at->key()), view(at->value()))) break;
    // An iterator ends silently at a damaged block.
    if (!at->status().ok()) return read_error(at->status(), "scanning derived state");
    return success();
}

Result<> RocksKeyValue::write(std::span<const Write> writes) {
    const Family family = this->family();
    if (auto status = damage_->of(family->GetID()); !status.ok())
        return read_error(status, "merging tables of derived state");
    rocksdb::WriteBatch batch;
    for (const Write& write : writes) {
        if (write.value)
            batch.Put(family.get(), slice(write.key), slice(*write.value));
        else
            batch.Delete(family.get(), slice(write.key));
    }
    rocksdb::WriteOptions options;
    options.disableWAL = true;
    if (auto status = db_.Write(options, &batch); !status.ok())
        return rocks_error(status, "writing derived state");
    return success();
}

Result<> RocksKeyValue::flush() {
    SAFAR_TRY(has_room_());
    if (auto status = db_.Flush({}, family().get()); !status.ok())
        return rocks_error(status, "flushing derived state");
    return success();
}

bool RocksKeyValue::is_empty() const {
    const Family family = this->family();
    if (dropped_ || !damage_->of(family->GetID()).ok()) return false;
    std::unique_ptr<rocksdb::Iterator> at(db_.NewIterator({}, family.get()));
    at->SeekToFirst();
    return !at->Valid() && at->status().ok();
}

Result<> RocksKeyValue::clear() {
    if (is_empty()) return success(); // as at a first start, be the disk full
    SAFAR_TRY(has_room_());
    // Dropping the family frees everything at once; deleting key by key would leave the bytes until
    // a compaction. Readers keep the old one alive until they are done.
    const Family old = family();
    if (!dropped_)
        if (auto status = db_.DropColumnFamily(old.get()); !status.ok())
            return rocks_error(status, "dropping derived state");
    dropped_ = true;
    rocksdb::ColumnFamilyHandle* fresh = nullptr;
    if (auto status = db_.CreateColumnFamily(options_, derived_family, &fresh); !status.ok())
        return rocks_error(status, "starting derived state anew");
    dropped_ = false;
    std::lock_guard lock(mutex_);
    family_ = own(fresh);
    return success();
}

Result<> RocksKeyValue::checkpoint(const std::string& directory) const {
    SAFAR_TRY(has_room_());
    rocksdb::Checkpoint* made = nullptr;
    rocksdb::Status status = rocksdb::Checkpoint::Create(&db_, &made);
    const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
    if (status.ok()) status = checkpoint->CreateCheckpoint(directory, copied_log_bytes_max);
    if (status.IsNoSpace())
        return failure(ErrorCode::storage_full,
                       directory + ": no space left for a copy of the store");
    if (!status.ok()) return rocks_error(status, "copying the store to " + directory);
    return success();
}

} // namespace safar

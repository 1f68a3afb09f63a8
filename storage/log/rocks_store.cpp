#include "storage/log/rocks_store.hpp"

#include "storage/log/rocks_format.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace safar {

RocksStore::DirectoryLock::~DirectoryLock() {
    if (file_ >= 0) ::close(file_);
}

Result<> RocksStore::DirectoryLock::take(const std::string& directory) {
    const std::string path = directory + "/safar.lock";
    file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (file_ < 0)
        return failure(ErrorCode::storage_failed,
                       path + ": can not be opened: " + std::strerror(errno));
    if (::flock(file_, LOCK_EX | LOCK_NB) != 0)
        return failure(ErrorCode::busy,
                       directory + " is in use by another process: is safard running already?");
    return success();
}

Result<std::unique_ptr<RocksStore>> RocksStore::open(const RocksOptions& options) {
    std::error_code ignored;
    std::filesystem::create_directories(options.directory, ignored);
    if (!std::filesystem::is_directory(options.directory))
        return failure(ErrorCode::storage_failed,
                       options.directory + ": no such directory, and it can not be created");
    std::unique_ptr<RocksStore> store(new RocksStore(options));
    SAFAR_TRY(store->lock_.take(options.directory));
    SAFAR_TRY(check_store_format(options.directory, format_version()));
    // Opening may flush what the write-ahead log holds. RocksDB aborts where that meets a full
    // disk.
    RocksOptions opening = options;
    opening.reserve_bytes =
        std::min<std::uint64_t>(options.reserve_bytes, options.write_buffer_bytes);
    store->options_ = opening;
    SAFAR_TRY(store->check_space(0));
    store->options_ = options;
    SAFAR_TRY(store->open_database());
    return store;
}

Result<> RocksStore::open_database() {
    auto families = rocks_families(options_);
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* db = nullptr;
    rocksdb::DBOptions settings = rocks_db_options(options_);
    auto damage = std::make_shared<DerivedDamage>();
    settings.listeners.push_back(damage);
    rocksdb::Status status =
        rocksdb::DB::Open(settings, options_.directory, families, &handles, &db);
    if (!status.ok()) return rocks_error(status, "opening " + options_.directory);
    db_.reset(db);
    std::copy_n(handles.begin(), table_count, families_.begin());
    derived_ = std::make_unique<RocksKeyValue>(
        *db_, handles.back(), families.back().options, [this] { return check_space(0); },
        std::move(damage));
    return success();
}

RocksStore::~RocksStore() {
    if (!db_) return;
    // Without room the write-ahead log is replayed at the next opening instead.
    if (check_space(0))
        for (rocksdb::ColumnFamilyHandle* family : families_)
            db_->Flush({}, family).PermitUncheckedError();
    derived_.reset();
    for (rocksdb::ColumnFamilyHandle* family : families_)
        db_->DestroyColumnFamilyHandle(family).PermitUncheckedError();
    db_->Close().PermitUncheckedError();
}

Result<std::optional<Bytes>> RocksStore::get(Table table, ByteView key) const {
    rocksdb::PinnableSlice value;
    rocksdb::Status status = db_->Get({}, family(table), slice(key), &value);
    if (status.IsNotFound()) return std::optional<Bytes>();
    if (!status.ok()) return rocks_error(status, "reading " + options_.directory);
    return std::optional(copy(view(value)));
}

Result<> RocksStore::scan(Table table, ByteView from, ByteView until, const Visit& visit) const {
    rocksdb::ReadOptions options;
    const rocksdb::Slice upper = slice(until);
    options.iterate_upper_bound = &upper;
    options.readahead_size = 1u << 20;
    std::unique_ptr<rocksdb::Iterator> at(db_->NewIterator(options, family(table)));
    for (at->Seek(slice(from)); at->Valid(); at->Next())
        if (!visit(view(at->key()), view(at->value()))) break;
    // An iterator ends silently at a damaged block.
    if (!at->status().ok()) return rocks_error(at->status(), "scanning " + options_.directory);
    return success();
}

Result<std::optional<Bytes>> RocksStore::last_key(Table table) const {
    std::unique_ptr<rocksdb::Iterator> at(db_->NewIterator({}, family(table)));
    at->SeekToLast();
    if (!at->status().ok()) return rocks_error(at->status(), "reading " + options_.directory);
    return at->Valid() ? std::optional(copy(view(at->key()))) : std::nullopt;
}

Result<> RocksStore::check_space(std::uint64_t needed) const {
    struct statvfs disk {};
    if (::statvfs(options_.directory.c_str(), &disk) != 0)
        return failure(ErrorCode::storage_failed,
                       options_.directory + ": statvfs: " + std::strerror(errno));
    const std::uint64_t free = static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
    if (free >= options_.reserve_bytes + needed) return success();
    return failure(
        ErrorCode::storage_full,
        options_.directory + ": " + std::to_string(free >> 20) + " MiB free on this disk, " +
            std::to_string((options_.reserve_bytes + needed) >> 20) +
            " MiB are needed to go on safely: free some space; nothing was written, reading works");
}

Result<> RocksStore::commit(const Changes& changes) {
    std::size_t bytes = 64;
    for (const Changes::Write& write : changes.writes())
        bytes += 32 + write.key.size() + (write.value ? write.value->size() : 0);
    SAFAR_TRY(check_space(bytes));
    rocksdb::WriteBatch batch(bytes);
    for (const Changes::Write& write : changes.writes()) {
        if (write.value)
            batch.Put(family(write.table), slice(write.key), slice(*write.value));
        else
            batch.Delete(family(write.table), slice(write.key));
    }
    rocksdb::WriteOptions durable;
    durable.sync = true;
    if (auto status = db_->Write(durable, &batch); !status.ok()) {
        Error error = rocks_error(status, "writing to " + options_.directory);
        error.detail +=
            "; nobody can say whether this write was kept: look for it before you write it again";
        return error;
    }
    return success();
}

std::uint64_t RocksStore::bounded_memory() const {
    // What a reader that was forgotten keeps alive is in neither.
    std::uint64_t buffers = 0, cache = 0, cache_max = 0;
    db_->GetAggregatedIntProperty(rocksdb::DB::Properties::kCurSizeAllMemTables, &buffers);
    // One cache for all families: each names all of it.
    db_->GetIntProperty(rocksdb::DB::Properties::kBlockCacheUsage, &cache);
    db_->GetIntProperty(rocksdb::DB::Properties::kBlockCacheCapacity, &cache_max);
    return buffers + std::min(cache, cache_max);
}

void RocksStore::check_media(std::vector<std::string>& problems) const {
    // Blocks of tables; blob records are checked when they are read, which the caller has done.
    if (auto status = db_->VerifyChecksum(); !status.ok())
        problems.push_back("a table of " + options_.directory +
                           " is damaged: " + status.ToString());
}

} // namespace safar

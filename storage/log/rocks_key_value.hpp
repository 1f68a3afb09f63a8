// Derived state in a column family of its own, written without a write-ahead log.
#pragma once

#include "storage/log/key_value.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <rocksdb/db.h>
#include <rocksdb/listener.h>

namespace safar {

// Hears of tables that RocksDB could not merge. It would let nobody write to the database any more,
// not to the log either; a damaged table of derived state is kept from that, and remembered.
class DerivedDamage final : public rocksdb::EventListener {
public:
    void OnCompactionCompleted(rocksdb::DB* db, const rocksdb::CompactionJobInfo& job) override;
    void OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* error) override;

    // The first one found in that family, by its id; families that were dropped do not count.
    [[nodiscard]] rocksdb::Status of(std::uint32_t family) const;

private:
    mutable std::mutex mutex_;
    std::map<std::uint32_t, rocksdb::Status> found_;
};

class RocksKeyValue final : public KeyValue {
public:
    // Both must outlive it, but for `family`, which clear() replaces and the destructor releases.
    // `has_room` is asked before anything that writes files at once: RocksDB ends the process some
    // time after such a write has met a full disk.
    RocksKeyValue(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family,
                  const rocksdb::ColumnFamilyOptions& options, std::function<Result<>()> has_room,
                  std::shared_ptr<const DerivedDamage> damage);

    [[nodiscard]] Result<std::optional<Bytes>> get(ByteView key) const override;
    [[nodiscard]] Result<std::vector<std::optional<Bytes>>>
    get_many(std::span<const Bytes> keys) const override;
    [[nodiscard]] Result<>
    scan(ByteView prefix, ByteView from,
         const std::function<bool(ByteView, ByteView)>& visit) const override;
    // Refused too, as storage_corrupt and until clear(), once tables could not be merged.
    [[nodiscard]] Result<> write(std::span<const Write> writes) override;
    [[nodiscard]] Result<> flush() override;
    [[nodiscard]] Result<> clear() override;

    // Makes `directory`, a database of its own with what this one holds now, derived or not: hard
    // links where the disk is the same. Errors: storage_failed, storage_full.
    [[nodiscard]] Result<> checkpoint(const std::string& directory) const;

private:
    using Family = std::shared_ptr<rocksdb::ColumnFamilyHandle>;
    [[nodiscard]] Family family() const;
    [[nodiscard]] Family own(rocksdb::ColumnFamilyHandle* handle) const;
    [[nodiscard]] bool is_empty() const;

    rocksdb::DB& db_;
    rocksdb::ColumnFamilyOptions options_;
    std::function<Result<>()> has_room_;
    std::shared_ptr<const DerivedDamage> damage_;
    mutable std::mutex mutex_; // guards family_: a reader keeps the one it started with
    Family family_;
    bool dropped_ = false; // family_, and no other has taken its place yet; clear() alone asks
};

} // namespace safar

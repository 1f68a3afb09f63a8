// The Store on RocksDB: five column families written together, one beside them for derived state.
#pragma once

#include "storage/log/rocks_key_value.hpp"
#include "storage/log/rocks_options.hpp"

#include <array>

namespace safar {

class RocksStore final : public Store {
public:
    // Errors: busy, storage_corrupt, storage_failed, storage_full, unsupported_version (a store of
    // a newer format; nothing of it is touched).
    [[nodiscard]] static Result<std::unique_ptr<RocksStore>> open(const RocksOptions& options);
    ~RocksStore() override; // flushes, so that the next opening replays nothing

    [[nodiscard]] Result<std::optional<Bytes>> get(Table table, ByteView key) const override;
    [[nodiscard]] Result<> scan(Table table, ByteView from, ByteView until,
                                const Visit& visit) const override;
    [[nodiscard]] Result<std::optional<Bytes>> last_key(Table table) const override;
    [[nodiscard]] Result<> commit(const Changes& changes) override;
    void check_media(std::vector<std::string>& problems) const override;
    [[nodiscard]] KeyValue& derived() override { return *derived_; }
    [[nodiscard]] std::uint64_t bounded_memory() const override;

    [[nodiscard]] static constexpr std::uint32_t format_version() { return 1; }

private:
    // An exclusive lock on a file beside the database; released by the kernel however we end.
    class DirectoryLock {
    public:
        DirectoryLock() = default;
        ~DirectoryLock();
        DirectoryLock(const DirectoryLock&) = delete;
        DirectoryLock& operator=(const DirectoryLock&) = delete;
        [[nodiscard]] Result<> take(const std::string& directory);

    private:
        int file_ = -1;
    };

    explicit RocksStore(const RocksOptions& options) : options_(options) {}
    [[nodiscard]] Result<> open_database();
    [[nodiscard]] Result<> check_space(std::uint64_t needed) const;
    [[nodiscard]] rocksdb::ColumnFamilyHandle* family(Table table) const {
        return families_[static_cast<std::size_t>(table)];
    }

    RocksOptions options_;
    DirectoryLock lock_; // first in, last out
    std::unique_ptr<rocksdb::DB> db_;
    std::array<rocksdb::ColumnFamilyHandle*, table_count> families_{};
    std::unique_ptr<RocksKeyValue> derived_;
};

} // namespace safar

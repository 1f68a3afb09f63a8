// How RocksDB is set up, and why. The bench writes to a bare database with these very options.
#pragma once

#include "storage/log/rocks_log.hpp"
#include "storage/log/store.hpp"

#include <rocksdb/options.h>
#include <rocksdb/status.h>
#include <vector>

namespace rocksdb {
struct ColumnFamilyDescriptor;
}

namespace safar {

constexpr const char* derived_family = "derived";

[[nodiscard]] rocksdb::DBOptions rocks_db_options(const RocksOptions& options);
// In order: the tables (Table::meta is "default"), then derived_family.
[[nodiscard]] std::vector<rocksdb::ColumnFamilyDescriptor>
rocks_families(const RocksOptions& options);

[[nodiscard]] inline rocksdb::Slice slice(ByteView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
[[nodiscard]] inline ByteView view(const rocksdb::Slice& slice) {
    return {reinterpret_cast<const std::byte*>(slice.data()), slice.size()};
}

// `doing` completes "while ...", `advice` says what to do about damage. Corruption:
// storage_corrupt; everything else leaves open whether anything was stored: storage_failed.
[[nodiscard]] Error rocks_error(const rocksdb::Status& status, std::string_view doing,
                                std::string_view advice = lost_store_advice);

} // namespace safar

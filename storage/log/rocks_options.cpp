#include "storage/log/rocks_options.hpp"

#include <cstdarg>
#include <cstdio>
#include <limits>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

namespace safar {
namespace {

constexpr unsigned no_size_amplification = std::numeric_limits<unsigned>::max();

class Warnings final : public rocksdb::Logger {
public:
    explicit Warnings(std::function<void(std::string_view)> tell)
        : Logger(rocksdb::InfoLogLevel::WARN_LEVEL), tell_(std::move(tell)) {}
    using Logger::Logv;
    void Logv(const char* format, std::va_list arguments) override {
        char line[1024];
        if (tell_ && std::vsnprintf(line, sizeof line, format, arguments) > 0) tell_(line);
    }
    void LogHeader(const char*, std::va_list) override {} // every option at each opening

private:
    std::function<void(std::string_view)> tell_;
};

} // namespace

rocksdb::DBOptions rocks_db_options(const RocksOptions& options) {
    rocksdb::DBOptions out;
    out.create_if_missing = true;
    out.create_missing_column_families = true;
    // The default mode silently drops everything after a flipped byte in the middle; this one
    // refuses.
    out.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
    out.paranoid_checks = true;
    out.verify_sst_unique_id_in_manifest = true;
    // 7.8.3 has flush races with 8 or more jobs or more than two write buffers.
    out.max_background_jobs = 4;
    // Small families are flushed rarely and would pin old write-ahead logs: opening replays these.
    out.max_total_wal_size = 2 * options.write_buffer_bytes;
    out.avoid_unnecessary_blocking_io = true; // deleting old blob files must not stop a reader
    out.bytes_per_sync = 1u << 20;
    out.skip_stats_update_on_db_open = true;
    out.stats_dump_period_sec = 0;
    out.stats_persist_period_sec = 0;
    out.info_log = std::make_shared<Warnings>(options.warn);
    return out;
}

std::vector<rocksdb::ColumnFamilyDescriptor> rocks_families(const RocksOptions& options) {
    auto cache = rocksdb::NewLRUCache(64u << 20);
    rocksdb::BlockBasedTableOptions table;
    table.block_cache = cache;
    table.format_version = 5;

    rocksdb::ColumnFamilyOptions small;
    small.write_buffer_size = 8u << 20;
    small.max_write_buffer_number = 2;
    small.compression = rocksdb::kLZ4Compression;
    small.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    // Keys mostly ascend: levels would take each flushed table as it is, however small, and never
    // merge it with another. Runs of like size are merged.
    small.compaction_style = rocksdb::kCompactionStyleUniversal;

    // Values are packed already: compressing them again costs and gains nothing. They are written
    // once and stay, so large ones lie in blob files: compaction moves their keys, and the values
    // of the oldest quarter of these files at most.
    rocksdb::ColumnFamilyOptions batch = small;
    batch.write_buffer_size = options.write_buffer_bytes;
    batch.compression = rocksdb::kNoCompression;
    batch.enable_blob_files = true;
    batch.min_blob_size = 4096;
    batch.blob_compression_type = rocksdb::kNoCompression;
    batch.enable_blob_garbage_collection = true;
    // Nothing is replaced here: what lies above the oldest run is no waste to be merged away at
    // once.
    batch.compaction_options_universal.max_size_amplification_percent = no_size_amplification;
    rocksdb::ColumnFamilyOptions journal = small;
    journal.compaction_options_universal = batch.compaction_options_universal;

    rocksdb::ColumnFamilyOptions derived = small;
    derived.compaction_style = rocksdb::kCompactionStyleLevel; // keys of all kinds, often replaced
    rocksdb::BlockBasedTableOptions filtered = table;
    filtered.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
    filtered.optimize_filters_for_memory = true;
    derived.table_factory.reset(rocksdb::NewBlockBasedTableFactory(filtered));
    derived.write_buffer_size = options.write_buffer_bytes;
    derived.memtable_prefix_bloom_size_ratio = 0.02;
    derived.memtable_whole_key_filtering = true;

    return {{rocksdb::kDefaultColumnFamilyName, small},
            {"batch", batch},
            {"journal", journal},
            {"quarantine", small},
            {"evidence", small},
            {derived_family, derived}};
}

Error rocks_error(const rocksdb::Status& status, std::string_view doing, std::string_view advice) {
    std::string detail = "RocksDB says \"" + status.ToString() + "\" while " + std::string(doing);
    // A file that is not there is damage as one that can not be read.
    if (status.IsCorruption() || status.IsPathNotFound())
        return failure(ErrorCode::storage_corrupt, detail + std::string(advice));
    if (status.IsNoSpace())
        return failure(ErrorCode::storage_failed, detail + ": free some disk space");
    return failure(ErrorCode::storage_failed, detail + ": look at the disk and the kernel's log");
}

} // namespace safar

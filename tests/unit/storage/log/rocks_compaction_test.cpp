// Damage that nobody has read yet, and that RocksDB meets when it merges tables.
#include "log_contract.hpp"
#include "storage/log/rocks_store.hpp"

#include <fstream>
#include <gmock/gmock.h>
#include <mutex>
#include <thread>

namespace safar {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr int tables_until_merged = 4;

class RocksCompaction : public testing::Test {
protected:
    void SetUp() override {
        RocksOptions options = host.options();
        options.warn = [this](std::string_view line) {
            std::lock_guard lock(mutex);
            warnings += std::string(line) + "\n";
        };
        auto opened = RocksStore::open(options);
        ASSERT_TRUE(opened) << describe(opened.error());
        store = std::move(opened).value();
    }
    // In its first block, of which nothing has been read yet.
    void damage_newest_table() {
        fs::path newest;
        for (const auto& entry : fs::directory_iterator(host.options().directory))
            if (entry.path().extension() == ".sst" && entry.path() > newest) newest = entry.path();
        ASSERT_FALSE(newest.empty());
        damaged = newest.filename();
        std::fstream file(newest, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(40);
        file.write("damaged", 7);
    }
    [[nodiscard]] bool warned_of(std::string_view what) {
        for (int tenths = 0; tenths < 200; ++tenths) {
            {
                std::lock_guard lock(mutex);
                if (warnings.find(what) != std::string::npos) return true;
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
        }
        return false;
    }
    Result<> commit(std::string_view key) {
        Changes changes;
        changes.put(Table::meta, copy(as_bytes(key)), Bytes(3000, std::byte{7}));
        return store->commit(changes);
    }

    RocksHost host;
    std::mutex mutex;
    std::string warnings, damaged;
    std::unique_ptr<RocksStore> store; // first out: its threads warn
};

std::vector<KeyValue::Write> some_writes(int round) {
    std::vector<KeyValue::Write> out;
    for (int n = 100; n < 200; ++n)
        out.push_back({copy(as_bytes("key " + std::to_string(n))),
                       copy(as_bytes("value of round " + std::to_string(round)))});
    return out;
}

TEST_F(RocksCompaction, DamagedDerivedStateIsDerivedAgainAndStopsNoWriteOfTheLog) {
    KeyValue& derived = store->derived();
    const Bytes key = copy(as_bytes("key 150"));
    for (int round = 0; round < tables_until_merged; ++round) {
        ASSERT_TRUE(derived.write(some_writes(round)));
        ASSERT_TRUE(derived.flush());
        if (round == 0) damage_newest_table();
    }
    ASSERT_TRUE(warned_of(damaged)) << warnings;
    Result<> written = commit("after");
    EXPECT_TRUE(written) << describe(written.error());
    // Whoever follows the log is told, and begins again.
    Result<> refused = derived.write(some_writes(9));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::storage_corrupt);
    EXPECT_THAT(refused.error().detail, HasSubstr(damaged));
    ASSERT_TRUE(derived.clear());
    for (int round = 0; round < 2 * tables_until_merged; ++round) {
        ASSERT_TRUE(derived.write(some_writes(round)));
        ASSERT_TRUE(derived.flush());
    }
    auto read = derived.get(key);
    ASSERT_TRUE(read) << describe(read.error());
    EXPECT_TRUE(read.value());
    written = commit("again");
    EXPECT_TRUE(written) << describe(written.error());
}

TEST_F(RocksCompaction, ADamagedTableOfTheLogIsNamedToWhoeverWritesNext) {
    for (int round = 0; round < tables_until_merged; ++round) {
        ASSERT_TRUE(commit("key " + std::to_string(round)));
        store.reset(); // flushes
        if (round == 0) damage_newest_table();
        SetUp();
    }
    ASSERT_TRUE(warned_of(damaged)) << warnings;
    Result<> written = success();
    for (int tenths = 0; written && tenths < 200; ++tenths) { // soon, not at once
        written = commit("after");
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, ErrorCode::storage_corrupt);
    EXPECT_THAT(written.error().detail, HasSubstr(damaged));
    EXPECT_THAT(written.error().detail, HasSubstr("restore the last backup"));
}

} // namespace
} // namespace safar

// A log whose files were damaged, cut, removed or put back: opening refuses, or says what is gone.
#include "rocks_fixture.hpp"
#include "storage/log/rocks_store.hpp"
#include "storage/log/store_rows.hpp"

#include <gmock/gmock.h>
#include <random>

namespace safar {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

using RocksDamageTest = RocksLogTest;

TEST_F(RocksDamageTest, AFlippedByteInTheMiddleOfTheWriteAheadLogIsNeverSilent) {
    for (int i = 0; i < 20; ++i) append(50);
    crash_and_keep_image();
    const fs::path wal = write_ahead_log();
    ASSERT_FALSE(wal.empty());
    for (int tenth : {1, 3, 5, 7, 9}) {
        const std::uint64_t at = fs::file_size(wal) * static_cast<std::uint64_t>(tenth) / 10;
        flip(wal, at, 0x40);
        auto opened = try_open();
        ASSERT_FALSE(opened.has_value()) << "flipped at " << at;
        EXPECT_EQ(opened.error().code, ErrorCode::storage_corrupt);
        EXPECT_NE(opened.error().detail.find("restore"), std::string::npos);
        flip(wal, at, 0x40);
    }
    open();
    EXPECT_EQ(log->last_position(), 20u);
}

TEST_F(RocksDamageTest, ADeletedWriteAheadLogIsNoticedByTheWitness) {
    append(50);
    open(); // the first batch is in a table now
    confirm();
    LogName name = append(50).log;
    append(50);
    crash_and_keep_image();
    fs::remove(write_ahead_log());
    open();
    ASSERT_FALSE(notes.empty());
    EXPECT_NE(notes[0].find("acknowledged"), std::string::npos);
    EXPECT_FALSE(problems(false).empty()); // verify says so too
    confirm();
    EXPECT_NE(append(1).log, name);
    EXPECT_EQ(log->head(name)->number, 1u);
}

TEST_F(RocksDamageTest, WhatPeersBringBackIsLostNoLonger) {
    append(50);
    open();
    confirm();
    const LogName name = append(50).log;
    append(50);
    std::vector<EncodedBatch> at_a_peer;
    const auto lost = log->read_range(name, 2, 1 << 20);
    ASSERT_TRUE(lost);
    for (const auto& batch : lost.value()) at_a_peer.push_back(*batch);
    ASSERT_EQ(at_a_peer.size(), 2u);
    crash_and_keep_image();
    fs::remove(write_ahead_log());
    open();
    EXPECT_EQ(problems(false).size(), 2u);
    ASSERT_TRUE(ingest(at_a_peer[0]).result.has_value());
    EXPECT_EQ(problems(false).size(), 2u) << "not all of it";
    for (int start = 0; start < 2; ++start) {
        open();
        EXPECT_EQ(losses_told(), 2) << "what the witness has forgotten meanwhile";
        EXPECT_EQ(problems(false).size(), 2u);
    }
    ASSERT_TRUE(ingest(at_a_peer[1]).result.has_value());
    EXPECT_TRUE(problems(false).empty()) << problems(false)[0];
    open();
    EXPECT_EQ(losses_told(), 0);
}

TEST_F(RocksDamageTest, ACutWriteAheadLogIsNoticedEvenIfOnlyPeersBatchesAreGone) {
    append(10);
    Writer writer(other);
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(ingest(writer.write(20)).result.has_value());
    crash_and_keep_image();
    const fs::path wal = write_ahead_log();
    fs::resize_file(wal, fs::file_size(wal) * 6 / 10);
    open();
    EXPECT_LT(log->last_position(), 6u);
    ASSERT_EQ(notes.size(), 1u);
    EXPECT_NE(notes[0].find("position"), std::string::npos);
}

TEST_F(RocksDamageTest, AStoreThatIsOlderThanItsWitnessIsNotContinued) {
    LogName name = append(1).log;
    log.reset();
    TempDir backup;
    fs::copy(rocks().options().directory, backup.path(), fs::copy_options::recursive);
    open();
    confirm();
    append(1);
    log.reset();
    fs::remove_all(rocks().options().directory);
    fs::copy(backup.path(), rocks().options().directory, fs::copy_options::recursive);
    open();
    EXPECT_FALSE(notes.empty());
    confirm();
    EXPECT_NE(append(1).log, name);
}

TEST_F(RocksDamageTest, OneDamagedWitnessSlotFallsBackToTheOther) {
    append(1);
    LogName name = append(1).log;
    log.reset();
    const std::string path = rocks().options().witness_path;
    flip(path, 70, 1); // slot 0 holds the second save
    open();
    EXPECT_TRUE(notes.empty()); // stale, and true
    confirm();
    EXPECT_EQ(append(1).log, name);
    log.reset();
    flip(path, 70, 1);
    flip(path, (64u << 10) + 70, 1);
    open();
    EXPECT_EQ(notes.size(), 1u);
    EXPECT_NE(append(1).log, name);
}

// Its own LOG would end the process when it meets a full disk.
TEST_F(RocksDamageTest, WhatRocksDbWarnsOfIsToldAndNotWrittenBesideTheStore) {
    for (int i = 0; i < 20; ++i) append(50);
    crash_and_keep_image();
    const fs::path wal = write_ahead_log();
    flip(wal, fs::file_size(wal) / 2, 0x40);
    RocksOptions options = rocks().options();
    std::string told;
    options.warn = [&](std::string_view line) { told += std::string(line) + "\n"; };
    EXPECT_EQ(open_rocks_log(options, author(), charter, notes).error().code,
              ErrorCode::storage_corrupt);
    EXPECT_THAT(told, HasSubstr("checksum mismatch"));
    EXPECT_FALSE(fs::exists(options.directory + "/LOG"));
}

TEST_F(RocksDamageTest, WithoutCurrentNoNewDatabaseIsBegunAmongTheFilesOfTheOldOne) {
    append(3);
    log.reset();
    const std::string store = rocks().options().directory;
    for (const auto& entry :
         fs::directory_iterator(store)) // after a flush RocksDB itself sees none
        if (entry.path().extension() == ".log") fs::remove(entry.path());
    fs::remove(store + "/CURRENT");
    auto opened = try_open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::storage_corrupt);
    EXPECT_NE(opened.error().detail.find(store + "/CURRENT is missing"), std::string::npos)
        << opened.error().detail;
    EXPECT_FALSE(fs::exists(store + "/CURRENT"));
}

// As where another store's tables came in this one's place: the end fits, the beginning is not
// there.
TEST_F(RocksDamageTest, AJournalWithoutItsBeginningIsRefusedNamingTheStore) {
    for (int i = 0; i < 3; ++i) append(1);
    log.reset();
    {
        auto store = RocksStore::open(rocks().options());
        ASSERT_TRUE(store.has_value()) << describe(store.error());
        Changes changes;
        changes.erase(Table::journal, journal_key(1));
        ASSERT_TRUE(store.value()->commit(changes).has_value());
    }
    const auto opened = try_open();
    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(opened.error().code, ErrorCode::storage_corrupt);
    EXPECT_THAT(opened.error().detail, HasSubstr(rocks().options().directory));
    EXPECT_THAT(opened.error().detail, HasSubstr("journal's first entry"));
}

TEST_F(RocksDamageTest, AStoreWhoseFoundingWasCutShortIsFoundedAgain) {
    log.reset();
    const std::string store = rocks().options().directory;
    fs::remove_all(store);
    fs::create_directories(store);
    std::ofstream(store + "/FORMAT") << "";
    open();
    append(1);
    EXPECT_EQ(log->last_position(), 1u);
}

// Damages a closed store at random places: opening refuses, verify finds it, or every batch is as
// it was.
TEST_F(RocksDamageTest, FiftyFlippedBytesAreEachFoundOrHarmless) {
    Writer writer(other);
    for (int i = 0; i < 6; ++i) append(256);
    for (int i = 0; i < 6; ++i) ASSERT_TRUE(ingest(writer.write(200)).result.has_value());
    append(1);
    auto contents = [&](Log& from) {
        std::vector<Bytes> out;
        auto entries = from.read_journal(0, 1000);
        if (entries)
            for (const auto& entry : entries.value()) out.push_back(entry.batch->bytes);
        return out;
    };
    const std::vector<Bytes> truth = contents(*log);
    ASSERT_EQ(truth.size(), 13u);
    log.reset();

    const std::string directory = rocks().options().directory;
    TempDir pristine;
    fs::copy(directory, pristine.path(), fs::copy_options::recursive);
    std::vector<fs::path> files;
    std::vector<std::uint64_t> sizes;
    for (const auto& entry : fs::directory_iterator(directory))
        if (fs::file_size(entry) > 0) {
            files.push_back(entry.path().filename());
            sizes.push_back(fs::file_size(entry));
        }
    std::mt19937_64 random(20200108);
    std::discrete_distribution<std::size_t> by_size(sizes.begin(), sizes.end());
    int refused = 0, found = 0, harmless = 0;
    for (int round = 0; round < 50; ++round) {
        // Half weighted by size, as a bad disk would; half by file, so that the small ones have
        // their turn.
        std::size_t file = round % 2 == 0 ? by_size(random) : random() % files.size();
        std::uint64_t at = random() % sizes[file];
        fs::remove_all(directory);
        fs::copy(pristine.path(), directory, fs::copy_options::recursive);
        flip(fs::path(directory) / files[file], at, static_cast<unsigned char>(1 + random() % 255));
        auto opened = try_open();
        if (!opened) {
            ++refused;
            continue;
        }
        auto report = opened.value()->verify(true, {});
        if (!report || !report.value().problems.empty() || !notes.empty()) {
            ++found;
            continue;
        }
        EXPECT_EQ(contents(*opened.value()), truth)
            << files[file] << " at " << at << " changed silently";
        ++harmless;
    }
    EXPECT_GT(refused + found, 15);
    RecordProperty("refused", refused);
    RecordProperty("found", found);
    RecordProperty("harmless", harmless);
}

TEST_F(RocksDamageTest, ADamagedBatchIsFoundByDeepVerifyAndStopsWriting) {
    for (int i = 0; i < 8; ++i) append(256);
    log.reset();
    for (const auto& entry : fs::directory_iterator(rocks().options().directory))
        if (entry.path().extension() == ".blob") flip(entry.path(), fs::file_size(entry) / 2, 0x01);
    open();
    EXPECT_FALSE(problems().empty());
    EXPECT_EQ(log->read_range(*log->name_of(1), 1, 1 << 30).error().code,
              ErrorCode::storage_corrupt);
    std::vector<AppendRequest> requests{request("return", 1)};
    EXPECT_EQ(log->append(requests)[0].error().code, ErrorCode::storage_corrupt);
}

TEST_F(RocksDamageTest, ADamagedBlockOfDerivedStateIsNoReasonToGiveUpTheStore) {
    append(10);
    const KeyValue::Write write{Bytes{std::byte{'P'}}, Bytes(100, std::byte{7})};
    ASSERT_TRUE(log->derived().write({&write, 1}));
    ASSERT_TRUE(log->derived().flush());
    ASSERT_EQ(files(".sst"), 1u); // of derived state: the log's own is not flushed yet
    fs::path table;
    for (const auto& entry : fs::directory_iterator(rocks().options().directory))
        if (entry.path().extension() == ".sst") table = entry.path();
    log.reset();
    flip(table, 8, 0x01);
    open();
    const auto got = log->derived().get(write.key);
    ASSERT_FALSE(got.has_value());
    EXPECT_EQ(got.error().code, ErrorCode::storage_corrupt);
    EXPECT_THAT(got.error().detail, HasSubstr("safar rebuild"));
    EXPECT_THAT(got.error().detail, Not(HasSubstr("move the directory")));
    ASSERT_TRUE(log->derived().clear());
    EXPECT_FALSE(log->derived().get(write.key).value().has_value());
    append(1);
    EXPECT_TRUE(problems().empty());
}

} // namespace
} // namespace safar

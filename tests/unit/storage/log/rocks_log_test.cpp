// What only a disk can do to a log: restarts, crashes, damage, other processes, lack of space.
#include "log_contract.hpp"
#include "storage/log/rocks_store.hpp"
#include "storage/log/rocks_workers.hpp"
#include "storage/log/store_rows.hpp"

#include <fstream>
#include <gmock/gmock.h>
#include <random>
#include <sys/wait.h>

namespace safar {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

class RocksLogTest : public LogFixture {
protected:
    void SetUp() override {
        use(std::make_unique<RocksHost>());
        open();
    }
    [[nodiscard]] RocksHost& rocks() { return static_cast<RocksHost&>(*host); }

    // What a kill -9 at this moment would leave: the files as they are, nothing flushed.
    void crash_and_keep_image() {
        auto image = std::make_unique<RocksHost>();
        fs::copy(rocks().directory.path(), image->directory.path(), fs::copy_options::recursive);
        log.reset();
        use(std::move(image));
    }
    [[nodiscard]] fs::path write_ahead_log() {
        fs::path newest;
        for (const auto& entry : fs::directory_iterator(rocks().options().directory))
            if (entry.path().extension() == ".log" && fs::file_size(entry) > 0 &&
                entry.path() > newest)
                newest = entry.path();
        return newest;
    }
    [[nodiscard]] std::size_t files(const std::string& extension) {
        std::size_t out = 0;
        for (const auto& entry : fs::directory_iterator(rocks().options().directory))
            out += entry.path().extension() == extension;
        return out;
    }
    [[nodiscard]] long losses_told() const {
        return std::ranges::count_if(notes, [](const std::string& note) {
            return note.find("acknowledged") != std::string::npos;
        });
    }
    Result<std::unique_ptr<Log>> try_open() {
        notes.clear();
        return host->open(author(), charter, notes);
    }
};

void flip(const fs::path& path, std::uint64_t at, unsigned char with) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(at));
    char byte = 0;
    file.get(byte);
    file.seekp(static_cast<std::streamoff>(at));
    file.put(static_cast<char>(static_cast<unsigned char>(byte) ^ with));
}

TEST_F(RocksLogTest, EverythingAcknowledgedIsThereAfterAKill) {
    for (int i = 0; i < 10; ++i) append(100);
    ASSERT_TRUE(ingest(Writer(other).write()).result.has_value());
    LogName name = *log->name_of(1);
    crash_and_keep_image();
    open();
    EXPECT_TRUE(notes.empty());
    EXPECT_EQ(log->last_position(), 11u);
    EXPECT_EQ(log->head(name)->number, 10u);
    confirm();
    EXPECT_EQ(append(1).log, name);
    EXPECT_TRUE(problems().empty());
}

TEST_F(RocksLogTest, KilledInTheMiddleOfWritingLosesNothingAcknowledged) {
    log.reset();
    int pipe_ends[2];
    ASSERT_EQ(::pipe(pipe_ends), 0);
    pid_t child = ::fork();
    if (child == 0) {
        auto opened = try_open();
        if (!opened) ::_exit(2);
        for (;;) {
            std::vector<AppendRequest> requests{request("return", 40)};
            auto answers = opened.value()->append(requests);
            if (!answers[0] || ::write(pipe_ends[1], "x", 1) != 1) ::_exit(3);
        }
    }
    ::close(pipe_ends[1]);
    std::uint64_t acknowledged = 0;
    char byte;
    while (acknowledged < 60 && ::read(pipe_ends[0], &byte, 1) == 1) ++acknowledged;
    ::kill(child, SIGKILL);
    while (::read(pipe_ends[0], &byte, 1) == 1) ++acknowledged;
    ::close(pipe_ends[0]);
    ::waitpid(child, nullptr, 0);
    ASSERT_GE(acknowledged, 60u);
    open();
    EXPECT_TRUE(notes.empty());
    EXPECT_GE(log->last_position(), acknowledged); // one more may have been on its way
    EXPECT_LE(log->last_position(), acknowledged + 1);
    EXPECT_TRUE(problems().empty());
}

TEST_F(RocksLogTest, AFlippedByteInTheMiddleOfTheWriteAheadLogIsNeverSilent) {
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

TEST_F(RocksLogTest, ADeletedWriteAheadLogIsNoticedByTheWitness) {
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

TEST_F(RocksLogTest, WhatPeersBringBackIsLostNoLonger) {
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

TEST_F(RocksLogTest, ACutWriteAheadLogIsNoticedEvenIfOnlyPeersBatchesAreGone) {
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

TEST_F(RocksLogTest, AStoreThatIsOlderThanItsWitnessIsNotContinued) {
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

TEST_F(RocksLogTest, OneDamagedWitnessSlotFallsBackToTheOther) {
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

TEST_F(RocksLogTest, ANewerFormatIsRefusedNamingBothAndNothingIsTouched) {
    append(1);
    log.reset();
    const std::string directory = rocks().options().directory;
    std::ofstream(directory + "/FORMAT") << "safar store format 7\n";
    auto listing = [&] {
        std::map<std::string, std::pair<std::uintmax_t, fs::file_time_type>> out;
        for (const auto& entry : fs::directory_iterator(directory))
            out[entry.path().filename()] = {fs::file_size(entry), fs::last_write_time(entry)};
        return out;
    };
    auto before = listing();
    auto opened = try_open();
    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(opened.error().code, ErrorCode::unsupported_version);
    EXPECT_NE(opened.error().detail.find("format 7"), std::string::npos);
    EXPECT_NE(opened.error().detail.find("up to 1"), std::string::npos);
    EXPECT_EQ(listing(), before);
    std::ofstream(directory + "/FORMAT") << "something else\n";
    EXPECT_EQ(try_open().error().code, ErrorCode::storage_corrupt);
}

TEST_F(RocksLogTest, ASecondOpeningOfTheSameDirectoryIsBusy) {
    auto opened = try_open();
    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(opened.error().code, ErrorCode::busy);
    pid_t child = ::fork();
    if (child == 0) {
        auto elsewhere = try_open();
        ::_exit(!elsewhere && elsewhere.error().code == ErrorCode::busy ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(WEXITSTATUS(status), 0);
    append(1); // the first is not disturbed
}

TEST_F(RocksLogTest, BelowTheReserveNothingIsWrittenAndReadingWorks) {
    append(3);
    ASSERT_TRUE(log->put_setting("a", as_bytes("b")).has_value());
    log.reset();
    RocksOptions options = rocks().options();
    options.reserve_bytes = 1ull << 60;
    auto opened = open_rocks_log(options, author(), charter, notes);
    ASSERT_TRUE(opened.has_value()) << describe(opened.error());
    log = std::move(opened).value();
    confirm();
    std::vector<AppendRequest> requests{request("return", 1)};
    EXPECT_EQ(log->append(requests)[0].error().code, ErrorCode::storage_full);
    EXPECT_EQ(ingest_error(Writer(other).peek()), ErrorCode::storage_full);
    EXPECT_EQ(log->last_position(), 1u);
    EXPECT_TRUE(log->read_batch(1, 1).has_value());
    LogName name = *log->name_of(1);
    log.reset();
    open();
    confirm();
    EXPECT_EQ(append(1).log, name); // a refusal casts no doubt on the head
}

// RocksDB ends the process some time after a copy or a flush has met the end of the disk.
TEST_F(RocksLogTest, BelowTheReserveNothingIsCopiedOrFlushed) {
    append(3);
    log.reset();
    RocksOptions options = rocks().options();
    options.reserve_bytes = 1ull << 60;
    auto opened = open_rocks_log(options, author(), charter, notes);
    ASSERT_TRUE(opened) << describe(opened.error());
    log = std::move(opened).value();
    EXPECT_EQ(log->derived().flush().error().code, ErrorCode::storage_full);
    const std::string into = rocks().directory.path() + "/copy";
    fs::create_directory(into);
    EXPECT_EQ(checkpoint_rocks_log(*log, rocks().options().witness_path, into).error().code,
              ErrorCode::storage_full);
    EXPECT_FALSE(fs::exists(into + "/store"));
}

// Each is an open descriptor, and a node is restarted for years.
TEST_F(RocksLogTest, RestartsDoNotEachLeaveTablesBehind) {
    for (int round = 0; round < 80; ++round) {
        confirm();
        append(2); // one log only: all keys ascend
        open();
    }
    EXPECT_LT(files(".sst"), 40u);
    EXPECT_LT(files(".log"), 4u);
    EXPECT_EQ(log->last_position(), 80u);
    EXPECT_TRUE(problems().empty());
}

// What was derived and is no table yet is not in it: it is derived again from the log that is.
TEST_F(RocksLogTest, ACopyHoldsWhatWasWrittenAndMakesNoTableOfALittle) {
    append(100);
    open(); // that is a table now
    confirm();
    append(3);
    const std::size_t tables = files(".sst");
    const std::string into = rocks().directory.path() + "/copy";
    fs::create_directory(into);
    ASSERT_TRUE(log->derived().write(
        std::vector<KeyValue::Write>{{copy(as_bytes("k")), copy(as_bytes("v"))}}));
    const auto copied = checkpoint_rocks_log(*log, rocks().options().witness_path, into);
    ASSERT_TRUE(copied.has_value()) << describe(copied.error());
    EXPECT_EQ(files(".sst"), tables);
    append(1); // not in it
    RocksOptions options = rocks().options();
    fs::copy_file(options.directory + "/FORMAT", into + "/store/FORMAT"); // as a backup does
    options.directory = into + "/store";
    options.witness_path = into + "/witness";
    log.reset();
    auto opened = open_rocks_log(options, author(), charter, notes);
    ASSERT_TRUE(opened.has_value()) << describe(opened.error());
    log = std::move(opened).value();
    EXPECT_TRUE(notes.empty()) << notes.front();
    EXPECT_EQ(log->last_position(), 2u);
    const auto derived = log->derived().get(as_bytes("k"));
    ASSERT_TRUE(derived.has_value());
    EXPECT_FALSE(derived.value().has_value());
    EXPECT_TRUE(problems().empty());
}

// Its own LOG would end the process when it meets a full disk.
TEST_F(RocksLogTest, WhatRocksDbWarnsOfIsToldAndNotWrittenBesideTheStore) {
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

TEST_F(RocksLogTest, WithoutCurrentNoNewDatabaseIsBegunAmongTheFilesOfTheOldOne) {
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
TEST_F(RocksLogTest, AJournalWithoutItsBeginningIsRefusedNamingTheStore) {
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

TEST_F(RocksLogTest, AStoreWhoseFoundingWasCutShortIsFoundedAgain) {
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
TEST_F(RocksLogTest, FiftyFlippedBytesAreEachFoundOrHarmless) {
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

TEST_F(RocksLogTest, ADamagedBatchIsFoundByDeepVerifyAndStopsWriting) {
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

TEST_F(RocksLogTest, ADamagedBlockOfDerivedStateIsNoReasonToGiveUpTheStore) {
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

TEST_F(RocksLogTest, ReadersAreServedWhileOneThreadWrites) {
    std::atomic<bool> stop{false};
    std::atomic<std::uint64_t> wrong{0};
    std::thread reader([&] {
        while (!stop) {
            Position last = log->last_position();
            auto entries = log->read_journal(last > 3 ? last - 3 : 0, 10);
            if (!entries || entries.value().size() < std::min<Position>(last, 3)) ++wrong;
            for (const auto& entry : log->frontier("return")) {
                auto batches = log->read_range(entry.log, entry.head.number, 1);
                if (!batches || batches.value().empty()) ++wrong;
            }
        }
    });
    Writer writer(other);
    for (int i = 0; i < 60; ++i) {
        append(20);
        EXPECT_TRUE(ingest(writer.write()).result.has_value());
    }
    stop = true;
    reader.join();
    EXPECT_EQ(wrong, 0u);
}

TEST(Workers, EveryPieceIsDoneExactlyOnceFromAnyThread) {
    Workers workers;
    auto hammer = [&] {
        for (int round = 0; round < 500; ++round) {
            std::vector<std::atomic<int>> done(37);
            workers.run(done.size(), [&](std::size_t i) { ++done[i]; });
            for (auto& count : done) ASSERT_EQ(count, 1);
        }
    };
    std::thread beside(hammer);
    hammer();
    beside.join();
}

} // namespace
} // namespace safar

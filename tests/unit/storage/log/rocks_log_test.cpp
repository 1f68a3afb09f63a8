// What only a disk can do to a log that nobody damages: restarts, kills, other processes, copies,
// lack of space.
#include "rocks_fixture.hpp"

#include <sys/wait.h>

namespace safar {
namespace {

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
    EXPECT_TRUE(log->derived().clear()) << "a node that never wrote any starts";
    const KeyValue::Write write{copy(as_bytes("k")), copy(as_bytes("v"))};
    ASSERT_TRUE(log->derived().write({&write, 1}));
    EXPECT_EQ(log->derived().flush().error().code, ErrorCode::storage_full);
    EXPECT_EQ(log->derived().clear().error().code, ErrorCode::storage_full);
    EXPECT_TRUE(log->derived().get(write.key).value().has_value());
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

} // namespace
} // namespace safar

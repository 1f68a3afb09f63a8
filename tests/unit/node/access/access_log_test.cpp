#include "node/access/access_log.hpp"

#include "node/access/access_read.hpp"
#include "tests/unit/node/charter/charter_fixture.hpp"

#include <fcntl.h>
#include <fstream>
#include <gmock/gmock.h>
#include <sstream>
#include <thread>
#include <unistd.h>

namespace safar {
namespace {

using namespace testing;
using ::testing::HasSubstr;

class AccessLogs : public ::testing::Test {
protected:
    TempDir dir;
    SigningKey key = seeded_key(7);
    NodeId node = node_id(key.public_key());
    std::string path = dir / "access";
    std::string first = path + "/000001.jsonl";
    std::vector<std::string> notes;

    std::unique_ptr<AccessLog> open() {
        notes.clear();
        return value_of(AccessLog::open(path, node, key, notes));
    }
    static AccessEntry entry(const std::string& user, std::vector<std::string> subject = {"ID"}) {
        AccessEntry out;
        out.time = AccessTime(std::chrono::milliseconds(1'700'000'000'123));
        out.user = user;
        out.action = "record show";
        out.subject = std::move(subject);
        out.purpose = "visit";
        out.classes = {Sensitivity::personal};
        return out;
    }
    void write(int count) {
        auto log = open();
        for (int i = 0; i < count; ++i)
            ASSERT_TRUE(log->append(entry("u" + std::to_string(i))).has_value());
    }
    static std::vector<std::string> lines_of(const std::string& file) {
        std::ifstream in(file);
        std::vector<std::string> out;
        for (std::string line; std::getline(in, line);) out.push_back(line);
        return out;
    }
    static void put(const std::string& file, const std::vector<std::string>& lines) {
        std::ofstream out(file, std::ios::trunc);
        for (const std::string& line : lines) out << line << "\n";
    }
    [[nodiscard]] std::vector<std::string> problems() const {
        return value_of(verify_access(path)).problems;
    }
};

TEST_F(AccessLogs, EntriesAreReadBackInOrderAndTheLogIsWhole) {
    write(3);
    {
        auto again = open();
        ASSERT_TRUE(again->append(entry("later", {"A", "B"})).has_value());
    }
    auto page = value_of(read_access(path, {}));
    ASSERT_EQ(page.lines.size(), 4u);
    EXPECT_THAT(page.lines[0],
                HasSubstr(R"({"n":1,"time":"2023-11-14T22:13:20.123Z","user":"u0")"));
    EXPECT_EQ(value_of(read_access(path, {.subject = "B"})).lines.size(), 1u);
    EXPECT_EQ(value_of(read_access(path, {.user = "u1"})).lines.size(), 1u);
    EXPECT_EQ(value_of(read_access(path, {.since = "2024"})).lines.size(), 0u);
    page = value_of(read_access(path, {.limit = 2}));
    EXPECT_TRUE(page.truncated);
    EXPECT_THAT(page.lines.at(1), HasSubstr("later"));
    auto report = value_of(verify_access(path));
    EXPECT_TRUE(report.problems.empty()) << report.problems.front();
    EXPECT_EQ(report.entries, 4u);
    EXPECT_EQ(report.signed_up_to, 4u);
    EXPECT_EQ(report.key, key.public_key());
}

TEST_F(AccessLogs, ANoteOfAnyBytesIsReadBack) {
    {
        auto log = open();
        AccessEntry odd = entry("u0");
        odd.note = "because \xff\xfe of it";
        odd.purpose = "caf\xe9";
        ASSERT_TRUE(log->append(odd).has_value());
    }
    for (const AccessQuery& query : {AccessQuery{}, AccessQuery{.subject = "ID", .user = "u0"}}) {
        const auto page = value_of(read_access(path, query));
        ASSERT_EQ(page.lines.size(), 1u);
        EXPECT_THAT(page.lines[0], HasSubstr("because \uFFFD\uFFFD of it"));
    }
    EXPECT_TRUE(problems().empty());
}

// As a log of before may hold it: the bytes were hashed as they came.
TEST_F(AccessLogs, ALineThatIsNoTextOrNoJsonIsStillShown) {
    write(1);
    auto lines = lines_of(first);
    AccessPoint point{1, place_of(lines[1])->stated};
    for (const std::string said : {R"({"n":2,"user":"u1","note":"x)"
                                   "\xff\"",
                                   R"({"n":3,"user":no)"}) {
        point = {point.number + 1, entry_hash(point.hash, said)};
        lines.push_back(said + R"(,"hash":")" + point.hash.hex() + "\"}");
    }
    put(first, lines);
    const auto page = value_of(read_access(path, {}));
    ASSERT_EQ(page.lines.size(), 3u);
    EXPECT_THAT(page.lines[1], HasSubstr("x\uFFFD"));
    EXPECT_THAT(page.lines[2], ::testing::StartsWith(R"({"n":3,"time":"")"));
    EXPECT_THAT(page.lines[2], HasSubstr("no JSON"));
    EXPECT_EQ(value_of(read_access(path, {.user = "u1"})).lines.size(), 1u);
}

TEST_F(AccessLogs, NoPageIsLongerThanItsBytes) {
    write(5);
    const std::size_t one = lines_of(first)[1].size();
    const auto page = value_of(read_access(path, {.bytes_max = 3 * one}));
    ASSERT_EQ(page.lines.size(), 3u);
    EXPECT_TRUE(page.truncated);
    EXPECT_THAT(page.lines[2], HasSubstr("u4"));
    EXPECT_EQ(value_of(read_access(path, {.bytes_max = 1})).lines.size(), 1u);
    EXPECT_FALSE(value_of(read_access(path, {.bytes_max = 5 * one})).truncated);
}

TEST_F(AccessLogs, AnAlteredLineIsNamed) {
    write(5);
    auto lines = lines_of(first);
    lines[3].replace(lines[3].find("u2"), 2, "u9"); // line 4, entry 3
    put(first, lines);
    ASSERT_EQ(problems().size(), 1u);
    EXPECT_THAT(problems()[0], HasSubstr(first + " line 4: entry 3 was altered"));
}

TEST_F(AccessLogs, ALineThatWasAlteredAndHashedAgainDoesNotCarryTheNext) {
    write(5);
    auto lines = lines_of(first);
    auto before = *place_of(lines[2]);
    auto forged = lines[3];
    forged.replace(forged.find("u2"), 2, "u9");
    std::string hashed(place_of(forged)->hashed);
    lines[3] = hashed + R"(,"hash":")" + entry_hash(before.stated, hashed).hex() + "\"}";
    put(first, lines);
    ASSERT_EQ(problems().size(), 1u);
    EXPECT_THAT(problems()[0], HasSubstr("line 5: entry 4 was altered, or does not follow"));
}

TEST_F(AccessLogs, AWholeTailThatWasHashedAgainIsNotTheOneThatWasSigned) {
    write(4);
    auto lines = lines_of(first);
    AccessPoint point{3, place_of(lines[3])->stated};
    std::string forged = encode_entry(entry("forger"), point);
    forged.pop_back();
    lines[4] = forged;
    put(first, lines);
    ASSERT_EQ(problems().size(), 1u);
    EXPECT_THAT(problems()[0], HasSubstr("head: entry 4 is not the one that was signed"));
}

TEST_F(AccessLogs, ARemovedAMovedAndACutOffLineAreNamed) {
    write(5);
    const auto whole = lines_of(first);
    auto lines = whole;
    lines.erase(lines.begin() + 2);
    put(first, lines);
    ASSERT_EQ(problems().size(), 1u);
    EXPECT_THAT(problems()[0], HasSubstr("line 3: entries 2 to 2 are missing before it"));

    lines = whole;
    std::swap(lines[2], lines[3]);
    put(first, lines);
    EXPECT_THAT(problems(), ::testing::Contains(HasSubstr("line 4: entry 2 stands after entry 3")));

    lines = whole;
    lines.pop_back();
    put(first, lines);
    ASSERT_EQ(problems().size(), 1u);
    EXPECT_THAT(problems()[0], HasSubstr("head: entries 5 to 5 were written and are missing"));

    put(first, whole);
    std::filesystem::resize_file(first, std::filesystem::file_size(first) - 10);
    EXPECT_THAT(problems(), ::testing::Contains(HasSubstr("line 6: is cut off")));
    lines = whole;
    lines[2] = "rubbish";
    put(first, lines);
    ASSERT_EQ(problems().size(), 1u);
    EXPECT_THAT(problems()[0], HasSubstr("line 3: is no entry"));
    put(first, whole);
    EXPECT_TRUE(problems().empty());
}

// Every byte of the log vouches for itself: change any, and it is noticed.
TEST_F(AccessLogs, NoSingleByteCanChangeUnnoticed) {
    write(2);
    std::ifstream in(first);
    std::stringstream text;
    text << in.rdbuf();
    const std::string whole = text.str();
    for (std::size_t at = 0; at < whole.size(); ++at) {
        std::string changed = whole;
        changed[at] = changed[at] == 'x' ? 'y' : 'x';
        std::ofstream(first, std::ios::trunc) << changed;
        ASSERT_FALSE(problems().empty()) << "byte " << at << " of " << whole;
    }
}

TEST_F(AccessLogs, AMissingHeadAMissingFileAndAnotherKeyAreNamed) {
    write(2);
    std::filesystem::rename(path + "/head", dir / "head");
    EXPECT_THAT(problems(), ::testing::Contains(HasSubstr("head is missing")));
    {
        SigningKey other = seeded_key(8);
        std::ofstream(path + "/head") << encode_signed(
            SignedPoint{
                node, key.public_key(), {2, {}}, sign_point(node, other, {2, {}}).signature},
            1);
    }
    EXPECT_THAT(problems(), ::testing::Contains(HasSubstr("head: its signature does not hold")));
    std::filesystem::rename(dir / "head", path + "/head");
    EXPECT_TRUE(problems().empty());
    std::filesystem::rename(first, path + "/000002.jsonl");
    EXPECT_THAT(problems(), ::testing::Contains(HasSubstr("000001.jsonl is missing")));
}

// What was signed last is the only word about lines that were cut off whole.
TEST_F(AccessLogs, AHeadThatIsGoneOrDamagedIsNamedWhenItIsWrittenAnew) {
    open();
    EXPECT_TRUE(notes.empty()) << notes.front(); // a new log has none yet
    write(2);
    std::filesystem::remove(path + "/head");
    open();
    EXPECT_THAT(notes, ElementsAre(HasSubstr("head was missing or damaged and is written anew")));
    open();
    EXPECT_TRUE(notes.empty()) << notes.front();
    std::fstream(path + "/head", std::ios::in | std::ios::out).seekp(30).put('#');
    open();
    EXPECT_THAT(notes, ElementsAre(HasSubstr("lines after entry 2 may have been cut off unseen")));
    EXPECT_TRUE(problems().empty());
}

TEST_F(AccessLogs, ATornLastLineIsCutOffAndTheChainGoesOn) {
    write(3);
    std::ofstream(first, std::ios::app) << R"({"n":4,"time":"20)";
    {
        auto log = open();
        ASSERT_EQ(notes.size(), 1u);
        EXPECT_THAT(notes[0], HasSubstr("a torn last line of 17 bytes is cut off"));
        ASSERT_TRUE(log->append(entry("next")).has_value());
    }
    EXPECT_TRUE(problems().empty());
    EXPECT_EQ(value_of(verify_access(path)).entries, 4u);
}

// Nobody was answered for anything in such a file, whatever a head of before a power cut says.
TEST_F(AccessLogs, AFileThatWasOnlyBegunIsTakenAway) {
    write(2);
    std::filesystem::copy_file(path + "/head", dir / "old");
    write(1);
    const std::string second = path + "/000002.jsonl";
    for (const std::string begun : {"", R"({"segment":2,"no)"})
        for (const bool head_lags : {false, true}) {
            std::ofstream(second) << begun;
            if (head_lags)
                std::filesystem::copy_file(dir / "old", path + "/head",
                                           std::filesystem::copy_options::overwrite_existing);
            auto log = open();
            EXPECT_THAT(notes, ElementsAre(HasSubstr("000002.jsonl was only begun")));
            EXPECT_EQ(log->written().number, 3u) << begun << head_lags;
            EXPECT_FALSE(std::filesystem::exists(second));
            log.reset();
            EXPECT_TRUE(problems().empty()) << problems().front();
        }
    put(second, {"rubbish"}); // whole lines were answered for
    open();
    EXPECT_TRUE(std::filesystem::exists(second));
    EXPECT_FALSE(problems().empty());
}

TEST_F(AccessLogs, TheFirstFileMayBeOnlyBegunToo) {
    std::filesystem::create_directory(path);
    std::ofstream(first) << "";
    open();
    EXPECT_THAT(notes, ElementsAre(HasSubstr("000001.jsonl was only begun")));
    EXPECT_TRUE(problems().empty());
}

TEST_F(AccessLogs, LinesThatTheHeadLagsBehindAreKept) {
    write(2);
    std::filesystem::copy_file(path + "/head", dir / "old");
    write(2);
    std::filesystem::copy_file(dir / "old", path + "/head",
                               std::filesystem::copy_options::overwrite_existing);
    EXPECT_TRUE(problems().empty());
    EXPECT_EQ(value_of(verify_access(path)).signed_up_to, 2u);
    open();
    EXPECT_TRUE(notes.empty());
    EXPECT_EQ(value_of(verify_access(path)).signed_up_to, 4u);
}

TEST_F(AccessLogs, ALogThatLostWhatWasSignedGoesOnInANewFileAndTheGapIsNamedEverAfter) {
    write(3);
    auto lines = lines_of(first);
    lines.pop_back();
    put(first, lines);
    {
        auto log = open();
        ASSERT_EQ(notes.size(), 1u);
        EXPECT_THAT(notes[0], HasSubstr("entries 3 to 3 were written and are missing"));
        ASSERT_TRUE(log->append(entry("next")).has_value());
    }
    ASSERT_EQ(problems().size(), 1u);
    EXPECT_THAT(problems()[0],
                HasSubstr("000002.jsonl line 1: entries 3 to 3 are missing before this file"));
}

TEST_F(AccessLogs, ANewKeyBeginsANewFileAndTheOldOneIsNamed) {
    write(2);
    key = seeded_key(9);
    write(1);
    ASSERT_EQ(notes.size(), 1u);
    EXPECT_THAT(notes[0], HasSubstr("was signed with key " + seeded_key(7).public_key().hex()));
    auto report = value_of(verify_access(path));
    EXPECT_TRUE(report.problems.empty());
    EXPECT_EQ(report.segments, 2u);
    EXPECT_EQ(report.key, key.public_key());
}

TEST_F(AccessLogs, WhoeverComesTogetherSharesASync) {
    auto log = open();
    std::atomic<int> syncs{0};
    log->sync_for_tests = [&](int) {
        ++syncs;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        return 0;
    };
    std::vector<std::thread> threads;
    for (int i = 0; i < 16; ++i)
        threads.emplace_back(
            [&, i] { EXPECT_TRUE(log->append(entry("t" + std::to_string(i))).has_value()); });
    for (std::thread& thread : threads) thread.join();
    EXPECT_LE(syncs, 8);
    EXPECT_GE(syncs, 1);
    EXPECT_EQ(log->written().number, 16u);
    log.reset();
    EXPECT_TRUE(problems().empty());
}

TEST_F(AccessLogs, WhatCouldNotBeSyncedIsNotInTheLog) {
    auto log = open();
    ASSERT_TRUE(log->append(entry("before")).has_value());
    log->sync_for_tests = [](int) {
        errno = EIO;
        return -1;
    };
    auto failed = log->append(entry("lost"));
    ASSERT_FALSE(failed.has_value());
    EXPECT_EQ(failed.error().code, ErrorCode::storage_failed);
    log->sync_for_tests = nullptr;
    ASSERT_TRUE(log->append(entry("after")).has_value());
    log.reset();
    EXPECT_TRUE(problems().empty());
    EXPECT_EQ(value_of(read_access(path, {})).lines.size(), 2u);
}

} // namespace
} // namespace safar

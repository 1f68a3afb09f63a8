// A disk that is full, and a disk that fails: reading goes on, what is not durable is not
// acknowledged, and the operator reads why. SAFAR_DISK_FILLS=50 for the long run.
#include "tests/process/load.hpp"

#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iostream>
#include <random>
#include <sched.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace safar::process {
namespace fs = std::filesystem;
namespace {
using ::testing::HasSubstr;
using namespace std::chrono_literals;

// The data directory of a node moved to a small disk of its own. Mounted in a namespace of the
// test's, which its children share and which ends with it.
class SmallDisk {
public:
    // Why there can be none; nullopt: there can.
    static std::optional<std::string> unavailable() {
        if (::geteuid() != 0) return "mounting a small disk needs root";
        if (::unshare(CLONE_NEWNS) != 0 ||
            ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
            return "this machine allows no mount namespace, so no small disk";
        return std::nullopt;
    }
    SmallDisk(const std::string& directory, unsigned mib) : directory_(directory) {
        fs::rename(directory_, directory_ + ".moved");
        fs::create_directory(directory_);
        const std::string size = "mode=0700,size=" + std::to_string(mib) + "m";
        EXPECT_EQ(::mount("tmpfs", directory_.c_str(), "tmpfs", 0, size.c_str()), 0)
            << std::strerror(errno);
        EXPECT_EQ(run({"/bin/cp", "-a", directory_ + ".moved/.", directory_}).exit_code, 0);
    }
    ~SmallDisk() {
        if (!beside_.empty()) ::umount2(beside_.c_str(), MNT_DETACH);
        ::umount2(directory_.c_str(), MNT_DETACH);
    }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;

    [[nodiscard]] std::uint64_t free() const {
        struct statvfs disk {};
        ::statvfs(directory_.c_str(), &disk);
        return static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
    }
    // Makes `place` a directory on this disk, outside that of the node.
    void reach_from(const std::string& place) {
        const std::string inside = directory_ + "/beside";
        fs::create_directory(inside);
        fs::create_directory(place);
        ASSERT_EQ(::mount(inside.c_str(), place.c_str(), nullptr, MS_BIND, nullptr), 0)
            << std::strerror(errno);
        beside_ = place;
    }
    // Something else takes the room until `left` bytes are free.
    void fill(std::uint64_t left) const {
        const int file =
            ::open((directory_ + "/filler").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
        // The node writes meanwhile, and what does not fit as a whole is not taken at all.
        for (int i = 0; i < 1000 && free() > left; ++i) {
            const std::uint64_t now = free(),
                                step = now > left + (64u << 10) && i % 2 == 0 ? now - left : 4096;
            (void)::posix_fallocate(file, ::lseek(file, 0, SEEK_END), static_cast<off_t>(step));
        }
        ::close(file);
    }
    void clear() const { fs::remove(directory_ + "/filler"); }

private:
    std::string directory_, beside_;
};

constexpr std::uint64_t mib = 1u << 20;
constexpr auto resumes_within = 10s; // writing, after room was made

class FullDisk : public ::testing::Test {
protected:
    Federation net{{"IOM", "FIA"}};
    std::optional<SmallDisk> disk;

    void SetUp() override {
        if (auto why = SmallDisk::unavailable()) GTEST_SKIP() << *why;
        std::ofstream(net.directory("IOM") + "/safard.toml", std::ios::app)
            << "\nreserve_mib = 64\n";
        disk.emplace(net.directory("IOM"), 200);
        net.start_all();
    }
    void TearDown() override {
        if (net.running("IOM")) net.kill("IOM");
        disk.reset();
    }
};

TEST_F(FullDisk, ReadingGoesOnAndWritingResumesWithoutLoss) {
    const unsigned fills = size_of_hunt("SAFAR_DISK_FILLS", 5);
    std::mt19937 random(58);
    std::vector<Load::Acknowledged> written;
    std::chrono::milliseconds slowest{0};
    std::uint64_t refused = 0;
    const pid_t pid = net.pid("IOM");
    unsigned done = 0;
    for (unsigned fill = 0; fill < fills && !::testing::Test::HasFailure(); ++fill, ++done) {
        // Below the reserve, or nothing left at all.
        const std::uint64_t left = fill % 3 == 2 ? 0 : random() % (60 * mib);
        SCOPED_TRACE("fill " + std::to_string(fill) + ", " + std::to_string(left) + " bytes left");
        Load load(net, {"IOM", "FIA"}, 5ms);
        std::this_thread::sleep_for(std::chrono::milliseconds(100 + random() % 300));
        disk->fill(left);
        std::this_thread::sleep_for(500ms);
        std::string why;
        EXPECT_FALSE(write_one(net, "IOM", &why));
        EXPECT_THAT(why, HasSubstr("storage_full"));
        EXPECT_THAT(why, HasSubstr("free some space; nothing was written, reading works"));
        if (fill == 0) std::cout << "disk full: " << why << '\n';
        for (const std::string& id : load.newest("IOM", 5))
            EXPECT_TRUE(shows(net, "IOM", id)) << id;
        EXPECT_EQ(net.safar("IOM", {"verify"}).exit_code, 0);
        EXPECT_TRUE(write_one(net, "FIA")) << "the other node is held up";
        disk->clear();
        const auto freed = std::chrono::steady_clock::now();
        EXPECT_TRUE(eventually([&] { return write_one(net, "IOM").has_value(); }, resumes_within));
        slowest = std::max(slowest, std::chrono::duration_cast<std::chrono::milliseconds>(
                                        std::chrono::steady_clock::now() - freed));
        load.stop();
        for (const auto& [code, count] : load.refusals()) refused += count;
        for (auto& each : load.acknowledged()) written.push_back(each);
        net.wait_equal({"IOM", "FIA"}, "return", 40s);
        EXPECT_EQ(net.pid("IOM"), pid);
        EXPECT_EQ(::kill(pid, 0), 0) << net.log_of("IOM");
    }
    std::size_t lost = 0;
    for (const char* agency : {"IOM", "FIA"}) lost += count_lost(net, agency, written);
    EXPECT_EQ(lost, 0u);
    EXPECT_EQ(net.safar("IOM", {"verify", "--deep"}).exit_code, 0);
    EXPECT_EQ(net.digest("IOM", "return", true), net.digest("FIA", "return", true));
    std::cout << done << " fills, " << written.size() << " acknowledged, " << lost << " lost, "
              << refused << " refused, writing resumed after at most " << slowest.count()
              << " ms\n";
}

// With nothing left at all, and longer than all that RocksDB does by its own clock (every ten
// seconds).
TEST_F(FullDisk, ADiskThatStaysFullDoesNotEndTheProcess) {
    disk->fill(0);
    std::string why;
    EXPECT_FALSE(write_one(net, "IOM", &why));
    std::this_thread::sleep_for(12s);
    EXPECT_TRUE(call(net, "IOM", "/v1/status"));
    disk->clear();
    EXPECT_TRUE(eventually([&] { return write_one(net, "IOM").has_value(); }, resumes_within));
    std::this_thread::sleep_for(12s);
    EXPECT_TRUE(write_one(net, "IOM", &why)) << why << net.log_of("IOM");
}

TEST_F(FullDisk, AStartWithoutRoomIsRefusedAndWorksOnceThereIsSome) { // H58
    const auto id = write_one(net, "IOM");
    ASSERT_TRUE(id);
    net.kill("IOM");
    disk->fill(mib);
    const auto code = net.try_start("IOM");
    ASSERT_TRUE(code);
    EXPECT_EQ(*code, 74);
    const std::string log = net.log_of("IOM");
    EXPECT_THAT(log, HasSubstr("code=storage_full"));
    std::cout << log.substr(log.find("event=refused"));
    disk->clear();
    net.start("IOM");
    EXPECT_TRUE(shows(net, "IOM", *id));
    EXPECT_TRUE(write_one(net, "IOM"));
    net.wait_equal({"IOM", "FIA"}, "return");
}

TEST_F(FullDisk, ABackupThatDoesNotFitIsRefusedAndLeavesNothing) {
    ASSERT_TRUE(write_one(net, "IOM"));
    const std::string beside = net.path("beside");
    disk->reach_from(beside);
    disk->fill(40 * mib);
    Ran made = net.safar("IOM", {"backup", beside + "/full.tar"});
    if (made.exit_code != 0) {
        EXPECT_EQ(made.exit_code, 74) << made.err;
        EXPECT_FALSE(fs::exists(beside + "/full.tar"));
    }
    disk->fill(0);
    made = net.safar("IOM", {"backup", beside + "/fuller.tar"});
    EXPECT_EQ(made.exit_code, 74) << made.out << made.err;
    EXPECT_FALSE(fs::exists(beside + "/fuller.tar"));
    EXPECT_FALSE(fs::exists(net.directory("IOM") + "/backup"));
    disk->clear();
    EXPECT_TRUE(eventually([&] { return write_one(net, "IOM").has_value(); }, resumes_within));
    EXPECT_EQ(net.safar("IOM", {"backup", net.path("now.tar")}).exit_code, 0);
}

// The kernel says that what was written may not be on the disk. Nothing may be acknowledged then,
// and after a new start everything is there that was.
TEST(FailingDisk, AnErrorOfFsyncIsToldAndNothingIsAcknowledgedFalsely) {
    if (!fs::exists("/usr/bin/strace")) GTEST_SKIP() << "errors of fsync are made with strace";
    const unsigned rounds = size_of_hunt("SAFAR_FSYNC_ROUNDS", 4);
    Federation net({"IOM", "FIA"});
    net.start_all();
    std::vector<Load::Acknowledged> written;
    std::mt19937 random(5);
    std::uint64_t refused = 0;
    for (unsigned round = 0; round < rounds && !::testing::Test::HasFailure(); ++round) {
        net.stop("IOM");
        // From the n-th call on, once, or always.
        const std::string when = std::to_string(20 + random() % 30) + (round % 2 == 0 ? "+" : "");
        SCOPED_TRACE("fdatasync fails at " + when);
        net.start_under("IOM",
                        {"/usr/bin/strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e",
                         "trace=fdatasync", "-e", "inject=fdatasync:error=EIO:when=" + when});
        net.start("IOM");
        Load load(net, {"IOM"}, 5ms);
        EXPECT_TRUE(eventually([&] { return !load.refusals().empty(); }, 20s)) << "it never failed";
        std::string why;
        if (round % 2 == 0) {
            EXPECT_FALSE(write_one(net, "IOM", &why));
            if (round == 0) std::cout << "fsync error: " << why << '\n';
            EXPECT_THAT(why, HasSubstr("storage_"));
        }
        load.stop();
        for (const auto& [code, count] : load.refusals()) {
            refused += count;
            std::cout << "  " << when << ": " << count << ' ' << code << '\n';
        }
        for (auto& each : load.acknowledged()) written.push_back(each);
        if (net.running("IOM")) net.kill("IOM");
        net.start_under("IOM", {});
        net.start("IOM");
        EXPECT_EQ(count_lost(net, "IOM", load.acknowledged()), 0u);
        EXPECT_TRUE(write_one(net, "IOM"));
        net.wait_equal({"IOM", "FIA"}, "return");
        for (const char* agency : {"IOM", "FIA"})
            EXPECT_EQ(net.ask(agency, {"status"}).at("forks").as_int64(), 0) << agency;
    }
    const std::size_t lost = count_lost(net, "FIA", written);
    EXPECT_EQ(lost, 0u);
    std::cout << rounds << " rounds, " << written.size() << " acknowledged, " << lost << " lost, "
              << refused << " refused\n";
}

} // namespace
} // namespace safar::process

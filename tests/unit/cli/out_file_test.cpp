#include "cli/out_file.hpp"

#include "tests/unit/cli/fake_node.hpp"
#include "cli/files.hpp"

#include <filesystem>
#include <gtest/gtest.h>
#include <sstream>
#include <sys/stat.h>

namespace safar::cli {
namespace {

namespace fs = std::filesystem;

TEST(OutFile, IsInItsPlaceOnceItIsWholeAndForItsOwnerAlone) {
    const TempDir dir;
    const std::string path = dir.file("bundle", "the one before");
    std::ostringstream screen;
    OutFile file(path, screen);
    ASSERT_TRUE(file.open().has_value());
    ASSERT_TRUE(file.write("the new ").has_value());
    ASSERT_TRUE(file.write("one").has_value());
    EXPECT_EQ(read_file(path).value(), "the one before");
    ASSERT_TRUE(file.finish().has_value());
    EXPECT_EQ(read_file(path).value(), "the new one");
    EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_read | fs::perms::owner_write);
    EXPECT_FALSE(fs::exists(path + ".part"));
    EXPECT_EQ(screen.str(), "");
}

TEST(OutFile, WhatIsNotFinishedLeavesWhatWasThere) {
    const TempDir dir;
    const std::string path = dir.file("bundle", "the one before");
    std::ostringstream screen;
    {
        OutFile file(path, screen);
        ASSERT_TRUE(file.open().has_value());
        ASSERT_TRUE(file.write("half").has_value());
    }
    EXPECT_EQ(read_file(path).value(), "the one before");
    EXPECT_FALSE(fs::exists(path + ".part"));
}

// As root, -o /dev/null would have put a file in the place of the device.
TEST(OutFile, ADeviceOrADirectoryKeepsItsPlace) {
    const TempDir dir;
    const std::string pipe = dir.path() + "/pipe";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    std::ostringstream screen;
    for (const std::string& path : {pipe, dir.path()}) {
        const auto opened = OutFile(path, screen).open();
        ASSERT_FALSE(opened.has_value()) << path;
        EXPECT_EQ(opened.error().code, ErrorCode::storage_failed);
        EXPECT_NE(opened.error().detail.find("'" + path + "'"), std::string::npos);
        EXPECT_FALSE(fs::exists(path + ".part"));
    }
    EXPECT_TRUE(fs::is_fifo(pipe));
}

TEST(OutFile, WithoutAPathItIsTheScreen) {
    std::ostringstream screen;
    OutFile file("", screen);
    ASSERT_TRUE(file.open().has_value());
    ASSERT_TRUE(file.write("a line\n").has_value());
    EXPECT_EQ(screen.str(), "a line\n");
    screen.setstate(std::ios::badbit);
    EXPECT_FALSE(file.write("lost").has_value());
    EXPECT_FALSE(file.finish().has_value());
}

} // namespace
} // namespace safar::cli

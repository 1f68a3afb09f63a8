// What lies beside the copies of a backup, beside the node's own files, and keys beside those of a
// backup.
#include "backup_fixture.hpp"

#include "node/charter/key_files.hpp"

namespace safar {
namespace {

using namespace testing;
using ::testing::Contains;
using ::testing::HasSubstr;

class BackupsBeside : public BackupFixture {};

TEST_F(BackupsBeside, WhatSomebodyElsePutBesideTheCopiesStays) {
    const fs::path beside = data + "/backup";
    back_up(work / "monday");
    fs::create_directories(beside);
    fs::rename(work / "monday", beside / "monday"); // six letters, as a copy has
    spill(beside / "friday.tar", "an older one");
    spill(beside / "notes1", "six letters too");
    fs::create_directories(beside / "more than six");
    fs::create_directory_symlink(data + "/charter", beside / "linked");
    fs::create_directories(beside / "aB3dE6/store"); // of a backup that was killed
    back_up(work / "b.tar");
    for (const char* name :
         {"monday/backup.manifest", "friday.tar", "notes1", "more than six", "linked"})
        EXPECT_TRUE(fs::exists(beside / name)) << name;
    EXPECT_EQ(std::distance(fs::directory_iterator(beside), {}), 5) << "a copy stayed";
    EXPECT_FALSE(fs::is_empty(data + "/charter"));
    value_of(restore_backup({beside / "monday", work / "restored", ""}));
}

TEST_F(BackupsBeside, AFileWhoseNameNoManifestCanHoldIsNamed) {
    spill(data + "/keys/old key.txt", "x");
    auto log = open(data);
    auto made = make(*log, /*with_keys=*/true);
    ASSERT_FALSE(made.has_value());
    EXPECT_THAT(made.error().detail, HasSubstr("'keys/old key.txt'"));
    EXPECT_FALSE(fs::exists(data + "/backup"));
    EXPECT_TRUE(make(*log).has_value()); // without keys it is in nobody's way
}

TEST_F(BackupsBeside, KeysThatAreGivenGoBeforeThoseInTheBackup) {
    back_up(work / "b.tar", /*with_keys=*/true);
    fs::create_directory(work / "newer"); // after a change of keys
    value_of(create_key_at(work / "newer/signing.key", "signing", entropy));
    value_of(create_key_at(work / "newer/tls.key", "tls", entropy));
    spill(work / "newer/node", identity->id.hex() + "\n");
    Restored restored =
        value_of(restore_backup({work / "b.tar", work / "restored", work / "newer"}));
    EXPECT_TRUE(restored.has_keys);
    EXPECT_THAT(restored.notes, Contains(HasSubstr("the ones in the backup were left out")));
    for (const char* name : {"signing.key", "tls.key", "node"})
        EXPECT_EQ(slurp(work / ("restored/keys/" + std::string(name))),
                  slurp(work / ("newer/" + std::string(name))));
    value_of(create_node(work / "other", "IOM", "Another", "127.0.0.1:7409", entropy));
    expect_refused(work / "b.tar", "keys of node", ErrorCode::identity_mismatch,
                   work / "other/keys");
}

} // namespace
} // namespace safar

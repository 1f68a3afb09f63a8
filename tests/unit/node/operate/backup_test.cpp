// A backup is the node of one moment, or refused with the file that is wrong.
#include "backup_fixture.hpp"

#include "node/charter/key_files.hpp"

#include <atomic>
#include <fstream>
#include <sys/stat.h>
#include <thread>

namespace safar {
namespace {

using namespace testing;

class Backups : public BackupFixture {
protected:
    // An epoch, on disk, by which no batch of that log of this node counts after `batch`.
    void cut_own_log(const Incarnation& incarnation, std::uint64_t batch) {
        CharterState state = value_of(load_charter_state(data));
        const Charter& before = *state.ruling().charter;
        Charter next = before;
        ++next.epoch;
        next.previous = before.identity;
        next.cuts = {{identity->id, "movement", incarnation, batch, std::nullopt, "a drill"}};
        const std::string text = value_of(
            sign_charter(value_of(write_charter(next)), "IOM", identity->signing, &before));
        value_of(adopt_charter_file(data, text));
    }
};

TEST_F(Backups, ADirectoryAndATarFileRestoreTheSameNode) {
    back_up(work / "as-directory");
    back_up(work / "as-file.tar");
    const Hash here = digest(data);
    for (const char* name : {"as-directory", "as-file.tar"}) {
        const std::string into = work / (std::string("restored-") + name);
        Restored restored = value_of(restore_backup({work / name, into, ""}));
        EXPECT_EQ(restored.manifest.agency, "IOM");
        EXPECT_EQ(restored.manifest.position, 5u);
        EXPECT_EQ(restored.checked.batches, 5u);
        EXPECT_EQ(restored.checked.events, 100u);
        EXPECT_FALSE(restored.has_keys);
        EXPECT_FALSE(fs::exists(into + "/keys"));
        EXPECT_EQ(digest(into), here);
        EXPECT_EQ(slurp(into + "/safard.toml"), slurp(data + "/safard.toml"));
        EXPECT_EQ(fs::status(into).permissions() & fs::perms::others_all, fs::perms::none);
    }
}

TEST_F(Backups, UsersAndTheAccessLogGoAlong) {
    spill(data + "/users.toml", "[[user]]\n");
    fs::create_directory(data + "/access");
    spill(data + "/access/head", "head");
    spill(data + "/access/000001.jsonl", "{}\n");
    back_up(work / "b.tar");
    value_of(restore_backup({work / "b.tar", work / "restored", ""}));
    for (const char* name : {"/users.toml", "/access/head", "/access/000001.jsonl"})
        EXPECT_EQ(slurp(work / ("restored" + std::string(name))), slurp(data + name)) << name;
}

TEST_F(Backups, AFileIsReadAsFarAsItWentWhenItWasOpened) {
    spill(work / "log", "one\n");
    std::string text(100, ' ');
    std::size_t got = 0;
    auto read = with_file(work / "log", [&](std::uint64_t, const FileSource& source) -> Result<> {
        std::ofstream(work / "log", std::ios::app) << "two\n";
        SAFAR_TRY(got, source(std::as_writable_bytes(std::span(text))));
        return success();
    });
    ASSERT_TRUE(read.has_value()) << describe(read.error());
    EXPECT_EQ(text.substr(0, got), "one\n");
}

// Somebody reads a record while the log of such readings is copied.
TEST_F(Backups, AnAccessLogThatGrowsMeanwhileGoesAlong) {
    fs::create_directory(data + "/access");
    const std::string path = data + "/access/000001.jsonl";
    spill(path, std::string(8u << 20, '\n'));
    std::atomic<bool> enough{false};
    std::thread reader([&] {
        std::ofstream out(path, std::ios::app);
        while (!enough) out << "{}\n" << std::flush;
    });
    auto log = open(data);
    auto made = make(*log);
    enough = true;
    reader.join();
    ASSERT_TRUE(made.has_value()) << describe(made.error());
    ASSERT_TRUE(carry_backup(made.value().directory, made.value().manifest, work / "b"));
    value_of(restore_backup({work / "b", work / "restored", ""}));
    EXPECT_TRUE(slurp(path).starts_with(slurp(work / "restored/access/000001.jsonl")));
}

TEST_F(Backups, TarReadsWhatItWrites) {
    back_up(work / "b.tar");
    fs::create_directory(work / "untarred");
    ASSERT_EQ(std::system(("tar -xf " + (work / "b.tar") + " -C " + (work / "untarred")).c_str()),
              0);
    EXPECT_TRUE(restore_backup({work / "untarred", work / "restored", ""}).has_value());
}

TEST_F(Backups, WritesGoOnWhileItIsCarriedAway) {
    auto log = open(data);
    BackupMade made = value_of(make(*log));
    const Hash then = frontier_digest(log->frontier("movement"));
    append(*log, 200);
    append(*log, 200);
    ASSERT_TRUE(carry_backup(made.directory, made.manifest, work / "b").has_value());
    Restored restored = value_of(restore_backup({work / "b", work / "restored", ""}));
    EXPECT_EQ(restored.checked.events, 100u);
    EXPECT_EQ(digest(work / "restored"), then);
    EXPECT_NE(frontier_digest(log->frontier("movement")), then);
}

// Its heads are those of the epoch that ruled when they were written down.
TEST_F(Backups, AnEpochThatComesWhileItIsMadeIsNotInIt) {
    auto log = open(data);
    const Frontier then = log->frontier("movement");
    after_capture = [&] { cut_own_log(then.at(0).log.incarnation, 2); };
    BackupMade made = value_of(make(*log));
    ASSERT_TRUE(carry_backup(made.directory, made.manifest, work / "b").has_value());
    EXPECT_EQ(value_of(load_rules(data)).state.epochs().size(), 2u);
    Restored restored = value_of(restore_backup({work / "b", work / "restored", ""}));
    EXPECT_EQ(restored.checked.batches, 5u);
    EXPECT_EQ(value_of(load_rules(work / "restored")).state.epochs().size(), 1u);
    EXPECT_EQ(digest(work / "restored"), frontier_digest(then));
}

TEST_F(Backups, ANewerOneTakesThePlaceOfOneThatIsCarriedAway) {
    auto log = open(data);
    const BackupMade older = value_of(make(*log)), newer = value_of(make(*log));
    auto carried = carry_backup(older.directory, older.manifest, work / "older.tar");
    ASSERT_FALSE(carried.has_value());
    EXPECT_EQ(carried.error().code, ErrorCode::conflict);
    EXPECT_THAT(carried.error().detail, ::testing::HasSubstr("another backup of this node"));
    EXPECT_FALSE(fs::exists(work / "older.tar"));
    ASSERT_TRUE(shelf.let_go(older.directory).has_value()); // not its own any more
    ASSERT_TRUE(carry_backup(newer.directory, newer.manifest, work / "newer.tar").has_value());
    ASSERT_TRUE(shelf.let_go(newer.directory).has_value());
    EXPECT_FALSE(fs::exists(data + "/backup"));
    value_of(restore_backup({work / "newer.tar", work / "restored", ""}));
}

TEST_F(Backups, ACopyOfTheStoreThatIsRemovedMeanwhileIsNotSigned) {
    auto log = open(data);
    after_capture = [&] { fs::remove_all(data + "/backup"); };
    auto made = make(*log);
    ASSERT_FALSE(made.has_value());
    EXPECT_THAT(made.error().detail, ::testing::HasSubstr("the copy of the store is gone"));
    EXPECT_FALSE(fs::exists(data + "/backup"));
}

TEST_F(Backups, NothingBesideTheCopiesIsLetGoOf) {
    auto log = open(data);
    const BackupMade made = value_of(make(*log));
    for (const std::string& path : {data, data + "/keys", work.path(), std::string()}) {
        EXPECT_TRUE(shelf.let_go(path).has_value()) << path;
        EXPECT_TRUE(fs::exists(made.directory)) << path;
    }
    EXPECT_TRUE(fs::exists(data + "/keys/signing.key"));
}

TEST_F(Backups, KeysAreInItOnlyWhenAskedFor) {
    back_up(work / "without");
    EXPECT_FALSE(fs::exists(work / "without/keys"));
    back_up(work / "with.tar", /*with_keys=*/true);
    Restored restored = value_of(restore_backup({work / "with.tar", work / "restored", ""}));
    EXPECT_TRUE(restored.has_keys);
    EXPECT_EQ(value_of(load_identity(work / "restored")).id, identity->id);
    EXPECT_EQ(fs::status(work / "restored/keys/signing.key").permissions() & fs::perms::all,
              fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(Backups, KeysThatWaitFormerOnesAndTheNodesIdComeWithThoseThatWereKeptApart) {
    back_up(work / "b");
    fs::copy(data + "/keys", work / "apart");
    value_of(create_key_at(work / "apart/signing.next.key", "signing", entropy));
    value_of(create_key_at(work / "apart/tls.before-3fa1b2c4.key", "tls", entropy));
    // As after a change of keys: what is in use no longer tells the node's id.
    fs::remove(work / "apart/signing.key");
    value_of(create_key_at(work / "apart/signing.key", "signing", entropy));
    std::ofstream(work / "apart/node") << identity->id.hex() << "\n";
    std::ofstream(work / "apart/notes.txt") << "not a key";
    value_of(restore_backup({work / "b", work / "restored", work / "apart"}));
    for (const char* name :
         {"signing.key", "tls.key", "signing.next.key", "tls.before-3fa1b2c4.key", "node"})
        EXPECT_TRUE(fs::exists(work / (std::string("restored/keys/") + name))) << name;
    EXPECT_FALSE(fs::exists(work / "restored/keys/notes.txt"));
    EXPECT_EQ(value_of(load_identity(work / "restored")).id, identity->id);
}

TEST_F(Backups, KeysThatWereKeptApartAreTakenIfTheyAreItsOwn) {
    back_up(work / "b");
    Restored restored = value_of(restore_backup({work / "b", work / "restored", data + "/keys"}));
    EXPECT_TRUE(restored.has_keys);
    value_of(create_node(work / "other", "IOM", "Another", "127.0.0.1:7409", entropy));
    expect_refused(work / "b", "keys of node", ErrorCode::identity_mismatch, work / "other/keys");
}

TEST_F(Backups, NothingIsWrittenOverWhatIsThere) {
    back_up(work / "b");
    auto again = ArchiveWriter::create(work / "b");
    ASSERT_FALSE(again.has_value());
    EXPECT_EQ(again.error().code, ErrorCode::conflict);
    const std::string before = slurp(data + "/safard.toml");
    auto over = restore_backup({work / "b", data, ""});
    ASSERT_FALSE(over.has_value());
    EXPECT_EQ(over.error().code, ErrorCode::conflict);
    EXPECT_EQ(slurp(data + "/safard.toml"), before);
}

TEST_F(Backups, EveryFileThatIsDamagedCutOrGoneIsNamed) {
    back_up(work / "b", /*with_keys=*/true);
    int files = 0;
    for (const auto& entry : fs::recursive_directory_iterator(work / "b")) {
        if (!entry.is_regular_file() || entry.path().filename() == manifest_name ||
            entry.file_size() == 0)
            continue;
        ++files;
        const std::string name = fs::relative(entry.path(), work / "b").string();
        SCOPED_TRACE(name);
        const std::string whole = slurp(entry.path());
        std::string damaged = whole;
        damaged[damaged.size() / 2] ^= 0x10;
        spill(entry.path(), damaged);
        expect_refused(work / "b", "'" + name + "' is damaged", ErrorCode::wrong_hash);
        spill(entry.path(), whole.substr(0, whole.size() - 1));
        expect_refused(work / "b", "'" + name + "' has", ErrorCode::malformed);
        fs::remove(entry.path());
        expect_refused(work / "b", "'" + name + "' is missing", ErrorCode::malformed);
        spill(entry.path(), whole);
    }
    EXPECT_GE(files, 8);
    spill(work / "b/store/999999.sst", "x");
    expect_refused(work / "b", "'store/999999.sst' is not in the manifest", ErrorCode::malformed);
    fs::remove(work / "b/store/999999.sst");
    EXPECT_TRUE(
        restore_backup({work / "b", work / "good", ""}).has_value()); // nothing but that was wrong
}

TEST_F(Backups, ATarFileThatWasCutAnywhereIsRefused) {
    back_up(work / "b.tar");
    const std::string whole = slurp(work / "b.tar");
    for (std::size_t kept = 0; kept + 1024 < whole.size(); kept += whole.size() / 23) {
        SCOPED_TRACE(kept);
        spill(work / "cut.tar", whole.substr(0, kept));
        auto restored = restore_backup({work / "cut.tar", work / "refused", ""});
        ASSERT_FALSE(restored.has_value());
        EXPECT_THAT(restored.error().detail, ::testing::HasSubstr("cut.tar"));
        EXPECT_FALSE(fs::exists(work / "refused"));
    }
}

TEST_F(Backups, AManifestThatWasChangedCutOrOfAnotherFormatIsRefused) {
    back_up(work / "b");
    const std::string path = work / (std::string("b/") + std::string(manifest_name));
    const std::string whole = slurp(path);
    for (std::size_t at = 0; at < whole.size(); at += 37) {
        std::string changed = whole;
        changed[at] ^= 0x01;
        spill(path, changed);
        auto restored = restore_backup({work / "b", work / "refused", ""});
        ASSERT_FALSE(restored.has_value()) << "byte " << at;
        EXPECT_THAT(restored.error().detail, ::testing::HasSubstr(std::string(manifest_name)));
    }
    spill(path, whole.substr(0, whole.size() / 2));
    expect_refused(work / "b", "cut off", ErrorCode::malformed);
    spill(path, replaced(whole, "safar-backup 1", "safar-backup 2"));
    expect_refused(work / "b", "format 2", ErrorCode::unsupported_version);
    spill(path, "something else\n");
    expect_refused(work / "b", "made by `safar backup`", ErrorCode::malformed);
    fs::remove(path);
    expect_refused(work / "b", "never completed", ErrorCode::not_found);
}

TEST_F(Backups, APipeInADirectoryIsNamedAndNotWaitedFor) {
    back_up(work / "b");
    const std::string pipe = work / "b/charter/pipe";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    expect_refused(work / "b", "charter/pipe: is no file", ErrorCode::malformed);
    fs::remove(pipe);
    const std::string manifest = work / (std::string("b/") + std::string(manifest_name));
    fs::remove(manifest);
    ASSERT_EQ(::mkfifo(manifest.c_str(), 0600), 0);
    expect_refused(work / "b", "it is no backup", ErrorCode::not_found);
}

// Whoever can write files can sign a manifest; only the node's own key is believed.
TEST_F(Backups, AManifestThatSomebodyElseSignedIsRefused) {
    back_up(work / "b");
    const std::string path = work / (std::string("b/") + std::string(manifest_name));
    Manifest manifest = value_of(parse_manifest(path, slurp(path)));
    spill(path, write_manifest(manifest, seeded_key(4711)));
    expect_refused(work / "b", "signed by a key that the charter", ErrorCode::bad_signature);
}

TEST_F(Backups, OneWithoutItsCharterIsRefused) {
    back_up(work / "b");
    const std::string path = work / (std::string("b/") + std::string(manifest_name));
    Manifest manifest = value_of(parse_manifest(path, slurp(path)));
    std::erase_if(manifest.files,
                  [](const auto& file) { return file.path.starts_with("charter/"); });
    fs::remove_all(work / "b/charter");
    spill(path, write_manifest(manifest, identity->signing));
    expect_refused(work / "b", "the charter of its node is not in it", ErrorCode::malformed);
}

TEST_F(Backups, HeadsThatTheStoreDoesNotHaveAreRefused) {
    back_up(work / "b");
    const std::string path = work / (std::string("b/") + std::string(manifest_name));
    Manifest manifest = value_of(parse_manifest(path, slurp(path)));
    ASSERT_FALSE(manifest.heads.empty());
    ++manifest.heads[0].number;
    spill(path, write_manifest(manifest, identity->signing));
    expect_refused(work / "b", "at batch 5, the manifest says 6", ErrorCode::storage_corrupt);
}

TEST_F(Backups, NoPathLeadsOutOfTheDirectory) {
    for (const char* path :
         {"", "/etc/passwd", "../x", "a/../b", "a//b", "a/", "./a", "a b", "a\nb", "..", "a\\b"})
        EXPECT_FALSE(is_inner_path(path)) << path;
    for (const char* path : {"a", "store/000012.sst", "charter/notices/ab", "a..b"})
        EXPECT_TRUE(is_inner_path(path)) << path;
}

// What was signed after the backup stays known to peers, and the restored node never signs at such
// a place again.
TEST_F(Backups, ARestoredNodeGoesOnInALogOfItsOwn) {
    Frontier original;
    {
        auto log = open(data);
        append(*log, 1); // this run's own log, at batch 1
        BackupMade made = value_of(make(*log, /*with_keys=*/true));
        ASSERT_TRUE(carry_backup(made.directory, made.manifest, work / "b").has_value());
        append(*log, 3); // the original goes on, to batch 2 of the same log
        original = log->frontier("movement");
    }
    value_of(restore_backup({work / "b", work / "restored", ""}));
    auto log = open(work / "restored");
    append(*log, 3); // asks nobody
    const Frontier restored = log->frontier("movement");
    EXPECT_EQ(restored.size(), original.size() + 1);
    for (const FrontierEntry& entry : restored)
        for (const FrontierEntry& elsewhere : original) {
            if (entry.log != elsewhere.log) continue;
            EXPECT_LE(entry.head.number, elsewhere.head.number) << "a place was signed twice";
        }
    // Who holds the original's log takes the restored node's too: nothing forks.
    auto first = open(data);
    for (const FrontierEntry& entry : restored)
        for (const auto& batch : value_of(log->read_range(entry.log, 1, 1u << 20)))
            for (const IngestOutcome& outcome : first->ingest(std::span(batch.get(), 1)))
                EXPECT_TRUE(outcome.result.has_value()) << describe(outcome.result.error());
    EXPECT_TRUE(first->forks().empty());
    EXPECT_EQ(first->frontier("movement").size(), original.size() + 1);
}

} // namespace
} // namespace safar

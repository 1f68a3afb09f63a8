// A node's data directory with a few batches on disk, and backups of it.
#pragma once

#include "node/operate/backup.hpp"
#include "node/operate/rules.hpp"
#include "storage/crypto/sha256.hpp"
#include "storage/log/rocks_log.hpp"
#include "tests/unit/node/charter/charter_fixture.hpp"

#include <fstream>
#include <gmock/gmock.h>

namespace safar::testing {

namespace fs = std::filesystem;

inline std::string slurp(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}
inline void spill(const fs::path& path, std::string_view text) {
    std::ofstream(path, std::ios::binary) << text;
}

class BackupFixture : public ::testing::Test {
protected:
    TempDir work;
    SeededEntropy entropy{77};
    std::string data = work / "iom";
    std::unique_ptr<Identity> identity;
    BackupShelf shelf{data};
    std::function<void()> after_capture = [] {}; // what happens while a backup is made

    void SetUp() override {
        Enrolment enrolment =
            value_of(create_node(data, "IOM", "The IOM", "127.0.0.1:7401", entropy));
        Network network;
        CharterDraft draft = network.draft();
        draft.stewards = {"IOM"};
        draft.quorum = 1;
        draft.enrolments[0] = enrolment;
        identity = std::make_unique<Identity>(value_of(load_identity(data)));
        std::string text =
            value_of(sign_charter(value_of(write_charter(draft)), "IOM", identity->signing));
        value_of(adopt_charter_file(data, text));
        auto log = open(data);
        for (int i = 0; i < 5; ++i) append(*log, 20);
    }

    std::unique_ptr<Log> open(const std::string& directory) {
        RocksOptions options;
        options.directory = directory + "/store";
        options.witness_path = directory + "/witness";
        options.reserve_bytes = 1;
        std::vector<std::string> notes;
        return value_of(open_rocks_log(options, Author{identity->id, &identity->signing, &entropy},
                                       value_of(load_rules(directory)).authority, notes));
    }
    void append(Log& log, std::size_t count) {
        AppendRequest request{"movement", std::vector<EventDraft>(count)};
        for (EventDraft& draft : request.drafts) {
            draft.body.kind = 1;
            draft.body.record = entropy.draw<RecordId>();
            draft.body.verb = "recorded";
            draft.body.actor = "test";
            draft.body.assertions = {{1, Text{"a note of some length, as people write them"}}};
        }
        auto results = log.append(std::span(&request, 1));
        ASSERT_TRUE(results[0].has_value()) << describe(results[0].error());
    }

    Result<BackupMade> make(Log& log, bool with_keys = false) {
        BackupPlan plan;
        plan.with_keys = with_keys;
        Rules rules = value_of(load_rules(data));
        plan.facts.version = "0.1.0";
        plan.facts.made = "2026-01-31T08:00:00Z";
        plan.facts.agency = "IOM";
        plan.facts.network = rules.authority->network();
        plan.facts.node = identity->id;
        plan.capture = [&](const std::string& into, Manifest& facts) -> Result<> {
            SAFAR_TRY(copy_moment(log, data, into));
            facts.epoch = 1;
            facts.position = log.last_position();
            for (const FrontierEntry& entry : log.frontier("movement"))
                facts.heads.push_back(
                    {"movement", entry.log, entry.head.number, entry.head.hash, true, false});
            after_capture();
            return success();
        };
        return shelf.make(std::move(plan), identity->signing);
    }
    // A backup of the node as it is, at `target`.
    void back_up(const std::string& target, bool with_keys = false) {
        auto log = open(data);
        BackupMade made = value_of(make(*log, with_keys));
        auto carried = carry_backup(made.directory, made.manifest, target);
        ASSERT_TRUE(carried.has_value()) << describe(carried.error());
        ASSERT_TRUE(shelf.let_go(made.directory).has_value());
    }
    Hash digest(const std::string& directory) {
        auto log = open(directory);
        return frontier_digest(log->frontier("movement"));
    }
    // The restore fails, says `words`, and leaves nothing behind.
    void expect_refused(const std::string& backup, const std::string& words, ErrorCode code,
                        std::string keys = "") {
        const std::string into = work / "refused";
        auto restored = restore_backup({backup, into, std::move(keys)});
        ASSERT_FALSE(restored.has_value()) << words;
        EXPECT_THAT(restored.error().detail, ::testing::HasSubstr(words));
        EXPECT_EQ(name(restored.error().code), name(code)) << restored.error().detail;
        EXPECT_FALSE(fs::exists(into)) << "something was left there";
    }
};

} // namespace safar::testing

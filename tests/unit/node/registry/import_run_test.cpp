#include "registry_fixture.hpp"

namespace safar {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* profile = R"(source = "register"
title = "A register"
kind = "movement"
id = ["Key"]
file_name = 'register-(.*)\.csv'
edition = "{1}"

[[map]]
field = "name"
column = "Name"

[[map]]
field = "persons"
column = "Persons"
)";

constexpr const char* means_profile = R"(source = "register"
title = "A register"
kind = "movement"
id = ["Key"]

[[map]]
field = "name"
column = "Name"

[[map]]
field = "means"
column = "Means"
split = [";"]
)";

// The registry's network, where anybody may add to the list of groups.
HeldCharter open_charter(const Network& network) {
    CharterDraft draft = registry_draft(network);
    for (NamedText& document : draft.documents)
        if (document.name == "codes/group.toml")
            document.text = replaced(document.text, "open = false", "open = true");
    std::string text = value_of(write_charter(draft));
    text = value_of(sign_charter(text, "IOM", network.iom.signing));
    text = value_of(sign_charter(text, "FIA", network.fia.signing));
    return {std::make_shared<const Charter>(value_of(parse_charter(text))), text};
}

class ImportRuns : public ::testing::Test {
protected:
    Network network;
    HeldCharter charter = registry_charter(network);
    TestNode iom{network.iom, charter};
    std::vector<ImportReject> rejects;

    const char* profile_used = profile;
    // Called once half of the file was given.
    std::function<void()> halfway = [] {};

    Result<ImportSummary> import(const std::string& text, const std::string& edition,
                                 bool dry_run = false, TestNode* at = nullptr) {
        ImportCommand command;
        command.request.profile_name = "register";
        command.request.profile = profile_used;
        command.request.file_name = "register-" + edition + ".csv";
        command.dry_run = dry_run;
        std::size_t sent = 0;
        auto source = [&](std::span<std::byte> out) -> Result<std::size_t> {
            std::size_t count = std::min(out.size(), text.size() - sent);
            std::memcpy(out.data(), text.data() + sent, count);
            if (sent < text.size() / 2 && sent + count >= text.size() / 2) halfway();
            sent += count;
            return count;
        };
        return (at == nullptr ? iom : *at)
            .registry->import_file(command, {"importer"}, source,
                                   [&](const ImportReject& reject) { rejects.push_back(reject); });
    }
    RecordId id_of(std::string_view key) {
        auto found =
            value_of(iom.registry->find({"movement", {}, {}, "", {}, {}}, 100000, truncated));
        for (const RecordView& view : found)
            if (const FoldedField* name = view.folded.field(1))
                if (show_value(name->reading.front()) == key) return view.folded.id;
        ADD_FAILURE() << "no record named " << key;
        return {};
    }
    static std::string rows(int count, int persons) {
        std::string out = "Key,Name,Persons\n";
        for (int i = 0; i < count; ++i)
            out += "k" + std::to_string(i) + ",n" + std::to_string(i) + "," +
                   std::to_string(persons) + "\n";
        return out;
    }
    bool truncated = false;
};

TEST_F(ImportRuns, EveryRowOfANewFileBecomesARecord) {
    auto summary = value_of(import(rows(10000, 1), "2019"));
    EXPECT_EQ(summary.records_new, 10000u);
    EXPECT_EQ(summary.events, 10000u);
    EXPECT_EQ(summary.batches, 40u);
    EXPECT_EQ(iom.derived->records("movement"), 10000u);
    EXPECT_EQ(value_of(iom.registry->statistics({"movement", {}, {}, "persons", {}, {}})).sum,
              10000);
}

TEST_F(ImportRuns, TheSameFileAgainWritesNothing) {
    value_of(import(rows(5000, 1), "2019"));
    auto again = value_of(import(rows(5000, 1), "2019"));
    EXPECT_EQ(again.events, 0u);
    EXPECT_EQ(again.records_unchanged, 5000u);
    EXPECT_EQ(iom.events(), 5000u);
}

TEST_F(ImportRuns, ANewerEditionWritesOnlyCorrectionsAndAnOlderOneNothing) {
    value_of(import("Key,Name,Persons\na,x,1\nb,y,2\nc,z,3\n", "2019"));
    auto newer = value_of(import("Key,Name,Persons\na,x,1\nb,y,5\nd,w,4\n", "2020"));
    EXPECT_EQ(newer.records_new, 1u);
    EXPECT_EQ(newer.records_changed, 1u);
    EXPECT_EQ(newer.events, 2u);
    auto older = value_of(import("Key,Name,Persons\na,x,1\nb,y,2\nc,z,3\n", "2019"));
    EXPECT_EQ(older.events, 0u);
    EXPECT_THAT(iom.live(id_of("y"), "persons"), ElementsAre("IOM:5"));
    EXPECT_THAT(iom.live(id_of("z"), "persons"), ElementsAre("IOM:3"));
}

TEST_F(ImportRuns, ADryRunCountsAndWritesNothing) {
    auto summary = value_of(import(rows(300, 1), "2019", /*dry_run=*/true));
    EXPECT_EQ(summary.records_new, 300u);
    EXPECT_EQ(summary.events, 300u);
    EXPECT_EQ(iom.events(), 0u);
}

TEST_F(ImportRuns, MalformedRowsAreRejectedAndTheRestGoesOn) {
    auto summary = value_of(import("Key,Name,Persons\na,x,1\nb,y,many\nc,z,3\n", "2019"));
    EXPECT_EQ(summary.records_new, 2u);
    ASSERT_EQ(rejects.size(), 1u);
    EXPECT_EQ(rejects[0].line, 3u);
    EXPECT_EQ(rejects[0].column, "Persons");
}

TEST_F(ImportRuns, WhoMayNotWriteTheCompartmentImportsNothing) {
    TestNode mofa{network.mofa, charter};
    auto outcome = import(rows(10, 1), "2019", false, &mofa);
    ASSERT_FALSE(outcome.has_value());
    EXPECT_EQ(outcome.error().code, ErrorCode::not_permitted);
    EXPECT_THAT(outcome.error().detail, HasSubstr("IOM, FIA"));
    EXPECT_EQ(mofa.events(), 0u);
}

TEST_F(ImportRuns, TwoAgenciesImportsMeetInOneRecord) {
    TestNode fia{network.fia, charter};
    value_of(import(rows(3, 1), "2019"));
    iom.send_to(fia);
    auto theirs = value_of(import(rows(3, 1), "2019", false, &fia));
    EXPECT_EQ(theirs.records_changed, 3u); // they say it too, in the same records
    EXPECT_EQ(fia.derived->records("movement"), 3u);
    EXPECT_EQ(fia.derived->conflict_count(), 0u); // equal values do not conflict
}

TEST_F(ImportRuns, ImportedStateIsWhatTheBatchesSay) {
    value_of(import(rows(3000, 1), "2019"));
    value_of(import(rows(3000, 2), "2020"));
    EXPECT_EQ(value_of(iom.registry->verify(false)).derived, "same");
}

TEST_F(ImportRuns, WhileDerivedStateBeginsAgainNoRowIsTakenForNew) {
    const std::string text = rows(20'000, 1); // 79 batches: more than a rebuild takes at once
    value_of(import(text, "2019"));
    std::promise<void> half_built;
    std::thread rebuild;
    halfway = [&] {
        rebuild = std::thread([&] {
            EXPECT_TRUE(iom.node->deriver()
                            .run([&](Derived& derived) {
                                return derived.rebuild([&](Position at, Position last) {
                                    if (at == last) return;
                                    half_built.set_value();
                                    // Time enough to look everything up.
                                    std::this_thread::sleep_for(std::chrono::milliseconds(300));
                                });
                            })
                            .has_value());
        });
        half_built.get_future().wait();
    };
    auto again = value_of(import(text, "2019"));
    rebuild.join();
    EXPECT_EQ(again.events, 0u);
    EXPECT_EQ(again.records_unchanged, 20'000u);
}

TEST_F(ImportRuns, ARowThatMakesTooLargeAnEventIsRejectedAndTheRestGoesOn) {
    TestNode open{network.iom, open_charter(network)};
    profile_used = means_profile;
    std::string many;
    for (int i = 0; i < 1100; ++i) many += "m" + std::to_string(i) + ";";
    auto summary =
        value_of(import("Key,Name,Means\na,x,A\nb,y," + many + "\nc,z,B\n", "2019", false, &open));
    EXPECT_EQ(summary.records_new, 2u);
    EXPECT_EQ(summary.read.rejected, 1u);
    EXPECT_EQ(summary.read.records, 2u);
    ASSERT_EQ(rejects.size(), 1u);
    EXPECT_EQ(rejects[0].line, 3u);
    EXPECT_THAT(rejects[0].reason, HasSubstr("at most 1024"));
    EXPECT_EQ(open.events(), 2u);
}

TEST_F(ImportRuns, EveryRejectIsTold) {
    std::string text = "Key,Name,Persons\n";
    const std::size_t count = ImportReader::rejects_held_max + 500;
    for (std::size_t i = 0; i < count; ++i) text += "k,n,many\n";
    auto summary = value_of(import(text + "a,x,1\n", "2019"));
    EXPECT_EQ(summary.read.rejected, count);
    EXPECT_EQ(summary.records_new, 1u);
    EXPECT_EQ(rejects.size(), count);
}

// Reads one record as it is given.
class OneRecord final : public ImportReader {
public:
    explicit OneRecord(EventBody body) : body_(std::move(body)) {}
    Result<std::vector<ImportedRecord>> next(std::size_t) override {
        std::vector<ImportedRecord> out;
        if (!std::exchange(ended_, true)) out.push_back({2, body_});
        return out;
    }
    bool ended() const override { return ended_; }
    std::vector<ImportReject> take_rejects() override { return {}; }
    ImportProgress progress() const override { return {0, 1, 0, 0, 1}; }

private:
    EventBody body_;
    bool ended_ = false;
};

TEST_F(ImportRuns, ARowThatNamesARecordOfAnotherKindIsRejected) {
    EventDraft held;
    held.body.kind = iom.derived->schema()->kind("victim_case")->tag;
    held.body.record.raw[0] = std::byte{7};
    held.body.verb = "recorded";
    held.body.assertions.push_back({1, Text{"a case"}});
    ASSERT_TRUE(iom.node->append({"protection", {held}}).has_value());
    EventBody row = held.body;
    row.kind = iom.derived->schema()->kind("movement")->tag;
    for (bool dry_run : {true, false}) {
        OneRecord reader(row);
        rejects.clear();
        auto summary = value_of(
            iom.registry->import_from(reader, dry_run, {"importer"},
                                      [&](const ImportReject& one) { rejects.push_back(one); }));
        EXPECT_EQ(summary.read.rejected, 1u);
        EXPECT_EQ(summary.events, 0u);
        ASSERT_EQ(rejects.size(), 1u);
        EXPECT_EQ(rejects[0].line, 2u);
        EXPECT_THAT(rejects[0].reason, HasSubstr("another kind"));
    }
    EXPECT_EQ(value_of(iom.registry->show(row.record)).kind->name, "victim_case");
    EXPECT_EQ(iom.events(), 1u);
}

} // namespace
} // namespace safar

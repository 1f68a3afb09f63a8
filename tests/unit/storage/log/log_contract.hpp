// What every Log must do, whatever it stands on. A Host opens one and can restart it.
#pragma once

#include "fixture.hpp"
#include "storage/log/memory_log.hpp"
#include "storage/log/memory_store.hpp"
#include "storage/log/rocks_log.hpp"

#include <gtest/gtest.h>

namespace safar {

using namespace fixture;

class LogHost {
public:
    virtual ~LogHost() = default;
    virtual Result<std::unique_ptr<Log>> open(const Author& author,
                                              std::shared_ptr<const Authority> authority,
                                              std::vector<std::string>& notes) = 0;
    virtual void lose_witness() = 0;
};

class MemoryHost final : public LogHost {
public:
    Result<std::unique_ptr<Log>> open(const Author& author,
                                      std::shared_ptr<const Authority> authority,
                                      std::vector<std::string>& notes) override {
        return open_memory_log(disk, author, std::move(authority), notes);
    }
    void lose_witness() override { disk->witness.reset(); }
    std::shared_ptr<MemoryDisk> disk = make_memory_disk();
};

class RocksHost final : public LogHost {
public:
    [[nodiscard]] RocksOptions options() const {
        RocksOptions out;
        out.directory = directory.path() + "/store";
        out.witness_path = directory.path() + "/witness";
        out.reserve_bytes = 1u << 20;
        out.write_buffer_bytes = 4u << 20;
        return out;
    }
    Result<std::unique_ptr<Log>> open(const Author& author,
                                      std::shared_ptr<const Authority> authority,
                                      std::vector<std::string>& notes) override {
        return open_rocks_log(options(), author, std::move(authority), notes);
    }
    void lose_witness() override { std::filesystem::remove(directory.path() + "/witness"); }
    TempDir directory;
};

// Our node is `us`; `other` and `third` are known to the charter, `stranger` is not.
class LogFixture : public testing::Test {
protected:
    void use(std::unique_ptr<LogHost> h) { host = std::move(h); }
    void open() {
        notes.clear();
        log.reset();
        auto opened = host->open(author(), charter, notes);
        ASSERT_TRUE(opened.has_value()) << describe(opened.error());
        log = std::move(opened).value();
    }
    [[nodiscard]] Author author() { return {us.node, &us.key, &entropy}; }

    Appended append(std::size_t events, std::string compartment = "return") {
        std::vector<AppendRequest> requests{request(std::move(compartment), events)};
        auto answers = log->append(requests);
        EXPECT_EQ(answers.size(), 1u);
        EXPECT_TRUE(answers[0].has_value()) << describe(answers[0].error());
        return answers[0] ? answers[0].value() : Appended{};
    }
    IngestOutcome ingest(EncodedBatch batch) {
        std::vector<EncodedBatch> batches;
        batches.push_back(std::move(batch));
        auto outcomes = log->ingest(batches);
        EXPECT_EQ(outcomes.size(), 1u);
        return std::move(outcomes[0]);
    }
    ErrorCode ingest_error(EncodedBatch batch) {
        IngestOutcome outcome = ingest(std::move(batch));
        EXPECT_FALSE(outcome.result.has_value()) << "it was held";
        EXPECT_FALSE(outcome.fresh);
        return outcome.result ? ErrorCode::not_found : outcome.result.error().code;
    }
    // Tells the log that its peers hold exactly what it holds.
    void confirm() { confirm(other.node); }
    void confirm(const NodeId& peer) {
        for (const std::string& compartment : compartments)
            log->confirm_own_heads(peer, log->frontier(compartment));
    }
    std::vector<std::string> problems(bool deep = true) {
        auto report = log->verify(deep, {});
        EXPECT_TRUE(report.has_value());
        return report.value().problems;
    }

    Node us{1}, other{2}, third{3}, stranger{9};
    std::shared_ptr<TestAuthority> charter =
        std::make_shared<TestAuthority>(std::initializer_list<const Node*>{&us, &other, &third});
    SeededEntropy entropy{7};
    std::vector<std::string> notes;
    std::unique_ptr<LogHost> host;
    std::unique_ptr<Log> log;
};

enum class HostKind { memory, rocks };

class LogContract : public LogFixture, public testing::WithParamInterface<HostKind> {
protected:
    void SetUp() override {
        if (GetParam() == HostKind::memory)
            use(std::make_unique<MemoryHost>());
        else
            use(std::make_unique<RocksHost>());
        open();
    }
};

inline std::string host_name(const testing::TestParamInfo<HostKind>& info) {
    return info.param == HostKind::memory ? "Memory" : "Rocks";
}

} // namespace safar

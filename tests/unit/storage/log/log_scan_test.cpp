// An iterator that meets a damaged block ends early, and only its status says so.
#include "fixture.hpp"

#include "storage/log/log_core.hpp"
#include "storage/log/memory_store.hpp"

#include <gtest/gtest.h>

namespace safar {
namespace {

using namespace fixture;

// Ends its scans of one table before the first key, with an error.
class HalfRead final : public Store {
public:
    HalfRead(std::shared_ptr<MemoryDisk> disk, std::optional<Table> bad)
        : disk_(std::move(disk)), bad_(bad) {}
    Result<std::optional<Bytes>> get(Table table, ByteView key) const override {
        return disk_->get(table, key);
    }
    Result<> scan(Table table, ByteView from, ByteView until, const Visit& visit) const override {
        if (table == bad_) return failure(ErrorCode::storage_failed, "read error");
        return disk_->scan(table, from, until, visit);
    }
    Result<std::optional<Bytes>> last_key(Table table) const override {
        return disk_->last_key(table);
    }
    Result<> commit(const Changes& changes) override { return disk_->commit(changes); }
    void check_media(std::vector<std::string>&) const override {}
    KeyValue& derived() override { return disk_->derived; }

private:
    std::shared_ptr<MemoryDisk> disk_;
    std::optional<Table> bad_;
};

class NoWitness final : public Witness {
public:
    Result<std::optional<WitnessState>> load() override { return std::optional<WitnessState>(); }
    Result<> save(const WitnessState&) override { return success(); }
};

TEST(LogScan, AScanThatEndsEarlyIsAnErrorAndNotAShorterStore) {
    const Node us{1}, other{2};
    auto charter = std::make_shared<TestAuthority>(std::initializer_list<const Node*>{&us, &other});
    SeededEntropy entropy(1);
    auto disk = std::make_shared<MemoryDisk>();
    const auto open = [&](std::optional<Table> bad) {
        std::vector<std::string> notes;
        LogParts parts{std::make_unique<HalfRead>(disk, bad), std::make_unique<NoWitness>(),
                       one_after_another};
        return open_log(std::move(parts), Author{us.node, &us.key, &entropy}, charter, notes);
    };
    {
        auto log = open(std::nullopt).value();
        Writer writer(other), branch(other);
        const std::vector<EncodedBatch> fork{writer.write(), branch.write(7)};
        EXPECT_EQ(log->ingest(fork)[1].result.error().code, ErrorCode::fork_detected);
    }
    for (Table table : {Table::meta, Table::evidence, Table::quarantine}) {
        auto opened = open(table);
        ASSERT_FALSE(opened.has_value()) << static_cast<int>(table);
        EXPECT_EQ(opened.error().code, ErrorCode::storage_failed);
    }
    EXPECT_EQ(open(std::nullopt).value()->forks().size(), 1u);
}

} // namespace
} // namespace safar

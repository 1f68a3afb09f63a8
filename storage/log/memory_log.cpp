#include "storage/log/memory_log.hpp"

#include "storage/log/log_core.hpp"
#include "storage/log/memory_store.hpp"

namespace safar {
namespace {

class MemoryStore final : public Store {
public:
    explicit MemoryStore(std::shared_ptr<MemoryDisk> disk) : disk_(std::move(disk)) {}
    Result<std::optional<Bytes>> get(Table table, ByteView key) const override {
        return disk_->get(table, key);
    }
    Result<> scan(Table table, ByteView from, ByteView until, const Visit& visit) const override {
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
};

class MemoryWitness final : public Witness {
public:
    explicit MemoryWitness(std::shared_ptr<MemoryDisk> disk) : disk_(std::move(disk)) {}
    Result<std::optional<WitnessState>> load() override { return disk_->witness; }
    Result<> save(const WitnessState& state) override {
        disk_->witness = state;
        return success();
    }

private:
    std::shared_ptr<MemoryDisk> disk_;
};

} // namespace

std::shared_ptr<MemoryDisk> make_memory_disk() { return std::make_shared<MemoryDisk>(); }

Result<std::unique_ptr<Log>> open_memory_log(std::shared_ptr<MemoryDisk> disk, const Author& author,
                                             std::shared_ptr<const Authority> authority,
                                             std::vector<std::string>& notes) {
    LogParts parts{std::make_unique<MemoryStore>(disk), std::make_unique<MemoryWitness>(disk),
                   one_after_another};
    return open_log(std::move(parts), author, std::move(authority), notes);
}

std::unique_ptr<Log> make_memory_log(const Author& author,
                                     std::shared_ptr<const Authority> authority) {
    std::vector<std::string> notes;
    auto log = open_memory_log(make_memory_disk(), author, std::move(authority), notes);
    SAFAR_ASSERT(log.has_value()); // an empty disk
    return std::move(log).value();
}

} // namespace safar

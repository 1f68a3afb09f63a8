// The Store in memory: five maps under one lock.
#pragma once

#include "storage/log/store.hpp"

#include <array>
#include <map>
#include <shared_mutex>

namespace safar {

// Orders bytes as RocksDB does: as unsigned numbers, shorter first.
struct BytesLess {
    using is_transparent = void;
    bool operator()(ByteView a, ByteView b) const { return as_text(a) < as_text(b); }
};
using ByteMap = std::map<Bytes, Bytes, BytesLess>;

class MemoryKeyValue final : public KeyValue {
public:
    [[nodiscard]] Result<std::optional<Bytes>> get(ByteView key) const override;
    [[nodiscard]] Result<std::vector<std::optional<Bytes>>>
    get_many(std::span<const Bytes> keys) const override;
    [[nodiscard]] Result<>
    scan(ByteView prefix, ByteView from,
         const std::function<bool(ByteView, ByteView)>& visit) const override;
    [[nodiscard]] Result<> write(std::span<const Write> writes) override;
    [[nodiscard]] Result<> flush() override { return success(); }
    [[nodiscard]] Result<> clear() override;

private:
    mutable std::shared_mutex mutex_;
    ByteMap map_;
};

// What outlives a log: open another log on the same disk to see what a restart would see.
class MemoryDisk {
public:
    [[nodiscard]] Result<std::optional<Bytes>> get(Table table, ByteView key) const;
    [[nodiscard]] Result<> scan(Table table, ByteView from, ByteView until,
                                const Store::Visit& visit) const;
    [[nodiscard]] Result<std::optional<Bytes>> last_key(Table table) const;
    [[nodiscard]] Result<> commit(const Changes& changes);

    // For tests: the next commits answer with this instead of writing.
    std::optional<Error> refuse_commits;
    std::optional<WitnessState> witness;
    MemoryKeyValue derived;

private:
    mutable std::shared_mutex mutex_;
    std::array<ByteMap, table_count> tables_;
};

} // namespace safar

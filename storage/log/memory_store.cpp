#include "storage/log/memory_store.hpp"

#include <mutex>

namespace safar {
namespace {

std::optional<Bytes> find(const ByteMap& map, ByteView key) {
    auto found = map.find(key);
    return found == map.end() ? std::nullopt : std::optional(found->second);
}

void put(ByteMap& map, const Bytes& key, ByteView value) { map.insert_or_assign(key, copy(value)); }

} // namespace

Result<std::optional<Bytes>> MemoryKeyValue::get(ByteView key) const {
    std::shared_lock lock(mutex_);
    return find(map_, key);
}

Result<std::vector<std::optional<Bytes>>>
MemoryKeyValue::get_many(std::span<const Bytes> keys) const {
    std::shared_lock lock(mutex_);
    std::vector<std::optional<Bytes>> out;
    for (const Bytes& key : keys) out.push_back(find(map_, key));
    return out;
}

Result<> MemoryKeyValue::scan(ByteView prefix, ByteView from,
                              const std::function<bool(ByteView, ByteView)>& visit) const {
    // A copy, since `visit` may call back into this map.
    std::vector<std::pair<Bytes, Bytes>> found;
    {
        std::shared_lock lock(mutex_);
        const ByteView start = as_text(from) < as_text(prefix) ? prefix : from;
        for (auto at = map_.lower_bound(start); at != map_.end(); ++at) {
            if (!as_text(at->first).starts_with(as_text(prefix))) break;
            found.emplace_back(at->first, at->second);
        }
    }
    for (const auto& [key, value] : found)
        if (!visit(key, value)) break;
    return success();
}

Result<> MemoryKeyValue::write(std::span<const Write> writes) {
    std::unique_lock lock(mutex_);
    for (const Write& write : writes) {
        if (write.value)
            put(map_, write.key, *write.value);
        else
            map_.erase(write.key);
    }
    return success();
}

Result<> MemoryKeyValue::clear() {
    std::unique_lock lock(mutex_);
    map_.clear();
    return success();
}

Result<std::optional<Bytes>> MemoryDisk::get(Table table, ByteView key) const {
    std::shared_lock lock(mutex_);
    return find(tables_[static_cast<std::size_t>(table)], key);
}

Result<> MemoryDisk::scan(Table table, ByteView from, ByteView until,
                          const Store::Visit& visit) const {
    std::shared_lock lock(mutex_);
    const ByteMap& map = tables_[static_cast<std::size_t>(table)];
    for (auto at = map.lower_bound(from); at != map.end() && BytesLess{}(at->first, until); ++at)
        if (!visit(at->first, at->second)) break;
    return success();
}

Result<std::optional<Bytes>> MemoryDisk::last_key(Table table) const {
    std::shared_lock lock(mutex_);
    const ByteMap& map = tables_[static_cast<std::size_t>(table)];
    return map.empty() ? std::optional<Bytes>() : std::optional(map.rbegin()->first);
}

Result<> MemoryDisk::commit(const Changes& changes) {
    std::unique_lock lock(mutex_);
    if (refuse_commits) return *refuse_commits;
    for (const Changes::Write& write : changes.writes()) {
        ByteMap& map = tables_[static_cast<std::size_t>(write.table)];
        if (write.value)
            put(map, write.key, *write.value);
        else
            map.erase(write.key);
    }
    return success();
}

} // namespace safar

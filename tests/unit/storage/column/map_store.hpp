// A KeyValue in a map that remembers every write, so that a crash can be played: what was written
// last is forgotten, as without a write-ahead log.
#pragma once

#include "storage/log/key_value.hpp"

#include <map>

namespace safar {

class MapStore final : public KeyValue {
public:
    std::vector<std::vector<Write>> history; // every write since the start or the last clear
    std::size_t refuse_after = SIZE_MAX;     // writes that still succeed
    std::string unreadable; // keys that start so lie in a damaged block, until the next clear
    std::string refusing;   // scans of keys that start so are refused by the disk
    bool full = false;      // nothing is flushed or cleared
    bool unmerged = false;  // tables could not be merged: no write until the next clear

    Result<std::optional<Bytes>> get(ByteView key) const override {
        if (!unreadable.empty() && as_text(key).starts_with(unreadable))
            return failure(ErrorCode::storage_corrupt, "a damaged block");
        auto at = map_.find(copy(key));
        return at == map_.end() ? std::optional<Bytes>{} : std::optional(at->second);
    }
    Result<std::vector<std::optional<Bytes>>> get_many(std::span<const Bytes> keys) const override {
        std::vector<std::optional<Bytes>> out;
        for (const Bytes& key : keys) {
            SAFAR_TRY(auto value, get(key));
            out.push_back(std::move(value));
        }
        return out;
    }
    Result<> scan(ByteView prefix, ByteView from,
                  const std::function<bool(ByteView, ByteView)>& visit) const override {
        if (!refusing.empty() && as_text(prefix).starts_with(refusing))
            return failure(ErrorCode::storage_failed, "refused by the test");
        for (auto at = map_.lower_bound(copy(from)); at != map_.end(); ++at) {
            if (!as_text(at->first).starts_with(as_text(prefix))) break;
            if (!visit(at->first, at->second)) break;
        }
        return success();
    }
    Result<> write(std::span<const Write> writes) override {
        if (refuse_after == 0) return failure(ErrorCode::storage_failed, "refused by the test");
        if (unmerged) return failure(ErrorCode::storage_corrupt, "tables could not be merged");
        --refuse_after;
        for (std::size_t i = 1; i < writes.size(); ++i)
            if (!(as_text(writes[i - 1].key) < as_text(writes[i].key)))
                return failure(ErrorCode::invalid_argument, "keys are not strictly ascending");
        history.emplace_back(writes.begin(), writes.end());
        apply(writes);
        return success();
    }
    Result<> flush() override {
        if (full) return failure(ErrorCode::storage_full, "full");
        return success();
    }
    Result<> clear() override {
        if (full) return failure(ErrorCode::storage_full, "full");
        map_.clear();
        history.clear();
        unreadable.clear();
        unmerged = false;
        return success();
    }

    // As after a crash in which only the first `count` writes survived.
    void keep(std::size_t count) {
        map_.clear();
        history.resize(count);
        for (const auto& writes : history) apply(writes);
    }
    [[nodiscard]] std::size_t keys() const { return map_.size(); }
    // Flips a bit of the value of the first key that starts so.
    void damage(std::string_view prefix) {
        for (auto& [key, value] : map_)
            if (as_text(key).starts_with(prefix) && !value.empty()) {
                value[value.size() / 2] ^= std::byte{0x80};
                return;
            }
    }

private:
    void apply(std::span<const Write> writes) {
        for (const Write& write : writes) {
            if (write.value)
                map_[write.key] = *write.value;
            else
                map_.erase(write.key);
        }
    }
    std::map<Bytes, Bytes> map_;
};

} // namespace safar

#include "tests/sim/disk.hpp"

#include "storage/log/store_rows.hpp"

namespace safar::sim {
namespace {

void put(Disk::Map& map, const KeyValue::Write& write) {
    if (write.value)
        map[write.key] = std::make_shared<const Bytes>(*write.value);
    else
        map.erase(write.key);
}

Error gone() { return failure(ErrorCode::storage_failed, "the process has ended"); }

class SimKeyValue final : public KeyValue {
public:
    explicit SimKeyValue(Disk& disk) : disk_(disk) {}
    Result<std::optional<Bytes>> get(ByteView key) const override {
        if (disk_.died) return gone();
        auto found = disk_.derived.find(key);
        return found == disk_.derived.end() ? std::optional<Bytes>() : *found->second;
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
        if (disk_.died) return gone();
        std::vector<std::pair<Bytes, Disk::Value>> found; // a copy: `visit` may write
        const ByteView start = as_text(from) < as_text(prefix) ? prefix : from;
        for (auto at = disk_.derived.lower_bound(start); at != disk_.derived.end(); ++at) {
            if (!as_text(at->first).starts_with(as_text(prefix))) break;
            found.emplace_back(*at);
        }
        for (const auto& [key, value] : found)
            if (!visit(key, *value)) break;
        return success();
    }
    Result<> write(std::span<const Write> writes) override {
        if (disk_.died) return gone();
        for (const Write& write : writes) put(disk_.derived, write);
        disk_.derived_unflushed.emplace_back(writes.begin(), writes.end());
        return success();
    }
    Result<> flush() override {
        if (disk_.died) return gone();
        disk_.derived_flushed = disk_.derived;
        disk_.derived_unflushed.clear();
        return success();
    }
    Result<> clear() override {
        if (disk_.died) return gone();
        disk_.derived.clear();
        return flush(); // the family is dropped at once
    }

private:
    Disk& disk_;
};

class SimStore final : public Store {
public:
    explicit SimStore(std::shared_ptr<Disk> disk) : disk_(std::move(disk)), derived_(*disk_) {}
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
    KeyValue& derived() override { return derived_; }

private:
    std::shared_ptr<Disk> disk_;
    SimKeyValue derived_;
};

class SimWitness final : public Witness {
public:
    explicit SimWitness(std::shared_ptr<Disk> disk) : disk_(std::move(disk)) {}
    Result<std::optional<WitnessState>> load() override { return disk_->witness(); }
    Result<> save(const WitnessState& state) override { return disk_->save(state); }

private:
    std::shared_ptr<Disk> disk_;
};

} // namespace

Result<> Disk::read_fault() {
    if (died) return gone();
    if (random_.permille(rates.read_error)) {
        statistics_.count(Fault::read_error);
        return failure(ErrorCode::storage_failed, "read error");
    }
    if (rates.damage_per_million > 0 && random_.below(1'000'000) < rates.damage_per_million) {
        statistics_.count(Fault::disk_damaged);
        damaged = true;
    }
    if (damaged) return failure(ErrorCode::storage_corrupt, "checksum mismatch");
    return success();
}

Result<std::optional<Bytes>> Disk::get(Table table, ByteView key) {
    SAFAR_TRY(read_fault());
    const Map& map = tables_[static_cast<std::size_t>(table)];
    auto found = map.find(key);
    return found == map.end() ? std::optional<Bytes>() : *found->second;
}

// An iterator may stop at a bad block after any number of keys; its status says so.
Result<> Disk::scan(Table table, ByteView from, ByteView until, const Store::Visit& visit) {
    const Map& map = tables_[static_cast<std::size_t>(table)];
    auto fault = read_fault();
    std::uint64_t before_fault = fault ? ~std::uint64_t{0} : random_.below(4);
    for (auto at = map.lower_bound(from); at != map.end() && BytesLess{}(at->first, until); ++at) {
        if (before_fault-- == 0) return fault;
        if (!visit(at->first, *at->second)) return success();
    }
    return fault;
}

Result<std::optional<Bytes>> Disk::last_key(Table table) {
    SAFAR_TRY(read_fault());
    const Map& map = tables_[static_cast<std::size_t>(table)];
    return map.empty() ? std::optional<Bytes>() : std::optional(map.rbegin()->first);
}

Result<> Disk::commit(const Changes& changes) {
    if (died) return gone();
    if (damaged) return failure(ErrorCode::storage_corrupt, "checksum mismatch");
    if (random_.permille(rates.full)) {
        statistics_.count(Fault::disk_full);
        return failure(ErrorCode::storage_full, "below the reserve");
    }
    bool write = true;
    if (random_.permille(rates.crash_in_commit)) {
        statistics_.count(Fault::crash_in_commit);
        died = true;
        write = random_.one_in(2);
    }
    const bool unknown = !died && random_.permille(rates.fsync_error);
    if (unknown) {
        statistics_.count(Fault::fsync_error);
        write = random_.one_in(2);
    }
    if (write)
        for (const Changes::Write& each : changes.writes()) {
            Map& map = tables_[static_cast<std::size_t>(each.table)];
            if (each.value)
                map[each.key] = std::make_shared<const Bytes>(safar::copy(*each.value));
            else
                map.erase(each.key);
        }
    if (died) return gone();
    return unknown ? Result<>(failure(ErrorCode::storage_failed, "fsync: EIO")) : success();
}

Result<> Disk::save(const WitnessState& state) {
    if (died) return gone();
    older_witnesses_.emplace_back(now, witness_);
    while (!older_witnesses_.empty() &&
           older_witnesses_.front().first + std::chrono::seconds(1) < now)
        older_witnesses_.pop_front();
    witness_ = state;
    return success();
}

std::optional<WitnessState> Disk::witness() const { return witness_; }

void Disk::crash(bool power) {
    died = true;
    if (power && !older_witnesses_.empty() && random_.one_in(2)) {
        const std::size_t back = random_.below(older_witnesses_.size());
        if (older_witnesses_[back].first + std::chrono::seconds(1) >= now) {
            witness_ = older_witnesses_[back].second;
            statistics_.count(Fault::witness_stale);
        }
    }
    older_witnesses_.clear();
    if (derived_unflushed.empty()) return;
    const std::size_t kept = random_.below(derived_unflushed.size() + 1);
    if (kept < derived_unflushed.size()) statistics_.count(Fault::derived_tail_lost);
    derived = derived_flushed;
    for (std::size_t i = 0; i < kept; ++i)
        for (const KeyValue::Write& write : derived_unflushed[i]) put(derived, write);
    derived_flushed = derived;
    derived_unflushed.clear();
}

std::shared_ptr<const Disk::Copy> Disk::copy() const {
    return std::make_shared<Copy>(Copy{tables_, witness_, derived_flushed});
}

void Disk::put_back(const Copy& copy, bool with_witness) {
    tables_ = copy.tables;
    if (with_witness) witness_ = copy.witness;
    derived = derived_flushed = copy.derived;
    derived_unflushed.clear();
    older_witnesses_.clear();
}

void Disk::replace() {
    for (Map& map : tables_) map.clear();
    witness_.reset();
    derived.clear();
    derived_flushed.clear();
    derived_unflushed.clear();
    older_witnesses_.clear();
    damaged = false;
}

std::vector<Bytes> Disk::batches() const {
    std::vector<Bytes> out;
    for (const auto& [key, value] : tables_[static_cast<std::size_t>(Table::batch)])
        out.push_back(*value);
    for (const auto& [key, value] : tables_[static_cast<std::size_t>(Table::quarantine)])
        if (auto row = decode_quarantined(key, *value)) out.push_back(std::move(row.value().batch));
    return out;
}

bool Disk::flip_in_a_batch() {
    Map& batches = tables_[static_cast<std::size_t>(Table::batch)];
    if (batches.empty()) return false;
    Bytes changed = *batches.begin()->second;
    changed[BatchHeader::encoded_bytes + 5] ^= std::byte{1};
    batches.begin()->second = std::make_shared<const Bytes>(std::move(changed));
    return true;
}

std::unique_ptr<Store> make_store(std::shared_ptr<Disk> disk) {
    return std::make_unique<SimStore>(std::move(disk));
}
std::unique_ptr<Witness> make_witness(std::shared_ptr<Disk> disk) {
    return std::make_unique<SimWitness>(std::move(disk));
}

} // namespace safar::sim

// A log whose derived state lies in a store of the test's, so that the store can be made to forget,
// refuse or rot while the log itself stays.
#pragma once

#include "storage/log/log.hpp"
#include "tests/unit/storage/column/map_store.hpp"

#include <atomic>
#include <functional>
#include <utility>

namespace safar::derive_test {

class ProxyLog final : public Log {
public:
    explicit ProxyLog(Log& inner) : inner_(inner) {}
    MapStore store;
    // Batches above it are hidden from the log's head, as where a fork or a cut takes them back.
    std::uint64_t head_max = UINT64_MAX;
    std::atomic<bool> journal_broken{false};
    mutable std::atomic<std::uint64_t> journal_reads{0}, head_reads{0};
    // Called once, when the journal is read next.
    mutable std::function<void()> before_journal;
    // A block of this batch is damaged, in whichever log; 0: of none.
    std::atomic<std::uint64_t> damaged_batch{0};

    Result<> set_authority(std::shared_ptr<const Authority> authority) override {
        return inner_.set_authority(std::move(authority));
    }
    Result<bool> note_fork(const ForkEvidence& evidence) override {
        return inner_.note_fork(evidence);
    }
    std::shared_ptr<const Authority> authority() const override { return inner_.authority(); }
    Hash counted_under() const override { return inner_.counted_under(); }
    std::vector<Result<Appended>> append(std::span<const AppendRequest> requests) override {
        return inner_.append(requests);
    }
    PreparedAppend prepare(std::span<const AppendRequest> requests) const override {
        return inner_.prepare(requests);
    }
    std::vector<Result<Appended>> append_prepared(std::span<PreparedAppend> groups) override {
        return inner_.append_prepared(groups);
    }
    std::vector<IngestOutcome> ingest(std::span<const EncodedBatch> batches) override {
        return inner_.ingest(batches);
    }
    void confirm_own_heads(const NodeId& peer, const Frontier& held) override {
        inner_.confirm_own_heads(peer, held);
    }
    Frontier frontier(std::string_view compartment) const override {
        return inner_.frontier(compartment);
    }
    FrontierNews frontier_since(std::string_view compartment, std::uint64_t mark) const override {
        return inner_.frontier_since(compartment, mark);
    }
    std::optional<Head> head(const LogName& log) const override {
        ++head_reads;
        auto out = inner_.head(log);
        if (out) out->number = std::min(out->number, head_max);
        return out;
    }
    Position last_position() const override { return inner_.last_position(); }
    std::uint64_t effective(LogHandle handle) const override {
        return std::min(inner_.effective(handle), head_max);
    }
    std::uint64_t first_bare(const LogName& log) const override { return inner_.first_bare(log); }
    std::optional<LogName> name_of(LogHandle handle) const override {
        return inner_.name_of(handle);
    }
    Result<std::vector<std::shared_ptr<const EncodedBatch>>>
    read_range(const LogName& log, std::uint64_t first, std::size_t bytes_max) const override {
        return inner_.read_range(log, first, bytes_max);
    }
    Result<std::shared_ptr<const EncodedBatch>> read_batch(LogHandle log,
                                                           std::uint64_t number) const override {
        if (number == damaged_batch) return damage();
        return inner_.read_batch(log, number);
    }
    Result<std::vector<JournalEntry>> read_journal(Position after,
                                                   std::size_t entries_max) const override {
        ++journal_reads;
        if (auto call = std::exchange(before_journal, nullptr)) call();
        if (journal_broken) return failure(ErrorCode::storage_corrupt, "the journal has a hole");
        SAFAR_TRY(auto entries, inner_.read_journal(after, entries_max));
        for (JournalEntry& entry : entries) {
            if (entry.number == damaged_batch) return damage();
            entry.counts = entry.counts && entry.number <= head_max;
        }
        return entries;
    }
    std::vector<QuarantinedBatch> quarantined() const override { return inner_.quarantined(); }
    std::vector<ForkEvidence> forks() const override { return inner_.forks(); }
    Result<VerifyReport>
    verify(bool deep,
           const std::function<void(std::uint64_t, std::uint64_t)>& progress) const override {
        return inner_.verify(deep, progress);
    }
    KeyValue& derived() override { return store; }
    std::uint64_t bounded_memory() const override { return inner_.bounded_memory(); }
    Result<> put_setting(std::string_view key, ByteView value) override {
        return inner_.put_setting(key, value);
    }
    Result<std::optional<Bytes>> setting(std::string_view key) const override {
        return inner_.setting(key);
    }

private:
    [[nodiscard]] Error damage() const {
        return failure(ErrorCode::storage_corrupt,
                       "batch " + std::to_string(damaged_batch) + " is damaged");
    }
    Log& inner_;
};

} // namespace safar::derive_test

// The log's logic over a Store and a Witness; RocksLog and MemoryLog are this class with different
// parts. Locks, but no threads, files or clocks of its own.
//
// One thread writes (a mutex makes sure); what readers see changes after the commit, in one step.
#pragma once

#include "storage/log/compartment_index.hpp"
#include "storage/log/evidence.hpp"
#include "storage/log/own_logs.hpp"

#include <atomic>
#include <mutex>
#include <shared_mutex>

namespace safar {

struct LogParts {
    std::unique_ptr<Store> store;
    std::unique_ptr<Witness> witness;
    ParallelFor parallel_for;
};

// Reads and checks what the parts hold (see read_books and check_witness).
[[nodiscard]] Result<std::unique_ptr<Log>> open_log(LogParts parts, const Author& author,
                                                    std::shared_ptr<const Authority> authority,
                                                    std::vector<std::string>& notes);

class LogCore final : public Log {
public:
    LogCore(LogParts parts, const Author& author, std::shared_ptr<const Authority> authority);
    [[nodiscard]] Result<> open(std::vector<std::string>& notes);

    [[nodiscard]] Result<> set_authority(std::shared_ptr<const Authority> authority) override;
    [[nodiscard]] Result<bool> note_fork(const ForkEvidence& evidence) override;
    [[nodiscard]] std::shared_ptr<const Authority> authority() const override;
    [[nodiscard]] Hash counted_under() const override;

    [[nodiscard]] std::vector<Result<Appended>>
    append(std::span<const AppendRequest> requests) override;
    [[nodiscard]] PreparedAppend prepare(std::span<const AppendRequest> requests) const override;
    [[nodiscard]] std::vector<Result<Appended>>
    append_prepared(std::span<PreparedAppend> groups) override;
    [[nodiscard]] std::vector<IngestOutcome> ingest(std::span<const EncodedBatch> batches) override;
    void confirm_own_heads(const NodeId& peer, const Frontier& held_by_peer) override;

    [[nodiscard]] Frontier frontier(std::string_view compartment) const override;
    [[nodiscard]] std::uint64_t first_bare(const LogName& log) const override;
    [[nodiscard]] FrontierNews frontier_since(std::string_view compartment,
                                              std::uint64_t mark) const override;
    [[nodiscard]] std::optional<Head> head(const LogName& log) const override;
    [[nodiscard]] Position last_position() const override;
    [[nodiscard]] std::uint64_t effective(LogHandle handle) const override;
    [[nodiscard]] std::optional<LogName> name_of(LogHandle handle) const override;
    [[nodiscard]] Result<std::vector<std::shared_ptr<const EncodedBatch>>>
    read_range(const LogName& log, std::uint64_t first, std::size_t bytes_max) const override;
    [[nodiscard]] Result<std::shared_ptr<const EncodedBatch>>
    read_batch(LogHandle log, std::uint64_t number) const override;
    [[nodiscard]] Result<std::vector<JournalEntry>>
    read_journal(Position after, std::size_t entries_max) const override;
    [[nodiscard]] std::vector<QuarantinedBatch> quarantined() const override;
    [[nodiscard]] std::vector<ForkEvidence> forks() const override;
    [[nodiscard]] Result<VerifyReport>
    verify(bool deep,
           const std::function<void(std::uint64_t, std::uint64_t)>& progress) const override;

    [[nodiscard]] KeyValue& derived() override { return parts_.store->derived(); }
    [[nodiscard]] std::uint64_t bounded_memory() const override {
        return parts_.store->bounded_memory();
    }
    [[nodiscard]] Result<> put_setting(std::string_view key, ByteView value) override;
    [[nodiscard]] Result<std::optional<Bytes>> setting(std::string_view key) const override;

private:
    // What one writing call has decided and not committed yet.
    struct Draft {
        Changes changes;
        std::map<LogName, LogRow> rows;    // new or changed, that rule
        std::map<LogHandle, LogRow> aside; // that ruled before
        LogHandle last_handle = 0;
        Position last = 0;
        std::map<LogId, Incarnation> born;
        std::vector<LogId> retired;
        std::vector<ForkEvidence> forks;
        std::vector<std::pair<Bytes, Books::Quarantined>> quarantined;
        std::vector<Bytes> released;
        std::map<LogId, std::size_t> quarantine_bytes; // added by this call
        std::size_t quarantine_total = 0;
    };
    struct PlacedPart; // log_append.cpp
    struct Offered;    // log_ingest.cpp

    // --- log_core.cpp; the caller holds writing_ ---
    [[nodiscard]] Result<> ready_to_write();
    void enter_books(Books books);
    [[nodiscard]] Draft start_draft() const;
    [[nodiscard]] LogRow row_of(const Draft& draft, const LogName& name) const;
    [[nodiscard]] std::vector<NodeId> keepers_of(const LogRow& row) const;
    static Position stage(Draft& draft, LogRow row,
                          ByteView batch); // the row as it is with this batch
    void retire(Draft& draft, const LogId& log);
    [[nodiscard]] Result<> commit(Draft& draft);
    void publish(Draft& draft);
    void remember(const Error& error) const; // corruption stops writing, doubt makes it look first

    // --- log_recount.cpp ---
    // The row with the head that counts under `authority`; `fork`: the one that closes its log, or
    // null.
    [[nodiscard]] Result<LogRow> recounted(LogRow row, const Authority& authority,
                                           const ForkEvidence* fork) const;
    // What the disk did not let be done when a charter came into force or a fork was told.
    [[nodiscard]] Result<> finish_recount();
    [[nodiscard]] Result<bool> take_fork(const ForkEvidence& evidence); // true: news
    [[nodiscard]] Result<> recount_all();
    [[nodiscard]] bool shown_in_part(const LogRow& row, const Authority& authority) const;
    [[nodiscard]] Result<> recount_log(Draft& draft, const LogRow& row, const Authority& authority,
                                       std::span<const LogRow* const> beside);
    static void put_aside(Draft& draft, LogRow row);
    [[nodiscard]] bool learn_fork(Draft& draft,
                                  const ForkEvidence& evidence) const; // false: no news
    [[nodiscard]] ForkSet forks_of(const Draft& draft, const LogName& log) const;
    void enter(Draft& draft, LogRow row); // a row without a batch of its own

    // --- log_append.cpp ---
    [[nodiscard]] LogName own_log(const Draft& draft, const Authority& authority,
                                  std::string_view compartment) const;
    [[nodiscard]] Result<PlacedPart> place_part(const Draft& draft, const Authority& authority,
                                                PreparedAppend::Part& part) const;
    static bool refuse_all_for_one(PreparedAppend& group, std::vector<Result<PlacedPart>>& placed);
    void stage_part(Draft& draft, const PreparedAppend::Part& part, PlacedPart& placed) const;

    // --- log_ingest.cpp ---
    [[nodiscard]] std::vector<IngestOutcome> ingest_locked(std::span<const EncodedBatch> batches);
    [[nodiscard]] Offered examine_one(ByteView stored, const Authority& authority) const;
    void take_one(Draft& draft, std::span<const EncodedBatch> batches, std::vector<Offered>& offers,
                  std::size_t index, std::map<BatchPlace, std::size_t>& staged,
                  IngestOutcome& outcome);
    void quarantine_one(Draft& draft, Offered& offered, ByteView stored, IngestOutcome& outcome);
    [[nodiscard]] Result<> close_forked(Draft& draft, LogRow row, const Offered& offered,
                                        ByteView stored, ByteView held,
                                        const std::map<BatchPlace, std::size_t>& staged,
                                        std::span<const EncodedBatch> batches);
    // The bytes of the batch at that place: of this call or of the store.
    [[nodiscard]] Result<Bytes> bytes_at(const LogRow& row, std::uint64_t number,
                                         const std::map<BatchPlace, std::size_t>& staged,
                                         std::span<const EncodedBatch> batches) const;
    [[nodiscard]] Result<Fit> which_branch(const LogRow& row, const Offer& offer,
                                           const std::map<BatchPlace, std::size_t>& staged,
                                           std::span<const EncodedBatch> batches) const;
    [[nodiscard]] LogRow branch_of(Draft& draft, const LogRow& row, std::uint64_t first) const;
    [[nodiscard]] bool lacks_body(const LogRow& row, std::uint64_t number,
                                  const Authority& authority) const;
    // What this node is to hold of the batch: bodies, or the batch without them.
    [[nodiscard]] Result<> keep_to_our_right(Offered& offered, ByteView stored,
                                             const Authority& authority) const;
    void fill_one(Draft& draft, const Offered& offered, ByteView stored,
                  IngestOutcome& outcome) const;
    [[nodiscard]] Result<> release_quarantined();
    [[nodiscard]] Result<Losses> kept_losses() const;
    // What closes the log under the charter in force.
    [[nodiscard]] std::optional<ForkEvidence> fork_of(const Draft& draft, const LogName& log) const;

    [[nodiscard]] std::optional<LogRow> find_row(const LogName& name) const;
    [[nodiscard]] std::optional<LogRow> find_row(LogHandle handle) const;

    LogParts parts_;
    Author author_;

    std::mutex writing_; // guards own_ and everything that is decided
    OwnLogs own_;
    bool recount_due_ = false;
    std::map<BatchPlace, ForkEvidence> forks_due_; // true, and not yet in the store
    Losses losses_;                                // found when opening; never changes afterwards
    bool losses_kept_ = true;                      // as they are, in the store

    mutable std::shared_mutex reading_; // guards the four below; only the writer changes them
    std::shared_ptr<const Authority> authority_;
    Hash counted_under_;
    Books books_;
    CompartmentIndex index_;

    mutable std::mutex entropy_; // seeded sources are not safe from several threads
    mutable std::atomic<bool> corrupt_{false};
    mutable std::atomic<bool> doubtful_{false};
};

} // namespace safar

// An epoch admits one branch of a fork: its batches count at every node, whatever came first there,
// and the other branch stays as evidence.
#include "log_contract.hpp"

#include <algorithm>
#include <random>

namespace safar {
namespace {

// Two batches in common, then `ours` (three more) and `theirs` (two more).
struct TwoBranches {
    explicit TwoBranches(const Node& node) : beyond(node), ours_ahead(node) {
        Writer writer(node);
        shared = writer.write_many(2);
        Writer branch = writer;
        ours = {writer.write(2), writer.write(), writer.write()};
        theirs = {branch.write(4), branch.write(5)};
        name = writer.next.log;
        beyond = ours_ahead = writer;
    }
    [[nodiscard]] static ForkEvidence proof(const LogName& log, std::uint64_t number,
                                            const EncodedBatch& one, const EncodedBatch& other) {
        auto signature = [](const EncodedBatch& batch) {
            Signature out;
            std::memcpy(out.raw.data(), batch.bytes.data() + BatchHeader::encoded_bytes,
                        Signature::size);
            return out;
        };
        return make_evidence({log, number}, one.header(), signature(one), other.header(),
                             signature(other));
    }
    [[nodiscard]] ForkEvidence proof() const { return proof(name, 3, ours[0], theirs[0]); }
    // Both headers are signed and stand at place 4, but the log forked before it.
    [[nodiscard]] ForkEvidence late_proof() const { return proof(name, 4, ours[1], theirs[1]); }

    std::vector<EncodedBatch> shared, ours, theirs;
    LogName name;
    Writer beyond, ours_ahead; // both go on from `ours`
};

class LogAdmit : public LogContract {
protected:
    [[nodiscard]] std::shared_ptr<TestAuthority>
    admitting(const std::vector<EncodedBatch>& branch) const {
        auto next = std::make_shared<TestAuthority>(*charter);
        next->admits = {{{fork.name, 3}, header_hash(network, branch[0].header())}};
        return next;
    }
    void admit(const std::vector<EncodedBatch>& branch) {
        charter = admitting(branch);
        ASSERT_TRUE(log->set_authority(charter));
    }
    void withdraw() {
        charter = std::make_shared<TestAuthority>(*charter);
        charter->admits.clear();
        ASSERT_TRUE(log->set_authority(charter));
    }
    [[nodiscard]] Head head() const { return *log->head(fork.name); }
    [[nodiscard]] static Hash hash(const EncodedBatch& batch) {
        return header_hash(network, batch.header());
    }
    void hold(const std::vector<EncodedBatch>& batches) {
        for (const IngestOutcome& outcome : log->ingest(batches)) EXPECT_TRUE(outcome.fresh);
    }
    // The numbers of the batches that have an effect, by the hash of their headers, in order of the
    // journal.
    [[nodiscard]] std::set<Hash> effective() const {
        std::set<Hash> out;
        const auto entries = log->read_journal(0, 100).value();
        for (const JournalEntry& entry : entries)
            if (entry.counts) out.insert(hash(*entry.batch));
        return out;
    }
    [[nodiscard]] static std::set<Hash>
    hashes(std::initializer_list<const std::vector<EncodedBatch>*> lists) {
        std::set<Hash> out;
        for (const auto* list : lists)
            for (const EncodedBatch& batch : *list) out.insert(hash(batch));
        return out;
    }

    TwoBranches fork{other};
};
INSTANTIATE_TEST_SUITE_P(Both, LogAdmit, testing::Values(HostKind::memory, HostKind::rocks),
                         host_name);

TEST_P(LogAdmit, TheBranchThatIsHeldCountsAgainAndGoesOn) {
    hold(fork.shared);
    hold(fork.ours);
    EXPECT_EQ(ingest_error(fork.theirs[0]), ErrorCode::fork_detected);
    EXPECT_EQ(head().number, 2u);
    admit(fork.ours);
    EXPECT_EQ(head().number, 5u);
    EXPECT_FALSE(head().forked);
    EXPECT_EQ(head().hash, hash(fork.ours[2]));
    EXPECT_EQ(effective(), hashes({&fork.shared, &fork.ours}));
    EXPECT_EQ(log->forks().size(), 1u); // still known
    EXPECT_EQ(ingest_error(fork.theirs[0]), ErrorCode::quarantined);
    EXPECT_EQ(ingest_error(fork.theirs[1]), ErrorCode::gap);
    EXPECT_TRUE(ingest(fork.ours_ahead.write()).fresh);
    open();
    EXPECT_EQ(head().number, 6u);
    EXPECT_TRUE(problems().empty()) << problems()[0];
}

TEST_P(LogAdmit, TheOtherBranchComesAndTheHeldOneGoesAside) {
    hold(fork.shared);
    hold(fork.theirs);
    EXPECT_EQ(ingest_error(fork.ours[0]), ErrorCode::fork_detected);
    admit(fork.ours);
    EXPECT_EQ(head().number, 2u);
    EXPECT_FALSE(head().forked);
    hold(fork.ours);
    EXPECT_EQ(head().number, 5u);
    EXPECT_EQ(head().hash, hash(fork.ours[2]));
    EXPECT_EQ(effective(), hashes({&fork.shared, &fork.ours}));
    for (int start = 0; start < 2; ++start) {
        std::vector<Hash> range;
        while (range.size() < 5) {
            const auto some = log->read_range(fork.name, range.size() + 1, SIZE_MAX).value();
            ASSERT_FALSE(some.empty());
            for (const auto& batch : some) range.push_back(hash(*batch));
        }
        EXPECT_EQ(std::set<Hash>(range.begin(), range.end()), hashes({&fork.shared, &fork.ours}));
        EXPECT_EQ(range.size(), 5u);
        EXPECT_EQ(log->read_journal(0, 100).value().size(), 7u); // both branches are kept
        EXPECT_TRUE(problems().empty()) << problems()[0];
        open();
        EXPECT_EQ(head().number, 5u);
        EXPECT_EQ(effective(), hashes({&fork.shared, &fork.ours}));
    }
}

TEST_P(LogAdmit, ALaterEpochMayChooseOtherwiseAndNothingIsAskedForAgain) {
    hold(fork.shared);
    hold(fork.theirs);
    admit(fork.ours);
    hold(fork.ours);
    admit(fork.theirs);
    EXPECT_EQ(head().number, 4u);
    EXPECT_EQ(head().hash, hash(fork.theirs[1]));
    EXPECT_EQ(effective(), hashes({&fork.shared, &fork.theirs}));
    open();
    EXPECT_EQ(head().number, 4u);
    admit(fork.ours);
    EXPECT_EQ(head().number, 5u);
    withdraw();
    EXPECT_EQ(head().number, 2u);
    EXPECT_TRUE(head().forked);
    EXPECT_EQ(effective(), hashes({&fork.shared}));
    open();
    EXPECT_TRUE(problems().empty()) << problems()[0];
}

TEST_P(LogAdmit, AProofThatOnlyShowsTheTwoBranchesClosesNothing) {
    hold(fork.shared);
    hold(fork.ours);
    admit(fork.ours);
    EXPECT_TRUE(log->note_fork(fork.late_proof()).value());
    EXPECT_EQ(head().number, 5u);
    EXPECT_FALSE(head().forked);
    EXPECT_TRUE(log->note_fork(fork.proof()).value());
    EXPECT_EQ(head().number, 5u);
    EXPECT_EQ(log->forks().size(), 1u); // the one that shows the place
}

TEST_P(LogAdmit, ANewForkOfTheAdmittedBranchClosesIt) {
    hold(fork.shared);
    hold(fork.ours);
    admit(fork.ours);
    auto next = fork.ours_ahead.write();
    ASSERT_TRUE(ingest(next).fresh);
    EXPECT_EQ(ingest_error(fork.beyond.write(7)), ErrorCode::fork_detected);
    EXPECT_EQ(head().number, 5u);
    EXPECT_TRUE(head().forked);
    open();
    EXPECT_EQ(head().number, 5u);
    EXPECT_TRUE(head().forked);
    EXPECT_TRUE(problems().empty()) << problems()[0];
}

TEST_P(LogAdmit, ABranchMayBeginWithTheFirstBatch) {
    Writer writer(third), branch(third);
    auto one = writer.write(2), two = branch.write(4);
    ASSERT_TRUE(ingest(one).fresh);
    EXPECT_EQ(ingest_error(two), ErrorCode::fork_detected);
    charter = std::make_shared<TestAuthority>(*charter);
    charter->admits = {{{writer.next.log, 1}, hash(two)}};
    ASSERT_TRUE(log->set_authority(charter));
    EXPECT_EQ(log->head(writer.next.log)->number, 0u);
    EXPECT_TRUE(ingest(two).fresh);
    EXPECT_TRUE(ingest(branch.write()).fresh);
    EXPECT_EQ(log->head(writer.next.log)->number, 2u);
    open();
    EXPECT_EQ(log->head(writer.next.log)->number, 2u);
    EXPECT_TRUE(problems().empty()) << problems()[0];
}

// Fifty shuffled orders of everything that can be heard, each offered again until nothing is news.
TEST_P(LogAdmit, TheVerdictDoesNotDependOnTheOrderInWhichEverythingWasHeard) {
    const auto later = admitting(fork.ours);
    std::vector<EncodedBatch> batches = fork.shared;
    batches.insert(batches.end(), fork.ours.begin(), fork.ours.end());
    batches.insert(batches.end(), fork.theirs.begin(), fork.theirs.end());
    const std::vector<ForkEvidence> proofs{fork.proof(), fork.late_proof()};
    const std::size_t charter_step = batches.size() + proofs.size();
    std::vector<std::size_t> order(charter_step + 1);
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::set<std::pair<Hash, std::set<Hash>>> verdicts;
    std::mt19937 random(20260107);
    for (int round = 0; round < 50; ++round) {
        std::shuffle(order.begin(), order.end(), random);
        log = open_memory_log(make_memory_disk(), author(), charter, notes).value();
        bool adopted = false;
        for (int again = 0; again < 8; ++again)
            for (std::size_t step : order) {
                if (step < batches.size()) {
                    static_cast<void>(log->ingest({&batches[step], 1})); // in any order
                } else if (step < charter_step) {
                    EXPECT_TRUE(log->note_fork(proofs[step - batches.size()]));
                } else if (!std::exchange(adopted, true)) {
                    ASSERT_TRUE(log->set_authority(later));
                }
            }
        verdicts.emplace(frontier_digest(log->frontier("return")), effective());
        EXPECT_TRUE(problems().empty()) << problems()[0];
    }
    ASSERT_EQ(verdicts.size(), 1u);
    EXPECT_EQ(verdicts.begin()->second, hashes({&fork.shared, &fork.ours}));
}

} // namespace
} // namespace safar

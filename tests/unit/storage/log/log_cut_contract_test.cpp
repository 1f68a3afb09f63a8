// What a charter takes back and gives again, and forks that others have seen: the same frontier at
// every node, in whatever order it hears.
#include "log_contract.hpp"

#include <algorithm>

#include <gmock/gmock.h>

namespace safar {
namespace {

class LogCut : public LogContract {
protected:
    // The charter with other cuts in force.
    void cut(const Writer& writer, std::optional<std::uint64_t> batch) {
        auto next = std::make_shared<TestAuthority>(*charter);
        if (batch)
            next->cuts[writer.next.log] = *batch;
        else
            next->cuts.erase(writer.next.log);
        charter = next;
        ASSERT_TRUE(log->set_authority(charter));
    }
    std::uint64_t counted(const Writer& writer) const { return log->head(writer.next.log)->number; }
};
INSTANTIATE_TEST_SUITE_P(Both, LogCut, testing::Values(HostKind::memory, HostKind::rocks),
                         host_name);

TEST_P(LogCut, WhatLiesBeyondACutIsKeptAndDoesNotCount) {
    Writer writer(other);
    auto held = writer.write_many(5);
    log->ingest(held);
    cut(writer, 3);
    Head head = *log->head(writer.next.log);
    EXPECT_EQ(head.number, 3u);
    EXPECT_FALSE(head.forked);
    EXPECT_EQ(head.hash, header_hash(network, held[2].header()));
    auto entries = log->read_journal(0, 10).value();
    ASSERT_EQ(entries.size(), 5u);
    EXPECT_TRUE(entries[2].counts);
    EXPECT_FALSE(entries[3].counts);
    EXPECT_EQ(log->read_range(writer.next.log, 1, SIZE_MAX).value().size(), 5u);
    // It may come again, and nothing of it may go on.
    EXPECT_TRUE(ingest(held[4]).result.has_value());
    EXPECT_EQ(ingest_error(writer.write()), ErrorCode::quarantined);
    EXPECT_EQ(counted(writer), 3u);
    open();
    EXPECT_EQ(*log->head(writer.next.log), head);
    EXPECT_TRUE(problems().empty()) << problems()[0];
}

TEST_P(LogCut, ALaterEpochAdmitsAPartOrAllOfIt) {
    Writer writer(other);
    auto held = writer.write_many(5);
    log->ingest(held);
    const Head whole = *log->head(writer.next.log);
    cut(writer, 0);
    EXPECT_EQ(counted(writer), 0u);
    cut(writer, 4);
    EXPECT_EQ(counted(writer), 4u);
    cut(writer, std::nullopt);
    EXPECT_EQ(*log->head(writer.next.log), whole);
    EXPECT_TRUE(ingest(writer.write()).result.has_value());
    open();
    EXPECT_EQ(counted(writer), 6u);
    EXPECT_TRUE(problems().empty());
}

TEST_P(LogCut, ChartersAdoptedWhileTheNodeWasDownAreActedOnAtItsStart) {
    Writer writer(other);
    log->ingest(writer.write_many(4));
    charter->cuts[writer.next.log] = 2;
    open();
    EXPECT_EQ(counted(writer), 2u);
    charter->cuts.clear();
    open();
    EXPECT_EQ(counted(writer), 4u);
}

TEST_P(LogCut, AStartUnderTheSameCharterCountsNothingAgain) {
    Writer writer(other);
    log->ingest(writer.write_many(6));
    cut(writer, 4);
    *charter->asked = 0;
    open();
    EXPECT_EQ(*charter->asked, 0u);
    EXPECT_EQ(counted(writer), 4u);
}

TEST_P(LogCut, AnOwnLogThatWasCutGoesOnInANewIncarnation) {
    append(3);
    Appended second = append(3);
    auto next = std::make_shared<TestAuthority>(*charter);
    next->cuts[second.log] = 1;
    ASSERT_TRUE(log->set_authority(next));
    Appended afterwards = append(3);
    EXPECT_EQ(afterwards.log.id, second.log.id);
    EXPECT_NE(afterwards.log.incarnation, second.log.incarnation);
    EXPECT_EQ(log->head(second.log)->number, 1u);
}

// As when an older copy of the charter lies beside the store. Peers confirm heads by what is shown
// to them: if it were hidden here, its author, put back to an older copy too, would sign there
// again.
TEST_P(LogCut, WhatCountedUnderAnEpochThatIsLostGoesOnCounting) {
    auto newer = std::make_shared<TestAuthority>(*charter);
    newer->epoch_now = 2;
    Writer writer(other);
    writer.next.epoch = 2;
    ASSERT_TRUE(log->set_authority(newer));
    log->ingest(writer.write_many(2));
    const LogName own = append(3).log;
    open(); // under the older one
    EXPECT_EQ(counted(writer), 2u);
    EXPECT_EQ(log->head(own)->number, 1u);
    confirm();
    std::vector<AppendRequest> requests{request("return", 1)};
    auto refused = log->append(requests)[0];
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, ErrorCode::not_permitted);
    EXPECT_THAT(refused.error().detail, testing::HasSubstr("charter epoch 2"));
    EXPECT_TRUE(problems().empty()) << problems()[0];
}

// Every order of: three batches, a cut after the first, its admission up to the second.
TEST_P(LogCut, TheFrontierDoesNotDependOnTheOrderInWhichEverythingWasHeard) {
    Writer writer(other);
    auto batches = writer.write_many(3);
    auto cut_at = [&](std::uint64_t number) {
        auto out = std::make_shared<TestAuthority>(*charter);
        out->cuts[writer.next.log] = number;
        return out;
    };
    std::vector<int> order{0, 1, 2, 3};
    std::set<Hash> digests;
    do {
        auto disk = make_memory_disk();
        auto node = open_memory_log(disk, author(), charter, notes).value();
        bool cut_once = false;
        for (int step : order) {
            if (step < 3)
                node->ingest({&batches[static_cast<std::size_t>(step)], 1});
            else
                ASSERT_TRUE(node->set_authority(cut_at(std::exchange(cut_once, true) ? 2 : 1)));
        }
        ASSERT_TRUE(node->set_authority(cut_at(2)));
        node->ingest(batches); // peers offer again what came too early
        digests.insert(frontier_digest(node->frontier("return")));
    } while (std::next_permutation(order.begin(), order.end()));
    EXPECT_EQ(digests.size(), 1u);
}

// --- forks that others have seen ---

struct Branches {
    explicit Branches(const Node& node, std::size_t common = 2) {
        Writer writer(node);
        shared = writer.write_many(common);
        Writer branch = writer;
        ours = writer.write(2);
        theirs = branch.write(4);
        name = writer.next.log;
        Signature a, b;
        std::memcpy(a.raw.data(), ours.bytes.data() + BatchHeader::encoded_bytes, Signature::size);
        std::memcpy(b.raw.data(), theirs.bytes.data() + BatchHeader::encoded_bytes,
                    Signature::size);
        proof = make_evidence({name, common + 1}, ours.header(), a, theirs.header(), b);
    }
    std::vector<EncodedBatch> shared;
    EncodedBatch ours, theirs;
    LogName name;
    ForkEvidence proof;
};

TEST_P(LogCut, AProofFromElsewhereClosesTheLogAsIfBothBranchesHadComeHere) {
    Branches fork(other);
    log->ingest(fork.shared);
    ASSERT_TRUE(ingest(fork.ours).result.has_value());
    EXPECT_TRUE(log->note_fork(fork.proof).value());
    EXPECT_FALSE(log->note_fork(fork.proof).value());
    Head head = *log->head(fork.name);
    EXPECT_EQ(head.number, 2u);
    EXPECT_TRUE(head.forked);
    EXPECT_EQ(ingest_error(fork.theirs), ErrorCode::log_closed);
    open();
    EXPECT_EQ(*log->head(fork.name), head);
    EXPECT_EQ(log->forks().size(), 1u);
    EXPECT_TRUE(problems().empty()) << problems()[0];
}

TEST_P(LogCut, AProofThatComesBeforeTheBatchesWaitsForThem) {
    Branches fork(other);
    EXPECT_TRUE(log->note_fork(fork.proof).value());
    EXPECT_FALSE(log->head(fork.name));
    open();
    ASSERT_TRUE(ingest(fork.shared[0]).result.has_value());
    EXPECT_FALSE(log->head(fork.name)->forked);
    ASSERT_TRUE(ingest(fork.shared[1]).result.has_value());
    EXPECT_TRUE(log->head(fork.name)->forked);
    EXPECT_EQ(ingest_error(fork.ours), ErrorCode::log_closed);
    EXPECT_TRUE(problems().empty());
}

TEST_P(LogCut, AForkAtTheVeryBeginningIsStatedWithoutABatch) {
    Branches fork(other, 0);
    EXPECT_TRUE(log->note_fork(fork.proof).value());
    ASSERT_EQ(log->frontier("return").size(), 1u);
    const Hash known_by_proof = frontier_digest(log->frontier("return"));
    EXPECT_EQ(ingest_error(fork.ours), ErrorCode::log_closed);
    open();
    EXPECT_EQ(frontier_digest(log->frontier("return")), known_by_proof);
    EXPECT_TRUE(problems().empty());

    auto disk = make_memory_disk();
    auto saw_both = open_memory_log(disk, author(), charter, notes).value();
    saw_both->ingest({&fork.ours, 1});
    saw_both->ingest({&fork.theirs, 1});
    EXPECT_EQ(frontier_digest(saw_both->frontier("return")), known_by_proof);
}

TEST_P(LogCut, ProofsThatProveNothingAreRefused) {
    Branches fork(other);
    ForkEvidence forged = fork.proof;
    forged.signature_b.raw[3] ^= std::byte{1};
    EXPECT_EQ(log->note_fork(forged).error().code, ErrorCode::bad_signature);
    ForkEvidence same = fork.proof;
    same.header_b = same.header_a;
    EXPECT_EQ(log->note_fork(same).error().code, ErrorCode::non_canonical);
    ForkEvidence swapped = fork.proof;
    std::swap(swapped.header_a, swapped.header_b);
    std::swap(swapped.signature_a, swapped.signature_b);
    EXPECT_EQ(log->note_fork(swapped).error().code, ErrorCode::non_canonical);
    EXPECT_EQ(log->note_fork(Branches(stranger).proof).error().code, ErrorCode::not_permitted);
    EXPECT_TRUE(log->forks().empty());
}

// The thief's batches were held; then the key was replaced, and they count no more.
TEST_P(LogCut, WhereAReplacedKeyHadSignedTheNewOneSignsAgain) {
    const Node renewed = other.with_key_of(8);
    Writer thief(other), owner(renewed);
    log->ingest(thief.write_many(3));
    auto next = std::make_shared<TestAuthority>(*charter);
    next->add(renewed);
    next->suspended = next->replaced = {other.key.id()};
    next->cuts[thief.next.log] = ~std::uint64_t{0}; // so that the log is counted anew
    charter = next;
    ASSERT_TRUE(log->set_authority(charter));
    EXPECT_EQ(counted(thief), 0u);
    const auto batches = owner.write_many(2);
    EXPECT_EQ(ingest_error(batches[1]), ErrorCode::gap); // not a fork of the thief's second
    for (const EncodedBatch& batch : batches) EXPECT_TRUE(ingest(batch).result.has_value());
    EXPECT_EQ(counted(owner), 2u);
    EXPECT_FALSE(log->head(owner.next.log)->forked);
    open();
    EXPECT_EQ(counted(owner), 2u);
    EXPECT_TRUE(problems().empty()) << problems()[0];
}

TEST_P(LogCut, AForkBeyondACutClosesNothingUntilTheCutIsLifted) {
    Branches fork(other);
    log->ingest(fork.shared);
    Writer writer(other);
    cut(writer, 1);
    EXPECT_TRUE(log->note_fork(fork.proof).value());
    EXPECT_EQ(log->head(fork.name)->number, 1u);
    EXPECT_FALSE(log->head(fork.name)->forked);
    cut(writer, std::nullopt);
    EXPECT_EQ(log->head(fork.name)->number, 2u);
    EXPECT_TRUE(log->head(fork.name)->forked);
}

// Peers hold batches beyond the cut and show none of them: to an older copy of the store the log
// looks as it should, and when the cut is lifted its next place is taken.
TEST_P(LogCut, AnOwnLogThatMayNotGoOnIsNotTakenUpAgainWhenItMay) {
    const LogName first = append(1).log;
    const Frontier shown = log->frontier("return");
    auto next = std::make_shared<TestAuthority>(*charter);
    next->cuts[first] = 1;
    ASSERT_TRUE(log->set_authority(next));
    log->confirm_own_heads(other.node, shown);
    ASSERT_TRUE(log->set_authority(charter));
    EXPECT_NE(append(1).log, first);
    EXPECT_EQ(log->head(first)->number, 1u);
}

// Peers may hold a batch that names it, and show none: an older copy of this node would sign there.
TEST_P(LogCut, AnOwnLogOlderThanAVoidEpochIsNotGoneOnWith) {
    const LogName first = append(1).log;
    const Frontier shown = log->frontier("return");
    auto rivals = std::make_shared<TestAuthority>(*charter);
    rivals->epoch_void = 2;
    ASSERT_TRUE(log->set_authority(rivals));
    log->confirm_own_heads(other.node, shown);
    EXPECT_NE(append(1).log, first);
    auto settled = std::make_shared<TestAuthority>(*rivals);
    settled->epoch_now = 3;
    ASSERT_TRUE(log->set_authority(settled));
    const LogName second = append(1).log;
    auto next = std::make_shared<TestAuthority>(*settled);
    next->epoch_now = 4;
    ASSERT_TRUE(log->set_authority(next));
    EXPECT_EQ(append(1).log, second); // begun after the void epoch
}

TEST_P(LogCut, AnOwnLogAtTheLimitOfADelegationIsNotBegunAnew) {
    auto limited = std::make_shared<TestAuthority>(*charter);
    limited->last_batch = 2;
    ASSERT_TRUE(log->set_authority(limited));
    append(1);
    append(1);
    auto next = std::make_shared<TestAuthority>(*limited);
    next->epoch_now = 2; // another epoch, the same limit
    ASSERT_TRUE(log->set_authority(next));
    std::vector<AppendRequest> requests{request("return", 1)};
    EXPECT_EQ(log->append(requests)[0].error().code, ErrorCode::not_permitted);
}

TEST_P(LogCut, ANodeWhoseOwnLogHasForkedGoesOnInANewIncarnation) {
    Appended first = append(2);
    Branches copy_of_us(us, 0); // somebody else signed with our key, in a log of the same id
    EXPECT_TRUE(log->note_fork(copy_of_us.proof).value());
    Appended second = append(2);
    EXPECT_EQ(second.log, first.log); // another incarnation is not ours to close
    auto held = log->read_range(first.log, 1, 1).value();
    Writer again(us);
    again.next.log = first.log;
    auto rival = again.peek(1);
    EXPECT_EQ(ingest_error(rival), ErrorCode::fork_detected);
    EXPECT_NE(append(2).log.incarnation, first.log.incarnation);
}

} // namespace
} // namespace safar

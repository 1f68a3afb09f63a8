// Batches without bodies: who observes keeps nothing else, who is to hold bodies takes nothing
// less.
#include "log_contract.hpp"

#include "storage/event/bare.hpp"

namespace safar {
namespace {

EncodedBatch bare(const EncodedBatch& batch) { return {bare_batch(batch.bytes).value()}; }

class LogBare : public LogContract {
protected:
    void observe(bool only_headers) {
        charter = std::make_shared<TestAuthority>(*charter);
        if (only_headers)
            charter->observers.insert(us.node);
        else
            charter->observers.clear();
        ASSERT_TRUE(log->set_authority(charter));
    }
    // Everything that lies in the store, unpacked.
    [[nodiscard]] std::string unpacked() const {
        std::string out;
        const auto entries = log->read_journal(0, 100).value();
        for (const JournalEntry& entry : entries)
            out += as_text(open_batch(entry.batch->bytes, LeafCheck::compute).value().raw);
        return out;
    }
    [[nodiscard]] std::size_t effective() const {
        std::size_t out = 0;
        const auto entries = log->read_journal(0, 100).value();
        for (const JournalEntry& entry : entries) out += entry.counts ? 1 : 0;
        return out;
    }
    const std::string planted = "caseworker"; // in every event of the fixture
    Writer writer{other};
};
INSTANTIATE_TEST_SUITE_P(Both, LogBare, testing::Values(HostKind::memory, HostKind::rocks),
                         host_name);

TEST_P(LogBare, AnObserverKeepsHeadersAndCountsWhateverCame) {
    auto batches = writer.write_many(4);
    auto holder = open_memory_log(make_memory_disk(), Author{third.node, &third.key, &entropy},
                                  charter, notes)
                      .value();
    holder->ingest(batches);
    observe(true);
    EXPECT_TRUE(ingest(batches[0]).fresh);
    EXPECT_TRUE(ingest(bare(batches[1])).fresh);
    EXPECT_TRUE(ingest(batches[2]).fresh);
    EXPECT_TRUE(ingest(bare(batches[2])).result.has_value());
    EXPECT_EQ(unpacked().find(planted), std::string::npos);
    EXPECT_TRUE(ingest(batches[3]).fresh);
    EXPECT_EQ(frontier_digest(log->frontier("return")),
              frontier_digest(holder->frontier("return")));
    EXPECT_EQ(log->frontier("return")[0].head.last_sequence, 12u);
    EXPECT_EQ(effective(), 0u);
    open();
    EXPECT_EQ(unpacked().find(planted), std::string::npos);
    EXPECT_EQ(log->head(writer.next.log)->number, 4u);
    EXPECT_TRUE(problems().empty()) << problems()[0];
}

TEST_P(LogBare, WhoIsToHoldBodiesRefusesBatchesWithoutAndBlamesTheSender) {
    auto batch = writer.write();
    EXPECT_EQ(ingest_error(bare(batch)), ErrorCode::body_missing);
    EXPECT_EQ(blame(ErrorCode::body_missing), Blame::sender);
    EXPECT_FALSE(log->head(writer.next.log));
    EXPECT_TRUE(ingest(batch).fresh);
    EXPECT_NE(unpacked().find(planted), std::string::npos)
        << "the search finds nothing where it must";
}

TEST_P(LogBare, ABodyThatIsKeptApartIsKeptWithoutToo) {
    charter->suspended.insert(other.key.id());
    observe(true);
    EXPECT_EQ(ingest_error(writer.write()), ErrorCode::quarantined);
    charter = std::make_shared<TestAuthority>(*charter);
    charter->suspended.clear();
    ASSERT_TRUE(log->set_authority(charter));
    EXPECT_EQ(log->head(writer.next.log)->number, 1u);
    EXPECT_EQ(unpacked().find(planted), std::string::npos);
}

TEST_P(LogBare, WhoMayReadLaterAsksAgainAndGetsTheBodiesInTheirPlaces) {
    auto batches = writer.write_many(4);
    ASSERT_TRUE(ingest(batches[0]).fresh); // as a reader
    observe(true);
    for (std::size_t i : {1u, 2u}) ASSERT_TRUE(ingest(batches[i]).fresh);
    EXPECT_EQ(log->head(writer.next.log)->number, 3u);
    observe(false);
    EXPECT_EQ(log->head(writer.next.log)->number, 1u) << "what it has bodies of";
    EXPECT_EQ(effective(), 1u);
    open();
    EXPECT_EQ(log->head(writer.next.log)->number, 1u);
    EXPECT_EQ(ingest_error(bare(batches[1])), ErrorCode::body_missing);
    const Position before = log->last_position();
    auto outcomes = log->ingest(batches);
    for (const auto& outcome : outcomes)
        EXPECT_TRUE(outcome.result.has_value()) << describe(outcome.result.error());
    EXPECT_TRUE(outcomes[1].fresh && outcomes[2].fresh && outcomes[3].fresh);
    EXPECT_FALSE(outcomes[0].fresh);
    EXPECT_EQ(log->last_position(), before + 1); // they have their places in the journal
    EXPECT_EQ(log->head(writer.next.log)->number, 4u);
    EXPECT_EQ(effective(), 4u);
    open();
    EXPECT_EQ(log->head(writer.next.log)->number, 4u);
    EXPECT_EQ(effective(), 4u);
    EXPECT_TRUE(problems().empty()) << problems()[0];
}

TEST_P(LogBare, AForkIsSeenByObserversToo) {
    Writer branch = writer;
    auto one = writer.write(), two = branch.write(5);
    observe(true);
    ASSERT_TRUE(ingest(bare(one)).fresh);
    EXPECT_EQ(ingest_error(bare(two)), ErrorCode::fork_detected);
    EXPECT_TRUE(log->head(writer.next.log)->forked);
    EXPECT_EQ(unpacked().find(planted), std::string::npos);
}

TEST_P(LogBare, ABatchWithoutBodiesThatWasAlteredIsRefused) {
    observe(true);
    auto batch = bare(writer.write());
    auto opened = open_batch(batch.bytes, LeafCheck::compute).value();
    EXPECT_FALSE(has_bodies(opened));
    for (std::size_t at : {BatchHeader::encoded_bytes + 3, std::size_t{150}}) {
        auto altered = batch;
        altered.bytes[at] ^= std::byte{1};
        EXPECT_FALSE(ingest(altered).result.has_value()) << at;
    }
    EXPECT_FALSE(log->head(writer.next.log));
}

TEST_P(LogBare, WhoOnlyPassesOnHoldsBodiesAndCountsNothing) {
    charter = std::make_shared<TestAuthority>(*charter);
    charter->carriers.insert(us.node);
    ASSERT_TRUE(log->set_authority(charter));
    auto batch = writer.write();
    ASSERT_TRUE(ingest(batch).fresh);
    EXPECT_EQ(log->read_range(writer.next.log, 1, SIZE_MAX).value()[0]->bytes, batch.bytes);
    EXPECT_EQ(effective(), 0u);
    charter = std::make_shared<TestAuthority>(*charter);
    charter->carriers.clear();
    ASSERT_TRUE(log->set_authority(charter));
    EXPECT_EQ(effective(), 1u);
}

} // namespace
} // namespace safar

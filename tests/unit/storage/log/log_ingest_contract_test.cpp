// Batches of others, good and bad: on both adapters.
#include "log_contract.hpp"

namespace safar {
namespace {

using LogIngest = LogContract;
INSTANTIATE_TEST_SUITE_P(Both, LogIngest, testing::Values(HostKind::memory, HostKind::rocks),
                         host_name);

TEST_P(LogIngest, AChainIsHeldAsItCame) {
    Writer writer(other);
    auto batches = writer.write_many(20, 7);
    auto outcomes = log->ingest(batches);
    ASSERT_EQ(outcomes.size(), 20u);
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
        ASSERT_TRUE(outcomes[i].result.has_value()) << describe(outcomes[i].result.error());
        EXPECT_TRUE(outcomes[i].fresh);
        EXPECT_EQ(outcomes[i].position, i + 1);
        EXPECT_EQ(outcomes[i].place, (BatchPlace{writer.next.log, i + 1}));
    }
    auto stored = log->read_range(writer.next.log, 1, 1 << 30).value();
    for (std::size_t i = 0; i < stored.size(); ++i) EXPECT_EQ(stored[i]->bytes, batches[i].bytes);
    Head head = *log->head(writer.next.log);
    EXPECT_EQ(head.number, 20u);
    EXPECT_EQ(head.last_sequence, 140u);
    EXPECT_EQ(head.hash, outcomes[19].hash);
    EXPECT_TRUE(problems().empty());
}

TEST_P(LogIngest, WhatOneLogAppendedAnotherAcceptsWithTheSameFrontier) {
    append(300);
    append(2, "movement");
    Frontier ours = log->frontier("return");
    auto batches = log->read_range(ours[0].log, 1, 1 << 30).value();
    Author elsewhere{other.node, &other.key, &entropy};
    auto peer = make_memory_log(elsewhere, charter);
    for (const auto& batch : batches) {
        std::vector<EncodedBatch> one{*batch};
        EXPECT_TRUE(peer->ingest(one)[0].result.has_value());
    }
    EXPECT_EQ(frontier_digest(peer->frontier("return")), frontier_digest(ours));
}

TEST_P(LogIngest, ABatchHeldAlreadyIsFineAndWritesNothing) {
    Writer writer(other);
    auto batches = writer.write_many(3);
    ASSERT_TRUE(log->ingest(batches)[2].result.has_value());
    for (auto& outcome : log->ingest(batches)) {
        EXPECT_TRUE(outcome.result.has_value());
        EXPECT_FALSE(outcome.fresh);
    }
    EXPECT_EQ(log->last_position(), 3u);
    std::vector<EncodedBatch> twice;
    twice.push_back(writer.write());
    twice.push_back(twice[0]);
    auto outcomes = log->ingest(twice);
    EXPECT_TRUE(outcomes[0].fresh);
    EXPECT_TRUE(outcomes[1].result.has_value());
    EXPECT_FALSE(outcomes[1].fresh);
    EXPECT_EQ(log->last_position(), 4u);
}

TEST_P(LogIngest, MissingEarlierBatchesAreAGapAndNothingIsHeld) {
    Writer writer(other);
    auto first = writer.write();
    auto second = writer.write();
    auto third_batch = writer.write();
    EXPECT_EQ(ingest_error(second), ErrorCode::gap);
    EXPECT_FALSE(log->head(writer.next.log).has_value());
    EXPECT_TRUE(ingest(first).result.has_value());
    EXPECT_EQ(ingest_error(third_batch), ErrorCode::gap);
    EXPECT_TRUE(ingest(second).result.has_value());
    EXPECT_TRUE(ingest(third_batch).result.has_value());
}

TEST_P(LogIngest, ABadBatchInTheMiddleOfAGroupStopsOnlyItsLog) {
    Writer a(other), b(third);
    std::vector<EncodedBatch> batches = a.write_many(4);
    batches[1].bytes[BatchHeader::encoded_bytes + 3] ^= std::byte{1};
    batches.push_back(b.write());
    auto outcomes = log->ingest(batches);
    EXPECT_TRUE(outcomes[0].fresh);
    EXPECT_EQ(outcomes[1].result.error().code, ErrorCode::bad_signature);
    EXPECT_EQ(outcomes[2].result.error().code, ErrorCode::gap); // a later good one proves nothing
    EXPECT_EQ(outcomes[3].result.error().code, ErrorCode::gap);
    EXPECT_TRUE(outcomes[4].fresh);
    EXPECT_EQ(log->last_position(), 2u);
}

TEST_P(LogIngest, EveryKindOfBadBatchIsNamedAndLeavesNothing) {
    EXPECT_EQ(ingest_error({}), ErrorCode::malformed);
    EXPECT_EQ(ingest_error({Bytes(500)}), ErrorCode::malformed);

    Writer foreign(other);
    foreign.next.network = id<NetworkId>(1);
    EXPECT_EQ(ingest_error(foreign.peek()), ErrorCode::wrong_network);

    EXPECT_EQ(ingest_error(Writer(stranger).peek()), ErrorCode::unknown_author);

    Writer borrowed(stranger); // a known log under a key that no epoch knows
    borrowed.next.log.id = other.log();
    EXPECT_EQ(ingest_error(borrowed.peek()), ErrorCode::unknown_author);

    auto cut = Writer(other).peek(50);
    cut.bytes.pop_back();
    EXPECT_EQ(ingest_error(cut), ErrorCode::malformed);

    // Another body under a good header.
    auto good = Writer(other).peek(3);
    auto donor = Writer(other, 1, "movement").peek(4);
    Bytes mixed(good.bytes.begin(), good.bytes.begin() + EncodedBatch::prefix_bytes - 4);
    mixed.insert(mixed.end(), donor.bytes.begin() + EncodedBatch::prefix_bytes - 4,
                 donor.bytes.end());
    ErrorCode code = ingest_error({mixed});
    EXPECT_TRUE(code == ErrorCode::wrong_hash || code == ErrorCode::malformed) << name(code);

    auto forged = Writer(other).peek();
    forged.bytes[BatchHeader::encoded_bytes] ^= std::byte{1};
    EXPECT_EQ(ingest_error(forged), ErrorCode::bad_signature);

    Writer ahead(other);
    ahead.next.epoch = 2;
    EXPECT_EQ(ingest_error(ahead.peek()), ErrorCode::epoch_unknown);

    EXPECT_EQ(log->last_position(), 0u);
    EXPECT_TRUE(log->frontier("return").empty());
    EXPECT_TRUE(log->quarantined().empty());
}

TEST_P(LogIngest, EveryBitOfHeaderSignatureAndBodyIsGuarded) {
    const EncodedBatch good = Writer(other).peek(3);
    for (std::size_t i = 0; i < good.bytes.size(); i += 7) {
        EncodedBatch bad = good;
        bad.bytes[i] ^= std::byte{0x10};
        IngestOutcome outcome = ingest(bad);
        // The packing is not signed: the same events packed otherwise are the same batch.
        if (outcome.result.has_value()) {
            EXPECT_GE(i, EncodedBatch::prefix_bytes) << i;
            EXPECT_TRUE(open_batch(bad.bytes, LeafCheck::compute).has_value());
            break;
        }
    }
    EXPECT_TRUE(problems().empty());
}

TEST_P(LogIngest, ASmallOrderKeyIsRefusedEvenIfTheCharterLetItIn) {
    PublicKey zero; // y = 0 is no point of large order; the all-zero encoding is on the block list
    charter->keys[other.key.id()] = zero;
    EXPECT_EQ(ingest_error(Writer(other).peek()), ErrorCode::bad_key);
}

TEST_P(LogIngest, SequenceAndEpochMustFollow) {
    Writer writer(other);
    writer.next.epoch = 1;
    ASSERT_TRUE(ingest(writer.write(3)).result.has_value());
    Writer skipping = writer;
    skipping.next.first_sequence = 5;
    EXPECT_EQ(ingest_error(skipping.peek()), ErrorCode::malformed);

    auto newer = std::make_shared<TestAuthority>(*charter);
    newer->epoch_now = 3;
    ASSERT_TRUE(log->set_authority(newer));
    writer.next.epoch = 3;
    ASSERT_TRUE(ingest(writer.write()).result.has_value());
    writer.next.epoch = 2;
    EXPECT_EQ(ingest_error(writer.peek()), ErrorCode::malformed);
    writer.next.epoch = 3;
    EXPECT_TRUE(ingest(writer.write()).result.has_value());
}

TEST_P(LogIngest, ABatchThatFollowsAnotherBranchIsAGapNotBlame) {
    Writer writer(other);
    ASSERT_TRUE(ingest(writer.write()).result.has_value());
    Writer branch = writer;
    branch.next.previous = id<Hash>(1);
    EXPECT_EQ(ingest_error(branch.peek()), ErrorCode::gap);
}

// --- forks ---

TEST_P(LogIngest, TwoBatchesAtOnePlaceCloseTheLogAtTheCommonPrefix) {
    Writer writer(other);
    ASSERT_TRUE(ingest(writer.write()).result.has_value());
    Head prefix = *log->head(writer.next.log);
    Writer branch = writer;
    auto held = writer.write_many(3);
    log->ingest(held);
    EncodedBatch other_branch = branch.write(5);
    EXPECT_EQ(ingest_error(other_branch), ErrorCode::fork_detected);

    Head head = *log->head(writer.next.log);
    EXPECT_TRUE(head.forked);
    EXPECT_EQ(head.number, prefix.number);
    EXPECT_EQ(head.hash, prefix.hash);
    EXPECT_EQ(head.last_sequence, prefix.last_sequence);
    EXPECT_EQ(log->frontier("return").at(0).head, head);
    // What is held stays readable and is marked in the journal.
    EXPECT_EQ(log->read_range(writer.next.log, 1, 1 << 20).value().size(), 4u);
    auto entries = log->read_journal(0, 10).value();
    ASSERT_EQ(entries.size(), 4u);
    EXPECT_TRUE(entries[0].counts);
    EXPECT_FALSE(entries[1].counts);
    EXPECT_FALSE(entries[3].counts);
    // Nothing follows.
    EXPECT_EQ(ingest_error(writer.write()), ErrorCode::log_closed);
    EXPECT_EQ(ingest_error(branch.write()), ErrorCode::log_closed);
    EXPECT_EQ(ingest_error(other_branch), ErrorCode::log_closed);

    auto forks = log->forks();
    ASSERT_EQ(forks.size(), 1u);
    EXPECT_EQ(forks[0].place.number, 2u);
    EXPECT_EQ(std::minmax(forks[0].header_a, forks[0].header_b),
              std::minmax(copy(held[0].header()), copy(other_branch.header())));
    EXPECT_LT(forks[0].header_a, forks[0].header_b);
    EXPECT_TRUE(
        verify_header(other.key.public_key(), network, forks[0].header_a, forks[0].signature_a));
    EXPECT_TRUE(
        verify_header(other.key.public_key(), network, forks[0].header_b, forks[0].signature_b));

    open();
    EXPECT_EQ(log->head(writer.next.log), head);
    EXPECT_EQ(log->forks().size(), 1u);
    EXPECT_TRUE(problems().empty()) << problems()[0];
}

TEST_P(LogIngest, AnUnsignedClaimIsNoFork) {
    Writer writer(other);
    Writer branch = writer;
    ASSERT_TRUE(ingest(writer.write()).result.has_value());
    auto claim = branch.write(5);
    claim.bytes[BatchHeader::encoded_bytes + 1] ^= std::byte{1};
    EXPECT_EQ(ingest_error(claim), ErrorCode::bad_signature);
    EXPECT_FALSE(log->head(writer.next.log)->forked);
}

TEST_P(LogIngest, TheLowestForkRulesInWhateverOrderTheyCome) {
    Writer writer(other);
    Writer at_one = writer;
    auto first = writer.write();
    Writer at_two = writer;
    auto second = writer.write();
    auto third_batch = writer.write();
    std::vector<EncodedBatch> all{first, second, third_batch};
    log->ingest(all);
    EXPECT_EQ(ingest_error(at_two.write(4)), ErrorCode::fork_detected);
    EXPECT_EQ(log->head(writer.next.log)->number, 1u);
    EXPECT_EQ(ingest_error(at_one.write(4)), ErrorCode::fork_detected);
    Head head = *log->head(writer.next.log);
    EXPECT_EQ(head.number, 0u);
    EXPECT_TRUE(head.hash.is_zero());
    EXPECT_TRUE(head.forked);
    ASSERT_EQ(log->frontier("return").size(), 1u);
    ASSERT_EQ(log->forks().size(),
              2u); // an epoch may admit a branch of the lower, and then this one closes
    EXPECT_EQ(log->forks()[0].place.number, 1u);
    open();
    EXPECT_EQ(log->head(writer.next.log), head);
    EXPECT_TRUE(problems().empty());
}

TEST_P(LogIngest, BothBranchesInOneGroupAreAFork) {
    Writer writer(other);
    auto first = writer.write();
    Writer branch = writer;
    auto second = writer.write();
    auto again = branch.write(5);
    std::vector<EncodedBatch> group{first, second, again, writer.write()};
    auto outcomes = log->ingest(group);
    EXPECT_TRUE(outcomes[0].fresh);
    EXPECT_TRUE(outcomes[1].fresh);
    EXPECT_EQ(outcomes[2].result.error().code, ErrorCode::fork_detected);
    EXPECT_EQ(outcomes[3].result.error().code, ErrorCode::log_closed);
    EXPECT_EQ(log->head(writer.next.log)->number, 1u);
    const ForkEvidence fork = log->forks().at(0);
    EXPECT_TRUE(fork.header_a == copy(second.header()) || fork.header_b == copy(second.header()));
    EXPECT_TRUE(problems().empty());
    open();
    EXPECT_TRUE(problems().empty());
}

TEST_P(LogIngest, AForkOfOurOwnLogEndsItForUs) {
    LogName first = append(1).log;
    Writer copy_of_us(us);
    copy_of_us.next.log = first;
    EXPECT_EQ(ingest_error(copy_of_us.write(2)), ErrorCode::fork_detected);
    LogName second = append(1).log;
    EXPECT_NE(second, first);
    EXPECT_FALSE(log->head(second)->forked);
}

// --- quarantine ---

TEST_P(LogIngest, WhatAKnownAuthorMayNotSayIsKeptApart) {
    charter->suspended.insert(other.key.id());
    Writer writer(other);
    auto batch = writer.write();
    EXPECT_EQ(ingest_error(batch), ErrorCode::quarantined);
    EXPECT_EQ(ingest_error(batch), ErrorCode::quarantined);
    EXPECT_EQ(log->last_position(), 0u);
    EXPECT_TRUE(log->frontier("return").empty());
    ASSERT_EQ(log->quarantined().size(), 1u);
    EXPECT_EQ(log->quarantined()[0].place, (BatchPlace{writer.next.log, 1}));
    EXPECT_FALSE(log->quarantined()[0].reason.empty());
    open();
    EXPECT_EQ(log->quarantined().size(), 1u);
}

TEST_P(LogIngest, ANewCharterAdmitsWhatWasKeptApart) {
    charter->suspended.insert(other.key.id());
    Writer writer(other);
    auto batches = writer.write_many(3);
    std::vector<EncodedBatch> backwards{batches[2], batches[0], batches[1]};
    for (auto& outcome : log->ingest(backwards))
        EXPECT_EQ(outcome.result.error().code, ErrorCode::quarantined);
    auto newer = std::make_shared<TestAuthority>(*charter);
    newer->suspended.clear();
    ASSERT_TRUE(log->set_authority(newer));
    EXPECT_TRUE(log->quarantined().empty());
    EXPECT_EQ(log->head(writer.next.log)->number, 3u);
    EXPECT_EQ(log->last_position(), 3u);
    charter = newer;
    open();
    EXPECT_TRUE(log->quarantined().empty());
    EXPECT_EQ(log->head(writer.next.log)->number, 3u);
}

TEST_P(LogIngest, QuarantineHasAQuotaForEachLog) {
    charter->suspended.insert(other.key.id());
    charter->suspended.insert(third.key.id());
    std::size_t kept = 0;
    bool full = false;
    SeededEntropy noise(3);
    Writer writer(other);
    for (int i = 0; i < 12 && !full; ++i) {
        // Half a mebibyte that does not pack.
        std::vector<EventDraft> drafts;
        for (std::uint64_t n = 0; n < 17; ++n) {
            EventDraft event = draft(n);
            Bytes random(16000);
            noise.fill(random);
            event.body.assertions = {{1, Text{std::string(as_text(random))}},
                                     {2, Text{to_hex(random).substr(0, 16000)}}};
            drafts.push_back(event);
        }
        std::size_t taken = 0;
        auto built = build_batch(writer.next, other.key, noise, drafts, taken).value();
        writer.next.number += 1;
        writer.next.first_sequence = built.header.last_sequence() + 1;
        writer.next.previous = built.hash;
        IngestOutcome outcome = ingest(std::move(built.encoded));
        EXPECT_EQ(outcome.result.error().code, ErrorCode::quarantined);
        full = outcome.result.error().detail.find("full") != std::string::npos;
        if (!full) ++kept;
    }
    EXPECT_TRUE(full);
    EXPECT_EQ(log->quarantined().size(), kept);
    // Another log has its own share.
    ingest(Writer(third).write());
    EXPECT_EQ(log->quarantined().size(), kept + 1);
}

TEST_P(LogIngest, WhatWaitedForACharterIsAcceptedAfterIt) {
    Writer writer(other);
    writer.next.epoch = 2;
    auto batch = writer.write();
    EXPECT_EQ(ingest_error(batch), ErrorCode::epoch_unknown);
    auto newer = std::make_shared<TestAuthority>(*charter);
    newer->epoch_now = 2;
    ASSERT_TRUE(log->set_authority(newer));
    EXPECT_TRUE(ingest(batch).result.has_value());
    EXPECT_EQ(log->head(writer.next.log)->epoch, 2u);
}

} // namespace
} // namespace safar

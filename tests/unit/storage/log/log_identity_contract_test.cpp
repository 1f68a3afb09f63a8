// Which of its own logs a node may go on signing: on both adapters.
#include "log_contract.hpp"

namespace safar {
namespace {

using LogIdentity = LogContract;
INSTANTIATE_TEST_SUITE_P(Both, LogIdentity, testing::Values(HostKind::memory, HostKind::rocks),
                         host_name);

TEST_P(LogIdentity, ALogStartedInThisRunGoesOnUnconfirmed) {
    LogName first = append(1).log;
    EXPECT_EQ(append(1).log, first);
    EXPECT_EQ(append(1, "movement").log.id, us.log("movement"));
}

TEST_P(LogIdentity, AfterReopeningAnUnconfirmedLogGoesOnInANewIncarnation) {
    LogName first = append(1).log;
    open();
    EXPECT_TRUE(notes.empty());
    LogName second = append(1).log;
    EXPECT_EQ(second.id, first.id);
    EXPECT_NE(second.incarnation, first.incarnation);
    EXPECT_EQ(log->head(first)->number, 1u);
    EXPECT_EQ(log->head(second)->number, 1u);
    EXPECT_TRUE(problems().empty());
}

TEST_P(LogIdentity, APeerThatHoldsExactlyOurHeadConfirmsIt) {
    LogName first = append(1).log;
    append(1);
    open();
    confirm();
    Appended next = append(1);
    EXPECT_EQ(next.log, first);
    EXPECT_EQ(next.first_sequence, 3u);
}

// The one that has not spoken may hold what an older copy of this store has forgotten.
TEST_P(LogIdentity, EveryNodeThatMayKeepTheLogMustHaveConfirmedIt) {
    auto three = std::make_shared<TestAuthority>(*charter);
    three->keeping = {us.node, other.node, third.node};
    charter = three;
    open();
    const LogName first = append(1).log;
    open();
    confirm(other.node);
    confirm(other.node);
    const LogName second = append(1).log;
    EXPECT_NE(second, first);

    open();
    confirm(third.node);
    confirm(other.node);
    EXPECT_EQ(append(1).log, second);
}

// A virtual machine may have been put back as it ran: its sessions begin anew, and whoever speaks
// first may have been away when the lost part was written.
TEST_P(LogIdentity, WhoSpeaksAgainAloneIsNotEnoughForALogOfThisRun) {
    auto three = std::make_shared<TestAuthority>(*charter);
    three->keeping = {us.node, other.node, third.node};
    charter = three;
    open();
    const LogName first = append(1).log;
    EXPECT_EQ(append(1).log, first) << "as long as nobody says anything";
    confirm(other.node);
    const LogName second = append(1).log;
    EXPECT_NE(second, first);
    confirm(other.node);
    confirm(third.node);
    EXPECT_EQ(append(1).log, second);
}

// It may hold what an older copy of this store has forgotten, and bring it once it keeps the log
// again.
TEST_P(LogIdentity, WhoMayKeepTheLogNoMoreWouldHaveToConfirmItToo) {
    auto two = std::make_shared<TestAuthority>(*charter);
    two->epoch_now = 2;
    two->keeping = {us.node, other.node};
    two->kept_until = {{third.node, 1}};
    const LogName first = append(1).log; // under epoch 1
    charter = two;
    open();
    confirm(other.node);
    const LogName second = append(1).log;
    EXPECT_NE(second, first);

    open();
    confirm(other.node);
    EXPECT_EQ(append(1).log, second) << "begun when it was no keeper any more";
}

// Peers may hold what the old key signed after it, and show it no more.
TEST_P(LogIdentity, ALogThatAReplacedKeySignedIsNotGoneOnWith) {
    const LogName first = append(1).log;
    const Node renewed = us.with_key_of(8);
    auto next = std::make_shared<TestAuthority>(*charter);
    next->epoch_now = 2;
    next->keys[renewed.key.id()] = renewed.key.public_key();
    next->replaced = {us.key.id()};
    charter = next;
    log.reset();
    log = host->open({us.node, &renewed.key, &entropy}, charter, notes).value();
    confirm();
    const LogName second = append(1).log;
    EXPECT_EQ(second.id, first.id);
    EXPECT_NE(second, first);
    EXPECT_EQ(log->head(first)->number, 1u);
}

TEST_P(LogIdentity, APeerThatIsBehindConfirmsNothing) {
    LogName first = append(1).log;
    Frontier old = log->frontier("return");
    append(1);
    open();
    log->confirm_own_heads(other.node, old);
    EXPECT_NE(append(1).log, first);
}

TEST_P(LogIdentity, APeerThatHoldsMoreOfOurLogClosesItForUs) {
    LogName first = append(1).log;
    open();
    confirm();
    Frontier higher = log->frontier("return");
    higher[0].head.number = 2;
    higher[0].head.hash = id<Hash>(5);
    log->confirm_own_heads(other.node, higher);
    LogName second = append(1).log;
    EXPECT_NE(second, first);
    // Never again, not even after a restart and a confirmation.
    open();
    confirm();
    EXPECT_EQ(append(1).log, second);
}

TEST_P(LogIdentity, APeerWithAnotherHashAtAnOlderNumberClosesIt) {
    LogName first = append(1).log;
    Frontier different = log->frontier("return");
    different[0].head.hash = id<Hash>(5);
    append(1);
    log->confirm_own_heads(other.node, different);
    EXPECT_NE(append(1).log, first);
}

TEST_P(LogIdentity, APeerThatCallsOurLogForkedClosesIt) {
    LogName first = append(1).log;
    Frontier forked = log->frontier("return");
    forked[0].head.forked = true;
    log->confirm_own_heads(other.node, forked);
    EXPECT_NE(append(1).log, first);
}

TEST_P(LogIdentity, ALostPartOfOurLogIsIngestedLikeAnyOthersAndNotContinued) {
    append(1);
    LogName first = append(1).log;
    auto batches = log->read_range(first, 1, 1 << 20).value();
    use(GetParam() == HostKind::memory ? std::unique_ptr<LogHost>(std::make_unique<MemoryHost>())
                                       : std::make_unique<RocksHost>());
    open(); // an empty store: the old one was lost
    LogName second = append(1).log;
    EXPECT_NE(second, first);
    for (const auto& batch : batches)
        EXPECT_TRUE(ingest(EncodedBatch{batch->bytes}).result.has_value());
    EXPECT_EQ(log->head(first)->number, 2u);
    EXPECT_EQ(append(1).log, second);
    confirm();
    EXPECT_EQ(append(1).log, second);
}

TEST_P(LogIdentity, ABatchOfOurCurrentLogThatWeDidNotWriteClosesItForUs) {
    LogName first = append(1).log;
    Head head = *log->head(first);
    Writer double_of_us(us);
    double_of_us.next.log = first;
    double_of_us.next.number = 2;
    double_of_us.next.first_sequence = 2;
    double_of_us.next.previous = head.hash;
    EXPECT_TRUE(ingest(double_of_us.write()).result.has_value());
    EXPECT_NE(append(1).log, first);
    EXPECT_EQ(log->head(first)->number, 2u);
}

TEST_P(LogIdentity, WithoutItsWitnessALogGoesOnInANewIncarnationAndSaysSo) {
    LogName first = append(1).log;
    log.reset();
    host->lose_witness();
    open();
    ASSERT_EQ(notes.size(), 1u);
    EXPECT_NE(notes[0].find("witness"), std::string::npos);
    confirm();
    EXPECT_NE(append(1).log, first);
    open();
    EXPECT_TRUE(notes.empty());
}

} // namespace
} // namespace safar

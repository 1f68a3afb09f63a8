// What the doctor says of which facts.
#include "node/operate/health.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace safar {
namespace {

using ::testing::HasSubstr;

HealthFacts well() {
    HealthFacts out;
    out.agency = "IOM";
    out.key_problem = "";
    out.disk = HealthFacts::Disk{10ull << 30, 256ull << 20};
    out.log_position = out.derived_position = 40;
    out.last_backup_seconds = 3600;
    out.ahead = HealthFacts::Ahead{"FIA", -4};
    out.peers = {{"FIA", "connected", "", "2026-01-31T08:00:00Z", 900, 0, 0}};
    return out;
}
Finding about(const HealthFacts& facts, const std::string& check) {
    for (const Finding& finding : examine(facts))
        if (finding.check == check) return finding;
    ADD_FAILURE() << "nothing is said about " << check;
    return {};
}
// The check has this health, says `words`, and says what to do unless all is well.
void expect(const HealthFacts& facts, const std::string& check, Health health,
            const std::string& words) {
    const Finding finding = about(facts, check);
    EXPECT_EQ(name(finding.health), name(health)) << finding.found;
    EXPECT_THAT(finding.found, HasSubstr(words));
    EXPECT_TRUE(health == Health::ok || !finding.advice.empty()) << check;
}

TEST(Health, ANodeThatIsWellHasNothingToDo) {
    for (const Finding& finding : examine(well())) {
        EXPECT_EQ(finding.health, Health::ok) << finding.check << ": " << finding.found;
        EXPECT_EQ(finding.advice, "") << finding.check;
    }
}
TEST(Health, KeysThatOthersMayReadAreAProblem) {
    HealthFacts facts = well();
    facts.key_problem = "keys/tls.key: others may read this private key";
    expect(facts, "keys", Health::problem, "others may read");
}
TEST(Health, ADiskNearItsReserveIsAWarningAndBelowItAProblem) {
    HealthFacts facts = well();
    facts.disk->free = 700ull << 20;
    expect(facts, "disk", Health::warning, "700 MiB free");
    facts.disk->free = 200ull << 20;
    expect(facts, "disk", Health::problem, "nothing can be written");
}
TEST(Health, DerivedStateFarBehindIsAWarning) {
    HealthFacts facts = well();
    facts.log_position = 50'000;
    expect(facts, "derived state", Health::warning, "at 40 of 50000");
    facts.log_position = 10; // read a moment before
    expect(facts, "derived state", Health::ok, "");
}
TEST(Health, DerivedStateThatCanNotFollowIsAProblem) {
    HealthFacts facts = well();
    facts.derived_hindered = "the journal has a hole after position 12";
    expect(facts, "derived state", Health::problem, "a hole after position 12");
}
TEST(Health, AForkIsAProblemAndOursIsSaidDifferently) {
    HealthFacts facts = well();
    facts.forked = {"FIA"};
    expect(facts, "forks", Health::problem, "of FIA");
    EXPECT_THAT(about(facts, "forks").advice, HasSubstr("suspend"));
    facts.forked = {"IOM"};
    EXPECT_THAT(about(facts, "forks").advice, HasSubstr("stop the other copy"));
}
TEST(Health, StatementsThatDoNotFitTogetherAreAProblem) {
    HealthFacts facts = well();
    expect(facts, "statements", Health::ok, "no two contradict");
    facts.split_views = {"FIA", "UKF"};
    expect(facts, "statements", Health::problem, "FIA, UKF");
    EXPECT_THAT(about(facts, "statements").advice, HasSubstr("safar gaps"));
}
TEST(Health, QuarantineAndConflictsAreWarnings) {
    HealthFacts facts = well();
    facts.quarantined = {"the key is suspended", "another"};
    facts.conflicts = 3;
    expect(facts, "quarantine", Health::warning,
           "2 batches are kept apart; the first: the key is suspended");
    expect(facts, "conflicts", Health::warning, "3 are open");
}
TEST(Health, AClockIsComparedWithWhatPeersSay) {
    HealthFacts facts = well();
    facts.ahead->seconds = 119;
    expect(facts, "clock", Health::ok, "");
    facts.ahead->seconds = 7200;
    expect(facts, "clock", Health::warning, "FIA lies 2 h in the future");
    facts.ahead.reset();
    expect(facts, "clock", Health::ok, "no event of a peer");
}
TEST(Health, NoBackupOrAnOldOneIsAWarning) {
    HealthFacts facts = well();
    facts.last_backup_seconds = 8 * 86400;
    expect(facts, "backup", Health::warning, "8 days");
    facts.last_backup_seconds.reset();
    expect(facts, "backup", Health::warning, "none");
}
TEST(Health, APeerOutOfReachIsAWarningAndAfterADayAProblem) {
    HealthFacts facts = well();
    facts.peers.push_back(
        {"MOFA", "waiting", "connection refused", "2026-01-31T07:00:00Z", 3000, 4, 2});
    expect(facts, "peer MOFA", Health::warning, "waiting for 50 min");
    EXPECT_EQ(about(facts, "peer MOFA").advice, "safar peer test MOFA");
    facts.peers.back().seconds = 90'000;
    expect(facts, "peer MOFA", Health::problem, "connection refused");
    facts.peers.back().seconds = 5;
    facts.peers.back().state = "refused";
    expect(facts, "peer MOFA", Health::problem, "refused");
}
TEST(Health, APeerThatLagsIsSaidWithItsFigures) {
    HealthFacts facts = well();
    facts.peers[0].behind_there = 12;
    expect(facts, "peer FIA", Health::ok, "0 batches lack here, 12 there");
}
TEST(Health, ANodeThatReachesNobodyIsAProblem) {
    HealthFacts facts = well();
    facts.peers[0].state = "waiting";
    facts.peers[0].seconds = 1;
    expect(facts, "peers", Health::problem, "no peer is connected");
    facts.peers.clear();
    expect(facts, "peers", Health::ok, "lists no other node");
}

TEST(Health, OfABusyNetworkThreadNothingIsKnownAndThatIsSaid) {
    HealthFacts facts = well();
    facts.peers.clear();
    facts.network_busy = true;
    expect(facts, "peers", Health::warning, "did not answer within 0.5 s");
    expect(facts, "statements", Health::ok, "not looked at");
    facts.network_busy = false;
    expect(facts, "peers", Health::ok, "the charter lists no other node");
}
TEST(Health, APeerThatHasNotYetSaidWhatItHoldsIsNotSaidToHoldTheSame) {
    HealthFacts facts = well();
    facts.peers[0].compared = false;
    expect(facts, "peer FIA", Health::ok, "not yet compared");
    facts.peers[0].compared = true;
    expect(facts, "peer FIA", Health::ok, "both hold the same");
}

} // namespace
} // namespace safar

// What a consent permits, until when, and whom its withdrawal reaches.
#include "casework_nodes.hpp"

#include "node/casework/consent.hpp"
#include "node/casework/inbox.hpp"
#include "node/casework/journey.hpp"

namespace safar {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// "2026-Q3" of the quarter that a day lies in.
std::string quarter_of(const std::string& day) {
    return day.substr(0, 5) + "Q" + std::to_string((std::stoi(day.substr(5, 2)) + 2) / 3);
}

class Consents : public CaseworkNodes {};

TEST_F(Consents, OthersWhoWriteTheRecordWidenNothing) {
    RecordId subject = person();
    RecordId given = consent(subject);
    exchange();
    ASSERT_TRUE(fia.set(given, {{"groups", "health"}, {"recipients", "MOFA"}}).has_value());
    exchange();
    EXPECT_TRUE(refer_to(subject, "FIA", caseworker).has_value());
    EXPECT_FALSE(refer_to(subject, "FIA", caseworker, "", "health").has_value());
    EXPECT_FALSE(refer_to(subject, "MOFA", caseworker).has_value());
    ASSERT_TRUE(iom.set(given, {{"groups", "health"}, {"groups", "identity"}}).has_value());
    EXPECT_TRUE(refer_to(subject, "FIA", caseworker, "", "health").has_value());
}

TEST_F(Consents, OfSeveralEndsTheEarliestCounts) {
    RecordId subject = person();
    RecordId given =
        consent(subject, {{"groups", "identity"}, {"recipients", "FIA"}, {"until", today(30)}});
    exchange();
    EXPECT_TRUE(refer_to(subject, "FIA", caseworker).has_value());
    ASSERT_TRUE(fia.set(given, {{"until", today(-1)}}).has_value());
    exchange();
    EXPECT_FALSE(refer_to(subject, "FIA", caseworker).has_value());
}

TEST_F(Consents, OneWhoseSubjectIsDisputedPermitsNothing) {
    RecordId subject = person(), other = person();
    RecordId given = consent(subject);
    exchange();
    ASSERT_TRUE(fia.set(given, {{"person", show_id(other)}}).has_value());
    exchange();
    for (const RecordId& each : {subject, other})
        EXPECT_THAT(value_of(permissions_of(*iom.registry, each)), IsEmpty());
}

TEST_F(Consents, AnEndOfWhichOnlyTheQuarterIsKnownComesWithItsLastDay) {
    const std::string past = quarter_of(today(-100)), now = quarter_of(today());
    RecordId subject = person();
    consent(subject, {{"groups", "identity"}, {"recipients", "FIA"}, {"until", past}});
    EXPECT_FALSE(refer_to(subject, "FIA", caseworker).has_value()) << past;
    consent(subject, {{"groups", "identity"}, {"recipients", "FIA"}, {"until", now}});
    RecordId referral = value_of(refer_to(subject, "FIA", caseworker)).record;
    ASSERT_TRUE(step(iom, referral, "send", caseworker, {{"answer_by", past}}).has_value());
    auto inbox = value_of(read_inbox(*iom.registry, {}));
    ASSERT_EQ(inbox.items.size(), 1u) << "the answer is overdue";
    EXPECT_EQ(inbox.items[0].due, past);
}

TEST_F(Consents, ADateIsPastAfterTheLastDayThatItMayStandFor) {
    const auto date = [](const std::string& text) {
        const Schema schema = value_of(charter_schema(*casework_charter(Network{}).charter));
        const Field& field = *schema.kind("consent")->field("until");
        return std::get<Date>(value_of(parse_value(schema, field, text)));
    };
    EXPECT_TRUE(is_past(date(today(-1))));
    EXPECT_FALSE(is_past(date(today())));
    EXPECT_TRUE(is_past(date(today(-32).substr(0, 7))));
    EXPECT_FALSE(is_past(date(today().substr(0, 7))));
    EXPECT_TRUE(is_past(date(today(-366).substr(0, 4))));
    EXPECT_FALSE(is_past(date(today().substr(0, 4))));
    EXPECT_FALSE(is_past(date(quarter_of(today(92)))));
}

TEST_F(Consents, TheWithdrawalOfOneToAnybodyWaitsForEveryAgencyThatMayHoldIt) {
    RecordId subject = person();
    RecordId given = consent(subject, {{"groups", "identity"}, {"recipients", "any"}});
    ASSERT_TRUE(step(iom, given, "withdraw", caseworker).has_value());
    exchange();
    auto inbox = value_of(read_inbox(*fia.registry, {}));
    ASSERT_EQ(inbox.caseload["Acknowledge the withdrawal"].waiting, 1u);
    EXPECT_THAT(inbox.items[0].for_whom, UnorderedElementsAre("FIA", "IOM", "MOFA", "UKF"));
    ASSERT_TRUE(fia.set(given, {{"acknowledged", "FIA"}}).has_value());
    EXPECT_THAT(value_of(read_inbox(*fia.registry, {})).items, IsEmpty());
    auto waits =
        acknowledgements(*fia.node->charter(), value_of(read_journey(*fia.registry, subject)));
    ASSERT_EQ(waits.size(), 1u);
    EXPECT_THAT(waits[0].done, ElementsAre("FIA"));
    EXPECT_THAT(waits[0].missing, UnorderedElementsAre("IOM", "MOFA", "UKF"));
}

TEST_F(Consents, NothingGoesToWhoeverIsNobodyInParticular) {
    RecordId subject = person();
    consent(subject, {{"groups", "identity"}, {"recipients", "any"}});
    for (const char* nobody : {"any", "FIA ", "SOMEBODY"}) {
        auto refused = refer_to(subject, nobody, supervisor, "life in danger");
        ASSERT_FALSE(refused.has_value()) << nobody;
        EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument) << refused.error().detail;
    }
    EXPECT_TRUE(refer_to(subject, "UKF", caseworker).has_value()) << "of the charter";
}

} // namespace
} // namespace safar

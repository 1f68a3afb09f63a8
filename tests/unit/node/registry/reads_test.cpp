#include "registry_fixture.hpp"

namespace safar {
namespace {

using namespace testing;
using ::testing::AllOf;
using ::testing::HasSubstr;

// FIA may hold `movement`, and nothing of `protection`, which IOM and MOFA hold.
class Reads : public ::testing::Test {
protected:
    Network network;
    HeldCharter charter = registry_charter(network);
    TestNode iom{network.iom, charter};
    TestNode fia{network.fia, charter};
    TestNode mofa{network.mofa, charter};
};

template <class T> void expect_refused(const Result<T>& answer) {
    ASSERT_FALSE(answer.has_value()) << "it was answered";
    EXPECT_EQ(answer.error().code, ErrorCode::not_permitted) << describe(answer.error());
    EXPECT_THAT(answer.error().detail,
                AllOf(HasSubstr("'protection' is held by IOM, MOFA"), HasSubstr("belongs to FIA")));
}

TEST_F(Reads, WhatANodeMayNotHoldIsRefusedAndNeverCountedAsNothing) {
    expect_refused(fia.registry->statistics({"victim_case", {}, {}, {}, {}, {}}));
    bool truncated = false;
    expect_refused(fia.registry->find({"victim_case", {}, {}, {}, {}, {}}, 10, truncated));
    for (bool state : {false, true})
        expect_refused(fia.registry->compartments("protection", state));
}

TEST_F(Reads, AHolderOfAnEmptyCompartmentCountsNothing) {
    for (TestNode* node : {&iom, &mofa}) {
        EXPECT_EQ(value_of(node->registry->statistics({"victim_case", {}, {}, {}, {}, {}})).count,
                  0);
        bool truncated = false;
        EXPECT_TRUE(
            value_of(node->registry->find({"victim_case", {}, {}, {}, {}, {}}, 10, truncated))
                .empty());
        EXPECT_EQ(value_of(node->registry->compartments("protection", /*state=*/true)).size(), 1u);
    }
}

TEST_F(Reads, AReaderCountsWhatItMayNotWrite) {
    iom.create({{"name", "Amina"}});
    iom.send_to(mofa);
    EXPECT_EQ(value_of(mofa.registry->statistics({"movement", {}, {}, {}, {}, {}})).count, 1);
}

TEST_F(Reads, AllCompartmentsAreListedWithWhatIsHeld) {
    auto all = value_of(fia.registry->compartments("", /*state=*/true));
    ASSERT_EQ(all.size(), 2u);
    for (const CompartmentSummary& one : all) {
        EXPECT_EQ(one.held, one.name == "movement");
        EXPECT_EQ(one.state.has_value(), one.held);
    }
}

} // namespace
} // namespace safar

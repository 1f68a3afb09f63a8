#include "tests/unit/storage/record/record_fixture.hpp"

#include "storage/record/lattice.hpp"

namespace safar::record_test {
namespace {

// Readings point into the lattice that they were read from.
const Lattice& diamond() {
    static const Lattice lattice{"draft",
                                 {{"draft", "sent"},
                                  {"sent", "accepted"},
                                  {"sent", "held"},
                                  {"accepted", "done"},
                                  {"held", "done"}},
                                 {"draft", "sent", "accepted", "held", "done"}};
    return lattice;
}

std::string state(const Lattice& lattice, std::vector<std::string_view> seen) {
    return std::string(join_status(lattice, seen).state);
}

TEST(Lattice, NothingSeenIsTheInitialState) { EXPECT_EQ(state(diamond(), {}), "draft"); }

TEST(Lattice, FirstStepNeedsNoAssertedInitialState) {
    EXPECT_EQ(state(diamond(), {"sent"}), "sent");
    EXPECT_TRUE(join_status(diamond(), std::vector<std::string_view>{"sent"}).illegal.empty());
}

TEST(Lattice, LatestInOrderWinsAmongMaximalStates) {
    Lattice lattice = diamond();
    EXPECT_EQ(state(lattice, {"sent", "held", "accepted"}), "held");
    std::swap(lattice.order[2], lattice.order[3]);
    EXPECT_EQ(state(lattice, {"sent", "held", "accepted"}), "accepted");
}

TEST(Lattice, StateBeyondBothBranchesEndsThem) {
    EXPECT_EQ(state(diamond(), {"accepted", "done", "held", "sent"}), "done");
    Lattice late = diamond();
    late.order = {"done", "held", "accepted", "sent", "draft"};
    EXPECT_EQ(state(late, {"accepted", "done", "held", "sent"}), "done")
        << "order is for ties only";
}

TEST(Lattice, SkippedStepIsIllegalAndNamedOnce) {
    StatusReading read =
        join_status(diamond(), std::vector<std::string_view>{"done", "accepted", "done", "lost"});
    EXPECT_EQ(read.state, "draft");
    EXPECT_THAT(read.illegal, testing::ElementsAre("accepted", "done", "lost"));
}

TEST(Lattice, OneStateAloneReadsAsTwoOfTheSame) {
    for (std::string_view one : {"draft", "sent", "accepted", "done", "lost"}) {
        StatusReading once = join_status(diamond(), std::vector<std::string_view>{one});
        StatusReading twice = join_status(diamond(), std::vector<std::string_view>{one, one});
        EXPECT_EQ(once.state, twice.state) << one;
        EXPECT_EQ(once.illegal, twice.illegal) << one;
    }
}

} // namespace
} // namespace safar::record_test

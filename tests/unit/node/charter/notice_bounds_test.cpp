// Nobody fills the set of notices, and what is kept of a flood does not depend on its order.
#include "epochs_fixture.hpp"

#include <algorithm>

namespace safar {
namespace {

using namespace testing;

class NoticeBounds : public ::testing::Test, protected Epochs3 {
protected:
    CharterState held = state();
    const NetworkId id{first.charter->identity.raw};
    SeededEntropy entropy{1};

    // An author signed two headers at the first place of an incarnation of its log.
    [[nodiscard]] Notice fork(const std::string& compartment, const Member& by) {
        BatchHeader header;
        header.network = id;
        header.log = {log_id(id, by.id(), compartment), entropy.draw<Incarnation>()};
        header.number = header.first_sequence = 1;
        header.epoch = 1;
        header.charter = first.charter->identity;
        header.key = by.signing.id();
        std::pair<Bytes, Signature> both[2];
        for (auto& [bytes, signature] : both) {
            ++header.event_count;
            bytes = encode_header(header);
            signature = sign_header(by.signing, id, bytes);
        }
        return make_fork_notice(make_evidence({header.log, 1}, both[0].first, both[0].second,
                                              both[1].first, both[1].second));
    }
    [[nodiscard]] Notice suspension(const std::string& reason) const {
        Suspension what;
        what.network = id;
        what.epoch = held.ruling().charter->identity;
        what.node = network.fia.id();
        what.reason = reason;
        const std::string text = value_of(write_suspension(what, "IOM", network.iom.signing));
        return value_of(parse_notice(make_suspension_notice(text, what).bytes));
    }
    static void hear(CharterState& node, const std::vector<Notice>& notices) {
        for (const Notice& each : notices)
            if (auto taken = node.take_notice(each); !taken) {
                EXPECT_EQ(taken.error().code, ErrorCode::busy) << taken.error().detail;
            }
    }
    void expect_the_same_in_any_order(std::vector<Notice> notices) {
        hear(held, notices);
        CharterState other = state();
        std::reverse(notices.begin(), notices.end());
        hear(other, notices);
        EXPECT_EQ(held.state_hash(), other.state_hash());
        hear(held, notices); // again
        EXPECT_EQ(held.state_hash(), other.state_hash());
    }
};

TEST_F(NoticeBounds, IncarnationsThatAnAuthorInventsAndForksAreKeptUpToABound) {
    std::vector<Notice> flood;
    for (int i = 0; i < 100; ++i) flood.push_back(fork("movement", network.fia));
    expect_the_same_in_any_order(flood);
    EXPECT_EQ(held.notices().size(), CharterState::forked_incarnations_max);
    EXPECT_EQ(blame(ErrorCode::busy), Blame::us) << "nobody's fault";
    EXPECT_EQ(value_of(held.take_notice(suspension("its key was stolen"))),
              CharterState::News::epoch);
}

// Of an earlier epoch are others than of a later one: which of them rules may change.
TEST_F(NoticeBounds, EachLogHasABoundOfItsOwn) {
    std::vector<Notice> flood;
    for (int i = 0; i < 40; ++i) {
        flood.push_back(fork("movement", network.fia));
        flood.push_back(fork("movement", network.iom));
        flood.push_back(fork("protection", network.iom));
    }
    expect_the_same_in_any_order(flood);
    EXPECT_EQ(held.notices().size(), 3 * CharterState::forked_incarnations_max);
}

TEST_F(NoticeBounds, SuspensionsOfOneStewardAreKeptUpToABoundInEachEpoch) {
    std::vector<Notice> flood;
    for (std::size_t i = 0; i < CharterState::suspensions_max + 9; ++i)
        flood.push_back(suspension("for the " + std::to_string(i) + ". time"));
    expect_the_same_in_any_order(flood);
    EXPECT_EQ(held.notices().size(), CharterState::suspensions_max);
    EXPECT_TRUE(held.suspended(network.fia.id()));

    ASSERT_TRUE(held.take_epoch(successor(*first.charter, [](Charter&) {})));
    EXPECT_FALSE(held.suspended(network.fia.id()));
    hear(held, {suspension("still")});
    EXPECT_TRUE(held.suspended(network.fia.id()));
    EXPECT_EQ(held.notices().size(), CharterState::suspensions_max + 1);
}

} // namespace
} // namespace safar

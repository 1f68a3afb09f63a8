// Peers that say less than they know, or more than they have: nothing is lost by it.
#include "hostile_peer.hpp"

namespace safar::testing {
namespace {

TEST(Fingerprint, AnyBitOfAnyHeadChangesIt) { // H48
    Frontier frontier(3);
    for (std::size_t i = 0; i < 3; ++i) {
        frontier[i].log.id.raw.fill(static_cast<std::byte>(16 * (i + 1)));
        frontier[i].head = Head{5, 9, {}, 0, false};
        frontier[i].head.hash.raw.fill(std::byte{7});
    }
    std::set<Hash> seen{frontier_digest(frontier)};
    std::size_t variants = 1;
    const auto differs = [&](const Frontier& changed) {
        ++variants;
        return seen.insert(frontier_digest(changed)).second;
    };
    for (std::size_t i = 0; i < 3; ++i) {
        for (std::size_t bit = 0; bit < 8 * sizeof(Hash::raw); ++bit) {
            Frontier changed = frontier;
            changed[i].head.hash.raw[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
            ASSERT_TRUE(differs(changed)) << "bit " << bit << " of head " << i;
        }
        Frontier changed = frontier;
        changed[i].head.number = 6;
        EXPECT_TRUE(differs(changed));
        changed = frontier;
        changed[i].head.forked = true;
        EXPECT_TRUE(differs(changed));
        changed = frontier;
        changed.erase(changed.begin() + static_cast<std::ptrdiff_t>(i));
        EXPECT_TRUE(differs(changed));
    }
    EXPECT_EQ(seen.size(), variants);
    EXPECT_EQ(sizeof(Hash::raw), 32u);
}

// It states our very digest over another set: what it says afterwards counts all the same.
TEST_F(HostilePeer, AFalselyEqualDigestHidesNothingThatIsSaidLater) { // H48
    wire::Hello liar = hello();
    const Hash own = frontier_digest(net["FIA"].log().frontier("return"));
    const wire::CompartmentDigest digests[] = {{"return", own}};
    liar.shared = wire::shared_digest(digests);
    say(liar);
    EXPECT_TRUE(session->status().ready);
    EXPECT_EQ(session->status().behind_here, 0u);
    say(wire::FrontierDelta{"return", own, {entry(3)}});
    EXPECT_EQ(session->status().behind_here, 3u);
    now += 60ms;
    perform(session->on_tick(now));
    EXPECT_EQ(want.first, 1u);
    EXPECT_EQ(want.last, 3u);
    EXPECT_FALSE(closed);
}

// IOM gives FIA nothing of what NGO writes; first it is silent about it, then it claims to have it.
TEST(Session, WhatOnePeerWithholdsShowsAtAnotherAndComesFromThere) { // H49
    Federation net({"IOM", "FIA", "NGO"});
    net["NGO"].append("return", 5);
    net["IOM"].append("return", 2);
    net.connect("IOM", "FIA");
    net.run(2s);
    EXPECT_EQ(net["FIA"].batches("return"), 2u);

    wire::FrontierFull claim{"return", net["NGO"].log().frontier("return")};
    const Frontier own = net["IOM"].log().frontier("return");
    claim.entries.insert(claim.entries.end(), own.begin(), own.end());
    std::sort(claim.entries.begin(), claim.entries.end(),
              [](const auto& a, const auto& b) { return a.log < b.log; });
    Bytes frame;
    wire::encode(claim, frame);
    net.feed(net.end("FIA", "IOM"), frame);
    net.run(2s);
    EXPECT_EQ(net.count("IOM", "FIA", "missing"), 1u);
    EXPECT_TRUE(net.connected("FIA", "IOM"));
    EXPECT_EQ(net.end("FIA", "IOM").session->status().behind_here, 5u); // an operator sees the gap
    EXPECT_EQ(net["FIA"].batches("return"), 2u);

    net.end("IOM", "FIA").clogged = true; // and it takes no more
    net.connect("NGO", "FIA");
    net.run(2s);
    EXPECT_EQ(net["FIA"].batches("return"), 7u);
    EXPECT_EQ(net.end("FIA", "IOM").session->status().behind_here, 0u);
}

} // namespace
} // namespace safar::testing

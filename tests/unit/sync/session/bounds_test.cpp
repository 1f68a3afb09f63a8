// What a peer says costs what it says, and no more: not memory, not the log's time, not an honest
// peer's good name.
#include "sync/session/frontiers.hpp"
#include "tests/unit/storage/derive/proxy_log.hpp"
#include "tests/unit/sync/session/hostile_peer.hpp"

#include <malloc.h>

namespace safar::testing {
namespace {

class Bounds : public HostilePeer {
protected:
    template <class Message> std::vector<Action> answers(const Message& message) {
        Bytes bytes;
        wire::encode(message, bytes);
        return session->on_bytes(bytes, now);
    }
    static std::size_t allocated() {
        const struct mallinfo2 now = ::mallinfo2();
        return now.uordblks + now.hblkhd;
    }
};

std::size_t confirmations(const std::vector<Action>& actions) {
    return static_cast<std::size_t>(std::ranges::count_if(
        actions, [](const Action& each) { return std::holds_alternative<ConfirmHeads>(each); }));
}

TEST_F(Bounds, ListsOfNoticesThatNobodyHoldsFillNoMemory) {
    greet();
    std::uint64_t state = 1;
    const auto list = [&] {
        wire::NoticeList out;
        for (std::size_t i = 0; i < wire::notices_max; ++i) {
            Hash& hash = out.hashes.emplace_back();
            std::memcpy(hash.raw.data(), &(state += 0x9e3779b97f4a7c15u), sizeof state);
        }
        std::ranges::sort(out.hashes);
        return out;
    };
    say(list()); // as many as there may be
    ASSERT_FALSE(closed) << closed->detail;
    const std::size_t before = allocated();
    for (int i = 0; i < 50; ++i) say(list());
    ASSERT_FALSE(closed) << closed->detail;
    EXPECT_LT(allocated(), before + (4u << 20));
}

TEST_F(Bounds, OneHeadOfOurLogIsPassedOnOnceHoweverOftenItIsSaid) {
    net["FIA"].append("return", 3);
    const FrontierEntry ours = net["FIA"].log().frontier("return").at(0);
    greet();
    const wire::FrontierFull full{"return", {ours}};
    EXPECT_EQ(confirmations(answers(full)), 1u);
    for (int i = 0; i < 100; ++i) EXPECT_EQ(confirmations(answers(full)), 0u);
    wire::FrontierFull less = full;
    less.entries[0].head.number = 2;
    EXPECT_EQ(confirmations(answers(less)), 1u);
    EXPECT_EQ(confirmations(answers(full)), 1u);
    EXPECT_FALSE(closed);
}

// Whoever writes in ever new incarnations is not whoever states them.
TEST_F(Bounds, FrontiersOfMoreLogsThanAreKeptEndNoSession) {
    greet();
    Frontier logs;
    const std::size_t many = Frontiers::entries_max + 3;
    for (std::uint32_t i = 0; i < many; ++i) {
        FrontierEntry next = entry(1);
        next.log.incarnation.raw.fill(std::byte{0});
        for (std::size_t byte = 0; byte < 4; ++byte)
            next.log.incarnation.raw[byte] = static_cast<std::byte>(i >> (8 * (3 - byte)));
        logs.push_back(next);
    }
    const auto part = [&](std::size_t from) {
        const std::size_t to = std::min(from + wire::frontier_entries_max, many);
        return Frontier(logs.begin() + static_cast<std::ptrdiff_t>(from),
                        logs.begin() + static_cast<std::ptrdiff_t>(to));
    };
    say(wire::FrontierFull{"return", part(0)});
    Hash base = frontier_digest(part(0));
    for (std::size_t at = wire::frontier_entries_max; at < many; at += wire::frontier_entries_max) {
        say(wire::FrontierDelta{"return", base, part(at)});
        base = wire::statement_after(base, part(at));
    }
    EXPECT_FALSE(closed) << closed->detail;
    EXPECT_EQ(session->held_there(logs.front().log), 1u);
    EXPECT_EQ(session->held_there(logs[Frontiers::entries_max - 1].log), 1u);
    EXPECT_EQ(session->held_there(logs.back().log), 0u) << "beyond what is kept";
}

// FIA's node, whose log counts how often it is asked for a head. It shares two compartments.
class CountingView final : public SessionView {
public:
    explicit CountingView(TestNode& node) : counted(node.writable()), node_(node) {}
    const Log& log() const override { return counted; }
    std::shared_ptr<const Authority> authority() const override { return node_.authority(); }
    std::vector<std::string> shared_compartments(const NodeId& peer) const override {
        return node_.shared_compartments(peer);
    }
    std::optional<Bytes> charter_document(std::uint64_t epoch) const override {
        return node_.charter_document(epoch);
    }
    Hash erasures_digest() const override { return node_.erasures_digest(); }
    derive_test::ProxyLog counted;

private:
    TestNode& node_;
};

// Frames of a few bytes, each of which says that nothing is held of one compartment, while very
// many logs of another are stated and not held.
TEST(SessionBounds, AFrameOfAFewBytesBuysNoLookAtEveryLog) {
    Federation net(std::vector<Federation::MemberSpec>{{"IOM", {"protection", "return"}},
                                                       {"FIA", {"protection", "return"}}});
    CountingView view(net["FIA"]);
    const NodeTime now{1h};
    Session session(net["FIA"].id, net["IOM"].id, view, net["FIA"].plan, now);
    static_cast<void>(session.start(now));
    wire::Hello hello;
    hello.network = net.authority->network();
    hello.node = net["IOM"].id;
    hello.epoch = 1;
    hello.charter = net.authority->charter();
    hello.shared.raw.fill(std::byte{1});
    wire::FrontierFull many{"return", {}};
    for (std::uint32_t i = 0; i < Frontiers::watched_max; ++i) {
        LogName log{log_id(hello.network, hello.node, "return"), {}};
        for (std::size_t byte = 0; byte < 4; ++byte)
            log.incarnation.raw[byte] = static_cast<std::byte>(i >> (8 * (3 - byte)));
        many.entries.push_back({log, Head{1, 1, hello.shared, 0, false}});
    }
    Bytes first, flood;
    wire::encode(hello, first);
    wire::encode(wire::Summary{{{"protection", hello.shared}, {"return", hello.shared}}}, first);
    wire::encode(many, first);
    static_cast<void>(session.on_bytes(first, now));
    ASSERT_TRUE(session.status().ready);
    for (int i = 0; i < 1000; ++i) wire::encode(wire::FrontierFull{"protection", {}}, flood);
    view.counted.head_reads = 0;
    const auto actions = session.on_bytes(flood, now);
    for (const Action& action : actions) EXPECT_FALSE(std::holds_alternative<ClosePeer>(action));
    EXPECT_LT(view.counted.head_reads, 20'000u);
}

// A cut is in force and the hellos do not know it: the head that fell would tell the author that
// nothing is held beyond it.
TEST_F(Bounds, AHeadThatFellIsNotSaidUnderTheCharterOfBefore) {
    net["FIA"].append("return", 3);
    say(hello());
    ASSERT_FALSE(closed);
    const auto later = net.successor();
    later->last_batch = 1;
    net["FIA"].use(later);
    said.clear();
    say(wire::Summary{{{"return", fill<Hash>(9)}}});
    EXPECT_EQ(said, std::vector<std::string>{"bye"});
    ASSERT_TRUE(closed);
    EXPECT_EQ(closed->reason, ErrorCode::stopping);
}

} // namespace
} // namespace safar::testing

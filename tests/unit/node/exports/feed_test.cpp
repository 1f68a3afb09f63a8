#include "node/exports/feed.hpp"

#include "storage/log/memory_store.hpp"
#include "tests/unit/node/charter/delegate_notices.hpp"
#include "tests/unit/node/registry/registry_fixture.hpp"

#include <random>

namespace safar {
namespace {

using namespace testing;
using ::testing::HasSubstr;

class Feed : public ::testing::Test {
protected:
    Network network;
    HeldCharter charter = registry_charter(network);
    TestNode node{network.iom, charter};
    TestNode other{network.fia, charter};
    std::mt19937 random{20260301};

    std::size_t draw(std::size_t below) { return random() % below; }

    void happen() {
        switch (draw(3)) {
        case 0: node.create({{"name", "n" + std::to_string(random())}, {"means", "A"}}); break;
        case 1: {
            auto id = other.create({{"name", "o" + std::to_string(random())}});
            if (draw(2) == 0) {
                EXPECT_TRUE(other.set(id, {{"group", "B"}}).has_value());
            }
            break;
        }
        default: other.send_to(node); break;
        }
    }
    struct Read {
        std::vector<std::string> leaves, cursors;
        FeedPart part;
    };
    Read read(const FeedCursor& from, std::size_t events, std::size_t batches = 1000) {
        Read out;
        EXPECT_TRUE(node.node->await_own_writes().has_value());
        out.part = value_of(read_feed(*node.node, from, events, batches, [&](FeedEvent& event) {
            out.leaves.push_back(event.event.leaf.hex());
            out.cursors.push_back(value_of(show_cursor(*node.node, event.cursor)));
            return true;
        }));
        return out;
    }
    [[nodiscard]] FeedCursor parsed(const std::string& text) const {
        return value_of(parse_cursor(*node.node, text));
    }
    std::string refusal(const std::string& text) {
        auto parsed = parse_cursor(*node.node, text);
        EXPECT_FALSE(parsed.has_value()) << text;
        return parsed.has_value() ? "" : describe(parsed.error());
    }
};

TEST_F(Feed, AReaderThatStopsAnywhereLosesNothingAndRepeatsNothing) {
    std::vector<std::string> got;
    std::string kept; // the cursor of the last line that the reader kept
    for (int round = 0; round < 150; ++round) {
        for (std::size_t i = draw(4); i > 0; --i) happen();
        Read part = read(parsed(kept), 1 + draw(7), 1 + draw(4));
        // It dies after some of the lines that were sent.
        const std::size_t keeps = draw(3) == 0 ? draw(part.leaves.size() + 1) : part.leaves.size();
        got.insert(got.end(), part.leaves.begin(),
                   part.leaves.begin() + static_cast<std::ptrdiff_t>(keeps));
        if (keeps > 0) kept = part.cursors[keeps - 1];
        if (keeps == part.leaves.size() && draw(2) == 0)
            kept = value_of(show_cursor(*node.node, part.part.cursor));
    }
    Read rest = read(parsed(kept), 100000);
    EXPECT_FALSE(rest.part.more);
    got.insert(got.end(), rest.leaves.begin(), rest.leaves.end());
    EXPECT_EQ(got, read({}, 100000).leaves);
    EXPECT_EQ(got.size(), node.events());
    EXPECT_GT(got.size(), 150u);
}

TEST_F(Feed, ABatchIsLeftAndTakenUpInItsMiddle) {
    AppendRequest request{"movement", {}};
    for (int i = 0; i < 10; ++i) {
        EventDraft draft;
        draft.body.kind = 1;
        draft.body.record.raw[0] = static_cast<std::byte>(i + 1);
        draft.body.verb = "recorded";
        draft.body.assertions.push_back({1, Text{"x" + std::to_string(i)}});
        request.drafts.push_back(std::move(draft));
    }
    ASSERT_TRUE(node.node->append(std::move(request)).has_value());
    Read first = read({}, 4);
    EXPECT_EQ(first.leaves.size(), 4u);
    EXPECT_TRUE(first.part.more);
    EXPECT_EQ(first.part.cursor, (FeedCursor{1, 4}));
    Read second = read(parsed(first.cursors.back()), 100);
    EXPECT_EQ(second.leaves.size(), 6u);
    EXPECT_FALSE(second.part.more);
    EXPECT_TRUE(read(second.part.cursor, 100).leaves.empty());
}

TEST_F(Feed, WhatIsLeftOutMovesTheCursorAndDoesNotCount) {
    for (int i = 0; i < 6; ++i) node.create({{"name", "n"}});
    ASSERT_TRUE(node.node->await_own_writes().has_value());
    int seen = 0;
    FeedPart part =
        value_of(read_feed(*node.node, {}, 2, 100, [&](FeedEvent&) { return ++seen > 4; }));
    EXPECT_EQ(seen, 6);
    EXPECT_FALSE(part.more);
}

TEST_F(Feed, NowIsTheEnd) {
    node.create({{"name", "a"}});
    FeedCursor now = parsed("now");
    EXPECT_TRUE(read(now, 10).leaves.empty());
    node.create({{"name", "b"}});
    EXPECT_EQ(read(now, 10).leaves.size(), 1u);
}

TEST_F(Feed, ACursorOfAnotherNodeOrOfNoneIsRefusedWithAdvice) {
    node.create({{"name", "a"}});
    node.send_to(other);
    const std::string foreign = value_of(show_cursor(*other.node, {1, 1}));
    EXPECT_THAT(refusal(foreign),
                ::testing::AllOf(HasSubstr("conflict"), HasSubstr("Read again without a cursor")));
    const std::string own = value_of(show_cursor(*node.node, {1, 1}));
    EXPECT_EQ(parsed(own), (FeedCursor{1, 1}));
    std::string moved = own;
    moved[2] = '2';
    EXPECT_THAT(refusal(moved), HasSubstr("conflict"));
    EXPECT_THAT(refusal(value_of(show_cursor(*node.node, {2, 1}))),
                HasSubstr("conflict")); // beyond the end
    for (const char* text :
         {"1", "1.1", "x.y.z", "1.1.", "1.300.0000000000000000", ".1.0000000000000000"})
        EXPECT_THAT(refusal(text), HasSubstr("no cursor of a feed")) << text;
}

TEST_F(Feed, RebuildingKeepsCursorsAndARestartToo) {
    node.create({{"name", "a"}});
    node.create({{"name", "b"}});
    const std::string kept = read({}, 1).cursors.back();
    ASSERT_TRUE(node.registry->rebuild().has_value());
    EXPECT_EQ(read(parsed(kept), 10).leaves.size(), 1u);
    node.node->stop();
    NodeSettings settings{
        network.iom.id(), "IOM", value_of(CharterState::begin(charter)), {}, {}, {}};
    Node again(*node.log, *node.derived, std::move(settings));
    again.start({});
    EXPECT_TRUE(parse_cursor(again, kept).has_value());
}

// A delegation lets a partner write one kind of the compartment, and it signs another as well.
TEST(FeedOfADelegate, WhatWasNotItsToSayIsNotGiven) {
    const Network network;
    CharterDraft draft = registry_draft(network);
    draft.documents.push_back(kind_document("route", 3));
    draft.compartments[0].kinds.push_back("route");
    std::string text = value_of(write_charter(draft));
    text = value_of(sign_charter(text, "IOM", network.iom.signing));
    text = value_of(sign_charter(text, "FIA", network.fia.signing));
    const HeldCharter charter{std::make_shared<const Charter>(value_of(parse_charter(text))), text};
    TestNode iom(network.iom, charter), ukf(network.ukf, charter);
    const Notice given = DelegateNotices{network, charter}.delegation();
    for (TestNode* node : {&iom, &ukf}) ASSERT_TRUE(node->node->take_notice(given).has_value());

    AppendRequest request{"movement", {}};
    for (const std::uint16_t kind : {1, 3, 1}) {
        EventDraft event;
        event.body.kind = kind;
        event.body.record.raw[0] = static_cast<std::byte>(request.drafts.size() + 1);
        event.body.verb = "recorded";
        event.body.assertions = {{1, Text{"x"}}};
        request.drafts.push_back(std::move(event));
    }
    ASSERT_TRUE(ukf.node->append(std::move(request)).has_value());
    ukf.send_to(iom);
    std::vector<std::uint16_t> kinds;
    const FeedPart part = value_of(read_feed(*iom.node, {}, 10, 10, [&](FeedEvent& event) {
        kinds.push_back(event.event.body.kind);
        return true;
    }));
    EXPECT_THAT(kinds, ::testing::ElementsAre(1, 1));
    EXPECT_FALSE(part.more);
}

// FIA is suspended while the disk is full: what it said is taken back as soon as there is room, and
// whoever has read it meanwhile is told.
TEST_F(Feed, TheStandingChangesWhenWhatCountsFollowsLater) {
    other.create({{"name", "of FIA"}});
    other.send_to(node);
    Suspension stop;
    stop.network = node.node->authority()->network();
    stop.epoch = charter.charter->identity;
    stop.node = network.fia.id();
    stop.reason = "its key is said to be stolen";
    const std::string text = value_of(write_suspension(stop, "IOM", network.iom.signing));
    node.disk->refuse_commits = failure(ErrorCode::storage_full, "full");
    const auto taken =
        node.node->take_notice(value_of(parse_notice(make_suspension_notice(text, stop).bytes)));
    ASSERT_FALSE(taken.has_value());
    EXPECT_EQ(taken.error().code, ErrorCode::storage_full) << describe(taken.error());
    const Read meanwhile = read({}, 10);
    EXPECT_EQ(meanwhile.leaves.size(), 1u) << "as it counted before";
    node.disk->refuse_commits.reset();
    node.create({{"name", "of IOM"}});
    const Read afterwards = read({}, 10);
    EXPECT_THAT(afterwards.leaves, ::testing::SizeIs(1));
    EXPECT_NE(afterwards.leaves, meanwhile.leaves);
    EXPECT_NE(afterwards.part.standing, meanwhile.part.standing);
    EXPECT_EQ(read({}, 10).part.standing, afterwards.part.standing);
}

// A journal that was set back: the same node on an older state of its store, which then goes on
// differently.
TEST_F(Feed, AJournalThatWasSetBackTakesNoCursorOfItsOtherFuture) {
    node.create({{"name", "a"}});
    const std::string shared = value_of(show_cursor(*node.node, {1, 1}));
    const Bytes runs = *value_of(node.log->setting("journal/runs"));
    node.node->stop();
    NodeSettings settings{
        network.iom.id(), "IOM", value_of(CharterState::begin(charter)), {}, {}, {}};
    std::string lost;
    {
        Node future(*node.log, *node.derived, settings);
        future.start({});
        lost = value_of(show_cursor(future, {1, 0})); // a cursor of the run before
        EXPECT_TRUE(parse_cursor(future, shared).has_value());
        lost = value_of(show_cursor(future, {2, 1})); // of a batch that comes in this run
    }
    ASSERT_TRUE(node.log->put_setting("journal/runs", runs).has_value());
    Node restored(*node.log, *node.derived, settings);
    restored.start({});
    EventDraft draft;
    draft.body.kind = 1;
    draft.body.verb = "recorded";
    draft.body.assertions.push_back({1, Text{"another"}});
    ASSERT_TRUE(restored.append({"movement", {draft}}).has_value());
    EXPECT_TRUE(parse_cursor(restored, shared).has_value());
    auto refused = parse_cursor(restored, lost);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, ErrorCode::conflict);
}

} // namespace
} // namespace safar

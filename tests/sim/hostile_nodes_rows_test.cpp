// Rows of the catalogue of hostile peers that show at several nodes or on a disk: what a hostile
// author signs, a hostile relay keeps back or an older copy forgets, and that every honest node
// comes to the same.
#include "tests/sim/hostile_nodes.hpp"

namespace safar::testing {
namespace {

Bytes with(Bytes bytes, std::byte last) {
    bytes.push_back(last);
    return bytes;
}

TEST_F(HostileNodes, H23_BytesAfterASignedBodyOrItsDotsAreKeptFlaggedWithoutEffect) {
    const Bytes clear = clear_of(noted(1).body);
    expect_flagged_everywhere({{{}, with(clear, std::byte{0}), NoEffect::body},
                               {with(encode_dots({dot(1)}), std::byte{0}), clear, NoEffect::dots}});
}

TEST_F(HostileNodes, H25_ASecondSpellingOfASignedBodyIsKeptFlaggedWithoutEffect) {
    const Bytes clear = clear_of(noted(1).body);
    Bytes yes = clear_of(said(1, {{sim::field::note, Flag{true}}}).body);
    ASSERT_TRUE(decode_body(yes));
    yes.back() = std::byte{2}; // also yes, elsewhere
    Bytes turned = clear;
    std::reverse(turned.begin() + 19, turned.begin() + 23); // the verb's length, big-endian
    expect_flagged_everywhere({{{}, yes, NoEffect::body},
                               {{}, turned, NoEffect::body},
                               {encode_dots({dot(2), dot(1)}), clear, NoEffect::dots}});
}

TEST_F(HostileNodes, H26_ADotNamedTwiceIsKeptFlaggedWithoutEffect) {
    expect_flagged_everywhere(
        {{encode_dots({dot(1), dot(1)}), clear_of(noted(1).body), NoEffect::dots}});
}

// Assertions are a list and no map: in any order, and a field that stands there twice has two
// values, as a set has. Nothing of it is lost, and every node reads the same.
TEST_F(HostileNodes, H26_AFieldNamedTwiceInASignedBodyHasTwoValuesSideBySide) {
    begin(3);
    network->wall(1, 2);
    connect();
    ASSERT_TRUE(give(2, built(2, place(2),
                              said(1, {{sim::field::needs, Text{"bread"}},
                                       {sim::field::note, Text{"b"}},
                                       {sim::field::note, Text{"a"}}}))));
    run(10s);
    for (std::size_t at = 0; at < cores.size(); ++at) {
        EXPECT_EQ(derived(at).not_understood(), 0u);
        const Folded folded = derived(at).record(record(1)).value();
        ASSERT_NE(folded.field(sim::field::note), nullptr);
        EXPECT_EQ(folded.field(sim::field::note)->live.size(), 2u);
        EXPECT_TRUE(folded.field(sim::field::note)->conflict);
    }
    expect_one_mind();
}

// A2 reads, and A0 lets it write one kind. It writes another one too.
TEST_F(HostileNodes, H36_WhatADelegateWritesBeyondItsKindsIsHeldEverywhereAndHasNoEffect) {
    begin(3, {2});
    network->wall(1, 2);
    Delegation let;
    let.network = network_id();
    let.epoch = founding.first.charter->identity;
    let.agency = "A0";
    let.node = founding.members[2].id;
    let.compartment = "movement";
    let.kinds = {sim::kind_name(1)};
    let.until_batch = 8;
    let.reason = "field registration";
    const std::string text = write_delegation(let, key(0)).value();
    const Notice notice = make_delegation_notice(text, parse_delegation(text).value());
    for (auto& core : cores) ASSERT_TRUE(core->adopt_notice(notice.bytes));
    connect();
    EventDraft beyond = noted(1);
    beyond.body.kind = 4;
    ASSERT_EQ(founding.first.charter->compartment_of_kind(sim::kind_name(4))->name, "movement");
    const LogName log = append(2, noted(2));
    ASSERT_EQ(append(2, beyond), log);
    EventDraft more = noted(2); // and of a record that it may write
    more.body.kind = 4;
    ASSERT_EQ(append(2, more), log);
    ASSERT_EQ(append(2, noted(3)), log);
    run(10s);
    for (std::size_t at = 0; at < cores.size(); ++at) {
        SCOPED_TRACE(cores[at]->agency);
        EXPECT_EQ(cores[at]->log().head(log)->number, 4u);
        EXPECT_TRUE(cores[at]->log().quarantined().empty());
        EXPECT_EQ(derived(at).not_understood(), 2u);
        for (const std::uint64_t batch : {2u, 3u}) EXPECT_EQ(flag(at, log, batch), NoEffect::said);
        EXPECT_FALSE(derived(at).entry(record(1)).value().has_value());
        const Folded own = derived(at).record(record(2)).value();
        EXPECT_TRUE(own.ignored.empty());
        EXPECT_EQ(own.field(sim::field::note)->live.size(), 1u);
        EXPECT_TRUE(derived(at).record(record(3)).has_value());
    }
    expect_one_mind();
}

// Whoever writes in a compartment may say something of any record there: who may act is asked where
// somebody acts. A1 closes a case of A0: a step that nothing leads to is flagged and moves nothing.
TEST_F(HostileNodes, H36_ClosingAnothersCaseFromNowhereIsHeldFlaggedAndMovesNothing) {
    begin(3);
    connect();
    append(0, noted(1));
    append(1, said(1, {{sim::field::stage, Code{"done"}}}));
    run(10s);
    for (std::size_t at = 0; at < cores.size(); ++at) {
        const Folded folded = derived(at).record(record(1)).value();
        const FoldedField* stage = folded.field(sim::field::stage);
        ASSERT_NE(stage, nullptr);
        ASSERT_EQ(stage->live.size(), 1u);
        EXPECT_EQ(stage->live[0].agency, "A1");
        EXPECT_EQ(stage->reading, std::vector<Value>{Code{"open"}});
        EXPECT_EQ(stage->flags.size(), 1u);
    }
    expect_one_mind();
}

TEST_F(HostileNodes, H36_AKindThatNoSchemaKnowsIsHeldAndHasNoEffect) {
    begin(2);
    connect();
    EventDraft unknown = noted(1);
    unknown.body.kind = 99;
    const LogName log = append(0, unknown);
    run(10s);
    for (std::size_t at = 0; at < cores.size(); ++at) {
        EXPECT_EQ(cores[at]->log().head(log)->number, 1u);
        EXPECT_EQ(derived(at).not_understood(), 1u);
        EXPECT_EQ(flag(at, log, 1), NoEffect::kind);
        EXPECT_FALSE(derived(at).record(record(1)).has_value());
    }
    expect_one_mind();
}

// A0 stands first in the charter, so its value is preferred, whatever the two say of the time.
TEST_F(HostileNodes, H37_AnyClaimedTimeIsHeldAndOrdersNothing) {
    begin(2);
    using Limits = std::numeric_limits<std::int64_t>;
    const std::int64_t times[] = {Limits::min(), -1, 0, 3'300'000'000'000'000, Limits::max()};
    std::uint8_t records = 0;
    for (const std::int64_t first : times)
        for (const std::int64_t second : times) {
            ++records;
            for (const auto& [at, when] : {std::pair(0u, first), std::pair(1u, second)}) {
                EventDraft event =
                    said(records, {{sim::field::note, Text{cores[at]->agency}},
                                   {sim::field::stage, Code{at == 0 ? "decided" : "held"}}});
                event.body.at = {when};
                append(at, event);
            }
        }
    connect();
    for (std::size_t at = 0; at < cores.size(); ++at) {
        EXPECT_EQ(cores[at]->log().last_position(), 2u * records);
        EXPECT_EQ(derived(at).not_understood(), 0u);
        for (std::uint8_t i = 1; i <= records; ++i) {
            const Folded folded = derived(at).record(record(i)).value();
            const FoldedField* note = folded.field(sim::field::note);
            ASSERT_EQ(note->live.size(), 2u);
            EXPECT_EQ(note->live[0].agency, "A0");
            EXPECT_EQ(note->live[1].agency, "A1");
            EXPECT_EQ(note->reading, std::vector<Value>{Text{"A0"}});
            EXPECT_TRUE(note->conflict);
            EXPECT_EQ(folded.field(sim::field::stage)->reading, std::vector<Value>{Code{"held"}});
        }
    }
    expect_one_mind();
}

// A3 gives one branch to A0 and the other to A1, who meet through A2 only.
TEST_F(HostileNodes, H40_AForkFreezesItsLogAtOneHeadEverywhereAndNoRelayIsBlamed) {
    begin(4);
    network->wall(0, 1);
    for (const std::size_t at : {0u, 1u, 2u}) network->wall(3, at);
    const BuiltBatch first = built(3, place(3), noted(1)),
                     a = built(3, place(3, 2, first.hash), noted(2)),
                     b = built(3, place(3, 2, first.hash), noted(3)),
                     after = built(3, place(3, 3, b.hash), noted(4)),
                     more = built(3, place(3, 3, a.hash), noted(5));
    for (const BuiltBatch* each : {&first, &a}) ASSERT_TRUE(give(0, *each));
    for (const BuiltBatch* each : {&first, &b, &after}) ASSERT_TRUE(give(1, *each));
    connect();
    run(20s);
    std::set<Bytes> proofs;
    for (const std::size_t at : {0u, 1u, 2u}) {
        SCOPED_TRACE(cores[at]->agency);
        EXPECT_EQ(cores[at]->log().head(log_of(3)), (Head{1, 1, first.hash, 1, true}));
        const auto forks = cores[at]->log().forks();
        ASSERT_EQ(forks.size(), 1u);
        EXPECT_EQ(forks[0].place, (BatchPlace{log_of(3), 2}));
        EXPECT_TRUE(check_evidence(forks[0], *cores[at]->log().authority()));
        proofs.insert(encode_evidence(forks[0]));
        EXPECT_TRUE(derived(at).record(record(1)).has_value());
        for (const std::uint8_t beyond : {2, 3, 4})
            EXPECT_FALSE(derived(at).entry(record(beyond)).value().has_value());
        EXPECT_EQ(give(at, more).error().code, ErrorCode::log_closed);
    }
    EXPECT_EQ(proofs.size(), 1u);
    EXPECT_EQ(frontier_digest(cores[1]->log().frontier("movement")),
              frontier_digest(cores[0]->log().frontier("movement")));
    EXPECT_EQ(frontier_digest(cores[2]->log().frontier("movement")),
              frontier_digest(cores[0]->log().frontier("movement")));
    for (const std::size_t at : {0u, 1u}) EXPECT_TRUE(network->connected(*cores[at], *cores[2]));
    EXPECT_EQ(network->rest_ends(), NodeTime{0});
}

// Nothing is counted again by the hour on a connection that began with equal digests. What a lie
// hides there shows with the author's next statement, whoever passes it on, and comes from anybody
// else, since every connection begins with digests of its own.
TEST_F(HostileNodes, H48_ADigestThatLiesHidesABatchUntilItsAuthorOrAnybodyElseSpeaks) {
    begin(3);
    const BuiltBatch batch = built(2, place(2), noted(1));
    for (const std::size_t at : {1u, 2u}) ASSERT_TRUE(give(at, batch));
    Core& core = *cores[0];
    Session lied_to(core.id, cores[1]->id, core, core.plan, time.now);
    static_cast<void>(lied_to.start(time.now));
    std::vector<wire::CompartmentDigest> ours;
    for (const std::string& name : core.shared_compartments(cores[1]->id))
        ours.push_back({name, frontier_digest(core.log().frontier(name))});
    ASSERT_NE(frontier_digest(cores[1]->log().frontier("movement")),
              frontier_digest(core.log().frontier("movement")));
    Bytes frame;
    wire::encode(wire::Hello{{},
                             network_id(),
                             cores[1]->id,
                             1,
                             core.charter_digest(),
                             {},
                             wire::shared_digest(ours)},
                 frame);
    static_cast<void>(lied_to.on_bytes(frame, time.now));
    EXPECT_TRUE(lied_to.status().ready);
    EXPECT_EQ(lied_to.status().behind_here, 0u);
    EXPECT_TRUE(core.statements().report().gaps.empty());

    wire::Statement statement{log_of(2), 1, batch.hash, 1'800'000'000, {}};
    wire::sign_statement(statement, network_id(), key(2));
    core.statements().heard(cores[1]->id, statement);
    const auto gaps = core.statements().report().gaps;
    ASSERT_EQ(gaps.size(), 1u);
    EXPECT_EQ(gaps[0].log, log_of(2));
    EXPECT_EQ(gaps[0].stated, 1u);
    EXPECT_EQ(gaps[0].ours, 0u);

    network->wall(0, 1);
    connect();
    EXPECT_EQ(core.log().head(log_of(2))->number, 1u);
    EXPECT_TRUE(core.statements().report().gaps.empty());
    expect_one_mind();
}

// Passes on nothing of one log: neither its batches nor its head.
class Withholding final : public sim::Tamper {
public:
    explicit Withholding(const LogName& log) : log_(log) {}
    Bytes tamper(const Core&, const Core&, Bytes bytes) override {
        Bytes out;
        wire::FrameDecoder decoder;
        for (ByteView rest = bytes; !rest.empty();) {
            const auto frame = decoder.next(rest).value();
            if (frame) pass(*frame, out);
        }
        return out;
    }
    std::size_t withheld = 0;

private:
    void pass(const wire::Frame& frame, Bytes& out) {
        switch (static_cast<wire::FrameType>(frame.type)) {
        case wire::FrameType::batch:
            if (decode_header(frame.payload.first(BatchHeader::encoded_bytes)).value().log ==
                log_) {
                ++withheld;
                return;
            }
            break;
        case wire::FrameType::frontier_full: {
            auto full = wire::decode<wire::FrontierFull>(frame.payload).value();
            withheld += std::erase_if(full.entries, [&](const auto& e) { return e.log == log_; });
            return wire::encode(full, out);
        }
        case wire::FrameType::frontier_delta: {
            auto delta = wire::decode<wire::FrontierDelta>(frame.payload).value();
            withheld += std::erase_if(delta.entries, [&](const auto& e) { return e.log == log_; });
            if (!delta.entries.empty()) wire::encode(delta, out);
            return;
        }
        default: break;
        }
        wire::FrameWriter(out, static_cast<wire::FrameType>(frame.type))->bytes(frame.payload);
    }
    const LogName log_;
};

// X3 is all that A0 reaches, and keeps A2's log from it. A1 comes.
TEST_F(HostileNodes, H49_WhatOnePeerKeepsBackOfAnAuthorShowsByTheHeadsOfAnother) {
    begin(4, {}, /*hostile=*/1);
    network->wall(0, 1);
    network->wall(0, 2);
    Hash previous;
    for (std::uint64_t number = 1; number <= 3; ++number) {
        const auto next =
            built(2, place(2, number, previous), noted(static_cast<std::uint8_t>(number)));
        previous = next.hash;
        ASSERT_TRUE(give(2, next));
    }
    Withholding tamper(log_of(2));
    network->tamper = &tamper;
    connect();
    const LogName other = append(1, noted(9));
    run(10s);
    EXPECT_EQ(cores[3]->log().head(log_of(2))->number, 3u);
    EXPECT_GT(tamper.withheld, 0u);
    EXPECT_EQ(cores[0]->log().head(other)->number, 1u) << "else it is an honest relay";
    EXPECT_FALSE(cores[0]->log().head(log_of(2)).has_value());

    network->take_down(0, 1);
    network->call_all();
    run(20s);
    EXPECT_EQ(cores[0]->log().head(log_of(2))->number, 3u);
    EXPECT_EQ(network->held_there(*cores[0], cores[1]->id, log_of(2)), 3u);
    EXPECT_EQ(network->held_there(*cores[0], cores[3]->id, log_of(2)), 0u) << "who lags, and where";
    EXPECT_TRUE(network->connected(*cores[0], *cores[3]));
    expect_one_mind();
}

// --- disks ---

// It goes on all the same, in a log of a new incarnation.
TEST_F(HostileNodes, H57_ARolledBackLogComesBackFromAPeerAndIsNeverSignedAgain) {
    begin(2);
    const LogName log = append(0, noted(1));
    const auto copy = cores[0]->copy();
    ASSERT_EQ(append(0, noted(2)), log);
    connect();
    ASSERT_EQ(cores[1]->log().head(log)->number, 2u);
    const Hash lost = cores[1]->log().head(log)->hash;
    network->went_down(*cores[0], /*silently=*/false);
    cores[0]->end(/*power=*/false);
    cores[0]->put_back(copy, /*whole=*/true); // witness and all, as a virtual machine's snapshot
    ASSERT_TRUE(cores[0]->start());
    ASSERT_EQ(cores[0]->log().head(log)->number, 1u);
    network->came_up(*cores[0]);
    run(10s);
    EXPECT_EQ(cores[0]->log().head(log)->number, 2u);
    EXPECT_EQ(cores[0]->log().head(log)->hash, lost);
    EXPECT_TRUE(derived(0).record(record(2)).has_value());
    EXPECT_NE(append(0, noted(3)), log);
    run(10s);
    for (auto& core : cores) {
        EXPECT_TRUE(core->log().forks().empty());
        EXPECT_EQ(core->log().last_position(), 3u);
    }
    expect_one_mind();
}

TEST_F(HostileNodes, H57_ARolledBackLogIsNotSignedAgainBeforeAPeerIsHeardEither) {
    begin(2);
    const LogName log = append(0, noted(1));
    const auto copy = cores[0]->copy();
    ASSERT_EQ(append(0, noted(2)), log);
    connect();
    network->went_down(*cores[0], false);
    cores[0]->end(false);
    cores[0]->put_back(copy, true);
    ASSERT_TRUE(cores[0]->start());
    const LogName next = append(0, noted(3));
    EXPECT_NE(next, log);
    network->came_up(*cores[0]);
    run(10s);
    EXPECT_EQ(append(0, noted(4)), next);
    run(10s);
    EXPECT_EQ(cores[0]->log().head(log)->number, 2u);
    for (auto& core : cores) EXPECT_TRUE(core->log().forks().empty());
    expect_one_mind();
}

TEST_F(HostileNodes, H58_AFullDiskRefusesReadsGoOnAndNothingIsLost) {
    begin(2);
    connect();
    const LogName log = append(0, noted(1));
    Core& core = *cores[0];
    core.disk().rates.full = 1000;
    EXPECT_EQ(core.append({"movement", {noted(2)}}).error().code, ErrorCode::storage_full);
    EXPECT_EQ(core.log().read_range(log, 1, 1).value().size(), 1u);
    run(10s);
    EXPECT_TRUE(network->connected(core, *cores[1]));
    EXPECT_EQ(cores[1]->log().head(log)->number, 1u);
    core.disk().rates.full = 0;
    EXPECT_EQ(append(0, noted(2)), log);
    run(10s);
    EXPECT_EQ(core.log().head(log)->number, 2u);
    expect_one_mind();
}

} // namespace
} // namespace safar::testing

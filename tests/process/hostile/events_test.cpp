// The rows of the catalogue about events that their author signed as they are, against a real node:
// each is held and passed on, and what is flawed has no effect.
#include "tests/process/hostile/wire_peer.hpp"

#include <gmock/gmock.h>

namespace safar::process {
namespace {
using ::testing::HasSubstr;

HostileNetwork& at() { return HostileNetwork::the(); }

const std::vector<std::string>& honest() { return HostileNetwork::honest(); }

// A validly signed batch of one flawed event and one as a node writes it: held and passed on as it
// is, and of the flawed one nothing shows anywhere once the other does.
void expect_flagged(const std::string& agency, WirePeer& peer, const EventDraft& flawed,
                    const RawEvent& as) {
    const EventDraft good = a_return();
    peer.say_batch(peer.batch_of({as, raw(good)}));
    expect_held(agency, 1);
    expect_shown(good.body.record);
    expect_not_shown(flawed.body.record);
    expect_kept(peer, agency);
}

TEST(Hostile, H23S_ASignedEventWithTrailingBytesIsHeldWithoutEffect) {
    WirePeer peer("H23S");
    peer.greet();
    const EventDraft event = a_return();
    RawEvent longer = raw(event);
    longer.clear.push_back(std::byte{0});
    expect_flagged("H23S", peer, event, longer);
}

// Numbers have one width and lists no order of their own, so a second encoding is another byte for
// "yes".
TEST(Hostile, H25S_ASignedEventInASecondEncodingIsHeldWithoutEffect) {
    WirePeer peer("H25S");
    peer.greet();
    EventDraft event = a_return();
    event.body.assertions.push_back({2, Flag{true}});
    RawEvent second = raw(event);
    second.clear.back() = std::byte{2};
    expect_flagged("H25S", peer, event, second);
}

TEST(Hostile, H26S_ASignedEventThatReplacesADotTwiceIsHeldWithoutEffect) {
    WirePeer peer("H26S");
    peer.greet();
    EventDraft event = a_return();
    event.replaces = {Dot{peer.log(), 7, 0, {}}};
    RawEvent twice = raw(event);
    const Bytes dot(twice.dots.begin() + 4, twice.dots.end()); // after the count
    twice.dots.insert(twice.dots.end(), dot.begin(), dot.end());
    twice.dots[0] = std::byte{2};
    expect_flagged("H26S", peer, event, twice);
}

// Not as the row has it: a field named twice is two values said at once, a conflict as any other.
TEST(Hostile, H26T_AFieldThatAnEventNamesTwiceIsAConflictEverywhere) {
    WirePeer peer("H26T");
    peer.greet();
    EventDraft event = a_return();
    event.body.assertions = {{1, Code{"PAK"}}, {1, Code{"AFG"}}};
    peer.say_batch(peer.built(peer.context(), {event}).encoded.bytes);
    expect_held("H26T", 1);
    expect_shown(event.body.record);
    const std::string target = "/v1/records/" + show_id(event.body.record);
    const auto shown = call(at().net, "IOM", target);
    ASSERT_TRUE(shown);
    EXPECT_TRUE(shown->at("fields").at(0).at("conflict").as_bool());
    EXPECT_EQ(shown->at("fields").at(0).at("values").as_array().size(), 2u);
    for (const std::string& node : honest()) EXPECT_EQ(call(at().net, node, target), shown) << node;
    expect_kept(peer, "H26T");
}

// What a member may say is a matter of its log and the kinds of its compartment. That one agency
// closes another's case is asked where somebody acts, and in the fold a value beside the other's.
TEST(Hostile, H36_WhatADelegateMayNotSayIsHeldWithoutEffect) {
    WirePeer peer("H36");
    peer.greet();
    const EventDraft beyond = a_return();
    EventDraft within;
    within.body.kind = 61; // a follow-up: that much FIA lets it write
    within.body.record = system_entropy().draw<RecordId>();
    within.body.verb = "recorded";
    within.body.assertions = {{2, Reference{beyond.body.record}}};
    peer.say_batch(peer.built(peer.context(), {beyond, within}).encoded.bytes);
    expect_held("H36", 1);
    expect_shown(within.body.record);
    expect_not_shown(beyond.body.record);
    expect_kept(peer, "H36");
}

TEST(Hostile, H36B_AnEventOfAKindThatNoSchemaKnowsIsHeldWithoutEffect) {
    WirePeer peer("H36B");
    peer.greet();
    EventDraft unknown = a_return();
    unknown.body.kind = 60'000;
    expect_flagged("H36B", peer, unknown, raw(unknown));
}

// Who writes returns and nothing else puts a person, of another compartment, into its log.
TEST(Hostile, H36C_AKindOfAnotherCompartmentIsHeldWithoutEffect) {
    WirePeer peer("H36C");
    peer.greet();
    EventDraft person = a_return();
    person.body.kind = 1;
    person.body.assertions = {{1, Text{"Somebody"}}};
    expect_flagged("H36C", peer, person, raw(person));
}

TEST(Hostile, H37_NoClaimedTimeIsRefused) {
    WirePeer peer("H37");
    peer.greet();
    Hash previous;
    std::uint64_t number = 0;
    std::vector<RecordId> said;
    for (const std::int64_t time :
         {std::int64_t{50} * 366 * 86'400 * 1'000'000 + 1'800'000'000'000'000, std::int64_t{-1},
          std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) {
        const BuiltBatch built = peer.batch(++number, previous, "recorded", time);
        previous = built.hash;
        said.push_back(record_of(built));
        peer.say_batch(built.encoded.bytes);
    }
    expect_held("H37", 4);
    for (const RecordId& id : said) expect_shown(id);
    expect_kept(peer, "H37");
}

// Such a reference just stays, and its field shows it; a cycle is two of them.
TEST(Hostile, H43_AReferenceToNothingToItselfOrInACycleBlocksNothing) {
    WirePeer peer("H43");
    peer.greet();
    EventDraft one = a_return(), other = a_return();
    const auto nothing = system_entropy().draw<RecordId>();
    one.body.assertions = {{1, Code{"PAK"}},
                           {44, Reference{nothing}},
                           {45, Reference{one.body.record}},
                           {60, Reference{other.body.record}}};
    other.body.assertions.push_back({60, Reference{one.body.record}});
    // It also replaces what nobody has ever said, and itself, of which it can not know the hash.
    one.replaces = {Dot{peer.log(), 1, 0, {}}, Dot{peer.log(), 77, 0, {}}};
    const BuiltBatch built = peer.built(peer.context(), {one, other});
    peer.say_batch(built.encoded.bytes);
    BatchContext place = peer.context(2, built.hash);
    place.first_sequence = 3;
    const BuiltBatch next = peer.built(place, {a_return()});
    peer.say_batch(next.encoded.bytes);
    expect_held("H43", 2);
    for (const RecordId& id : {one.body.record, other.body.record, record_of(next)})
        expect_shown(id);
    expect_not_shown(nothing);
    for (const std::string& node : honest()) {
        const auto shown = call(at().net, node, "/v1/records/" + show_id(one.body.record));
        ASSERT_TRUE(shown) << node;
        EXPECT_EQ(shown->at("fields").as_array().size(), 4u) << boost::json::serialize(*shown);
        EXPECT_THAT(boost::json::serialize(*shown), HasSubstr(show_id(nothing))) << node;
    }
    expect_kept(peer, "H43");
}

} // namespace
} // namespace safar::process

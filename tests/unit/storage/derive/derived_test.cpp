#include "storage/event/merkle.hpp"
#include "tests/unit/storage/derive/derive_fixture.hpp"
#include "tests/unit/storage/derive/proxy_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace safar {
namespace {

using namespace derive_test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::shared_ptr<const Schema> schema = make_schema();

std::vector<EventDraft> made_up_range(std::uint32_t first, std::uint32_t count) {
    std::vector<EventDraft> out;
    for (std::uint32_t n = first; n < first + count; ++n) out.push_back(made_up(n));
    return out;
}

// One reader that derives what it takes.
struct Reader {
    Network& network;
    std::unique_ptr<Log> log = network.reader();
    std::unique_ptr<Derived> derived = Derived::open(*log, schema).value();

    explicit Reader(Network& from) : network(from) {}
    void take(std::span<const EncodedBatch> batches) {
        Network::ingest(*log, batches);
        follow_all(*derived);
    }
    [[nodiscard]] std::uint64_t counted(const std::string& kind = "return") const {
        return derived->count({kind, {}, {}, "", {}, {}}).value().count;
    }
    [[nodiscard]] Hash digest(std::string_view compartment = "return") const {
        return derived->state_digest(compartment, {}).value();
    }
};

// Everything that readers can ask, as text.
std::string answers(const Derived& derived, std::uint32_t records) {
    std::string out =
        std::to_string(derived.conflict_count()) + " " + std::to_string(derived.records("return"));
    for (const char* by : {"country", "status", "needs", "quarter", "opinion"}) {
        const auto table = derived.count({"return", {by}, {}, "persons", {}, {}}).value();
        for (const auto& row : table.rows)
            out +=
                "\n" + row.key[0] + " " + std::to_string(row.count) + " " + std::to_string(row.sum);
    }
    const auto conflicts = derived.conflicts(1000).value();
    for (const Conflict& each : conflicts) {
        out += "\n" + show_id(each.record) + " " + std::to_string(each.field) + " " +
               std::to_string(each.since.microseconds);
        for (const std::string& agency : each.agencies) out += " " + agency;
    }
    for (std::uint32_t n = 0; n < records; ++n)
        if (auto folded = derived.record(record(n)))
            out += "\n" + to_hex(state_bytes(folded.value()));
    out += "\n" + derived.state_digest("return", {}).value().hex();
    return out;
}

TEST(Derived, FollowsTheJournalInStepsAndAnswersFromIt) {
    Network network;
    AgencyLog& iom = network.add("IOM", "return");
    for (std::uint32_t b = 0; b < 5; ++b) iom.write(made_up_range(b * 50, 50));
    Reader reader(network);
    Network::ingest(*reader.log, iom.batches);
    EXPECT_EQ(reader.derived->follow(2).value(), 2u);
    EXPECT_EQ(reader.derived->position(), 2u);
    EXPECT_EQ(reader.derived->records("return"), 100u);
    EXPECT_EQ(reader.derived->follow(100).value(), 3u);
    EXPECT_EQ(reader.derived->follow(100).value(), 0u);
    EXPECT_EQ(reader.derived->position(), reader.log->last_position());
    EXPECT_EQ(reader.counted(), 250u);

    auto entry = reader.derived->entry(record(120)).value();
    ASSERT_TRUE(entry);
    EXPECT_EQ(entry->kind, 3);
    ASSERT_EQ(entry->events.size(), 1u);
    EXPECT_EQ(entry->events[0].batch, 3u);
    EXPECT_EQ(entry->events[0].index, 20);
    auto folded = reader.derived->record(record(120)).value();
    EXPECT_EQ(show_value(folded.field(10)->reading.at(0)), "Person 120");
    EXPECT_EQ(folded.field(10)->live[0].agency, "IOM");
    EXPECT_EQ(folded.field(10)->live[0].dot, iom.dot(2, 20, 8));

    EXPECT_FALSE(reader.derived->entry(record(999)).value());
    EXPECT_EQ(reader.derived->record(record(999)).error().code, ErrorCode::not_found);
    auto entries = reader.derived->entries(std::vector{record(1), record(999), record(2)}).value();
    EXPECT_TRUE(entries[0] && !entries[1] && entries[2]);
}

TEST(Derived, AnEventOfAKnownRecordJoinsItAndMovesItsRow) {
    Network network;
    AgencyLog& iom = network.add("IOM", "return");
    iom.write(made_up_range(0, 10));
    Reader reader(network);
    reader.take(iom.batches);
    EventDraft change = say(record(3), {{9, Code{"LKA"}}});
    change.replaces = {iom.dot(0, 3, 7)};
    iom.write(std::vector{change});
    reader.take(std::span(iom.batches).subspan(1));
    auto entry = reader.derived->entry(record(3)).value();
    ASSERT_EQ(entry->events.size(), 2u);
    EXPECT_EQ(reader.derived->events(*entry).value().size(), 2u);
    EXPECT_EQ(show_value(reader.derived->record(record(3)).value().field(9)->reading.at(0)), "LKA");
    EXPECT_EQ(
        reader.derived->count({"return", {}, {{"country", {"LKA"}}}, "", {}, {}}).value().count,
        1u);
    EXPECT_EQ(reader.counted(), 10u);
    EXPECT_EQ(reader.derived->conflict_count(), 0u);
}

TEST(Derived, ConflictsComeAndGoWithTheEventsThatMakeThem) {
    Network network;
    AgencyLog& iom = network.add("IOM", "return", 1);
    AgencyLog& fia = network.add("FIA", "return", 2);
    iom.write(std::vector{say(record(1), {{9, Code{"PAK"}}, {8, Integer{2}}})});
    EventDraft other = say(record(1), {{9, Code{"AFG"}}, {8, Integer{2}}});
    other.body.at = {42};
    fia.write(std::vector{other});
    Reader reader(network);
    reader.take(iom.batches);
    reader.take(fia.batches);
    ASSERT_EQ(reader.derived->conflict_count(), 1u);
    auto conflicts = reader.derived->conflicts(10).value();
    ASSERT_EQ(conflicts.size(), 1u);
    EXPECT_EQ(conflicts[0].record, record(1));
    EXPECT_EQ(conflicts[0].kind, 3);
    EXPECT_EQ(conflicts[0].field, 9);
    EXPECT_THAT(conflicts[0].agencies, ElementsAre("FIA", "IOM"));
    EXPECT_EQ(conflicts[0].since.microseconds, 42);
    // The preferred value counts.
    EXPECT_EQ(
        reader.derived->count({"return", {}, {{"country", {"PAK"}}}, "", {}, {}}).value().count,
        1u);

    EventDraft resolve = say(record(1), {{9, Code{"AFG"}}});
    resolve.replaces = {iom.dot(0, 0, 0), fia.dot(0, 0, 0)};
    std::ranges::sort(resolve.replaces);
    iom.write(std::vector{resolve});
    reader.take(std::span(iom.batches).subspan(1));
    EXPECT_EQ(reader.derived->conflict_count(), 0u);
    EXPECT_THAT(reader.derived->conflicts(10).value(), IsEmpty());
    EXPECT_EQ(
        reader.derived->count({"return", {}, {{"country", {"AFG"}}}, "", {}, {}}).value().count,
        1u);
}

// Records that two agencies report, some twice within one batch.
void write_both(AgencyLog& iom, AgencyLog& fia) {
    for (std::uint32_t b = 0; b < 6; ++b) {
        iom.write(made_up_range(b * 40, 40));
        std::vector<EventDraft> drafts;
        for (std::uint32_t n = b * 20; n < b * 20 + 60; ++n)
            drafts.push_back(say(record(n), {{9, Code{n % 3 == 0 ? "PAK" : "LKA"}},
                                             {3, Code{"accepted"}},
                                             {4, Code{"legal"}}}));
        drafts.push_back(drafts.front());
        fia.write(drafts);
    }
}

TEST(Derived, OrderOfArrivalDoesNotShow) {
    Network network;
    AgencyLog& iom = network.add("IOM", "return", 1);
    AgencyLog& fia = network.add("FIA", "return", 2);
    write_both(iom, fia);
    Reader one(network), two(network), three(network);
    one.take(iom.batches);
    one.take(fia.batches);
    two.take(fia.batches);
    two.take(iom.batches);
    for (std::size_t i = 0; i < iom.batches.size(); ++i) {
        three.take(std::span(fia.batches).subspan(i, 1));
        three.take(std::span(iom.batches).subspan(i, 1));
    }
    EXPECT_GT(one.derived->conflict_count(), 10u);
    EXPECT_EQ(answers(*one.derived, 250), answers(*two.derived, 250));
    EXPECT_EQ(answers(*one.derived, 250), answers(*three.derived, 250));
}

TEST(Derived, TheDigestTellsStatesApartAndCompartmentsToo) {
    Network network;
    AgencyLog& iom = network.add("IOM", "return");
    AgencyLog& other = network.add("IOM", "movement");
    iom.write(made_up_range(0, 20));
    other.write(made_up_range(100, 20));
    Reader reader(network), both(network);
    reader.take(iom.batches);
    Hash before = reader.digest();
    both.take(other.batches);
    both.take(iom.batches);
    EXPECT_EQ(both.digest(), before); // what another compartment holds does not matter
    EXPECT_NE(both.digest("movement"), before);
    EXPECT_EQ(reader.digest("movement"), reader.digest("movement"));
    iom.write(std::vector{say(record(0), {{12, Text{"seen"}}})});
    reader.take(std::span(iom.batches).subspan(1));
    EXPECT_NE(reader.digest(), before);
}

TEST(Derived, ARecordIsFoldedFromOneCompartmentOnly) {
    Network network;
    AgencyLog& inside = network.add("IOM", "return", 5);
    AgencyLog& outside = network.add("FIA", "zebra", 1);
    inside.write(std::vector{say(record(1), {{9, Code{"PAK"}}})});
    outside.write(std::vector{say(record(1), {{9, Code{"AFG"}}})});
    Reader alone(network), both(network);
    alone.take(inside.batches);
    both.take(outside.batches);
    both.take(inside.batches);
    EXPECT_EQ(both.derived->conflict_count(), 0u);
    EXPECT_EQ(both.derived->count({"return", {"country"}, {}, "", {}, {}}).value().rows[0].key[0],
              "PAK");
    EXPECT_EQ(both.derived->entry(record(1)).value()->events.size(), 1u);
    EXPECT_EQ(both.digest(), alone.digest());
    // A record born in a log stays with that log's compartment, whatever its name.
    RecordId native = native_record_id(outside.context.log, 2);
    outside.write(std::vector{say(native, {{9, Code{"AFG"}}})});
    inside.write(std::vector{say(native, {{9, Code{"PAK"}}})});
    both.take(std::span(outside.batches).subspan(1));
    both.take(std::span(inside.batches).subspan(1));
    EXPECT_EQ(show_value(both.derived->record(native).value().field(9)->reading.at(0)), "AFG");
}

TEST(Derived, EventsOfUnknownKindAreCountedAndHarmless) {
    Network network;
    AgencyLog& iom = network.add("IOM", "return");
    iom.write(std::vector{made_up(1), say(record(2), {{1, Code{"x"}}}, 999), made_up(3)});
    Reader reader(network);
    reader.take(iom.batches);
    EXPECT_EQ(reader.counted(), 2u);
    EXPECT_EQ(reader.derived->not_understood(), 1u);
    EXPECT_EQ(reader.derived->entry(record(2)).value()->kind, 0);
    auto unknown = reader.derived->record(record(2));
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code, ErrorCode::not_found);
    EXPECT_THAT(unknown.error().detail, HasSubstr("999"));
    Hash digest = reader.digest();
    // A known kind comes to it: the record leaves the unknown ones.
    iom.write(std::vector{say(record(2), {{9, Code{"PAK"}}})});
    reader.take(std::span(iom.batches).subspan(1));
    EXPECT_EQ(reader.counted(), 3u);
    EXPECT_EQ(reader.derived->record(record(2)).value().kind, 3);
    EXPECT_NE(reader.digest(), digest);
}

// A frame of zstd that holds its content as it is: magic, single segment with a size of 4 bytes,
// one last raw block.
Bytes stored_frame(ByteView raw) {
    Bytes out;
    ByteWriter writer(out);
    writer.integer(std::uint32_t{0xfd2fb528});
    writer.integer(std::uint8_t{0xa0});
    writer.integer(static_cast<std::uint32_t>(raw.size()));
    auto block = static_cast<std::uint32_t>(raw.size() << 3 | 1);
    for (int shift : {0, 8, 16}) writer.integer(static_cast<std::uint8_t>(block >> shift));
    writer.bytes(raw);
    return out;
}

// Signs events whose clear parts are these bytes: what a newer or a broken node may sign.
void write_raw(AgencyLog& log, const std::vector<Bytes>& clears) {
    PreparedBatch batch;
    Bytes raw;
    ByteWriter writer(raw);
    for (const Bytes& clear : clears) {
        writer.integer(static_cast<std::uint8_t>(EventForm::clear));
        writer.bytes(Salt{}.view());
        writer.sized({});
        writer.sized(clear);
        EventView view;
        view.clear = clear;
        batch.leaves.push_back(leaf_hash(view));
    }
    batch.root = merkle_root(batch.leaves);
    batch.stored.resize(EncodedBatch::prefix_bytes - 4);
    ByteWriter stored(batch.stored);
    stored.integer(static_cast<std::uint32_t>(raw.size()));
    stored.bytes(stored_frame(raw));
    PlacedHeader placed = place_batch(log.context, log.key->id(), batch);
    sign_placed_batch(*log.key, log.context.network, batch);
    log.last = {{batch.stored}, placed.header, placed.hash, batch.leaves, raw};
    log.adopt();
}

TEST(Derived, AnUndecodableBodyIsCountedAndHarmless) {
    Network network;
    AgencyLog& iom = network.add("IOM", "return");
    auto good = encode_event(made_up(1), {}).value();
    ByteReader in(good);
    Bytes clear = copy(read_event(in).value().clear);
    Bytes newer = clear;
    newer[0] = std::byte{2}; // a version that is not known yet
    write_raw(iom, {newer, clear, Bytes{std::byte{1}}, {}});
    Reader reader(network);
    reader.take(iom.batches);
    EXPECT_EQ(reader.counted(), 1u);
    EXPECT_EQ(reader.derived->not_understood(), 3u);
    EXPECT_EQ(reader.digest(), reader.digest());
}

TEST(Derived, ARecordWhoseKindChangesLeavesItsOldKind) {
    Network network;
    AgencyLog& iom = network.add("IOM", "return");
    iom.write(std::vector{say(record(1), {{2, Integer{30}}}, 7)});
    Reader reader(network);
    reader.take(iom.batches);
    EXPECT_EQ(reader.counted("person"), 1u);
    iom.write(
        std::vector{say(record(1), {{9, Code{"PAK"}}}, 3)}); // the lowest kind that is stated wins
    reader.take(std::span(iom.batches).subspan(1));
    EXPECT_EQ(reader.counted("person"), 0u);
    EXPECT_EQ(reader.counted(), 1u);
    EXPECT_EQ(reader.derived->entry(record(1)).value()->kind, 3);
    EXPECT_EQ(reader.derived->records("person"), 0u);
}

TEST(Derived, FindTakesDimensionsAndAnyOtherField) {
    Network network;
    AgencyLog& iom = network.add("IOM", "return");
    for (std::uint32_t b = 0; b < 20; ++b) iom.write(made_up_range(b * 200, 200));
    Reader reader(network);
    reader.take(iom.batches);
    auto find = [&](std::vector<StatisticsQuery::Filter> where, std::size_t limit) {
        return reader.derived->find({"return", {}, std::move(where), "", {}, {}}, limit);
    };
    EXPECT_THAT(find({{"name", {"Person 3210"}}}, 10).value(), ElementsAre(record(3210)));
    EXPECT_THAT(
        find({{"country", {"Afghanistan"}}, {"name", {"Person 1", "Person 2", "Person 8"}}}, 10)
            .value(),
        ElementsAre(record(1), record(8)));
    EXPECT_EQ(find({{"country", {"PAK"}}}, 5).value().size(), 5u);
    EXPECT_EQ(find({{"persons", {"3"}}}, 100).value().size(), 100u);
    EXPECT_EQ(find({{"note", {""}}}, 7).value().size(), 7u);
    EXPECT_THAT(find({{"country", {"XXX"}}}, 5).value(), IsEmpty());
    auto unknown = find({{"colour", {"red"}}}, 5);
    ASSERT_FALSE(unknown);
    EXPECT_THAT(unknown.error().detail, HasSubstr("country"));
    EXPECT_FALSE(reader.derived->find({"nothing", {}, {}, "", {}, {}}, 5));
    EXPECT_FALSE(reader.derived->count({"nothing", {}, {}, "", {}, {}}));
}

TEST(Derived, AnotherSchemaDerivesEverythingAgain) {
    Network network;
    AgencyLog& iom = network.add("IOM", "return");
    iom.write(std::vector{made_up(1), say(record(2), {{2, Integer{30}}}, 7)});
    Reader reader(network);
    reader.derived->set_schema(make_schema(/*with_person=*/false));
    reader.take(iom.batches);
    EXPECT_EQ(reader.derived->not_understood(), 1u);
    reader.derived->set_schema(schema);
    follow_all(*reader.derived);
    EXPECT_EQ(reader.derived->not_understood(), 0u);
    EXPECT_EQ(reader.counted("person"), 1u);
    EXPECT_EQ(reader.derived->position(), reader.log->last_position());
}

TEST(Derived, AnotherRankPrefersAnotherValue) {
    Network network;
    AgencyLog& iom = network.add("IOM", "return", 1);
    AgencyLog& fia = network.add("FIA", "return", 2);
    iom.write(std::vector{say(record(1), {{9, Code{"PAK"}}})});
    fia.write(std::vector{say(record(1), {{9, Code{"AFG"}}})});
    Reader reader(network);
    reader.take(iom.batches);
    reader.take(fia.batches);
    auto country = [&] {
        return reader.derived->count({"return", {"country"}, {}, "", {}, {}})
            .value()
            .rows[0]
            .key[0];
    };
    EXPECT_EQ(country(), "PAK");
    auto changed = std::make_shared<FakeAuthority>(*network.authority);
    changed->ranks["IOM"] = 3;
    ASSERT_TRUE(reader.log->set_authority(changed));
    follow_all(*reader.derived);
    EXPECT_EQ(country(), "AFG");
}

TEST(Derived, RebuildGivesTheSameAnswers) {
    Network network;
    AgencyLog& iom = network.add("IOM", "return", 1);
    AgencyLog& fia = network.add("FIA", "return", 2);
    write_both(iom, fia);
    Reader reader(network);
    reader.take(iom.batches);
    reader.take(fia.batches);
    std::string before = answers(*reader.derived, 250);
    Position told = 0;
    ASSERT_TRUE(reader.derived->rebuild([&](Position at, Position) { told = at; }));
    EXPECT_EQ(told, reader.log->last_position());
    EXPECT_EQ(answers(*reader.derived, 250), before);
}

TEST(Derived, WhatTheLogTakesBackIsUnfolded) {
    Network network;
    AgencyLog& iom = network.add("IOM", "return");
    iom.write(made_up_range(0, 10));
    Reader prefix(network);
    prefix.take(iom.batches);
    iom.write(made_up_range(10, 10));
    auto inner = network.reader();
    ProxyLog log(*inner);
    Network::ingest(log, iom.batches);
    auto derived = Derived::open(log, schema).value();
    follow_all(*derived);
    EXPECT_EQ(derived->records("return"), 20u);
    log.head_max = 1;
    follow_all(*derived);
    EXPECT_EQ(derived->records("return"), 10u);
    EXPECT_EQ(derived->state_digest("return", {}).value(), prefix.digest());
}

} // namespace
} // namespace safar

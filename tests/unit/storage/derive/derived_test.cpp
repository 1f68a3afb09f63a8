// What is derived from a journal, and what may be asked of it.
#include "tests/unit/storage/derive/reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace safar {
namespace {

using namespace derive_test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

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

TEST(Derived, ConflictsAreListedOldestFirstWhateverTheirIds) {
    Network network;
    AgencyLog& iom = network.add("IOM", "return", 1);
    AgencyLog& fia = network.add("FIA", "return", 2);
    constexpr std::uint32_t count = 20;
    std::vector<EventDraft> ours, theirs;
    for (std::uint32_t n = 0; n < count; ++n) {
        ours.push_back(say(record(n), {{9, Code{"PAK"}}}));
        theirs.push_back(say(record(n), {{9, Code{"AFG"}}}));
        theirs.back().body.at = {1000 + (n * 7) % count}; // the record n * 7 % count = 0 is oldest
    }
    iom.write(ours);
    fia.write(theirs);
    Reader reader(network);
    reader.take(iom.batches);
    reader.take(fia.batches);
    const auto since = [&](std::size_t limit, const Derived::WantedConflict& wanted = {}) {
        std::vector<std::int64_t> out;
        const auto found = reader.derived->conflicts(limit, wanted).value();
        for (const Conflict& one : found) out.push_back(one.since.microseconds);
        return out;
    };
    EXPECT_THAT(since(3), ElementsAre(1000, 1001, 1002));
    EXPECT_EQ(since(100).size(), count);
    EXPECT_THAT(since(2, [](const Conflict& one) { return one.since.microseconds % 2 == 1; }),
                ElementsAre(1001, 1003));
    EXPECT_THAT(since(0), IsEmpty());
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

} // namespace
} // namespace safar

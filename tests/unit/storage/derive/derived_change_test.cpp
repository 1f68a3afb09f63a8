// What derived state does when its grounds change: schema, ranks, what the log takes back; and what
// it does with events that nobody here understands.
#include "storage/event/merkle.hpp"
#include "tests/unit/storage/derive/proxy_log.hpp"
#include "tests/unit/storage/derive/reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace safar {
namespace {

using namespace derive_test;
using testing::HasSubstr;

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

TEST(Derived, ASchemaThatComesWhileItFollowsDerivesEverythingAgain) {
    Network network;
    AgencyLog& iom = network.add("IOM", "return");
    iom.write(std::vector{made_up(1), say(record(2), {{2, Integer{30}}}, 7)});
    const std::unique_ptr<Log> inner = network.reader();
    Network::ingest(*inner, iom.batches);
    ProxyLog log(*inner);
    auto derived = Derived::open(log, make_schema(/*with_person=*/false)).value();
    log.before_journal = [&] { derived->set_schema(schema); };
    follow_all(*derived);
    EXPECT_EQ(derived->records("person"), 1u);
    EXPECT_EQ(derived->not_understood(), 0u);
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

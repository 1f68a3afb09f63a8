// What survives a stop, a crash, a failing disk and rot.
#include "tests/unit/storage/derive/derive_fixture.hpp"
#include "tests/unit/storage/derive/proxy_log.hpp"

#include <gtest/gtest.h>

namespace safar {
namespace {

using namespace derive_test;

const std::shared_ptr<const Schema> schema = make_schema();

std::string answers(const Derived& derived, std::uint32_t records) {
    std::string out =
        std::to_string(derived.conflict_count()) + " " + std::to_string(derived.not_understood());
    for (const Kind& kind : schema->kinds) out += " " + std::to_string(derived.records(kind.name));
    const auto table =
        derived.count({"return", {"country", "needs", "status"}, {}, "persons", {}, {}}).value();
    for (const auto& row : table.rows)
        out += "\n" + row.key[0] + row.key[1] + row.key[2] + " " + std::to_string(row.count) + " " +
               std::to_string(row.sum);
    const auto conflicts = derived.conflicts(1000).value();
    for (const Conflict& each : conflicts) out += "\n" + show_id(each.record);
    for (std::uint32_t n = 0; n < records; ++n)
        if (auto folded = derived.record(record(n)))
            out += "\n" + to_hex(state_bytes(folded.value()));
    return out + derived.state_digest("return", {}).value().hex();
}

// A journal with everything that derived state must keep straight.
struct World {
    Network network;
    AgencyLog& iom = network.add("IOM", "return", 1);
    AgencyLog& fia = network.add("FIA", "return", 2);
    std::unique_ptr<Log> inner;
    static constexpr std::uint32_t records = 120;

    World() {
        for (std::uint32_t b = 0; b < 4; ++b) {
            std::vector<EventDraft> mine, theirs;
            for (std::uint32_t n = b * 25; n < b * 25 + 25; ++n) mine.push_back(made_up(n));
            mine.push_back(say(record(110 + b), {{2, Integer{30}}}, 7)); // a person ...
            mine.push_back(say(record(200 + b), {}, 999));
            iom.write(mine);
            for (std::uint32_t n = b * 15; n < b * 15 + 30; ++n)
                theirs.push_back(
                    say(record(n), {{9, Code{n % 2 == 0 ? "PAK" : "LKA"}}, {4, Code{"legal"}}}));
            if (b > 0)
                theirs.push_back(
                    say(record(109 + b), {{9, Code{"PAK"}}}, 3)); // ... becomes a return
            fia.write(theirs);
        }
        inner = network.reader();
        for (std::size_t b = 0; b < 4; ++b) {
            Network::ingest(*inner, std::span(iom.batches).subspan(b, 1));
            Network::ingest(*inner, std::span(fia.batches).subspan(b, 1));
        }
    }
    [[nodiscard]] std::string expected() const {
        ProxyLog log(*inner);
        auto derived = Derived::open(log, schema).value();
        follow_all(*derived);
        return answers(*derived, records);
    }
};

TEST(Recovery, ACleanStopIsFollowedFromWhereItEnded) {
    World world;
    ProxyLog log(*world.inner);
    std::string expected = world.expected();
    {
        auto derived = Derived::open(log, schema).value();
        follow_all(*derived);
        ASSERT_TRUE(derived->checkpoint());
    }
    std::size_t writes = log.store.history.size();
    auto derived = Derived::open(log, schema).value();
    EXPECT_EQ(derived->position(), log.last_position());
    EXPECT_EQ(answers(*derived, World::records), expected);
    EXPECT_EQ(derived->follow(100).value(), 0u);
    ASSERT_TRUE(derived->checkpoint());
    EXPECT_EQ(log.store.history.size(), writes); // nothing changed, nothing is written
}

// Plays a run with checkpoints here and there, and for every prefix of its writes a restart.
TEST(Recovery, AnyPrefixOfTheWritesHeals) {
    World world;
    std::string expected = world.expected();
    MapStore whole;
    {
        ProxyLog log(*world.inner);
        auto derived = Derived::open(log, schema).value();
        for (int step = 0; step < 8; ++step) {
            ASSERT_EQ(derived->follow(1).value(), 1u);
            if (step % 3 == 1) {
                ASSERT_TRUE(derived->checkpoint());
            }
        }
        ASSERT_TRUE(derived->checkpoint());
        whole = log.store;
    }
    ASSERT_GT(whole.history.size(), 12u);
    std::size_t kept_something = 0;
    for (std::size_t count = 0; count <= whole.history.size(); ++count) {
        ProxyLog log(*world.inner);
        log.store = whole;
        log.store.keep(count);
        auto derived = Derived::open(log, schema).value();
        kept_something += derived->position() > 0 ? 1 : 0;
        follow_all(*derived);
        EXPECT_EQ(answers(*derived, World::records), expected) << "after " << count << " writes";
        ASSERT_TRUE(derived->checkpoint());
        auto again = Derived::open(log, schema).value();
        EXPECT_EQ(again->position(), log.last_position());
        EXPECT_EQ(answers(*again, World::records), expected)
            << "restarted after " << count << " writes";
    }
    EXPECT_GT(kept_something, 6u);
}

// One checkpoint is several writes: a crash between them leaves newer columns under an older mark.
TEST(Recovery, ATornCheckpointHeals) {
    World world;
    std::string expected = world.expected();
    ProxyLog first(*world.inner);
    {
        auto derived = Derived::open(first, schema).value();
        ASSERT_EQ(derived->follow(3).value(), 3u);
        ASSERT_TRUE(derived->checkpoint());
        follow_all(*derived);
    }
    std::size_t before = first.store.history.size();
    {
        auto derived = Derived::open(first, schema).value(); // goes on from the mark
        follow_all(*derived);
        ASSERT_TRUE(derived->checkpoint());
    }
    // Every subset of the last checkpoint's keys that a prefix of smaller writes could have left.
    std::vector<KeyValue::Write> keys;
    for (std::size_t i = before; i < first.store.history.size(); ++i)
        for (const auto& write : first.store.history[i]) keys.push_back(write);
    ASSERT_GT(keys.size(), 20u);
    for (std::size_t count = 0; count < keys.size(); ++count) {
        ProxyLog log(*world.inner);
        log.store = first.store;
        log.store.keep(before);
        for (std::size_t i = 0; i < count; ++i) ASSERT_TRUE(log.store.write({&keys[i], 1}));
        auto derived = Derived::open(log, schema).value();
        EXPECT_GT(derived->position(), 0u);
        follow_all(*derived);
        EXPECT_EQ(answers(*derived, World::records), expected) << "after " << count << " keys";
    }
}

TEST(Recovery, AFailedWriteIsReportedAndTheNextCallGoesOn) {
    World world;
    std::string expected = world.expected();
    for (std::size_t allowed = 0; allowed < 14; ++allowed) {
        ProxyLog log(*world.inner);
        auto derived = Derived::open(log, schema).value();
        log.store.refuse_after = allowed;
        bool refused = false;
        for (int step = 0; step < 8 && !refused; ++step) {
            refused = !derived->follow(1).has_value();
            if (step % 2 == 1 && !refused) refused = !derived->checkpoint().has_value();
        }
        EXPECT_TRUE(refused) << allowed;
        log.store.refuse_after = SIZE_MAX;
        follow_all(*derived);
        EXPECT_EQ(answers(*derived, World::records), expected) << allowed;
    }
}

// Columns of one kind could be loaded again and those of the next not: readers keep what they had.
TEST(Recovery, ADiskThatBreaksOffALoadLeavesReadersWhatTheyHad) {
    World world;
    ProxyLog log(*world.inner);
    auto derived = Derived::open(log, schema).value();
    for (int step = 0; step < 7; ++step) ASSERT_TRUE(derived->follow(1));
    ASSERT_TRUE(derived->checkpoint());
    log.store.refuse_after = 0;
    ASSERT_FALSE(derived->follow(1)); // so what was written is to be loaded again
    const std::string before = answers(*derived, World::records);
    for (const char kind : {'\3', '\7'}) {
        log.store.refuse_after = SIZE_MAX;
        log.store.refusing = std::string("k\0", 2) + kind;
        const auto again = derived->follow(1);
        ASSERT_FALSE(again.has_value());
        EXPECT_EQ(again.error().code, ErrorCode::storage_failed);
        for (std::uint32_t n = 0; n < World::records; ++n)
            EXPECT_NO_THROW(static_cast<void>(derived->entry(record(n))));
        EXPECT_EQ(answers(*derived, World::records), before);
    }
    log.store.refusing.clear();
    follow_all(*derived);
    EXPECT_EQ(answers(*derived, World::records), world.expected());
}

TEST(Recovery, RottenColumnsAndMarksAreDerivedAgain) {
    World world;
    std::string expected = world.expected();
    MapStore whole;
    {
        ProxyLog log(*world.inner);
        auto derived = Derived::open(log, schema).value();
        follow_all(*derived);
        ASSERT_TRUE(derived->checkpoint());
        whole = log.store;
    }
    for (std::string_view damaged : {std::string_view("P"), std::string_view("k\0\3d", 4)}) {
        ProxyLog log(*world.inner);
        log.store = whole;
        log.store.damage(damaged);
        auto derived = Derived::open(log, schema).value();
        follow_all(*derived);
        // A flipped bit inside a text is the store's checksums' to find; the structure is ours.
        if (damaged == "P") {
            EXPECT_EQ(answers(*derived, World::records), expected);
        }
    }
}

TEST(Recovery, AMarkInADamagedBlockIsDerivedAgain) {
    World world;
    const std::string expected = world.expected();
    ProxyLog log(*world.inner);
    for (const char* key : {"P", "n"}) {
        {
            auto derived = Derived::open(log, schema).value();
            follow_all(*derived);
            ASSERT_TRUE(derived->checkpoint());
        }
        log.store.unreadable = key;
        auto derived = Derived::open(log, schema);
        ASSERT_TRUE(derived.has_value()) << key << ": " << describe(derived.error());
        EXPECT_EQ(derived.value()->position(), 0u);
        follow_all(*derived.value());
        EXPECT_EQ(answers(*derived.value(), World::records), expected) << key;
    }
}

// What is derived stays, and what comes before the first event that needs the batch is derived too.
TEST(Recovery, ADamagedBatchOfTheLogStopsFollowingAndTakesNothingBack) {
    Network network;
    AgencyLog& iom = network.add("IOM", "return");
    for (std::uint32_t n = 1; n <= 3; ++n) iom.write(std::vector{made_up(n)});
    const std::unique_ptr<Log> inner = network.reader();
    Network::ingest(*inner, iom.batches);
    ProxyLog log(*inner);
    auto derived = Derived::open(log, schema).value();
    follow_all(*derived);
    log.damaged_batch = 1;
    iom.write(std::vector{made_up(4)});
    iom.write(std::vector{say(record(1), {{9, Code{"LKA"}}})});
    iom.write(std::vector{made_up(5)});
    Network::ingest(*inner, std::span(iom.batches).subspan(3));
    for (int tries = 0; tries < 3; ++tries) {
        auto taken = derived->follow(1000);
        ASSERT_FALSE(taken.has_value());
        EXPECT_EQ(taken.error().code, ErrorCode::storage_corrupt);
        EXPECT_GE(derived->position(), 3u);
    }
    EXPECT_EQ(derived->position(), 4u);
    EXPECT_EQ(derived->records("return"), 4u);
    for (std::uint32_t n : {2u, 3u, 4u}) EXPECT_TRUE(derived->record(record(n)).has_value()) << n;
    ASSERT_TRUE(derived->checkpoint());
    derived = Derived::open(log, schema).value();
    EXPECT_EQ(derived->position(), 4u);

    log.damaged_batch = 0;
    follow_all(*derived);
    EXPECT_EQ(derived->position(), 6u);
    EXPECT_EQ(derived->records("return"), 5u);
}

TEST(Recovery, AnIndexEntryInADamagedBlockIsDerivedAgain) {
    World world;
    const std::string expected = world.expected();
    ProxyLog log(*world.inner);
    auto derived = Derived::open(log, schema).value();
    ASSERT_EQ(derived->follow(7).value(), 7u);
    ASSERT_TRUE(derived->checkpoint());
    log.store.unreadable = "r";
    auto taken = derived->follow(1);
    ASSERT_FALSE(taken.has_value());
    EXPECT_EQ(taken.error().code, ErrorCode::storage_corrupt);
    follow_all(*derived);
    EXPECT_EQ(answers(*derived, World::records), expected);
}

TEST(Recovery, AWriteThatIsToldOfDamageHasEverythingDerivedAgain) {
    World world;
    const std::string expected = world.expected();
    for (bool at_a_checkpoint : {false, true}) {
        ProxyLog log(*world.inner);
        auto derived = Derived::open(log, schema).value();
        ASSERT_EQ(derived->follow(7).value(), 7u);
        log.store.unmerged = true;
        Error told;
        if (at_a_checkpoint) {
            auto kept = derived->checkpoint();
            ASSERT_FALSE(kept.has_value());
            told = kept.error();
        } else {
            auto taken = derived->follow(1);
            ASSERT_FALSE(taken.has_value());
            told = taken.error();
        }
        EXPECT_EQ(told.code, ErrorCode::storage_corrupt);
        follow_all(*derived);
        EXPECT_EQ(answers(*derived, World::records), expected);
    }
}

// Everything is to be derived anew, and a full disk does not let go of what is there.
TEST(Recovery, WhatCanNotBeClearedStaysForReaders) {
    World world;
    ProxyLog log(*world.inner);
    auto derived = Derived::open(log, make_schema(/*with_person=*/false)).value();
    follow_all(*derived);
    const auto returns = derived->records("return");
    ASSERT_GT(returns, 0u);
    log.store.full = true;
    derived->set_schema(schema);
    const auto refused = derived->follow(1);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, ErrorCode::storage_full);
    EXPECT_EQ(derived->records("return"), returns);
    EXPECT_TRUE(derived->record(record(1)).has_value());
    log.store.full = false;
    follow_all(*derived);
    EXPECT_EQ(answers(*derived, World::records), world.expected());
}

TEST(Recovery, AnotherSchemaAtTheStartDerivesEverythingAgain) {
    World world;
    ProxyLog log(*world.inner);
    {
        auto derived = Derived::open(log, make_schema(/*with_person=*/false)).value();
        follow_all(*derived);
        ASSERT_TRUE(derived->checkpoint());
    }
    auto derived = Derived::open(log, schema).value();
    EXPECT_EQ(derived->position(), 0u);
    follow_all(*derived);
    EXPECT_EQ(answers(*derived, World::records), world.expected());
}

} // namespace
} // namespace safar

#include "sync/statement/statement_book.hpp"

#include "../session/test_node.hpp"
#include "storage/crypto/entropy.hpp"

#include <gtest/gtest.h>

namespace safar {
namespace {

using namespace testing;
using wire::Statement;

const NetworkId network = [] {
    NetworkId out;
    out.raw.fill(std::byte{0x5a});
    return out;
}();

LogName log_named(std::uint8_t n) {
    LogName out;
    out.id.raw.fill(std::byte{n});
    return out;
}
Hash hash_of(std::string_view text) { return tagged_hash("test", {as_bytes(text)}); }

Statement stated(std::uint64_t batch, std::string_view header, std::uint64_t time,
                 const LogName& log = log_named(1)) {
    Statement out{log, batch, hash_of(header), time, {}};
    wire::sign_statement(out, network, make_key("IOM"));
    return out;
}

TEST(Statement, TravelsAndVerifiesAndNothingOfItCanBeChanged) {
    const Statement sent = stated(7, "seven", 1'800'000'000);
    Bytes frame;
    wire::encode(sent, frame);
    ASSERT_EQ(frame.size(), wire::frame_head_bytes + Statement::payload_bytes);
    const ByteView payload = ByteView(frame).subspan(wire::frame_head_bytes);
    EXPECT_EQ(wire::decode_statement(payload).value(), sent);
    const PublicKey key = make_key("IOM").public_key();
    EXPECT_TRUE(wire::verify_statement(sent, network, key));
    EXPECT_FALSE(wire::verify_statement(sent, network, make_key("FIA").public_key()));
    EXPECT_FALSE(wire::verify_statement(sent, NetworkId{}, key));
    for (std::size_t i = 0; i < payload.size(); ++i) {
        Bytes changed = copy(payload);
        changed[i] ^= std::byte{1};
        auto read = wire::decode_statement(changed);
        EXPECT_FALSE(read && wire::verify_statement(read.value(), network, key)) << i;
    }
}

TEST(Statement, OfAnotherSizeOrOfNoBatchIsRefused) {
    Bytes payload;
    ByteWriter writer(payload);
    wire::put_statement(stated(1, "one", 1), writer);
    EXPECT_TRUE(wire::decode_statement(payload));
    EXPECT_FALSE(wire::decode_statement(ByteView(payload).first(159)));
    payload.push_back(std::byte{0});
    EXPECT_FALSE(wire::decode_statement(payload));
    payload.clear();
    wire::put_statement(stated(0, "none", 1), writer);
    EXPECT_FALSE(wire::decode_statement(payload));
}

TEST(StatementBook, KeepsTheLatestAndWhatIsOlderIsNoNews) {
    StatementBook book;
    EXPECT_TRUE(book.hear(stated(5, "five", 100), false, 1));
    EXPECT_FALSE(book.hear(stated(5, "five", 100), false, 2));
    EXPECT_TRUE(book.knows(stated(5, "five", 100)));
    EXPECT_TRUE(book.hear(stated(9, "nine", 200), false, 3));
    EXPECT_FALSE(book.hear(stated(5, "five", 100), false, 4)) << "it comes late by another way";
    EXPECT_TRUE(book.hear(stated(9, "nine", 300), false, 5)) << "nothing new in an hour";
    EXPECT_EQ(book.latest().at(log_named(1)).statement.time, 300u);
    EXPECT_TRUE(book.splits().empty());
}

TEST(StatementBook, TwoHashesAtOnePlaceAreASplitViewInEitherOrder) {
    for (bool swapped : {false, true}) {
        StatementBook book;
        const Statement one = stated(5, "to FIA", 100), other = stated(5, "to UKF", 101);
        EXPECT_TRUE(book.hear(swapped ? other : one, false, 1));
        EXPECT_TRUE(book.hear(swapped ? one : other, false, 2)) << "others should hear of it";
        ASSERT_EQ(book.splits().size(), 1u);
        const SplitView& split = book.splits().at(log_named(1));
        EXPECT_EQ(split.kind, SplitKind::two_hashes);
        EXPECT_EQ(split.first, one);
        EXPECT_EQ(split.second, other);
        EXPECT_TRUE(book.knows(one) && book.knows(other));
    }
}

// Who was told a later word only gets both halves of the split from peers.
TEST(StatementBook, HalvesOfASplitAreComparedThoughALaterWordIsKnown) {
    StatementBook book;
    const Statement one = stated(5, "to FIA", 100), other = stated(5, "to UKF", 100);
    book.hear(stated(9, "nine", 200), false, 1);
    EXPECT_FALSE(book.hear(one, false, 2));
    EXPECT_TRUE(book.hear(other, false, 2));
    ASSERT_EQ(book.splits().size(), 1u);
    EXPECT_EQ(book.splits().at(log_named(1)).kind, SplitKind::two_hashes);
    EXPECT_EQ(book.latest().at(log_named(1)).statement.batch, 9u);
}

TEST(StatementBook, AHeadThatGoesBackIsASplitViewUnlessTheCharterCutTheLog) {
    for (bool swapped : {false, true}) {
        StatementBook book, cut;
        const Statement more = stated(50, "fifty", 100), fewer = stated(40, "forty", 200);
        for (StatementBook* each : {&book, &cut}) {
            each->hear(swapped ? fewer : more, each == &cut, 1);
            each->hear(swapped ? more : fewer, each == &cut, 2);
        }
        ASSERT_EQ(book.splits().size(), 1u);
        EXPECT_EQ(book.splits().at(log_named(1)).kind, SplitKind::went_back);
        EXPECT_TRUE(cut.splits().empty());
    }
}

TEST(StatementBook, OneLogCanNotFillIt) {
    StatementBook book;
    LogName log = log_named(1);
    for (std::size_t i = 0; i < StatementBook::incarnations_max + 5; ++i) {
        log.incarnation.raw[0] = static_cast<std::byte>(i);
        EXPECT_EQ(book.hear(stated(1, "one", 1, log), false, 1),
                  i < StatementBook::incarnations_max);
    }
    EXPECT_TRUE(book.hear(stated(1, "one", 1, log_named(2)), false, 1));
    log.incarnation.raw[0] = std::byte{0};
    EXPECT_TRUE(book.hear(stated(2, "two", 2, log), false, 1)) << "what is known goes on";
}

// An author that has had to begin many logs is not silent for good; what was found of one stays.
TEST(StatementBook, TheLatestLogsOfAnAuthorAreKept) {
    StatementBook book;
    const auto nth = [](std::size_t i) {
        LogName log = log_named(1);
        log.incarnation.raw[0] = static_cast<std::byte>(i);
        log.incarnation.raw[1] = static_cast<std::byte>(i >> 8);
        return log;
    };
    const std::size_t many = StatementBook::incarnations_max + 200;
    EXPECT_TRUE(book.hear(stated(1, "one", 1, nth(0)), false, 1));
    EXPECT_TRUE(book.hear(stated(1, "another", 2, nth(0)), false, 1));
    ASSERT_EQ(book.splits().size(), 1u);
    for (std::size_t i = 1; i < many; ++i)
        EXPECT_TRUE(book.hear(stated(1, "one", i, nth(i)), false, 1)) << i;
    EXPECT_EQ(book.latest().size(), StatementBook::incarnations_max);
    EXPECT_TRUE(book.latest().contains(nth(0)));
    EXPECT_FALSE(book.latest().contains(nth(1)));
    EXPECT_TRUE(book.latest().contains(nth(many - 1)));
    EXPECT_FALSE(book.hear(stated(1, "one", 1, nth(1)), false, 1)) << "told again by a peer";
}

// A log with three batches, as a peer holds it.
struct Held {
    SigningKey key = make_key("IOM");
    std::shared_ptr<FakeAuthority> authority =
        std::make_shared<FakeAuthority>(std::vector<FakeAuthority::Member>{
            {"IOM", NodeId{key.id().raw}, key.public_key(), {"movement"}}});
    SeededEntropy entropy{3};
    std::unique_ptr<Log> log =
        make_memory_log(Author{NodeId{key.id().raw}, &key, &entropy}, authority);
    std::vector<Head> heads; // after each batch
    LogName name;

    void append() {
        AppendRequest request{"movement", std::vector<EventDraft>(1)};
        EventDraft& draft = request.drafts[0];
        draft.body.kind = 1;
        draft.body.record = entropy.draw<RecordId>();
        draft.body.verb = "recorded";
        draft.body.actor = "test";
        draft.body.assertions = {{1, Text{"a note"}}};
        ASSERT_TRUE(log->append(std::span(&request, 1))[0]);
        name = log->frontier("movement").at(0).log;
        heads.push_back(*log->head(name));
    }
    [[nodiscard]] Statement of(std::uint64_t batch, const Hash& hash, std::uint64_t time) const {
        Statement out{name, batch, hash, time, {}};
        wire::sign_statement(out, network, key);
        return out;
    }
};

TEST(StatementBook, ABatchOtherThanTheOneHeldIsASplitView) {
    Held held;
    for (int i = 0; i < 3; ++i) held.append();
    for (std::uint64_t batch : {1u, 2u, 3u}) {
        StatementBook book;
        book.hear(held.of(batch, held.heads[batch - 1].hash, 100), false, 1);
        EXPECT_FALSE(book.compare(*held.log, 2)) << "it is the one that is held";
        EXPECT_TRUE(book.latest().begin()->second.compared);
        EXPECT_TRUE(book.splits().empty());
        StatementBook fresh;
        fresh.hear(held.of(batch, hash_of("another"), 200), false, 3);
        EXPECT_TRUE(fresh.compare(*held.log, 4));
        ASSERT_EQ(fresh.splits().size(), 1u);
        EXPECT_EQ(fresh.splits().at(held.name).kind, SplitKind::other_held);
        EXPECT_EQ(fresh.splits().at(held.name).held, held.heads[batch - 1].hash);
    }
}

TEST(StatementBook, WhatIsNotHeldYetIsComparedWhenItCame) {
    Held held;
    held.append();
    StatementBook book;
    book.hear(held.of(2, hash_of("told to another"), 100), false, 1);
    EXPECT_FALSE(book.compare(*held.log, 2));
    EXPECT_FALSE(book.latest().begin()->second.compared);
    held.append();
    EXPECT_TRUE(book.compare(*held.log, 3));
    EXPECT_FALSE(book.compare(*held.log, 4)) << "once";
}

TEST(StatementBook, IsKeptAndReadBack) {
    StatementBook book;
    book.hear(stated(5, "to FIA", 100), false, 1);
    book.hear(stated(5, "to UKF", 101), false, 2);
    book.hear(stated(8, "eight", 50, log_named(2)), false, 3);
    const Bytes saved = book.save();
    auto read = StatementBook::load(saved);
    ASSERT_TRUE(read);
    EXPECT_EQ(read.value().save(), saved);
    EXPECT_TRUE(read.value().knows(stated(5, "to FIA", 100)));
    EXPECT_EQ(read.value().latest().at(log_named(2)).heard, 3u);
    for (std::size_t cut = 0; cut < saved.size(); ++cut)
        EXPECT_FALSE(StatementBook::load(ByteView(saved).first(cut))) << cut;
}

} // namespace
} // namespace safar

#include "storage/column/columns.hpp"

#include "storage/record/last_day.hpp"
#include "tests/unit/storage/column/map_store.hpp"
#include "tests/unit/storage/derive/derive_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>

namespace safar {
namespace {

using namespace derive_test;
using testing::HasSubstr;
using Keys = std::vector<std::vector<std::string>>;

const std::shared_ptr<const Schema> schema = make_schema();

HeldEvent held(const EventDraft& draft) {
    HeldEvent out;
    out.log = {filled<LogId>(1), filled<Incarnation>(2)};
    out.sequence = 1;
    out.agency = "IOM";
    out.body = draft.body;
    return out;
}

Folded folded(const EventDraft& draft) {
    FakeAuthority authority;
    HeldEvent event = held(draft);
    return fold(*schema, authority, draft.body.record, std::span(&event, 1));
}

// The bulk path.
bool set_single(Columns& columns, Row row, const EventDraft& draft) {
    auto event = encode_event(draft, {}).value();
    ByteReader in(event);
    BodyView body;
    return read_body(read_event(in).value().clear, body) &&
           columns.set_single(row, draft.body.record, body);
}

struct Returns {
    Columns columns{*schema->kind("return")};
    Row next = 0;
    void add(std::vector<Assertion> assertions) {
        EventDraft draft = say(record(next), std::move(assertions));
        if (!set_single(columns, next, draft)) columns.set(next, folded(draft));
        ++next;
    }
    StatisticsTable count(std::vector<std::string> by,
                          std::vector<StatisticsQuery::Filter> where = {}, std::string sum = "") {
        return columns
            .count(*schema, {"return", std::move(by), std::move(where), std::move(sum), {}, {}})
            .value();
    }
    std::string refused(const StatisticsQuery& query) {
        auto table = columns.count(*schema, query);
        return table ? "counted" : describe(table.error());
    }
};

Keys keys(const StatisticsTable& table) {
    Keys out;
    for (const auto& row : table.rows) out.push_back(row.key);
    return out;
}
std::vector<std::uint64_t> counts(const StatisticsTable& table) {
    std::vector<std::uint64_t> out;
    for (const auto& row : table.rows) out.push_back(row.count);
    return out;
}
std::vector<std::string> currencies(const StatisticsTable& table) {
    std::vector<std::string> out;
    for (const auto& row : table.rows) out.push_back(row.currency);
    return out;
}
Date day(std::int32_t days) { return {days, Date::Precision::day}; }

TEST(Columns, GroupsComeAscendingByKeyAndEachRecordCountsOnce) {
    Returns returns;
    for (const char* country : {"PAK", "AFG", "PAK", "PAK"}) returns.add({{9, Code{country}}});
    returns.add({});
    auto table = returns.count({"country"});
    EXPECT_EQ(keys(table), (Keys{{""}, {"AFG"}, {"PAK"}}));
    EXPECT_EQ(counts(table), (std::vector<std::uint64_t>{1, 1, 3}));
    EXPECT_EQ(table.count, 5u);
    EXPECT_EQ(returns.count({}).rows.size(), 1u);
    EXPECT_EQ(returns.count({}).count, 5u);
}

TEST(Columns, AMultiValuedDimensionCountsARecordForEachOfItsValues) {
    Returns returns;
    returns.add({{4, Code{"food"}}, {4, Code{"shelter"}}, {9, Code{"PAK"}}});
    returns.add({{4, Code{"shelter"}}, {9, Code{"PAK"}}});
    returns.add({{4, Code{"food"}}, {4, Code{"a;b"}}, {4, Code{"food"}}});
    auto table = returns.count({"needs"});
    EXPECT_EQ(keys(table), (Keys{{"a;b"}, {"food"}, {"shelter"}}));
    EXPECT_EQ(counts(table), (std::vector<std::uint64_t>{1, 2, 2}));
    EXPECT_EQ(table.count, 3u);
    EXPECT_EQ(returns.count({"needs"}, {{"needs", {"food"}}}).count, 2u);
    EXPECT_EQ(keys(returns.count({"country", "needs"})),
              (Keys{{"", "a;b"}, {"", "food"}, {"PAK", "food"}, {"PAK", "shelter"}}));
}

TEST(Columns, FiltersTakeCodesLabelsVariantsAndNotStated) {
    Returns returns;
    returns.add({{1, Code{"VOL"}}, {11, Flag{true}}});
    returns.add({{1, Code{"ENF"}}, {11, Flag{false}}});
    returns.add({});
    auto matched = [&](const char* dimension, std::vector<std::string> values) {
        return returns.count({}, {{dimension, std::move(values)}}).count;
    };
    EXPECT_EQ(matched("return_type", {"VOL"}), 1u);
    EXPECT_EQ(matched("return_type", {"Assisted return"}), 1u);
    EXPECT_EQ(matched("return_type", {"enforced return", "Voluntary"}), 2u);
    EXPECT_EQ(matched("return_type", {"nothing such"}), 0u);
    EXPECT_EQ(matched("return_type", {""}), 1u);
    EXPECT_EQ(matched("escorted", {"yes"}), 1u);
    EXPECT_EQ(matched("escorted", {"no", ""}), 2u);
    EXPECT_EQ(returns.count({}, {{"return_type", {"VOL"}}, {"return_type", {"ENF"}}}).count, 0u);
}

TEST(Columns, TimeGroupsByWhatTheDateTells) {
    Returns returns;
    returns.add({{2, day(19723)}});                            // 2024-01-01
    returns.add({{2, day(19722)}});                            // 2023-12-31
    returns.add({{2, Date{19631, Date::Precision::quarter}}}); // 2023-Q4
    returns.add({{2, Date{19358, Date::Precision::year}}});    // 2023
    returns.add({});
    EXPECT_EQ(keys(returns.count({"year"})), (Keys{{""}, {"2023"}, {"2024"}}));
    EXPECT_EQ(counts(returns.count({"year"})), (std::vector<std::uint64_t>{1, 3, 1}));
    EXPECT_EQ(keys(returns.count({"quarter"})), (Keys{{""}, {"2023-Q4"}, {"2024-Q1"}}));
    EXPECT_EQ(counts(returns.count({"quarter"})), (std::vector<std::uint64_t>{2, 2, 1}));
    EXPECT_EQ(keys(returns.count({"month"})), (Keys{{""}, {"2023-12"}, {"2024-01"}}));
    EXPECT_EQ(keys(returns.count({"date"})),
              (Keys{{""}, {"2023"}, {"2023-12-31"}, {"2023-Q4"}, {"2024-01-01"}}));
    EXPECT_EQ(returns.count({}, {{"year", {"2023"}}}).count, 3u);
    const auto within = [&](std::optional<std::int32_t> since, std::optional<std::int32_t> until) {
        return returns.columns.count(*schema, {"return", {}, {}, "", since, until}).value().count;
    };
    EXPECT_EQ(within(19631, 19722), 2u);
    // What is known to the year or the quarter counts where all of it lies within.
    EXPECT_EQ(within({}, 19538), 0u); // until 2023-06-30
    EXPECT_EQ(within({}, 19721), 0u); // until 2023-12-30
    EXPECT_EQ(within({}, 19722), 3u);
    EXPECT_EQ(within(19358, 19722), 3u); // the year
    EXPECT_EQ(within(19359, {}), 3u);    // since 2023-01-02: not the year
}

TEST(Columns, ADateThatNoCalendarHasIsItsDay) {
    for (const std::int32_t days : {std::numeric_limits<std::int32_t>::min(), -719'163, 2'932'897,
                                    std::numeric_limits<std::int32_t>::max()})
        for (const auto precision : {Date::Precision::month, Date::Precision::year})
            EXPECT_EQ(last_day({days, precision}), days);
    EXPECT_EQ(last_day({19754, Date::Precision::month}), 19782);           // 2024-02-29
    EXPECT_EQ(last_day({2'932'806, Date::Precision::quarter}), 2'932'896); // 9999-12-31
}

TEST(Columns, SumsAddWhatIsStatedAndRefuseToMixCurrencies) {
    Returns returns;
    returns.add(
        {{8, Integer{3}}, {9, Code{"PAK"}}, {7, Money{500, "EUR"}}, {7, Money{250, "EUR"}}});
    returns.add({{8, Integer{-1}}, {9, Code{"PAK"}}, {7, Money{100, "PKR"}}});
    returns.add({{9, Code{"AFG"}}});
    auto table = returns.count({"country"}, {}, "persons");
    EXPECT_EQ(table.sum, 2);
    EXPECT_EQ(table.rows[1].sum, 2);
    EXPECT_THAT(returns.refused({"return", {}, {}, "paid", {}, {}}), HasSubstr("EUR, PKR"));
    auto paid = returns.count({"paid.currency"}, {}, "paid");
    EXPECT_EQ(keys(paid), (Keys{{""}, {"EUR"}, {"PKR"}}));
    EXPECT_EQ(paid.rows[1].sum, 750);
    EXPECT_EQ(currencies(paid), (std::vector<std::string>{"", "EUR", "PKR"}));
    EXPECT_TRUE(paid.money);
    EXPECT_EQ(paid.currency, "") << "the total is of two currencies";
    auto euros = returns.count({"country"}, {{"paid.currency", {"EUR"}}}, "paid");
    EXPECT_EQ(euros.sum, 750);
    EXPECT_EQ(euros.currency, "EUR");
    EXPECT_EQ(currencies(euros), (std::vector<std::string>{"EUR"}));
    EXPECT_FALSE(returns.count({"country"}, {}, "persons").money);
    returns.add({{7, Money{1, "EUR"}}, {7, Money{1, "USD"}}});
    EXPECT_THAT(returns.refused({"return", {"paid.currency"}, {}, "paid", {}, {}}),
                HasSubstr("several currencies"));
}

TEST(Columns, ASumBeyond64BitsIsRefused) {
    Returns returns;
    for (int i = 0; i < 3; ++i)
        returns.add({{8, Integer{std::numeric_limits<std::int64_t>::max() / 2}}});
    EXPECT_THAT(returns.refused({"return", {}, {}, "persons", {}, {}}),
                HasSubstr("beyond 64 bits"));
    EXPECT_THAT(returns.refused({"return", {"country"}, {}, "persons", {}, {}}),
                HasSubstr("beyond 64 bits"));
}

TEST(Columns, AQuestionWithMoreGroupsThanAnAnswerHoldsIsRefused) {
    Returns returns;
    EXPECT_THAT(returns.refused({"return", {"needs", "country", "needs"}, {}, "", {}, {}}),
                HasSubstr("\"needs\" is named twice"));
    // One record that counts in each combination of its values.
    const auto add = [&](int values) {
        std::vector<Assertion> said;
        for (int i = 0; i < values; ++i) {
            const std::string code{static_cast<char>('A' + i / 676),
                                   static_cast<char>('A' + i / 26 % 26),
                                   static_cast<char>('A' + i % 26)};
            said.push_back({4, Code{code}});
            said.push_back({7, Money{1, code}});
        }
        returns.columns.set(0, folded(say(record(0), std::move(said))));
    };
    add(50);
    EXPECT_EQ(returns.count({"needs", "paid.currency"}).rows.size(), 2500u);
    add(900);
    EXPECT_EQ(returns.count({"needs"}).rows.size(), 900u);
    EXPECT_THAT(returns.refused({"return", {"needs", "paid.currency"}, {}, "", {}, {}}),
                HasSubstr("there are more than 699050 groups by needs, paid.currency"));
}

TEST(Columns, MoreGroupsThanAnAnswerHoldsAreRefusedBeforeTheyAreCollected) {
    Columns columns(*schema->kind("return"));
    const std::uint32_t rows = answer_cells_max / 2 + 1;
    for (std::uint32_t n = 0; n < rows; ++n) {
        EventDraft draft = say(record(n), {{9, Code{std::to_string(n)}}});
        ASSERT_TRUE(set_single(columns, n, draft));
    }
    auto refused = columns.count(*schema, {"return", {"country"}, {}, "", {}, {}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::limit_exceeded);
    EXPECT_FALSE(columns.count(*schema, {"return", {"country", "date"}, {}, "", {}, {}}));
    EXPECT_EQ(columns.count(*schema, {"return", {}, {}, "", {}, {}}).value().count, rows);
}

TEST(Columns, UnknownNamesAreRefusedWithThoseThatExist) {
    Returns returns;
    EXPECT_THAT(returns.refused({"return", {"colour"}, {}, "", {}, {}}), HasSubstr("country"));
    EXPECT_THAT(returns.refused({"return", {}, {{"colour", {"x"}}}, "", {}, {}}),
                HasSubstr("\"colour\""));
    EXPECT_THAT(returns.refused({"return", {}, {}, "country", {}, {}}), HasSubstr("persons"));
    // Personal fields and fields without a role are no dimensions.
    EXPECT_THAT(returns.refused({"return", {"name"}, {}, "", {}, {}}), HasSubstr("no dimension"));
    EXPECT_THAT(returns.refused({"return", {"note"}, {}, "", {}, {}}), HasSubstr("no dimension"));
    Columns people(*schema->kind("person"));
    EXPECT_FALSE(people.count(*schema, {"person", {"year"}, {}, "", {}, {}}));
    EXPECT_FALSE(people.count(*schema, {"person", {}, {}, "", 1, {}}));
}

TEST(Columns, AClearedRowCountsNowhere) {
    Returns returns;
    for (int i = 0; i < 3; ++i) returns.add({{9, Code{"PAK"}}});
    returns.columns.clear(1);
    EXPECT_EQ(returns.columns.records(), 2u);
    EXPECT_EQ(returns.columns.id(1), nullptr);
    EXPECT_EQ(returns.count({"country"}).count, 2u);
    EXPECT_EQ(returns.columns.find(*schema, {}, 0, 10).value(), (std::vector<Row>{0, 2}));
}

TEST(Columns, FindReturnsMatchingRowsFromARowOnUpToALimit) {
    Returns returns;
    for (std::uint32_t i = 0; i < 10000; ++i) returns.add({{9, Code{i % 2 == 0 ? "PAK" : "AFG"}}});
    StatisticsQuery query{"return", {}, {{"country", {"Pakistan"}}}, "", {}, {}};
    EXPECT_EQ(returns.columns.find(*schema, query, 0, 3).value(), (std::vector<Row>{0, 2, 4}));
    EXPECT_EQ(returns.columns.find(*schema, query, 9995, 9).value(),
              (std::vector<Row>{9996, 9998}));
    EXPECT_EQ(returns.columns.find(*schema, query, 0, 99999).value().size(), 5000u);
}

EventDraft random_draft(std::mt19937& random, std::uint32_t n) {
    auto one_of = [&](std::vector<const char*> texts) {
        return Code{texts[random() % texts.size()]};
    };
    std::vector<Assertion> said;
    auto add = [&](std::uint16_t field, Value value) {
        if (random() % 3 != 0) said.push_back({field, std::move(value)});
    };
    add(1, one_of({"VOL", "ENF"}));
    add(2, Date{static_cast<std::int32_t>(19000 + random() % 900),
                static_cast<Date::Precision>(random() % 4)});
    add(3, one_of({"draft", "sent", "accepted", "done", "elsewhere", ""}));
    for (int i = 0; i < 3; ++i) add(4, one_of({"food", "shelter", "legal"}));
    add(5, one_of({"open", "restricted", "other"}));
    add(6, one_of({"food", "shelter"}));
    for (int i = 0; i < 2; ++i) add(7, Money{static_cast<std::int64_t>(random() % 100), "EUR"});
    add(8, Integer{static_cast<std::int64_t>(random() % 100) - 50});
    if (random() % 4 == 0) add(9, one_of({"PAK", "AFG"}));
    add(9, one_of({"PAK", "AFG", "LKA"}));
    if (random() % 4 == 0) add(8, Text{"ill-typed"});
    add(11, Flag{random() % 2 == 0});
    add(99, Integer{1});
    return say(record(n), said);
}

const std::vector<std::string> dimensions = {"return_type", "date",         "status",  "needs",
                                             "sharing",     "opinion",      "country", "escorted",
                                             "quarter",     "paid.currency"};

TEST(Columns, TheBulkPathSetsWhatTheFoldReads) {
    std::mt19937 random(11);
    std::size_t bulk = 0;
    for (std::uint32_t n = 0; n < 2000; ++n) {
        EventDraft draft = random_draft(random, n);
        Columns single(*schema->kind("return")), whole(*schema->kind("return"));
        if (!set_single(single, 0, draft)) continue;
        ++bulk;
        whole.set(0, folded(draft));
        for (const std::string& by : dimensions)
            for (const char* sum : {"persons", "paid"}) {
                auto a = single.count(*schema, {"return", {by}, {}, sum, {}, {}}).value();
                auto b = whole.count(*schema, {"return", {by}, {}, sum, {}, {}}).value();
                ASSERT_EQ(keys(a), keys(b)) << by << " of draft " << n;
                ASSERT_EQ(a.sum, b.sum) << n;
            }
    }
    EXPECT_GT(bulk, 1000u);
}

// Counts the slow way, over single-valued dimensions.
std::map<std::vector<std::string>, std::uint64_t> by_hand(Columns& columns,
                                                          const std::vector<std::string>& by) {
    std::map<std::vector<std::string>, std::uint64_t> out;
    for (Row row = 0; row < columns.rows(); ++row) {
        Columns one(*schema->kind("return"));
        std::mt19937 random(row);
        one.set(0, folded(random_draft(random, row)));
        const auto table = one.count(*schema, {"return", by, {}, "", {}, {}}).value();
        for (const auto& group : table.rows) out[group.key] += group.count;
    }
    return out;
}

TEST(Columns, DenseAndHashedGroupingAgreeWithCountingByHand) {
    Returns returns;
    for (std::uint32_t n = 0; n < 1500; ++n) {
        std::mt19937 random(n);
        returns.columns.set(n, folded(random_draft(random, n)));
    }
    // The second has far more possible groups than rows and is hashed.
    for (const std::vector<std::string>& by :
         {std::vector<std::string>{"country", "needs", "escorted"},
          std::vector<std::string>{"date", "needs", "sharing", "status", "return_type",
                                   "opinion"}}) {
        auto expected = by_hand(returns.columns, by);
        auto table = returns.count(by);
        ASSERT_EQ(table.rows.size(), expected.size());
        auto at = expected.begin();
        for (const auto& row : table.rows) {
            EXPECT_EQ(row.key, at->first);
            EXPECT_EQ(row.count, at->second);
            ++at;
        }
    }
}

void save(Columns& columns, MapStore& store, std::size_t bytes) {
    const Bytes prefix{std::byte{'k'}};
    for (;;) {
        auto writes = columns.take_dirty(prefix, bytes);
        if (writes.empty()) return;
        ASSERT_TRUE(store.write(writes));
    }
}

TEST(Columns, SegmentsAreReloadedAsTheyWereAndOnlyChangesAreWritten) {
    Returns returns;
    for (std::uint32_t n = 0; n < 70000; ++n) { // two segments, a dictionary of two pages
        returns.add({{9, Code{"C" + std::to_string(n % 9000)}},
                     {8, Integer{n}},
                     {4, Code{"food"}},
                     {4, Code{"shelter"}}});
        returns.columns.set_origin(n, {1 + n % 3, n});
    }
    MapStore store;
    save(returns.columns, store, 100'000);
    ASSERT_GT(store.history.size(), 3u);
    const Bytes prefix{std::byte{'k'}};
    auto check = [&](Row rows) {
        Columns loaded(*schema->kind("return"));
        ASSERT_TRUE(loaded.load(store, prefix, rows));
        EXPECT_EQ(loaded.rows(), rows);
        EXPECT_TRUE(loaded.take_dirty(prefix, 1).empty());
        for (Row row : {0u, 65535u, rows - 1}) {
            EXPECT_EQ(*loaded.id(row), record(row));
            EXPECT_EQ(loaded.origin(row), (Origin{1 + row % 3, row}));
        }
        auto table =
            loaded.count(*schema, {"return", {"country", "needs"}, {}, "persons", {}, {}}).value();
        EXPECT_EQ(table.count, rows);
        if (rows != returns.columns.rows()) return;
        auto before = returns.count({"country", "needs"}, {}, "persons");
        EXPECT_EQ(keys(table), keys(before));
        EXPECT_EQ(counts(table), counts(before));
        EXPECT_EQ(table.sum, before.sum);
    };
    check(70000);
    check(69000); // rows beyond the position that counts are left out

    EventDraft changed =
        say(record(69999),
            {{9, Code{"C5"}}, {8, Integer{69999}}, {4, Code{"food"}}, {4, Code{"shelter"}}});
    returns.columns.set(69999, folded(changed));
    auto writes = returns.columns.take_dirty(prefix, SIZE_MAX);
    EXPECT_EQ(writes.size(), 1u); // one segment of one column
    ASSERT_TRUE(store.write(writes));
    check(70000);
}

TEST(Columns, MissingOrDamagedSegmentsAreRefused) {
    Returns returns;
    for (std::uint32_t n = 0; n < 100; ++n) returns.add({{9, Code{"PAK"}}, {8, Integer{1}}});
    MapStore store;
    save(returns.columns, store, SIZE_MAX);
    const Bytes prefix{std::byte{'k'}};
    {
        Columns more(*schema->kind("return"));
        EXPECT_FALSE(more.load(store, prefix, 101));
    }
    for (std::string_view damaged :
         {std::string_view("kd"), std::string_view("ks\0\0", 4), std::string_view("ks\0\1", 4)}) {
        MapStore copy = store;
        copy.damage(damaged);
        Columns loaded(*schema->kind("return"));
        auto outcome = loaded.load(copy, prefix, 100);
        if (!outcome) {
            EXPECT_EQ(outcome.error().code, ErrorCode::storage_corrupt);
        }
    }
    MapStore empty;
    Columns none(*schema->kind("return"));
    EXPECT_FALSE(none.load(empty, prefix, 100));
}

} // namespace
} // namespace safar

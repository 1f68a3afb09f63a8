#include "node/exports/past.hpp"

#include "tests/unit/node/registry/registry_fixture.hpp"

#include <atomic>

namespace safar {
namespace {

using namespace testing;
using ::testing::HasSubstr;

// 2026-01-01T00:00:00Z and on, moved by hand.
struct HandClock {
    std::shared_ptr<std::atomic<std::int64_t>> us =
        std::make_shared<std::atomic<std::int64_t>>(1'767'225'600'000'000);
    [[nodiscard]] JournalMarks::Clock clock() const {
        return [us = us] {
            return std::chrono::system_clock::time_point(std::chrono::microseconds(us->load()));
        };
    }
    void pass_days(int days) { *us += std::int64_t{days} * 86'400'000'000; }
};

class PastOf : public ::testing::Test {
protected:
    HandClock hands;
    Network network;
    HeldCharter charter = registry_charter(network);
    TestNode node{network.iom, charter, hands.clock()};
    TestNode other{network.fia, charter};
    std::map<std::string, RecordId> ids;

    static ClaimedTime day(const std::string& text) { return value_of(parse_past(text)); }

    // Says it at a claimed day; the first time of a name creates the record.
    void say(TestNode& who, const std::string& record, std::uint16_t field, Value value,
             const std::string& at, std::vector<Dot> replaces = {}) {
        EventDraft draft;
        draft.body.kind = 1;
        auto [known, fresh] = ids.try_emplace(record, RecordId{});
        if (fresh) known->second.raw[0] = static_cast<std::byte>(ids.size());
        draft.body.record = known->second;
        draft.body.verb = fresh ? "recorded" : "updated";
        if (!at.empty()) draft.body.at = {day(at).microseconds - 3'600'000'000};
        draft.body.assertions.push_back({field, std::move(value)});
        draft.replaces = std::move(replaces);
        ASSERT_TRUE(who.node->append({"movement", {draft}}).has_value());
    }
    [[nodiscard]] std::vector<Dot> dots(TestNode& who, const std::string& record,
                                        std::uint16_t field) const {
        std::vector<Dot> out;
        const RecordView view = value_of(who.registry->show(ids.at(record)));
        for (const Said& said : view.folded.field(field)->live) out.push_back(said.dot);
        std::sort(out.begin(), out.end());
        return out;
    }
    PastView view(const std::string& as_of, const std::string& as_known = "") {
        Past past;
        if (!as_of.empty()) past.as_of = day(as_of);
        if (!as_known.empty()) past.as_known = day(as_known);
        return value_of(PastView::at(*node.node, past));
    }
    std::string name(const PastView& past, const std::string& record = "A") {
        auto shown = past.show(ids.at(record));
        if (!shown.has_value()) return describe(shown.error());
        const FoldedField* field = shown.value().folded.field(1);
        std::string out;
        if (field != nullptr)
            for (const Said& said : field->live)
                out += (out.empty() ? "" : "|") + show_value(said.value);
        return out;
    }
    std::size_t found(const PastView& past, std::vector<StatisticsQuery::Filter> where = {},
                      std::size_t limit = 10) {
        StatisticsQuery query;
        query.kind = "movement";
        query.where = std::move(where);
        bool truncated = false;
        auto out = value_of(past.find(query, limit, truncated)).size();
        EXPECT_EQ(truncated, limit == 1 && out == 1 && found(past, query.where, 10) > 1);
        return out;
    }
};

TEST_F(PastOf, AsOfShowsWhatWasTrueAndLaterReplacementsActOnNothing) {
    say(node, "A", 1, Text{"Amina"}, "2024-01-01");
    say(node, "A", 1, Text{"Aminah"}, "2025-06-01", dots(node, "A", 1));
    EXPECT_EQ(name(view("2024-01-01")), "Amina");
    EXPECT_EQ(name(view("2025-05-31")), "Amina");
    EXPECT_EQ(name(view("2025-06-01")), "Aminah");
    EXPECT_THAT(name(view("2023-12-31")),
                ::testing::AllOf(HasSubstr("not_found"), HasSubstr("had happened by 2023-12-31")));
    EXPECT_EQ(value_of(view("2024-06-01").history(ids["A"])).events.size(), 1u);
    EXPECT_EQ(value_of(view("2026-06-01").history(ids["A"])).events.size(), 2u);
}

TEST_F(PastOf, AsKnownShowsWhatHadComeHere) {
    hands.pass_days(1); // 2 January
    say(node, "A", 1, Text{"Amina"}, "2024-01-01");
    node.send_to(other);
    hands.pass_days(1);
    say(other, "A", 1, Text{"Aminah"}, "2023-05-01");
    hands.pass_days(1); // 4 January: only now it comes here
    other.send_to(node);
    EXPECT_EQ(name(view("", "2026-01-02")), "Amina");
    EXPECT_EQ(name(view("", "2026-01-03")), "Amina");
    EXPECT_THAT(name(view("", "2026-01-04")), ::testing::AnyOf("Amina|Aminah", "Aminah|Amina"));
    EXPECT_THAT(name(view("", "2026-01-01")), HasSubstr("was known here by 2026-01-01"));
    EXPECT_THAT(name(view("", "2025-12-31")), HasSubstr("first start that kept marks"));
    // Of what was known on the 4th, what was true in 2023.
    EXPECT_EQ(name(view("2023-12-31", "2026-01-04")), "Aminah");
    EXPECT_THAT(name(view("2023-12-31", "2026-01-03")), HasSubstr("not_found"));
}

TEST_F(PastOf, AnEventWithoutATimeIsAlwaysThere) {
    say(node, "A", 1, Text{"Amina"}, "");
    for (const char* day : {"1990-01-01", "1965-01-01"}) // no time is 0, which is 1970
        EXPECT_EQ(name(view(day)), "Amina") << day;
}

TEST_F(PastOf, FindSeesOnlyWhatWasThere) {
    hands.pass_days(1);
    say(node, "A", 1, Text{"Amina"}, "2024-01-01");
    say(node, "A", 2, Code{"A"}, "2024-01-01");
    say(node, "B", 1, Text{"Bilal"}, "2024-03-01");
    hands.pass_days(5);
    say(node, "A", 2, Code{"B"}, "2025-01-01", dots(node, "A", 2));
    say(node, "C", 1, Text{"Celia"}, "2024-01-01");
    EXPECT_EQ(found(view("2024-02-01")), 2u); // A, C
    EXPECT_EQ(found(view("2024-12-31")), 3u);
    EXPECT_EQ(found(view("2024-12-31"), {}, 1), 1u);
    EXPECT_EQ(found(view("2024-12-31"), {{"group", {"Alpha"}}}), 1u);
    EXPECT_EQ(found(view("2025-12-31"), {{"group", {"Alpha"}}}), 0u);
    EXPECT_EQ(found(view("2025-12-31"), {{"group", {"B"}}}), 1u);
    EXPECT_EQ(found(view("2025-12-31"), {{"group", {""}}}), 2u);
    EXPECT_EQ(found(view("", "2026-01-02")), 2u); // A, B
    EXPECT_EQ(found(view("", "2026-01-02"), {{"group", {"A"}}}), 1u);
    EXPECT_EQ(found(view("", "2026-01-10"), {{"name", {"Celia"}}}), 1u);
    StatisticsQuery query;
    query.kind = "movement";
    query.where = {{"year", {"2024"}}};
    bool truncated = false;
    auto refused = view("2024-12-31").find(query, 10, truncated);
    ASSERT_FALSE(refused.has_value());
    EXPECT_THAT(describe(refused.error()), HasSubstr("filters by fields"));
}

TEST_F(PastOf, WithoutAnythingLeftOutItIsThePresent) {
    say(node, "A", 1, Text{"Amina"}, "2024-01-01");
    node.send_to(other);
    say(other, "A", 1, Text{"Aminah"}, "2024-02-01");
    other.send_to(node);
    const PastView all = view("2999-01-01", "2999-01-01");
    EXPECT_EQ(value_of(all.show(ids["A"])).folded, value_of(node.registry->show(ids["A"])).folded);
}

TEST(ParsePast, ADayIsItsEnd) {
    EXPECT_EQ(value_of(parse_past("2024-03-31")).microseconds -
                  value_of(parse_past("2024-03-31T00:00:00Z")).microseconds,
              86'400'000'000 - 1);
    for (const char* bad : {"", "2024", "31.3.2024", "2024-02-30", "yesterday"})
        EXPECT_FALSE(parse_past(bad).has_value()) << bad;
}

} // namespace
} // namespace safar

// Every kind of the catalogue, with every field stated: out as a file, into a network of which
// nothing is known, and the same is said there. Also as tables of people's own, without a profile.
#include "node/registry/iso_time.hpp"
#include "people_fixture.hpp"
#include "tests/unit/node/registry/catalogue_fixture.hpp"

#include <deque>

namespace safar {
namespace {

using namespace testing;
namespace json = boost::json;

const std::string mrz =
    "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10";

std::string checked_text(const Field& field, int turn) {
    if (field.check == "cnic") return turn == 0 ? "35202-1234567-1" : "42101-7654321-2";
    if (field.check == "email") return "amina@example.org";
    if (field.check == "phone") return turn == 0 ? "+923001234567" : "+40712345678";
    if (field.check == "mrz") return mrz;
    const char* const texts[] = {"=cmd|'/C calc'!A0", "a;b\\c, \"quoted\"\nand more", "محمد بلال",
                                 "'- plain"};
    return texts[(field.tag + turn) % 4] + std::string(" ") + std::to_string(turn);
}

// Two values of each field, as people write them; a list's first and last code.
std::string value_for(const Schema& schema, const Field& field, int turn) {
    switch (field.type) {
    case FieldType::text: return checked_text(field, turn);
    case FieldType::integer: return turn == 0 ? "-3" : "12";
    case FieldType::code: {
        const auto& entries = schema.code_list(field.codes)->entries;
        return turn == 0 ? entries.front().code : entries.back().code;
    }
    case FieldType::date:
        return std::array{"2024-03-31", "2024-03", "2024-Q1", "2024"}[(field.tag + turn) % 4];
    case FieldType::money: return turn == 0 ? "-12.50 USD" : "700000 PKR";
    case FieldType::point: return turn == 0 ? "31.5204, 74.3587" : "-0.1, 179.9999999";
    case FieldType::flag: return turn == 0 ? "yes" : "no";
    case FieldType::reference:
        return show_id(
            derived_record_id("x", field.name, "y", "z", static_cast<std::uint32_t>(turn)));
    }
    return {};
}

bool several(const Field& field) { return field.rule == Rule::set || field.rule == Rule::ledger; }

// Every field; those of rule status as far as `states` steps from the beginning.
std::vector<FieldText> all_fields(const Schema& schema, const Kind& kind, int turn) {
    std::vector<FieldText> out;
    for (const Field& field : kind.fields) {
        if (field.rule == Rule::status) continue;
        out.push_back({field.name, value_for(schema, field, turn)});
        const std::string other = value_for(schema, field, 1 - turn);
        if (several(field) && other != out.back().value) out.push_back({field.name, other});
    }
    return out;
}

// From the initial state along steps, each replacing the one before, as steps of a workflow do.
void walk_states(TestNode& node, const Kind& kind, const RecordId& id, std::size_t count) {
    for (const Field& field : kind.fields) {
        if (field.rule != Rule::status) continue;
        std::string state = field.lattice.initial;
        ASSERT_TRUE(node.set(id, {{field.name, state}}).has_value());
        for (std::size_t i = 0; i < count; ++i) {
            auto next = std::ranges::find(field.lattice.steps, state, &Lattice::Step::from);
            if (next == field.lattice.steps.end()) break;
            state = next->to;
            ASSERT_TRUE(node.set(id, {{field.name, state}}).has_value()) << state;
        }
    }
}

class CatalogueExchange : public ::testing::Test {
protected:
    HeldCharter charter = catalogue_charter(Network{});
    TestApi here{charter};
    std::shared_ptr<const Schema> schema = here.node.derived->schema();

    static std::string lines_end(const std::string& text) {
        const std::size_t cut = text.rfind('\n', text.size() - 2);
        return cut == std::string::npos ? text : text.substr(cut + 1);
    }
    static json::value summary(const ApiReply& reply) {
        EXPECT_EQ(reply.status, 200u) << reply.body;
        return json::parse(lines_end(reply.body)).at("summary");
    }
    static json::value digest(TestApi& at, const std::string& kind) {
        return at.json("POST", "/v1/export?kind=" + kind + "&format=digest");
    }
    static std::string own_table(const std::string& text) { return std::string(4, '\0') + text; }
};

TEST_F(CatalogueExchange, EveryKindWithEveryFieldComesBackTheSameFromBothForms) {
    for (const Kind& kind : schema->kinds)
        for (int turn = 0; turn < 4; ++turn) {
            auto made = here.node.registry->create(
                {kind.name, all_fields(*schema, kind, turn % 2), "", 0, {}}, {"tester"});
            ASSERT_TRUE(made.has_value()) << kind.name << ": " << describe(made.error());
            walk_states(here.node, kind, made.value().record, static_cast<std::size_t>(turn) * 2);
        }
    for (const char* format : {"csv", "jsonl"}) {
        TestApi there{charter};
        for (const Kind& kind : schema->kinds) {
            const json::value before = digest(here, kind.name);
            EXPECT_EQ(before.at("records").as_int64(), 4) << kind.name;
            const std::string file =
                here.ask("POST", "/v1/export?kind=" + kind.name + "&format=" + format).body;
            const std::string import = std::string("/v1/import/exported?format=") + format;
            const ApiReply reply = there.ask("POST", import, file);
            EXPECT_EQ(summary(reply).at("rejected").as_int64(), 0)
                << kind.name << ' ' << format << ": " << reply.body;
            EXPECT_EQ(digest(there, kind.name), before) << kind.name << ' ' << format;
            EXPECT_EQ(summary(there.ask("POST", import, file)).at("events").as_int64(), 0)
                << kind.name;
        }
    }
}

TEST_F(CatalogueExchange, WhatEachAgencySaidComesBackWhenEachTakesItsOwn) {
    for (const Kind& kind : schema->kinds) {
        auto made = here.node.registry->create({kind.name, all_fields(*schema, kind, 0), "", 0, {}},
                                               {"tester"});
        ASSERT_TRUE(made.has_value()) << kind.name;
        walk_states(here.node, kind, made.value().record, 3);
        here.node.send_to(here.other);
        for (const FieldText& one : all_fields(*schema, kind, 1))
            if (!several(*kind.field(std::string_view(one.field)))) {
                ASSERT_TRUE(here.other.set(made.value().record, {one}).has_value())
                    << kind.name << ' ' << one.field;
            }
        here.other.send_to(here.node);
    }
    TestApi there{charter};
    for (const Kind& kind : schema->kinds) {
        const std::string file =
            here.ask("POST", "/v1/export?kind=" + kind.name + "&format=jsonl").body;
        EXPECT_EQ(summary(there.ask("POST", "/v1/import/exported?format=jsonl&own=1", file))
                      .at("rejected")
                      .as_int64(),
                  0);
        ApiMetrics metrics{};
        ApiContext beside{*there.other.registry, metrics, {}, {}, "FIA"};
        beside.desk = there.desk.get();
        const ApiReply reply = dispatch(beside, "POST", "/v1/import/exported?format=jsonl&own=1",
                                        file, TestApi::owner());
        EXPECT_EQ(summary(reply).at("rejected").as_int64(), 0) << reply.body;
    }
    there.other.send_to(there.node);
    for (const Kind& kind : schema->kinds)
        EXPECT_EQ(digest(there, kind.name), digest(here, kind.name)) << kind.name;
}

// A table says only the record's own date, of which the last day counts, as in every import.
TEST_F(CatalogueExchange, WhenItWasSaidComesBackAlsoFromBefore1970) {
    const ClaimedTime at = value_of(parse_time("1965-03-01T12:00:00Z")),
                      end_of_year = value_of(parse_time("1965-12-31T00:00:00Z"));
    CreateCommand command{"incident", {{"date", "1965"}, {"location", "Quetta"}}, "", 0, {}};
    command.at = at;
    const RecordId id = value_of(here.node.registry->create(command, {"tester"})).record;
    for (const auto& [format, said] : {std::pair{"csv", end_of_year}, {"jsonl", at}}) {
        TestApi there{charter};
        const std::string with = std::string("format=") + format;
        const std::string file = here.ask("POST", "/v1/export?kind=incident&" + with).body;
        EXPECT_EQ(
            summary(there.ask("POST", "/v1/import/exported?" + with, file)).at("new").as_int64(),
            1);
        const HistoryView history = value_of(there.node.registry->history(id));
        ASSERT_EQ(history.events.size(), 1u) << format;
        EXPECT_EQ(history.events[0].body.at, said) << format;
    }
}

TEST_F(CatalogueExchange, ADigestTellsEveryFieldOfEveryKindApart) {
    // Otherwise the tests above could not fail: each field, changed alone, changes the digest.
    for (const Kind& kind : schema->kinds) {
        auto made = here.node.registry->create({kind.name, all_fields(*schema, kind, 0), "", 0, {}},
                                               {"tester"});
        ASSERT_TRUE(made.has_value()) << kind.name;
        std::set<std::string> seen{std::string(digest(here, kind.name).at("content").as_string())};
        for (const Field& field : kind.fields) {
            if (field.rule == Rule::status ||
                value_for(*schema, field, 0) == value_for(*schema, field, 1))
                continue;
            if (several(field)) {
                ASSERT_TRUE(
                    here.node.registry->retract({made.value().record, field.name, "no"}, {"tester"})
                        .has_value());
            } else {
                ASSERT_TRUE(
                    here.node.set(made.value().record, {{field.name, value_for(*schema, field, 1)}})
                        .has_value());
            }
            EXPECT_TRUE(
                seen.insert(std::string(digest(here, kind.name).at("content").as_string())).second)
                << kind.name << '.' << field.name;
        }
    }
}

TEST_F(CatalogueExchange, EveryKindReadsATableOfItsOwnFieldsWithoutAProfile) {
    const std::string hxl = file_text(config_folder + "standards/hxl.toml");
    for (const Kind& kind : schema->kinds) {
        const std::string blank =
            here.ask("POST", "/v1/export?kind=" + kind.name + "&format=template").body;
        std::string names, titles, row;
        for (const Field& field : kind.fields) {
            const std::string comma = names.empty() ? "" : ",";
            names += comma + field.name;
            titles += comma + "\"" + field.title + "\"";
            std::string value = value_for(*schema, field, 0);
            if (field.type == FieldType::code)
                value = schema->code_list(field.codes)->entries.front().label;
            if (field.rule == Rule::status) value = field.lattice.initial;
            for (std::size_t at = 0; (at = value.find('"', at)) != std::string::npos; at += 2)
                value.insert(at, 1, '"');
            row += comma + "\"" + value + "\"";
        }
        ASSERT_EQ(blank, names + "\n") << kind.name;
        const std::string import = "/v1/import?file=t.csv&kind=" + kind.name;
        const ApiReply reply = here.ask("POST", import, own_table(names + "\n" + row + "\nx\n"));
        auto told = summary(reply);
        EXPECT_EQ(told.at("new").as_int64(), 1) << kind.name << ": " << reply.body;
        EXPECT_EQ(told.at("rejected").as_int64(), 1)
            << "a row of one cell is kept apart: " << kind.name;
        EXPECT_NE(reply.body.find("\"line\":"), std::string::npos);
        EXPECT_EQ(summary(here.ask("POST", import, own_table(names + "\n" + row + "\n")))
                      .at("events")
                      .as_int64(),
                  0);
        std::set<std::string> once;
        if (std::ranges::all_of(
                kind.fields, [&](const Field& field) { return once.insert(field.title).second; })) {
            EXPECT_EQ(summary(here.ask("POST", import + "&dry_run=1",
                                       own_table(titles + "\n" + row + "\n")))
                          .at("records")
                          .as_int64(),
                      1)
                << kind.name;
        }
    }
}

TEST_F(CatalogueExchange, ATableIsReadByHashtagsAndAColumnThatIsNoFieldIsRefused) {
    const std::string hxl = file_text(config_folder + "standards/hxl.toml");
    std::string size;
    for (int i = 0; i < 4; ++i) size += static_cast<char>(hxl.size() >> (8 * i) & 0xff);
    const std::string import = "/v1/import?file=t.csv&kind=incident&key=no";
    auto told = summary(here.ask(
        "POST", import, size + hxl + "no,#date+occurred,#affected+ind+killed\n7,2024-03-31,4\n"));
    EXPECT_EQ(told.at("new").as_int64(), 1);
    // The key names the record: what changed is written to it.
    told = summary(
        here.ask("POST", import,
                 size + hxl + "no,date,dead\n#x_no,#date+occurred,#affected\n7,2024-03-31,5\n"));
    EXPECT_EQ(told.at("changed").as_int64(), 1);
    EXPECT_EQ(told.at("rows").as_int64(), 1);
    const ApiReply refused =
        here.ask("POST", import, own_table("no,date,casualties\n7,2024-03-31,5\n"));
    EXPECT_EQ(refused.status, 400u);
    EXPECT_NE(refused.body.find("casualties"), std::string::npos) << refused.body;
    EXPECT_NE(refused.body.find("dead"), std::string::npos) << "its fields are named";
}

// A number sign does not make a row of hashtags, and no row is lost.
TEST_F(CatalogueExchange, ARowThatOnlyLooksLikeHashtagsIsARow) {
    const std::string import = "/v1/import?file=t.csv&kind=incident&key=";
    auto told = summary(here.ask("POST", import + "location",
                                 own_table("location\n#1 of the boat\n#2 of the boat\n")));
    EXPECT_EQ(told.at("rows").as_int64(), 2);
    EXPECT_EQ(told.at("new").as_int64(), 2);
    const ApiReply broken =
        here.ask("POST", import + "location", own_table("location,url\n#x,\"#y"));
    EXPECT_EQ(summary(broken).at("rejected").as_int64(), 1) << broken.body;
    for (const char* tags : {"#x_no,#date+occurred\n", "# X_no , #Date +occurred\n"}) {
        told = summary(here.ask("POST", import + "no",
                                own_table(std::string("no,date\n") + tags + "7,2024-03-31\n")));
        EXPECT_EQ(told.at("rows").as_int64(), 1) << tags;
    }
}

} // namespace
} // namespace safar

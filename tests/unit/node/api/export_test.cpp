#include "people_fixture.hpp"

namespace safar {
namespace {

using namespace testing;
using ::testing::HasSubstr;
using ::testing::Not;
namespace json = boost::json;

const std::string tags = R"([columns]
id = "#meta+id"
[fields]
"movement.name" = "#x_name"
[codes]
group = "#group"
[names]
date = "#date"
)";

std::vector<std::string> lines_of(const std::string& text) {
    std::istringstream in(text);
    std::vector<std::string> out;
    for (std::string line; std::getline(in, line);) out.push_back(line);
    return out;
}

// As over a socket, where an answer may go out in pieces.
ApiReply ask_in_pieces(TestApi& api, std::string_view target, PartSink send_part) {
    auto request = value_of(parse_target("POST", target));
    const Route* route = value_of(find_route(request));
    request.caller = TestApi::owner();
    request.send_part = std::move(send_part);
    request.body_source = [](std::span<std::byte>) -> Result<std::size_t> {
        return std::size_t{0};
    };
    return run_route(api.context, *route, request);
}

// A network of its own beside, with no record in it.
struct Elsewhere {
    Network network;
    TestApi api{registry_charter(network)};
};

class Export : public ::testing::Test {
protected:
    TestApi api;
    void SetUp() override {
        create({{"name", "=cmd|'/C calc'!A0"},
                {"group", "Alpha"},
                {"means", "A"},
                {"means", "B"},
                {"persons", "-3"}});
        create({{"name", "Amina \"Bibi\", Khan"}, {"date", "2024-03"}, {"opinion", "a;b\\c"}});
        create({{"name", "محمد"}, {"means", "C"}, {"date", "2024-Q1"}, {"persons", "12"}});
        const RecordId id = api.node.create({{"name", "Bilal"}});
        ASSERT_TRUE(api.node.set(id, {{"name", "Bilaal"}}).has_value());
        ASSERT_TRUE(api.node.registry->retract({id, "name", "mistaken"}, {"tester"}).has_value());
        ASSERT_TRUE(api.node.set(id, {{"group", "B"}}).has_value());
    }
    void create(std::vector<FieldText> fields) { api.node.create(std::move(fields)); }

    static json::value digest(TestApi& at) {
        return at.json("POST", "/v1/export?kind=movement&format=digest");
    }
    static json::value summary(const ApiReply& reply) {
        EXPECT_EQ(reply.status, 200u) << reply.body;
        return json::parse(lines_of(reply.body).back());
    }
};

TEST_F(Export, CsvHasAHeaderTagsAndNoFormula) {
    const auto lines = lines_of(api.ask("POST", "/v1/export?kind=movement", tags).body);
    ASSERT_EQ(lines.size(), 6u);
    EXPECT_EQ(lines[0], "id,kind,name,group,means,date,persons,opinion");
    EXPECT_EQ(lines[1], "#meta+id,,#x_name,#group,#group,#date,,");
    EXPECT_THAT(lines[2], HasSubstr(",movement,'=cmd|'/C calc'!A0,A,\"A;B\",,'-3,"));
    EXPECT_THAT(lines[3], HasSubstr(R"("Amina ""Bibi"", Khan")"));
    EXPECT_EQ(lines_of(api.ask("POST", "/v1/export?kind=movement").body).size(), 5u);
    EXPECT_EQ(lines_of(api.ask("POST", "/v1/export?kind=movement&where=group=A").body).size(), 2u);
    EXPECT_EQ(api.ask("POST", "/v1/export?kind=movement", "[fields]\nx = \"country\"").status,
              400u);
    EXPECT_EQ(api.ask("POST", "/v1/export?kind=nothing").status, 400u);
    EXPECT_EQ(api.ask("POST", "/v1/export?kind=movement&format=xls").status, 400u);
}

TEST_F(Export, BothFormsComeBackAsTheSameContentAtAnEmptyNetwork) {
    const json::value before = digest(api);
    EXPECT_EQ(before.at("records").as_int64(), 4);
    for (const char* format : {"csv", "jsonl"}) {
        Elsewhere other;
        const std::string file =
            api.ask("POST", std::string("/v1/export?kind=movement&format=") + format, tags).body;
        const std::string import = std::string("/v1/import/exported?format=") + format;
        auto told = summary(other.api.ask("POST", import + "&dry_run=1", file)).at("summary");
        EXPECT_EQ(told.at("new").as_int64(), 4) << format;
        EXPECT_EQ(other.api.node.events(), 0u);
        told = summary(other.api.ask("POST", import, file)).at("summary");
        EXPECT_EQ(told.at("new").as_int64(), 4) << format;
        EXPECT_EQ(told.at("rejected").as_int64(), 0);
        EXPECT_EQ(digest(other.api), before) << format;
        // Once more says nothing new, and what comes of it is the same file.
        EXPECT_EQ(
            summary(other.api.ask("POST", import, file)).at("summary").at("events").as_int64(), 0);
        auto again = lines_of(
            other.api.ask("POST", std::string("/v1/export?kind=movement&format=") + format, tags)
                .body);
        auto first = lines_of(file);
        if (std::string(format) == "csv") {
            std::sort(again.begin(), again.end());
            std::sort(first.begin(), first.end());
            EXPECT_EQ(again, first);
        }
    }
}

TEST_F(Export, TheDigestSeesAChangeOfOneValue) {
    const json::value before = digest(api);
    create({{"name", "One more"}});
    EXPECT_NE(digest(api).at("content"), before.at("content"));
    Elsewhere other;
    EXPECT_NE(digest(other.api).at("content"), before.at("content"));
}

// Two agencies, each of its own opinion, and a name in conflict.
TEST_F(Export, WhoSaidWhatComesBackWhereEachAgencyTakesItsOwn) {
    const RecordId id = api.disputed();
    ASSERT_TRUE(api.node.set(id, {{"opinion", "is a victim"}}).has_value());
    api.node.send_to(api.other);
    ASSERT_TRUE(api.other.set(id, {{"opinion", "is none"}}).has_value());
    api.other.send_to(api.node);
    const std::string file = api.ask("POST", "/v1/export?kind=movement&format=jsonl").body;
    const json::value before = digest(api);

    Elsewhere other;
    const ApiReply lossy = other.api.ask("POST", "/v1/import/exported?format=jsonl", file);
    EXPECT_THAT(lossy.body,
                ::testing::AllOf(HasSubstr("\"column\":\"opinion\""), HasSubstr("--own")));
    EXPECT_EQ(summary(lossy).at("summary").at("rejected").as_int64(), 1);

    Elsewhere fresh;
    TestApi& iom = fresh.api;
    EXPECT_EQ(summary(iom.ask("POST", "/v1/import/exported?format=jsonl&own=1", file))
                  .at("summary")
                  .at("rejected")
                  .as_int64(),
              0);
    EXPECT_NE(digest(iom).at("content"), before.at("content")) << "FIA's part is still missing";
    ApiContext fia_context{*iom.other.registry, iom.metrics, {}, {}, "FIA"};
    fia_context.desk = iom.desk.get();
    ApiReply fia = dispatch(fia_context, "POST", "/v1/import/exported?format=jsonl&own=1", file,
                            TestApi::owner());
    EXPECT_EQ(fia.status, 200u) << fia.body;
    iom.other.send_to(iom.node);
    EXPECT_EQ(digest(iom), before);
}

TEST_F(Export, AFileThatIsNoneOrIsCutIsTold) {
    const std::string jsonl = api.ask("POST", "/v1/export?kind=movement&format=jsonl").body;
    Elsewhere other;
    const auto refused = [&](const std::string& format, const std::string& file) {
        return other.api.ask("POST", "/v1/import/exported?format=" + format, file);
    };
    EXPECT_EQ(refused("csv", "name,group\nx,A\n").status, 400u);
    EXPECT_EQ(refused("csv", "id,kind,colour\n00000000000000000000000001,movement,x\n").status,
              400u);
    EXPECT_EQ(refused("jsonl", "{}\n").status, 400u);
    EXPECT_EQ(refused("xml", "").status, 400u);
    EXPECT_EQ(refused("csv&own=1", "id,kind,name\n").status, 400u);
    EXPECT_THAT(refused("csv", "id,kind,name\nnonsense,movement,x\n").body,
                HasSubstr("is not a record id"));
    EXPECT_THAT(refused("csv", "id,kind,group\n00000000000000000000000001,movement,Z\n").body,
                HasSubstr("\"column\":\"group\""));
    EXPECT_THAT(refused("jsonl", jsonl.substr(0, jsonl.rfind("{\"end\""))).body,
                HasSubstr("ends early"));
}

TEST_F(Export, AnErrorOnTheWayIsTheLastLine) {
    // More than one piece of an answer.
    for (int i = 0; i < 24; ++i) create({{"name", std::string(15'000, 'a')}});
    for (const char* format : {"csv", "jsonl"}) {
        const ApiReply reply = ask_in_pieces(
            api, std::string("/v1/export?kind=movement&format=") + format, [](auto) -> Result<> {
                return failure(ErrorCode::storage_corrupt, "a blob is damaged");
            });
        EXPECT_EQ(reply.status, 200u) << "rows are out already";
        EXPECT_EQ(lines_of(reply.body).back(),
                  R"({"error":{"code":"storage_corrupt","detail":"a blob is damaged"}})")
            << format;
    }
}

TEST_F(Export, WhereDerivedStateBeginsAgainOnTheWayTheFileSaysThatItIsCut) {
    for (int i = 0; i < 24; ++i) create({{"name", std::string(15'000, 'a')}});
    bool again = false;
    const ApiReply reply =
        ask_in_pieces(api, "/v1/export?kind=movement&format=jsonl", [&](auto) -> Result<> {
            if (!std::exchange(again, true)) value_of(api.node.registry->rebuild());
            return success();
        });
    EXPECT_TRUE(again);
    EXPECT_THAT(lines_of(reply.body).back(), HasSubstr(R"({"error":{"code":"busy")"));
    EXPECT_THAT(reply.body, Not(HasSubstr(R"({"end":)")));
}

class ExportOfPeople : public PeopleApi {};

TEST_F(ExportOfPeople, WithheldColumnsAreNamedAndEmptyAndReadBackAsNothing) {
    let_all_in();
    const ApiReply csv = ask_as("bin", "POST", "/v1/export?kind=movement", "", "hand-over");
    EXPECT_EQ(lines_of(csv.body)[0], "id,kind,name,group,wound:withheld,date,birth");
    EXPECT_THAT(csv.body, ::testing::AllOf(HasSubstr("Zarmina"), Not(HasSubstr("burnt hand"))));
    EXPECT_THAT(log_lines().back(), ::testing::AllOf(HasSubstr(R"("action":"record export")"),
                                                     HasSubstr("hand-over"), HasSubstr("of kind")));
    const ApiReply without = ask_as("bin", "POST", "/v1/export?kind=movement");
    EXPECT_THAT(without.body,
                ::testing::AllOf(Not(HasSubstr("Zarmina")), HasSubstr("name:withheld")));
    EXPECT_EQ(ask_as("games", "POST", "/v1/export?kind=movement").status, 403u);
    EXPECT_THAT(ask_as("bin", "POST", "/v1/export?kind=movement&format=jsonl").body,
                HasSubstr("--purpose TEXT"));
}

TEST_F(ExportOfPeople, NothingGoesOutBeforeTheAccessLogHasIt) {
    api.desk->log().sync_for_tests = [](int) {
        errno = ENOSPC;
        return -1;
    };
    std::string sent;
    const ApiReply reply = ask_in_pieces(api, "/v1/export?kind=movement", [&](auto part) {
        sent += part;
        return Result<>(success());
    });
    EXPECT_EQ(reply.status, 507u);
    EXPECT_EQ(sent, "");
    EXPECT_THAT(reply.body, Not(HasSubstr("Zarmina")));
}

} // namespace
} // namespace safar

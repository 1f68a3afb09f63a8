// `safar import` against a node that answers as the test says.
#include "tests/unit/cli/fake_node.hpp"

#include "cli/files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace safar::cli {

using testing::HasSubstr;

TEST(Import, SendsTheProfileInFrontOfTheFile) {
    const TempDir temp;
    const std::string profile = temp.file("p.toml", "source = \"x\"\n");
    const std::string file = temp.file("f.csv", std::string(700'000, 'r'));
    FakeNode node(always(200, "{\"summary\":{\"rows\":1,\"rejected\":0,\"records\":1,\"new\":1,"
                              "\"events\":1,\"seconds\":0.1}}\n"));
    const Ran ran =
        run_safar({"import", profile, file, "--where", "a b=c", "--dry-run"}, node.directory());
    EXPECT_EQ(ran.code, 0) << ran.err;
    ASSERT_EQ(node.requests().size(), 1u);
    EXPECT_EQ(node.requests()[0].target,
              "/v1/import?profile=p&file=f.csv&dry_run=1&where=a%20b%3Dc");
    EXPECT_EQ(node.requests()[0].body,
              std::string("\x0d\0\0\0", 4) + "source = \"x\"\n" + std::string(700'000, 'r'));
}

TEST(Import, RejectsAreToldKeptAndEndWithThree) {
    const TempDir temp;
    const std::string profile = temp.file("p.toml", "x"), file = temp.file("f.csv", "y");
    FakeNode node(always(
        200,
        "{\"reject\":{\"line\":7,\"column\":\"Date\",\"reason\":\"no date\",\"row\":\"a,b\"}}\n"
        "{\"summary\":{\"rows\":2,\"rejected\":1,\"records\":1,\"new\":1,\"events\":1,\"seconds\":"
        "0.1}}\n"));
    const Ran told = run_safar({"import", profile, file}, node.directory());
    EXPECT_EQ(told.code, 3);
    EXPECT_THAT(told.err, HasSubstr("f.csv:7: Date: no date"));
    const Ran kept =
        run_safar({"import", profile, file, "--rejects", temp.path() + "/r.csv"}, node.directory());
    EXPECT_EQ(kept.code, 3);
    EXPECT_EQ(kept.err, "");
    EXPECT_EQ(read_file(temp.path() + "/r.csv").value(),
              "file,line,column,reason,row\r\n" + file + ",7,Date,no date,\"a,b\"\r\n");
    EXPECT_TRUE(is_private(temp.path() + "/r.csv")); // rows of people
}

TEST(Import, RejectsAreNotWrittenOverWhatIsRead) {
    const TempDir temp;
    const std::string profile = temp.file("p.toml", "x"), file = temp.file("f.csv", "y");
    FakeNode node(always(200, ""));
    for (const std::string& rejects : {file, temp.path() + "/./f.csv", profile}) {
        EXPECT_EQ(run_safar({"import", profile, file, "--rejects", rejects}, node.directory()).code,
                  2);
        EXPECT_EQ(read_file(file).value() + read_file(profile).value(), "yx");
    }
    EXPECT_TRUE(node.requests().empty());
}

TEST(Import, ProfilesGoWithAProfileOnly) {
    const TempDir temp;
    const std::string file = temp.file("f.csv", "y");
    FakeNode node(always(200, ""));
    EXPECT_EQ(
        run_safar({"import", file, "--exported", "--profiles", temp.path()}, node.directory()).code,
        2);
    EXPECT_EQ(
        run_safar({"import", file, "--kind", "person", "--profiles", temp.path()}, node.directory())
            .code,
        2);
}

TEST(Import, ARefusalBeforeTheEndOfALargeFileIsHeard) {
    const TempDir temp;
    const std::string profile = temp.file("p.toml", "x"),
                      file = temp.file("f.csv", std::string(8 << 20, 'y'));
    FakeNode node([](const FakeRequest&) {
        return FakeAnswer{
            400, R"({"error":{"code":"invalid_argument","detail":"p.toml: line 1: no such key"}})",
            true};
    });
    const Ran ran = run_safar({"import", profile, file}, node.directory());
    EXPECT_EQ(ran.code, 65);
    EXPECT_THAT(ran.err, HasSubstr("no such key"));
}

TEST(Import, AnAnswerWithoutASummaryIsNoSuccess) {
    const TempDir temp;
    const std::string profile = temp.file("p.toml", "x"), file = temp.file("f.csv", "y");
    FakeNode node(always(200, ""));
    EXPECT_EQ(run_safar({"import", profile, file}, node.directory()).code, 65);
    FakeNode broken(always(
        200,
        "{\"reject\":{\"line\":1}}\n{\"error\":{\"code\":\"storage_full\",\"detail\":\"d\"}}\n"));
    EXPECT_EQ(run_safar({"import", profile, file}, broken.directory()).code, 74);
}

TEST(Import, AnErrorAfterRejectsIsToldByItsNameAndTheRejectsAreKept) {
    const TempDir temp;
    const std::string profile = temp.file("p.toml", "x"), file = temp.file("f.csv", "y");
    const std::string reject =
        R"({"reject":{"line":7,"column":"Date","reason":"no date","row":"a,b"}})";
    FakeNode node(always(507, reject + "\n" +
                                  R"({"error":{"code":"storage_full","detail":"no room"}})"
                                  "\n"));
    const Ran told = run_safar({"import", profile, file}, node.directory());
    EXPECT_EQ(told.code, 74);
    EXPECT_THAT(told.err, HasSubstr("f.csv:7: Date: no date\n"));
    EXPECT_THAT(told.err, HasSubstr("safar: storage full: " + file + ": no room\n"));

    const std::string rejects = temp.path() + "/r.csv";
    EXPECT_EQ(run_safar({"import", profile, file, "--rejects", rejects}, node.directory()).code,
              74);
    EXPECT_EQ(read_file(rejects).value(),
              "file,line,column,reason,row\r\n" + file + ",7,Date,no date,\"a,b\"\r\n");
    EXPECT_EQ(run_safar({"import", profile, file, "--json"}, node.directory()).out, reject + "\n");
}

TEST(Import, RejectsThatAreNotShownAreCountedAlsoWhereTheImportFails) {
    const TempDir temp;
    const std::string profile = temp.file("p.toml", "x"), file = temp.file("f.csv.gz", "y");
    std::string answer;
    for (int line = 1; line <= 13; ++line)
        answer += R"({"reject":{"line":)" + std::to_string(line) +
                  R"(,"reason":"no date"}})"
                  "\n";
    FakeNode node(always(400, answer +
                                  R"({"error":{"code":"invalid_argument","detail":"gzip: cut"}})"
                                  "\n"));
    const Ran ran = run_safar({"import", profile, file}, node.directory());
    EXPECT_EQ(ran.code, 65);
    EXPECT_THAT(ran.err, HasSubstr("... and 3 more; --rejects FILE keeps them all\n"));
    EXPECT_THAT(ran.err, HasSubstr("gzip: cut"));
}

TEST(Import, AFailureWithoutAReasonIsToldByItsStatus) {
    const TempDir temp;
    const std::string profile = temp.file("p.toml", "x"), file = temp.file("f.csv", "y");
    FakeNode node(always(500, "{\"reject\":{\"line\":1}}\n"));
    const Ran ran = run_safar({"import", profile, file}, node.directory());
    EXPECT_EQ(ran.code, 65);
    EXPECT_THAT(ran.err, HasSubstr("the node answered 500 and no reason"));
}

TEST(Import, AnUnknownProfileListsThoseThereAre) {
    FakeNode node(always(200, ""));
    const Ran ran = run_safar({"import", "uk-retruns", "f.csv"}, node.directory());
    EXPECT_EQ(ran.code, 1);
    EXPECT_THAT(ran.err, HasSubstr("uk-returns"));
    EXPECT_TRUE(node.requests().empty());
}

} // namespace safar::cli

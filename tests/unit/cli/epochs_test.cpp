// Epochs after the first, on files alone: joining, judging, rivals.
#include "tests/unit/cli/founding.hpp"

#include <boost/json.hpp>
#include <filesystem>
#include <gmock/gmock.h>

namespace safar::cli {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using testing::HasSubstr;
using testing::Not;

class EpochsOnFiles : public testing::Test {
protected:
    TempDir temp;
    const std::string heads = temp.file("heads.json", "[]"); // nobody has written yet

    void SetUp() override {
        const auto enrolments = enrol(temp, {"FIA", "IOM", "NCHR"});
        const std::string file = temp.file("charter.toml", run_safar(draft({}, enrolments)).out);
        sign(file, {"FIA", "IOM"});
        for (const char* agency : {"FIA", "IOM", "NCHR"})
            ASSERT_EQ(at(agency, {"charter", "adopt", file}).code, 0);
    }
    [[nodiscard]] std::string node(const std::string& agency) const {
        return temp.path() + "/" + agency;
    }
    [[nodiscard]] Ran at(const std::string& agency, const std::vector<std::string>& words) const {
        return run_safar(words, node(agency));
    }
    void sign(const std::string& file, const std::vector<std::string>& agencies) const {
        for (const std::string& agency : agencies) {
            const Ran ran = at(agency, {"charter", "sign", file});
            EXPECT_EQ(ran.code, 0) << ran.err;
        }
    }
    [[nodiscard]] std::string amend(const std::string& name, std::vector<std::string> words) const {
        words.insert(words.begin(), {"charter", "amend", "--heads", heads});
        const Ran ran = at("IOM", words);
        EXPECT_EQ(ran.code, 0) << ran.err;
        EXPECT_THAT(ran.err, HasSubstr("note: no node runs here"));
        return temp.file(name, ran.out);
    }
    [[nodiscard]] json::value in_force(const std::vector<std::string>& words,
                                       const std::string& node) const {
        return json::parse(run_safar(words, node).out).at("in_force");
    }
};

TEST_F(EpochsOnFiles, ANewMemberJoinsWithAllOfThemInAnyOrderAndWithNoFewer) {
    const std::string enrolment = enrol(temp, {"PUNJAB"}).front();
    const std::string second = amend("2.toml", {"--admit", enrolment});
    sign(second, {"FIA", "IOM"});
    ASSERT_EQ(at("IOM", {"charter", "publish", second}).code, 0);
    ASSERT_EQ(at("IOM", {"charter", "history", "--export", temp.path()}).code, 0);
    const std::string one = temp.path() + "/charter-1.toml", two = temp.path() + "/charter-2.toml";
    const Ran alone = at("PUNJAB", {"charter", "adopt", two});
    EXPECT_EQ(alone.code, 1) << "no node need be waited for";
    EXPECT_THAT(alone.err, HasSubstr("adopt the epochs in order"));
    const Ran unsigned_one = at("IOM", {"charter", "show", "--text"});
    EXPECT_EQ(at("PUNJAB", {"charter", "adopt", temp.file("t.toml", unsigned_one.out)}).code, 1);
    const Ran joined = at("PUNJAB", {"charter", "adopt", two, one});
    EXPECT_EQ(joined.code, 0) << joined.err;
    EXPECT_THAT(joined.out, HasSubstr("epoch 2 of Test"));
}

TEST_F(EpochsOnFiles, OneIsJudgedByTheStewardsBeforeItAlsoWhereTheyTookNewKeys) {
    const std::string key(
        json::parse(at("IOM", {"key", "show", "--json"}).out).at("node").as_string());
    const std::string rotation = temp.file("new.toml", at("IOM", {"key", "rotate"}).out);
    const std::string second = amend("2.toml", {"--rotate", key + "=" + rotation});
    sign(second, {"FIA", "IOM"}); // with the key in use
    for (const char* agency : {"IOM", "FIA"})
        ASSERT_EQ(at(agency, {"charter", "adopt", second}).code, 0);
    const Ran shown = at("FIA", {"charter", "show"});
    EXPECT_THAT(shown.out, HasSubstr("epoch 2"));
    EXPECT_THAT(shown.out, HasSubstr("the quorum is met"));
    EXPECT_EQ(in_force({"charter", "show", "--json"}, node("FIA")), json::value(true));
}

TEST_F(EpochsOnFiles, NewStewardsAloneBringNothingIntoForce) {
    const std::string second = amend(
        "2.toml", {"--title", "FIA=member", "--title", "NCHR=coordinator", "--title", "IOM=chair"});
    sign(second, {"IOM", "NCHR"});
    const Ran shown = at("NCHR", {"charter", "show", second});
    EXPECT_THAT(shown.out, HasSubstr("not in force"));
    EXPECT_THAT(shown.out, HasSubstr("stewards of epoch 1"));
    EXPECT_EQ(in_force({"charter", "show", second, "--json"}, node("NCHR")), json::value(false));
    EXPECT_EQ(at("NCHR", {"charter", "adopt", second}).code, 77);
    // Without epoch 1 nobody can say.
    const Ran bare = run_safar({"charter", "show", second});
    EXPECT_EQ(bare.code, 0) << bare.err;
    EXPECT_THAT(bare.out, HasSubstr("is not judged here"));
    EXPECT_THAT(bare.out, Not(HasSubstr("the quorum is met")));
    EXPECT_EQ(in_force({"charter", "show", second, "--json"}, ""), json::value());
}

TEST_F(EpochsOnFiles, ARivalIsNoSuccess) {
    const std::string a = amend("a.toml", {"--network", "A"}),
                      b = amend("b.toml", {"--network", "B"});
    for (const std::string& file : {a, b}) sign(file, {"FIA", "IOM"});
    ASSERT_EQ(at("IOM", {"charter", "publish", a}).code, 0);
    for (const char* verb : {"publish", "adopt"}) { // the second time it is known already
        const Ran ran = at("IOM", {"charter", verb, b});
        EXPECT_EQ(ran.code, 1);
        EXPECT_THAT(ran.err, HasSubstr("neither rules, epoch 1"));
        EXPECT_THAT(ran.err, HasSubstr("charter amend, sign, publish"));
        EXPECT_EQ(ran.out, "");
    }
    EXPECT_EQ(at("IOM", {"charter", "adopt", a}).code, 1);
    // Settled, and offered once more.
    const std::string third = amend("c.toml", {"--network", "C"});
    sign(third, {"FIA", "IOM"});
    ASSERT_EQ(at("IOM", {"charter", "publish", third}).code, 0);
    const Ran late = at("IOM", {"charter", "adopt", a});
    EXPECT_EQ(late.code, 1);
    EXPECT_THAT(late.err, HasSubstr("is not in force: epoch 3"));
}

TEST_F(EpochsOnFiles, ADraftIsMadeOfFilesAloneOnlyWhereNoNodeRuns) {
    FakeNode busy(always(503, R"({"error":{"code":"busy","detail":"try again"}})"));
    fs::copy(node("IOM"), busy.directory(), fs::copy_options::recursive);
    const Ran ran =
        run_safar({"charter", "amend", "--network", "A", "--heads", heads}, busy.directory());
    EXPECT_EQ(ran.code, 69);
    EXPECT_THAT(ran.err, HasSubstr("try again"));
    EXPECT_EQ(ran.out, "");
}

TEST_F(EpochsOnFiles, AQuorumOfNothingIsWrongUsage) {
    EXPECT_EQ(at("IOM", {"charter", "amend", "--quorum", "0", "--heads", heads}).code, 2);
}

TEST_F(EpochsOnFiles, JsonSaysWhoRelaysAndWhoObserves) {
    const std::string file = temp.file(
        "c.toml", "[[compartment]]\nname = \"case\"\nkinds = [\"victim_case\"]\nwriters = "
                  "[\"FIA\", \"IOM\"]\nrelays = [\"NCHR\"]\n[[compartment]]\nname = "
                  "\"return\"\nkinds = [\"return\"]\nwriters = [\"FIA\", \"IOM\"]\n"
                  "observers = [\"NCHR\"]\n");
    const Ran drafted = run_safar(
        draft({"--compartments", file},
              {temp.path() + "/FIA.toml", temp.path() + "/IOM.toml", temp.path() + "/NCHR.toml"}));
    ASSERT_EQ(drafted.code, 0) << drafted.err;
    const auto shown =
        json::parse(run_safar({"charter", "show", temp.file("d.toml", drafted.out), "--json"}).out);
    const auto of = [&](const char* name, const char* key) {
        for (const auto& each : shown.at("compartments").as_array())
            if (each.at("name").as_string() == name) return json::serialize(each.at(key));
        return std::string();
    };
    EXPECT_EQ(of("case", "relays"), R"(["NCHR"])");
    EXPECT_EQ(of("return", "observers"), R"(["NCHR"])");
    EXPECT_EQ(of("return", "relays"), "[]");
}

TEST_F(EpochsOnFiles, ADelegationIsNotEndedByHardlyAnyDigits) {
    for (const char* digits : {"", "5c0"}) {
        const Ran ran = at("FIA", {"delegate", "revoke", digits});
        EXPECT_EQ(ran.code, 65);
        EXPECT_THAT(ran.err, HasSubstr("4 or more"));
    }
}

} // namespace
} // namespace safar::cli

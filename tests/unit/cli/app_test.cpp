// The command line as a whole: what every command must have, wherever it is added.
#include "cli/app.hpp"
#include "cli/files.hpp"
#include "tests/unit/cli/fake_node.hpp"

#include <CLI/CLI.hpp>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>

namespace safar::cli {

using testing::HasSubstr;

namespace {

// Calls `each(words, command)` for every command that does something.
void walk(const std::function<void(const std::vector<std::string>&, CLI::App&)>& each) {
    std::ostringstream out;
    Context context{out, out, false, false, {}, false, 30, {}};
    const auto app = build_app(context);
    const std::function<void(CLI::App&, std::vector<std::string>)> down =
        [&](CLI::App& at, std::vector<std::string> words) {
            const auto children = at.get_subcommands([](CLI::App*) { return true; });
            if (children.empty()) each(words, at);
            for (CLI::App* child : children) {
                auto deeper = words;
                deeper.push_back(child->get_name());
                down(*child, deeper);
            }
        };
    down(*app, {});
}

std::string joined(const std::vector<std::string>& words) {
    std::string out;
    for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
    return out;
}

} // namespace

TEST(Commands, AllThatThereAre) {
    std::vector<std::string> names;
    walk([&](const auto& words, CLI::App&) { names.push_back(joined(words)); });
    EXPECT_THAT(
        names,
        testing::UnorderedElementsAre(
            "node init", "charter draft", "charter sign", "charter publish", "charter adopt",
            "charter show", "charter amend", "charter diff", "charter history", "charter heads",
            "charter suspend", "charter notices", "charter quarantine", "evidence show",
            "evidence export", "evidence verify", "delegate give", "delegate list",
            "delegate revoke", "key show", "key rotate", "key revoke", "status", "peers", "digest",
            "verify", "rebuild", "import", "bundle make", "bundle apply", "bundle inspect",
            "bundle verify", "gaps", "feed", "export", "record create", "record set",
            "record retract", "record show", "record history", "similar", "find", "explain",
            "conflict list", "conflict resolve", "steps", "step", "reassign", "refer", "inbox",
            "journey", "timeline", "dossier", "stats", "backup", "restore", "peer test", "doctor",
            "watch", "user list", "user add", "user roles", "user remove", "user certificate",
            "user key", "maintenance announce", "maintenance end", "maintenance show", "access log",
            "access verify", "demo up", "demo tour", "demo story", "demo down"));
}

TEST(Commands, EachHelpHasAnExampleAndJson) {
    walk([](std::vector<std::string> words, CLI::App&) {
        const std::string name = joined(words);
        words.push_back("--help");
        const Ran ran = run_safar(words);
        EXPECT_EQ(ran.code, 0) << name;
        EXPECT_THAT(ran.out, HasSubstr("Example:\n  ")) << name;
        EXPECT_THAT(ran.out, HasSubstr("safar")) << name;
        EXPECT_THAT(ran.out, HasSubstr("--json")) << name;
    });
}

TEST(Commands, TheManualAndTheCompletionKnowEachAndItsOptions) {
    const auto completion = read_file(SAFAR_SOURCE_DIR "/config/completion/safar.bash");
    const auto manual = read_file(SAFAR_SOURCE_DIR "/docs/man/safar.1");
    ASSERT_TRUE(completion);
    ASSERT_TRUE(manual);
    walk([&](const std::vector<std::string>& words, CLI::App& command) {
        for (const std::string& word : words) {
            EXPECT_THAT(completion.value(), testing::ContainsRegex("[' ]" + word + "[' )]"))
                << joined(words);
            EXPECT_THAT(manual.value(), testing::ContainsRegex(" " + word + "[ \n]"))
                << joined(words);
        }
        for (const CLI::Option* option : command.get_options())
            for (const std::string& name : option->get_lnames())
                if (name != "help-all") {
                    EXPECT_THAT(completion.value(), HasSubstr("--" + name)) << joined(words);
                }
    });
}

TEST(Usage, UnknownWordsAreNamedAndEndWithTwo) {
    const Ran unknown = run_safar({"stats-of"});
    EXPECT_EQ(unknown.code, 2);
    EXPECT_THAT(unknown.err, HasSubstr("stats-of"));
    const Ran inside = run_safar({"record", "delete"});
    EXPECT_EQ(inside.code, 2);
    EXPECT_THAT(inside.err, HasSubstr("delete"));
    EXPECT_EQ(run_safar({"status", "--bogus"}).code, 2);
    EXPECT_EQ(run_safar({}).code, 2);
}

TEST(Usage, AProofIsExportedByItsDigitsOnly) {
    const Ran ran = run_safar({"evidence", "export", ""}, "/tmp/safar-no-such-node");
    EXPECT_EQ(ran.code, 2);
    EXPECT_THAT(ran.err, HasSubstr("which proof?"));
}

TEST(Usage, ACommandWithoutANodeSaysHowToNameOne) {
    const Ran ran = run_safar({"status"});
    EXPECT_EQ(ran.code, 2);
    EXPECT_THAT(ran.err, HasSubstr("--node"));
    EXPECT_THAT(ran.err, HasSubstr("SAFAR_NODE"));
}

TEST(Usage, ANodeThatDoesNotRunIsUnreachableAndTheMessageSaysHowToStartIt) {
    const Ran ran = run_safar({"status"}, "/tmp/safar-no-such-node");
    EXPECT_EQ(ran.code, 69);
    EXPECT_THAT(ran.err, HasSubstr("safard /tmp/safar-no-such-node"));
}

TEST(Usage, TheNodeMayBeNamedAfterTheCommandToo) {
    FakeNode node([](const FakeRequest&) { return FakeAnswer{200, "[]"}; });
    EXPECT_EQ(run_safar({"peers", "--node", node.directory()}).code, 0);
}

} // namespace safar::cli

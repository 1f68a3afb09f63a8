// The command line as a whole: what every command must have, wherever it is added.
#include "cli/app.hpp"
#include "cli/files.hpp"
#include "tests/unit/cli/fake_node.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
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

// The words of an example line as a shell would cut them; what follows `>` or three spaces (a
// remark) is not for the command.
std::vector<std::string> words_of(const std::string& line) {
    std::vector<std::string> out;
    std::string word;
    bool begun = false, quoted = false;
    const auto end = [&] {
        if (begun) out.push_back(std::exchange(word, ""));
        begun = false;
    };
    for (std::size_t at = 0; at < line.size(); ++at) {
        const char c = line[at];
        if (!quoted && (c == '>' || line.substr(at, 3) == "   ")) break;
        if (c == '"')
            begun = true, quoted = !quoted;
        else if (c == ' ' && !quoted)
            end();
        else
            begun = true, word += c;
    }
    EXPECT_FALSE(quoted) << line;
    end();
    return out;
}

TEST(Examples, EachReadsAsItsCommandAndGivesEachOptionWhatFollowsItAlone) {
    for (const char* name :
         {"SAFAR_NODE", "SAFAR_PURPOSE", "SAFAR_USER_KEY", "SAFAR_NODE_KEY", "SAFAR_LANGUAGE"})
        unsetenv(name);
    std::size_t examples = 0;
    walk([&](const std::vector<std::string>& words, CLI::App& described) {
        std::istringstream footer(described.get_footer());
        std::string line;
        ASSERT_TRUE(std::getline(footer, line)) << joined(words); // "Example:"
        while (std::getline(footer, line)) {
            SCOPED_TRACE(line);
            ++examples;
            auto typed = words_of(line.substr(2));
            ASSERT_FALSE(typed.empty());
            ASSERT_EQ(typed.front(), "safar");
            typed.erase(typed.begin());
            std::ostringstream out;
            Context context{out, out, false, false, {}, false, 30, {}};
            const auto app = build_app(context);
            try {
                app->parse(std::vector<std::string>(typed.rbegin(), typed.rend()));
            } catch (const CLI::ParseError& error) {
                ADD_FAILURE() << error.what();
                continue;
            }
            const CLI::App* command = app.get();
            std::vector<std::string> said;
            while (!command->get_subcommands().empty()) {
                command = command->get_subcommands().front();
                said.push_back(command->get_name());
            }
            EXPECT_EQ(joined(said), joined(words));
            const auto options = command->get_options();
            if (std::all_of(options.begin(), options.end(),
                            [](const CLI::Option* each) { return each->nonpositional(); }))
                continue; // no words of its own: a list may follow an option (digest --content)
            for (const CLI::Option* option : options) {
                if (!option->nonpositional()) continue;
                std::size_t times = 0;
                for (const std::string& word : typed)
                    times +=
                        word.starts_with("-") && option->check_name(word.substr(0, word.find('=')));
                EXPECT_EQ(option->count(), times) << option->get_name() << " took other words too";
            }
        }
    });
    EXPECT_GT(examples, 80u);
}

TEST(Completion, TheValueOfAnOptionBeforeTheCommandIsNotTheCommand) {
    const std::string script = "source " SAFAR_SOURCE_DIR "/config/completion/safar.bash; ";
    std::ostringstream out;
    Context context{out, out, false, false, {}, false, 30, {}};
    const auto app = build_app(context);
    for (const CLI::Option* option : app->get_options()) {
        if (option->get_items_expected_max() == 0) continue; // a flag
        const std::string name = option->get_name();
        const std::string ask = "bash -c '" + script + "COMP_WORDS=(safar " + name +
                                " x fin); COMP_CWORD=3; _safar; echo ${COMPREPLY[*]}'";
        std::FILE* pipe = ::popen(ask.c_str(), "r");
        ASSERT_NE(pipe, nullptr);
        char answer[256] = {};
        EXPECT_NE(std::fgets(answer, sizeof answer, pipe), nullptr);
        ::pclose(pipe);
        EXPECT_EQ(std::string(answer), "find\n") << name;
    }
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

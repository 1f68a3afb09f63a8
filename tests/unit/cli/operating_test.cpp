// docs/operating.md: every command line in it is one that the programs take.
#include "cli/app.hpp"
#include "cli/files.hpp"

#include <CLI/CLI.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>

namespace safar::cli {

namespace {

// As a shell splits it, as far as the document needs that: blanks, double quotes, a comment, a
// redirection.
std::vector<std::string> shell_words(const std::string& line) {
    std::vector<std::string> out;
    std::string word;
    bool quoted = false, begun = false;
    int depth = 0; // inside $( )
    for (char c : line + " ") {
        if (c == '(' || c == ')') depth += c == '(' ? 1 : -1;
        if (c == '"') {
            quoted = !quoted;
            begun = true;
        } else if (c == ' ' && !quoted && depth == 0) {
            if (begun) out.push_back(word);
            word.clear();
            begun = false;
        } else if ((c == '#' || c == '>') && !quoted && !begun) {
            break;
        } else {
            word += c;
            begun = true;
        }
    }
    return out;
}

// Lines of code blocks, and `inline code`, that begin with the program (as which user does not
// matter).
std::vector<std::string> command_lines(const std::string& text, const std::string& program) {
    std::vector<std::string> out;
    std::istringstream in(text);
    bool block = false;
    const auto take = [&](std::string line) {
        const std::string user = "runuser -u safar -- ";
        if (line.starts_with(user)) line = line.substr(user.size());
        if (line.starts_with(program + " ")) out.push_back(line);
    };
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with("```")) {
            block = !block;
            continue;
        }
        if (block) {
            take(line);
            continue;
        }
        for (std::size_t open = line.find('`'); open != std::string::npos;) {
            const std::size_t close = line.find('`', open + 1);
            if (close == std::string::npos) break;
            take(line.substr(open + 1, close - open - 1));
            open = line.find('`', close + 1);
        }
    }
    return out;
}

} // namespace

namespace {

// "" if safar takes the line. One that only names a command (`safar node init`) may lack arguments.
std::string refusal(const std::string& line) {
    std::ostringstream nothing;
    Context context{nothing, nothing, false, false, {}, false, 30, {}};
    const auto app = build_app(context);
    const auto words = shell_words(line);
    try {
        app->parse(std::vector<std::string>(words.rbegin(), words.rend() - 1));
    } catch (const CLI::CallForHelp&) {
    } catch (const CLI::RequiredError& error) {
        if (words.size() > 3 || !app->remaining(/*recurse=*/true).empty()) return error.what();
    } catch (const CLI::ParseError& error) {
        return error.what();
    }
    return "";
}

} // namespace

TEST(Operating, EveryCommandInTheRunbookIsOneThatSafarTakes) {
    const auto text = read_file(SAFAR_SOURCE_DIR "/docs/operating.md");
    ASSERT_TRUE(text);
    const auto lines = command_lines(text.value(), "safar");
    EXPECT_GT(lines.size(), 25u);
    for (const std::string& line : lines) EXPECT_EQ(refusal(line), "") << line;
}

TEST(Operating, TheRunbookTestCanFail) {
    EXPECT_EQ(refusal("safar peer test FIA"), "");
    EXPECT_EQ(refusal("safar node init"), "");
    EXPECT_NE(refusal("safar no-such-command"), "");
    EXPECT_NE(refusal("safar peer call FIA"), "");
    EXPECT_NE(refusal("safar watch --twice"), "");
    EXPECT_NE(refusal("safar restore /mnt/backup/one.tar --prove"), "");
    EXPECT_THAT(shell_words("safar x \"a b\" --y $(date +%F).tar > out # why"),
                testing::ElementsAre("safar", "x", "a b", "--y", "$(date +%F).tar"));
    const std::string text =
        "a `safar peers` b `safard x`\n```sh\nrunuser -u safar -- safar y\n```\n";
    EXPECT_EQ(command_lines(text, "safar").size(), 2u);
}

} // namespace safar::cli

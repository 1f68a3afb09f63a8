// The tour: a few questions to five nodes, each answer checked, with the commands that anybody may
// type. Fails (exit code 1) if an answer is not what it should be.
#pragma once

#include "cli/app.hpp"
#include "cli/demo_network.hpp"

namespace safar::cli {

// One worker's journey through five agencies, worked on from all of them: registered, exploited,
// found, referred, returned, reintegrated, with lines that go down and people who act at once.
[[nodiscard]] Outcome<Exit> demo_story(Context& context, const DemoNetwork& network);
[[nodiscard]] Outcome<Exit> demo_tour(Context& context, const DemoNetwork& network);

// Says what happens, runs commands as a person would, and remembers whether all was as it should
// be.
class Narrator {
public:
    Narrator(Context& context, const DemoNetwork& network) : context_(context), network_(network) {}

    void chapter(const std::string& title);
    void say(const std::string& text);
    // "iom$ safar ARGS", then its output; how it ended. A command that fails fails the tour.
    Exit run(const std::string& agency, const std::vector<std::string>& arguments,
             bool may_fail = false);
    // Prints the command and what it did, in a line; its JSON. Errors: the command's own.
    [[nodiscard]] Outcome<boost::json::value> tell(const std::string& agency,
                                                   const std::vector<std::string>& arguments);
    // The same command for its JSON, quietly. Errors: the command's own.
    [[nodiscard]] Outcome<boost::json::value> ask(const std::string& agency,
                                                  std::vector<std::string> arguments);
    // A tick, or a cross that fails the tour.
    void check(bool good, const std::string& what);
    [[nodiscard]] bool all_good() const { return all_good_; }
    [[nodiscard]] const DemoNetwork& network() const { return network_; }
    [[nodiscard]] std::ostream& out() { return context_.out; }

private:
    struct Ran {
        Exit exit;
        std::string out, err;
    };
    [[nodiscard]] Ran run_quietly(const std::string& agency,
                                  const std::vector<std::string>& arguments) const;
    Context& context_;
    const DemoNetwork& network_;
    int chapters_ = 0;
    bool all_good_ = true;
};

// Chapters (demo_checks.cpp, demo_tour.cpp).
[[nodiscard]] Outcome<Exit> check_published(Narrator& narrator, bool real);
[[nodiscard]] Outcome<Exit> show_digests(Narrator& narrator);

} // namespace safar::cli

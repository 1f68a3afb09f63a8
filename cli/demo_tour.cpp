#include "cli/demo_tour.hpp"

#include "cli/demo_process.hpp"
#include "cli/files.hpp"
#include "cli/json_text.hpp"
#include "cli/table.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <ostream>
#include <sstream>

namespace safar::cli {

namespace json = boost::json;

namespace {

constexpr std::chrono::seconds sync_patience{60};

std::string shell_word(const std::string& word) {
    const bool plain =
        word.find_first_of(" '\"$&|<>();*?#~`\\") == std::string::npos && !word.empty();
    return plain ? word : "\"" + word + "\"";
}

std::string indented(const std::string& text) {
    std::string out;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);)
        out += line.empty() ? "\n" : "    " + line + "\n";
    return out;
}

} // namespace

void Narrator::chapter(const std::string& title) {
    const std::string bold = context_.out_is_terminal ? "\x1b[1m" : "";
    context_.out << fmt::format("\n{}{}. {}{}\n\n", bold, ++chapters_, title,
                                bold.empty() ? "" : "\x1b[0m")
                 << std::flush;
}

void Narrator::say(const std::string& text) { context_.out << text << "\n" << std::flush; }

void Narrator::check(bool good, const std::string& what) {
    all_good_ = all_good_ && good;
    context_.out << (good ? "  ✓ " : "  ✗ ") << what << "\n\n" << std::flush;
}

Narrator::Ran Narrator::run_quietly(const std::string& agency,
                                    const std::vector<std::string>& arguments) const {
    std::ostringstream out, err;
    Context sub{out, err, false, false, network_.directory(agency), false, 60, {}};
    std::vector<std::string> all{"--node", network_.directory(agency)};
    all.insert(all.end(), arguments.begin(), arguments.end());
    const int code = cli::run(all, sub);
    return {static_cast<Exit>(code), out.str(), err.str()};
}

Outcome<json::value> Narrator::tell(const std::string& agency,
                                    const std::vector<std::string>& arguments) {
    std::string line = agency + "$ safar";
    for (const std::string& word : arguments) line += " " + shell_word(word);
    context_.out << line << "\n" << std::flush;
    return ask(agency, arguments);
}

Exit Narrator::run(const std::string& agency, const std::vector<std::string>& arguments,
                   bool may_fail) {
    std::string line = agency + "$ safar";
    for (const std::string& word : arguments) line += " " + shell_word(word);
    context_.out << line << "\n" << std::flush;
    const Ran ran = run_quietly(agency, arguments);
    context_.out << indented(ran.out + ran.err) << "\n" << std::flush;
    if (ran.exit != Exit::ok && !may_fail)
        check(false, fmt::format("this command should have succeeded; it ended with {}",
                                 static_cast<int>(ran.exit)));
    return ran.exit;
}

Outcome<json::value> Narrator::ask(const std::string& agency, std::vector<std::string> arguments) {
    arguments.push_back("--json");
    const Ran ran = run_quietly(agency, arguments);
    boost::system::error_code ec;
    json::value value = json::parse(ran.out, ec);
    if (ec) {
        std::string said = ran.err;
        while (!said.empty() && said.back() == '\n') said.pop_back();
        return Problem(ran.exit == Exit::ok ? Exit::bad_data : ran.exit, "demo",
                       fmt::format("{}: {}", agency, said));
    }
    return value;
}

namespace {

// A record that both agencies speak of: in the real files one that differs already, else made to
// differ.
Outcome<std::pair<std::string, std::string>> disputed(Narrator& narrator, bool real) {
    if (real) {
        SAFAR_TRY(auto list, narrator.ask("IOM", {"conflict", "list", "--limit", "1000"}));
        // A figure tells more than a changed link.
        for (const std::string field :
             {"dead_and_missing", "dead", "missing", "survivors", "date", "location"})
            for (const json::value& conflict : list_at(list, "conflicts"))
                if (text_at(conflict, "kind") == "incident" && text_at(conflict, "field") == field)
                    return std::pair{text_at(conflict, "id"), field};
        return Problem(Exit::no, "demo",
                       "the two editions brought no conflict, although they differ; was the import "
                       "cut short?");
    }
    SAFAR_TRY(auto found, narrator.ask("IOM", {"find", "incident", "route=Iran to Türkiye",
                                               "country_of_origin=Pakistan"}));
    const json::array& records = list_at(found, "records");
    if (records.empty())
        return Problem(Exit::no, "demo",
                       "the record of the route Iran to Türkiye is missing; safar demo up --fresh "
                       "starts again");
    return std::pair{text_at(records.front(), "id"), std::string("dead_and_missing")};
}

Outcome<Exit> disagreement(Narrator& narrator, bool real) {
    narrator.chapter("Two agencies, two figures: nothing is overwritten");
    SAFAR_TRY(auto record, disputed(narrator, real));
    const auto& [id, field] = record;
    if (real) {
        narrator.say("IOM imported the register's edition of 31 December 2019, UNODC that of 8 "
                     "January 2020. Where the\n"
                     "editions differ, both values stand, each with who said it and from what.");
        narrator.run("IOM", {"conflict", "list", "--limit", "5"});
    } else {
        narrator.say("IOM and UNODC both read the same published register, and met in one record "
                     "for each route.\n"
                     "Now UNODC counts again and says 78 for one of them:");
        narrator.run("UNODC", {"record", "set", id, "dead_and_missing=78"});
    }
    SAFAR_TRY(narrator.network().await_equal(sync_patience));
    narrator.say("FIA, which said nothing about it, sees both. What reads first is a matter of the "
                 "charter's order\n"
                 "of authority, never of who came last:");
    narrator.run("FIA", {"explain", id, field});
    SAFAR_TRY(auto answer, narrator.ask("FIA", {"explain", id, field}));
    narrator.check(flag_at(answer, "conflict") && list_at(answer, "live").size() >= 2,
                   "both values stand, and FIA knows who said which");
    if (real) return Exit::ok;
    narrator.say("A person settles it. The decision is itself an event, with its reason; what was "
                 "set aside stays known.");
    narrator.run("IOM", {"conflict", "resolve", id, field, "--value", "75", "--why",
                         "as the project published it"});
    SAFAR_TRY(narrator.network().await_equal(sync_patience));
    SAFAR_TRY(auto settled, narrator.ask("UNODC", {"explain", id, field}));
    narrator.check(!flag_at(settled, "conflict") && text_at(settled, "reading") == "75",
                   "settled at UNODC as well");
    return Exit::ok;
}

Outcome<Exit> cut_off(Narrator& narrator) {
    const DemoNetwork& network = narrator.network();
    narrator.chapter("A line goes down, both sides go on writing, the line comes back");
    SAFAR_TRY(auto made,
              narrator.ask("IOM", {"record", "create", "incident", "route=Eastern Mediterranean",
                                   "date=2024-01-15", "country_of_origin=Afghanistan",
                                   "dead_and_missing=12", "--basis", "report by phone"}));
    const std::string id = text_at(made, "id");
    narrator.say(fmt::format("IOM records an incident, {}. All nodes have it. Then FIA's line goes "
                             "down, and IOM writes on:",
                             id));
    SAFAR_TRY(network.await_equal(sync_patience));
    stop_daemon(network.pid_file("FIA"));
    narrator.run("IOM", {"record", "set", id, "survivors=31", "location=off Çeşme"});
    narrator.say("FIA knows nothing of that and reaches nobody (the demo holds the other four "
                 "still), and writes as well:");
    {
        const LineDown down(network, "FIA");
        SAFAR_TRY(network.start("FIA"));
        narrator.run("FIA", {"record", "set", id, "survivors=29"});
        narrator.run("FIA", {"record", "show", id});
    }
    narrator.say("The line is back. Nobody does anything; the nodes talk to each other:");
    SAFAR_TRY(network.await_equal(sync_patience));
    narrator.run("NCHR", {"explain", id, "survivors"});
    for (const DemoAgency& agency : network.agencies()) {
        SAFAR_TRY(auto answer, narrator.ask(agency.code, {"explain", id, "survivors"}));
        if (list_at(answer, "live").size() != 2)
            narrator.check(false, agency.code + " does not show both figures");
    }
    narrator.check(narrator.all_good(), "both sides' figures stand side by side at all five nodes");
    narrator.run("IOM", {"conflict", "resolve", id, "survivors", "--value", "31", "--why",
                         "the harbour's list names 31"});
    SAFAR_TRY(network.await_equal(sync_patience));
    return Exit::ok;
}

} // namespace

Outcome<Exit> demo_tour(Context& context, const DemoNetwork& network) {
    auto held = read_file(network.root() + "/imported");
    if (!held)
        return Problem(Exit::unreachable, "demo",
                       "the demo holds no data yet; safar demo up goes on where it stopped");
    const bool real = held.value() != "published\n";
    Narrator narrator(context, network);

    narrator.chapter("Five agencies, five nodes, no centre");
    narrator.say("A charter, signed by two stewards, says who takes part and who may hold what. "
                 "Each agency keeps its\n"
                 "own node; here they are five processes on this machine, which speak TLS 1.3 to "
                 "each other.");
    narrator.run("IOM", {"charter", "show"});
    narrator.run("IOM", {"status"});
    narrator.run("IOM", {"peers"});

    narrator.chapter("Does it count right? Published figures beside what the nodes answer");
    SAFAR_TRY(network.await_equal(sync_patience));
    SAFAR_TRY(check_published(narrator, real));
    SAFAR_TRY(disagreement(narrator, real));
    SAFAR_TRY(cut_off(narrator));

    narrator.chapter("Do all hold the same?");
    narrator.say(
        "For each compartment, a digest over all its records, as each node computes it on its own\n"
        "(with the real files that is a million records at four nodes, and takes a minute):");
    SAFAR_TRY(show_digests(narrator));
    if (!narrator.all_good())
        return Problem(
            Exit::no, "demo",
            "not everything was as it should be; see the lines marked with a cross above");
    narrator.say("Everything was as it should be.");
    return Exit::ok;
}

} // namespace safar::cli

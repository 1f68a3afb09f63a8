// What an operator asks when something may be wrong: the test of a peer, and the doctor.
#include "cli/app.hpp"
#include "cli/json_text.hpp"
#include "cli/listing.hpp"
#include "cli/table.hpp"
#include "node/charter/identity.hpp"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <ostream>

namespace safar::cli {

namespace json = boost::json;

namespace {

Outcome<Exit> test_peer(Context& context, const std::string& agency) {
    SAFAR_TRY(auto client, context.client());
    SAFAR_TRY(auto answer,
              client.patient().post("/v1/peers/test", json::object{{"agency", agency}}));
    SAFAR_TRY(auto list, list_in(answer, "/v1/peers/test"));
    const json::array& tests = *list;
    const bool good = std::all_of(tests.begin(), tests.end(),
                                  [](const json::value& t) { return flag_at(t, "ok"); });
    const Exit end = good ? Exit::ok : Exit::no;
    if (context.json) {
        context.print_raw(answer);
        return end;
    }
    for (const json::value& test : tests) {
        context.out << visible(fmt::format("{}: {}: {} ({} ms)", text_at(test, "agency"),
                                           text_at(test, "cause"), text_at(test, "detail"),
                                           text_at(test, "took_ms")))
                    << "\n";
        if (const std::string advice = text_at(test, "advice"); !advice.empty())
            context.out << "  " << visible(advice) << "\n";
    }
    if (tests.empty()) context.out << "the charter lists no other node\n";
    return end;
}

// What can be said where no node answers.
json::value examine_alone(const std::string& directory, const Error& silence) {
    auto identity = load_identity(directory);
    json::array findings;
    findings.push_back(
        json::object{{"check", "safard"},
                     {"health", "problem"},
                     {"found", silence.detail},
                     {"advice", silence.code == ErrorCode::timed_out
                                    ? "it runs, and is busy or hangs: journalctl -u safard"
                                    : "start it, or read why it ended: journalctl -u safard"}});
    findings.push_back(
        json::object{{"check", "keys"},
                     {"health", identity ? "ok" : "problem"},
                     {"found", identity ? "both are readable by this node alone and whole"
                                        : identity.error().detail},
                     {"advice", ""}});
    return json::object{{"health", "problem"}, {"findings", std::move(findings)}};
}

Outcome<Exit> doctor(Context& context) {
    SAFAR_TRY(auto client, context.client());
    auto answer = client.get("/v1/health");
    const bool silent = !answer && (answer.error().code == ErrorCode::unreachable ||
                                    answer.error().code == ErrorCode::timed_out);
    if (!answer && (!silent || client.place().remote)) return Problem(answer.error());
    const json::value health =
        answer ? answer.value().json : examine_alone(client.place().directory, answer.error());
    const Exit end = text_at(health, "health") == "problem" ? Exit::no : Exit::ok;
    if (context.json) {
        context.out << health << '\n';
        return end;
    }
    for (const json::value& finding : list_at(health, "findings")) {
        context.out << visible(fmt::format("{:<8} {}: {}", text_at(finding, "health"),
                                           text_at(finding, "check"), text_at(finding, "found")))
                    << "\n";
        if (const std::string advice = text_at(finding, "advice"); !advice.empty())
            context.out << "           -> " << visible(advice) << "\n";
    }
    return end;
}

} // namespace

void add_operate_commands(CLI::App& app, Context& context) {
    CLI::App& peer = add_group(app, "peer", "Look at one peer");
    const auto agency = std::make_shared<std::string>();
    auto& test = add_command(peer, context, "test",
                             "Call a peer once and name what is wrong (exit code 1: something is)",
                             "safar peer test FIA\nsafar peer test   (every node of the charter)",
                             [&context, agency] { return test_peer(context, *agency); });
    test.add_option("agency", *agency, "Agency code; all if absent")->type_name("AGENCY");
    add_command(app, context, "doctor",
                "Is this node well, and if not, what to do (exit code 1: a problem)",
                "safar doctor\nsafar doctor --json", [&context] { return doctor(context); });
}

} // namespace safar::cli

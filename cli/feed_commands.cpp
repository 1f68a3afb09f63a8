// The feed of changes, as JSON lines that another system can follow.
#include "cli/app.hpp"
#include "cli/json_text.hpp"
#include "cli/lines.hpp"
#include "cli/table.hpp"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <set>
#include <thread>

namespace safar::cli {

namespace json = boost::json;

namespace {

constexpr std::uint64_t part_max = 500;   // lines of one request
constexpr unsigned wait_seconds_max = 10; // for news, of one request
constexpr std::chrono::seconds pause_after_failure{1};
constexpr std::chrono::seconds pause_between{1}; // where the node cannot wait

struct FeedOptions {
    std::string since, recipient;
    std::uint64_t limit = 0; // 0: no end
    bool follow = false;
};

// How far an answer came, also one that broke off.
struct FeedAnswer {
    std::uint64_t lines = 0;
    std::string cursor;   // of its end, else of its last line; "": of neither
    std::string kept;     // of the last line that the output has taken for certain
    std::string standing; // of its end
    bool more = false, ended = false;
    std::set<std::string> missing; // consent, where the lines are for somebody else
};

// One request: its lines go out as they are, its end is read.
Result<> ask(Context& context, const ApiClient& client, const Query& query, FeedAnswer& out) {
    std::string rest;
    const auto take_line = [&](std::string_view line) -> Result<> {
        json::error_code ec;
        const json::value value = json::parse({line.data(), line.size()}, ec);
        // Passing over it would lose an event: the cursor goes on behind it.
        if (ec)
            return failure(ErrorCode::malformed,
                           "a line of the node's answer is no JSON" +
                               (out.cursor.empty() ? std::string(", the first of it")
                                                   : "; it follows cursor " + out.cursor));
        if (const json::value& end = member(value, "end"); end.is_object()) {
            out.cursor = text_at(end, "cursor");
            out.more = flag_at(end, "more");
            out.standing = text_at(end, "standing");
            out.ended = true;
            for (const json::value& each : list_at(member(end, "left_out"), "missing"))
                if (each.is_string()) out.missing.emplace(each.get_string());
        } else {
            context.out << line << '\n';
            ++out.lines;
            out.cursor = text_at(value, "cursor");
        }
        return success();
    };
    SAFAR_TRY(
        client.download(target_of("/v1/feed", query), [&](std::string_view bytes) -> Result<> {
            rest += bytes;
            SAFAR_TRY(take_lines(rest, take_line));
            context.out.flush();
            if (!context.out)
                return failure(
                    ErrorCode::storage_failed,
                    "the output could not be written in full; go on with the cursor of its last "
                    "whole line" +
                        (out.kept.empty() ? "" : ": at least up to " + out.kept + " it is there"));
            out.kept = out.cursor;
            return success();
        }));
    if (!out.ended)
        return failure(ErrorCode::unreachable,
                       "the node's answer ended early; go on from the cursor of the last line");
    return success();
}

bool passes(ErrorCode code) {
    return code == ErrorCode::unreachable || code == ErrorCode::stopping ||
           code == ErrorCode::timed_out || code == ErrorCode::busy;
}

// A node that waits for news is silent: it must answer before it is given up. 0: it cannot wait.
unsigned wait_seconds(const Context& context) {
    return std::min(context.timeout_seconds / 2, wait_seconds_max);
}

Outcome<Exit> feed(Context& context, const FeedOptions& options) {
    SAFAR_TRY(auto client, context.client());
    std::string cursor = options.since, kept, standing;
    std::uint64_t left = options.limit;
    bool told = false;             // that the node is away
    bool placed = false;           // an answer has said where "now" is
    std::set<std::string> missing; // told once each
    for (;;) {
        const std::uint64_t wanted = options.limit == 0 ? part_max : std::min(left, part_max);
        Query query{{"limit", std::to_string(wanted)}};
        if (!cursor.empty()) query.emplace_back("since", cursor);
        if (!options.recipient.empty()) query.emplace_back("for", options.recipient);
        // The first answer comes at once: what follows "now" is not lost where a later one fails.
        const unsigned wait = options.follow && placed ? wait_seconds(context) : 0;
        if (wait > 0) query.emplace_back("wait", std::to_string(wait));
        FeedAnswer answer;
        answer.kept = kept;
        const auto asked = ask(context, client, query, answer);
        kept = answer.kept;
        placed = placed || !answer.cursor.empty();
        if (!answer.cursor.empty()) cursor = answer.cursor;
        for (const std::string& each : answer.missing)
            if (missing.insert(each).second)
                context.err << "left out, missing: " << visible(each) << '\n';
        if (!standing.empty() && answer.ended && answer.standing != standing)
            context.err << "what counts may have changed, also of lines that were given before: "
                           "who must be exact reads again from the beginning\n";
        if (answer.ended) standing = answer.standing;
        left -= std::min(left, answer.lines);
        const bool enough = options.limit != 0 && left == 0;
        if (!asked && (!enough || asked.error().code == ErrorCode::storage_failed)) {
            const Error& error = asked.error();
            if (!options.follow || !passes(error.code)) return Problem(error);
            if (!std::exchange(told, true))
                context.err << visible(fmt::format("waiting for the node: {}", error.detail))
                            << '\n';
            std::this_thread::sleep_for(pause_after_failure);
            continue;
        }
        told = false;
        if (enough || (!options.follow && !answer.more)) break;
        if (wait_seconds(context) == 0 && !answer.more) std::this_thread::sleep_for(pause_between);
    }
    if (!context.json) context.err << fmt::format("go on with --since {}\n", cursor);
    return Exit::ok;
}

} // namespace

void add_feed_command(CLI::App& app, Context& context) {
    const auto options = std::make_shared<FeedOptions>();
    auto& command = add_command(app, context, "feed",
                                "What this node came to hold, one JSON line an event, from a "
                                "cursor on (each line carries its own)",
                                "safar feed > changes.jsonl\n"
                                "safar feed --since 1042.17.9f3ac2d18b04e6aa --follow\n"
                                "safar feed --since now --follow --purpose \"family tracing\"",
                                [&context, options] { return feed(context, *options); });
    command
        .add_option(
            "--since", options->since,
            "Cursor of the last line that was kept; \"now\"; without it: from the beginning")
        ->type_name("CURSOR");
    command
        .add_option("--for", options->recipient,
                    "Whom the lines are for: only what consent covers for --purpose CODE")
        ->type_name("AGENCY");
    command.add_flag("--follow", options->follow,
                     "Wait for more, for ever; a node that is away is waited for");
    command.add_option("--limit", options->limit, "End after so many lines")
        ->type_name("N")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 40));
}

} // namespace safar::cli

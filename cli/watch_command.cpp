// A live view of a node, for a terminal that somebody leaves open.
#include "cli/watch.hpp"

#include "cli/listing.hpp"
#include "cli/peer_text.hpp"
#include "cli/table.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <ostream>
#include <thread>

namespace safar::cli {

namespace json = boost::json;

namespace {

struct WatchOptions {
    bool once = false;
    unsigned interval_seconds = 1;
};

const json::array& peers_of(const WatchSample& sample) {
    static const json::array nothing;
    return sample.peers.is_array() ? sample.peers.as_array() : nothing;
}

std::string rate(std::int64_t now, std::int64_t before, double seconds) {
    if (seconds <= 0 || now < before) return "-"; // a new session counts from zero
    return grouped(static_cast<std::int64_t>(static_cast<double>(now - before) / seconds + 0.5));
}

const json::value* same_peer(const WatchSample* sample, const std::string& node) {
    if (sample == nullptr) return nullptr;
    for (const json::value& peer : peers_of(*sample))
        if (text_at(peer, "node") == node) return &peer;
    return nullptr;
}

Outcome<WatchSample> look(const ApiClient& client) {
    WatchSample out;
    SAFAR_TRY(auto status, client.get("/v1/status"));
    SAFAR_TRY(auto peers, client.get("/v1/peers"));
    SAFAR_TRY(list_in(peers, "/v1/peers"));
    out.at = std::chrono::steady_clock::now();
    out.status = std::move(status.json);
    out.peers = std::move(peers.json);
    return out;
}

Outcome<Exit> watch(Context& context, const WatchOptions& options) {
    SAFAR_TRY(auto client, context.client());
    std::optional<WatchSample> before;
    for (;;) {
        auto sample = look(client);
        // Only what may pass by itself is waited for.
        if (!sample && (options.once || sample.error().exit != Exit::unreachable))
            return sample.error();
        std::string text;
        if (sample && context.json)
            text = json::serialize(json::object{{"status", sample.value().status},
                                                {"peers", sample.value().peers}}) +
                   "\n";
        else if (sample)
            text = watch_text(sample.value(), before ? &*before : nullptr);
        else
            text =
                visible(fmt::format("{}: {}", sample.error().what, sample.error().detail)) + "\n";
        // Home, the text, then clear what is left: no flicker.
        if (context.out_is_terminal && !options.once && !context.json)
            context.out << "\x1b[H\x1b[2J";
        (!sample && context.json ? context.err : context.out) << text << std::flush;
        if (options.once || !context.out) return Exit::ok;
        if (sample) before = std::move(sample.value());
        std::this_thread::sleep_for(std::chrono::seconds(options.interval_seconds));
    }
}

} // namespace

std::string watch_text(const WatchSample& now, const WatchSample* before) {
    const json::value& s = now.status;
    const double seconds =
        before == nullptr ? 0 : std::chrono::duration<double>(now.at - before->at).count();
    const auto rate_of = [&](const json::value& here, const json::value* earlier,
                             const char* name) {
        return earlier == nullptr ? std::string("-")
                                  : rate(number_at(here, name), number_at(*earlier, name), seconds);
    };
    std::string out =
        visible(fmt::format("{} node {}  network {}  epoch {}  up {} s", text_at(s, "agency"),
                            text_at(s, "node").substr(0, 8), text_at(s, "charter.network"),
                            text_at(s, "charter.epoch"), text_at(s, "uptime_s"))) +
        "\n";
    out +=
        fmt::format("batches {} ({}/s)  derived {}  conflicts {}  quarantined {}  forks {}\n\n",
                    grouped(number_at(s, "position.log")),
                    rate_of(s, before == nullptr ? nullptr : &before->status, "position.log"),
                    grouped(number_at(s, "position.derived")), grouped(number_at(s, "conflicts")),
                    grouped(number_at(s, "quarantined")), grouped(number_at(s, "forks")));
    Table table({{"peer"},
                 {"state"},
                 {"lacks here", Align::right},
                 {"lacks there", Align::right},
                 {"in/s", Align::right},
                 {"out/s", Align::right},
                 {"KiB in/s", Align::right},
                 {"KiB out/s", Align::right},
                 {"since"},
                 {"why"}});
    for (const json::value& peer : peers_of(now)) {
        const json::value* earlier = same_peer(before, text_at(peer, "node"));
        const auto kib = [&](const char* name) {
            return earlier == nullptr ? std::string("-")
                                      : rate(number_at(peer, name) / 1024,
                                             number_at(*earlier, name) / 1024, seconds);
        };
        table.row({text_at(peer, "agency"), text_at(peer, "state"),
                   grouped(number_at(peer, "behind_here")),
                   grouped(number_at(peer, "behind_there")), rate_of(peer, earlier, "events_in"),
                   rate_of(peer, earlier, "events_out"), kib("bytes_in"), kib("bytes_out"),
                   text_at(peer, "since"), peer_note(peer)});
    }
    return out + (table.empty() ? "the charter lists no other node\n" : table.render());
}

void add_watch_command(CLI::App& app, Context& context) {
    const auto options = std::make_shared<WatchOptions>();
    auto& command =
        add_command(app, context, "watch", "Peers, lag, rates and conflicts, again every second",
                    "safar watch\nsafar watch --once   (for scripts)\nsafar watch --interval 10",
                    [&context, options] { return watch(context, *options); });
    command.add_flag("--once", options->once, "Print it once and end");
    command.add_option("--interval", options->interval_seconds, "Between two looks (default 1)")
        ->type_name("SECONDS")
        ->check(CLI::Range(1U, 3600U));
}

} // namespace safar::cli

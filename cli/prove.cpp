#include "cli/prove.hpp"

#include "cli/demo_process.hpp"
#include "cli/files.hpp"
#include "cli/json_text.hpp"
#include "cli/listing.hpp"
#include "cli/locate.hpp"
#include "cli/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <thread>

namespace safar::cli {

namespace json = boost::json;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::chrono::milliseconds between_looks{200};
constexpr std::chrono::seconds start_patience{120}; // of a large store after its first opening

// A safard on the directory that ends with the object.
class Daemon {
public:
    explicit Daemon(std::string directory) : directory_(std::move(directory)) {}
    ~Daemon() {
        stop_daemon(pid_file());
        std::error_code ignored;
        if (answered_) std::filesystem::remove(log_file(), ignored);
    }
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;

    Outcome<ApiClient> start() {
        SAFAR_TRY(auto safard, find_safard());
        SAFAR_TRY(start_daemon(safard, directory_, log_file(), pid_file(), Lives::with_us));
        ApiClient client(directory_, std::chrono::seconds(30));
        const auto end = Clock::now() + start_patience;
        while (running_daemon(pid_file()) && Clock::now() < end) {
            if (client.get("/v1/status")) {
                answered_ = true;
                return client;
            }
            std::this_thread::sleep_for(between_looks);
        }
        return Problem(Exit::unreachable, "the restored node does not come up", last_words());
    }

private:
    [[nodiscard]] std::string pid_file() const { return directory_ + "/prove.pid"; }
    [[nodiscard]] std::string log_file() const { return directory_ + "/prove.log"; }
    [[nodiscard]] std::string last_words() const {
        auto text = read_file(log_file());
        if (!text) return "it left no log";
        while (!text.value().empty() && text.value().back() == '\n') text.value().pop_back();
        return log_file() + ": " + text.value().substr(text.value().rfind('\n') + 1);
    }

    std::string directory_;
    bool answered_ = false;
};

bool connected(const json::value& peer) { return text_at(peer, "state") == "connected"; }

// It has said what it holds, and nothing of that lacks here.
bool nothing_lacks(const json::value& peer) {
    return connected(peer) && flag_at(peer, "compared") && number_at(peer, "behind_here") == 0;
}

// The peers once nothing lacks here of what `wanted` ones hold, or as they are when patience ends.
Outcome<json::array> meet_peers(const ApiClient& client, std::chrono::seconds patience,
                                const std::function<bool(const json::value&)>& wanted) {
    const auto end = Clock::now() + patience;
    int quiet = 0;
    for (;;) {
        auto answer = client.get("/v1/peers");
        if (!answer && answer.error().code == ErrorCode::busy && Clock::now() < end) {
            std::this_thread::sleep_for(between_looks);
            continue;
        }
        SAFAR_TRY(answer);
        SAFAR_TRY(auto list, list_in(answer.value(), "/v1/peers"));
        const json::array& peers = *list;
        const bool done = std::all_of(peers.begin(), peers.end(), [&](const json::value& peer) {
            return nothing_lacks(peer) || !wanted(peer);
        });
        quiet = done ? quiet + 1 : 0; // a session may be taken over by another one
        if (quiet >= 3 || Clock::now() >= end) return peers;
        std::this_thread::sleep_for(between_looks);
    }
}

} // namespace

bool Proof::good() const {
    const json::value all = json;
    const json::array& peers = list_at(all, "peers");
    const bool met = peers.empty() || std::any_of(peers.begin(), peers.end(), connected);
    const bool complete = std::all_of(peers.begin(), peers.end(), [](const json::value& peer) {
        return !connected(peer) || nothing_lacks(peer);
    });
    return met && complete && number_at(all, "forks") == 0 && list_at(all, "problems").empty() &&
           text_at(all, "derived") == "same";
}

Outcome<Proof> prove_restored(Context& context, const std::string& directory, std::uint64_t held,
                              std::chrono::seconds patience) {
    if (!context.json)
        context.err << "starting the restored node to ask its peers; this takes up to "
                    << patience.count() << " s\n";
    Daemon daemon(directory);
    SAFAR_TRY(auto client, daemon.start());
    SAFAR_TRY(const auto met, meet_peers(client, patience, [](const auto&) { return true; }));
    SAFAR_TRY(auto checked, client.patient().post("/v1/verify?deep=1", json::object()));
    // As it ends: much may have come since, and a session may have broken off.
    SAFAR_TRY(auto peers, meet_peers(client, patience, [&met](const json::value& peer) {
                  return std::any_of(met.begin(), met.end(), [&](const json::value& before) {
                      return connected(before) && text_at(before, "node") == text_at(peer, "node");
                  });
              }));
    SAFAR_TRY(auto status, client.get("/v1/status"));
    const auto position = number_at(status.json, "position.log");
    return Proof{json::object{{"held", held},
                              {"position", position},
                              {"fetched", position - static_cast<std::int64_t>(held)},
                              {"forks", number_at(status.json, "forks")},
                              {"peers", std::move(peers)},
                              {"problems", list_at(checked.json, "problems")},
                              {"derived", text_at(checked.json, "derived")}}};
}

std::string proof_text(const Proof& proof) {
    const json::value all = proof.json;
    std::string out =
        fmt::format("The backup held {} batches; {} more came from peers.\n",
                    grouped(number_at(all, "held")), grouped(number_at(all, "fetched")));
    Table table({{"peer"},
                 {"state"},
                 {"lacks here", Align::right},
                 {"lacks there", Align::right},
                 {"why"}});
    for (const json::value& peer : list_at(all, "peers"))
        table.row({text_at(peer, "agency"), text_at(peer, "state"),
                   flag_at(peer, "compared") ? text_at(peer, "behind_here") : "?",
                   flag_at(peer, "compared") ? text_at(peer, "behind_there") : "?",
                   text_at(peer, "why")});
    out += table.empty() ? "The charter lists no other node: there is nobody to compare with.\n"
                         : table.render();
    for (const json::value& problem : list_at(all, "problems"))
        out += "PROBLEM: " + visible(shown(problem)) + "\n";
    if (text_at(all, "derived") != "same")
        out += "derived state: " + visible(text_at(all, "derived")) + "\n";
    if (number_at(all, "forks") > 0) out += "A log is FORKED: see `safar doctor`.\n";
    out +=
        proof.good()
            ? "Proved: it holds what every peer that was reached holds. It is stopped again.\n"
            : "NOT proved: see above. It is stopped again; start it, and look at: safar doctor\n";
    return out;
}

} // namespace safar::cli

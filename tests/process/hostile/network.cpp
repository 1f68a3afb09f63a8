#include "tests/process/hostile/network.hpp"

#include "tests/process/governance.hpp"

#include <algorithm>
#include <csignal>
#include <iostream>

namespace safar::process {
namespace {
using namespace std::chrono_literals;

// One agency for each row and variant: who was blamed once is not heard again for a while.
std::vector<std::string> agencies() {
    std::vector<std::string> out = HostileNetwork::honest();
    for (const char* row :
         {"TLS",  "GONE", "HALT", "OLD",  "SERVER", "H01",  "H02",  "H03",  "H11",  "H13", "H14",
          "H14B", "H15",  "H15B", "H17",  "H17B",   "H18",  "H20",  "H20B", "H21",  "H22", "H23",
          "H23S", "H25",  "H25S", "H26",  "H26S",   "H26T", "H28",  "H28B", "H28C", "H29", "H31",
          "H31B", "H32",  "H33",  "H34",  "H35",    "H36",  "H36B", "H36C", "H37",  "H38", "H38B",
          "H38C", "H40",  "H40B", "H41",  "H41B",   "H43",  "H44",  "H44B", "H44C", "H45", "H45B",
          "H48",  "H49",  "H49B", "H49C", "H49D",   "H50",  "H50B", "H53",  "H55"})
        out.emplace_back(row);
    return out;
}

// All write returns, but H36: what FIA lets it write is a follow-up of one.
std::vector<Federation::Compartment> compartments() {
    const auto all = agencies();
    auto writers = all;
    std::erase(writers, "H36");
    return {{"return", {"return", "follow_up"}, writers, all},
            {"protection", {"person"}, {"IOM"}, {"FIA", "MOFA"}}};
}

} // namespace

HostileNetwork& HostileNetwork::the() {
    static HostileNetwork network;
    return network;
}

const std::vector<std::string>& HostileNetwork::honest() {
    static const std::vector<std::string> names{"IOM", "FIA", "MOFA"};
    return names;
}

HostileNetwork::HostileNetwork() : net(agencies(), compartments()), elsewhere({"ELSEWHERE"}) {
    std::signal(SIGPIPE, SIG_IGN);
    for (const std::string& agency : agencies())
        identity.emplace(agency, load_identity(net.directory(agency)).value());
    identity.emplace("ELSEWHERE", load_identity(elsewhere.directory("ELSEWHERE")).value());
    for (const std::string& agency : honest()) net.start(agency);
    EXPECT_TRUE(write_one(net, "IOM"));
    net.wait_equal(honest(), "return");
    govern();
    const auto state = load_charter_state(net.directory("IOM"));
    EXPECT_TRUE(state) << describe(state.error());
    charter = state.value().ruling().charter;
    net.wait_equal(honest(), "return");
    load_ = std::make_unique<Load>(net, honest(), 60ms);
    prober_ = std::thread([this] { probe(); });
    std::this_thread::sleep_for(3s);
    const auto enough = [this] {
        std::lock_guard lock(mutex_);
        return latencies_.size() > 10;
    };
    EXPECT_TRUE(eventually(enough));
    quiet = honest_latency();
}

// One agency has left the network, one has other keys, one is suspended, one is let write
// something.
void HostileNetwork::govern() const {
    const auto done = [&](const std::string& agency, std::vector<std::string> words) {
        Ran ran = net.safar(agency, std::move(words));
        EXPECT_EQ(ran.exit_code, 0) << ran.err;
        return ran.out;
    };
    std::ofstream(net.path("old-new.toml")) << done("OLD", {"key", "rotate"});
    std::ofstream(net.path("draft.toml"))
        << done("IOM", {"charter", "amend", "--remove", "GONE", "--rotate",
                        identity.at("OLD").id.hex() + "=" + net.path("old-new.toml"), "--why",
                        "one left the network, one has new keys"});
    for (const char* steward : {"FIA", "IOM"})
        done(steward, {"charter", "sign", net.path("draft.toml")});
    done("IOM", {"charter", "publish", net.path("draft.toml")});
    const auto of_epoch_2 = [&](const std::string& agency) {
        return net.ask(agency, {"status"}).at("charter").at("epoch").as_int64() == 2;
    };
    for (const std::string& agency : honest())
        EXPECT_TRUE(eventually([&] { return of_epoch_2(agency); })) << agency;
    done("IOM", {"charter", "suspend", "HALT", "--why", "its laptop was stolen"});
    done("FIA", {"delegate", "give", "H36", "--compartment", "return", "--kind", "follow_up",
                 "--until-batch", "9", "--why", "it visits those who returned"});
    for (const std::string& agency : honest())
        EXPECT_TRUE(eventually([&] {
            return net.ask(agency, {"charter", "notices"}).as_array().size() == 2;
        })) << agency;
}

HostileNetwork::~HostileNetwork() {
    stopping_ = true;
    if (prober_.joinable()) prober_.join();
}

void HostileNetwork::probe() {
    while (!stopping_) {
        std::string why;
        const auto id = write_one(net, "FIA", &why);
        const auto begun = std::chrono::steady_clock::now();
        bool shown = false;
        while (id && !(shown = shows(net, "IOM", *id)) && !stopping_ &&
               std::chrono::steady_clock::now() < begun + 30s)
            std::this_thread::sleep_for(1ms);
        const std::chrono::duration<double, std::milli> took =
            std::chrono::steady_clock::now() - begun;
        {
            std::lock_guard lock(mutex_);
            if (shown)
                latencies_.push_back(took.count());
            else if (!id)
                missed_.push_back("not written: " + why);
            else if (!stopping_)
                missed_.push_back("not shown: " + *id);
        }
        std::this_thread::sleep_for(25ms);
    }
}

const HostileNetwork::Settled& HostileNetwork::settle() {
    if (settled_) return *settled_;
    stopping_ = true;
    prober_.join();
    load_->stop();
    settled_ = Settled{load_->acknowledged(), {}, load_->refusals(), missed_, honest_latency()};
    net.wait_equal(honest(), "return");
    std::map<std::string, std::future<std::size_t>> counts;
    for (const std::string& agency : honest())
        counts[agency] = std::async(std::launch::async,
                                    [&] { return count_lost(net, agency, settled_->written); });
    for (auto& [agency, count] : counts) settled_->lost[agency] = count.get();
    return *settled_;
}

HostileNetwork::Latency HostileNetwork::honest_latency() {
    std::lock_guard lock(mutex_);
    auto all = std::exchange(latencies_, {});
    std::sort(all.begin(), all.end());
    if (all.empty()) return {};
    return {all[all.size() / 2], all[all.size() * 99 / 100], all.back(), all.size()};
}

int HostileNetwork::port(const std::string& agency) const {
    const std::string text = slurp(net.directory(agency) + "/safard.toml"),
                      mark = "listen = \"127.0.0.1:";
    const std::size_t at = text.find(mark);
    if (at != std::string::npos) return std::stoi(text.substr(at + mark.size()));
    ADD_FAILURE() << agency << " listens nowhere";
    return 0;
}

boost::json::array HostileNetwork::logs_of(const std::string& agency, const std::string& at) const {
    boost::json::array out;
    const auto logs = call(net, at, "/v1/logs");
    EXPECT_TRUE(logs) << at << " does not say what it holds";
    if (!logs) return out;
    for (const auto& log : logs->as_array())
        if (log.at("agency").as_string() == agency) out.push_back(log);
    return out;
}

std::string HostileNetwork::peer_state(const std::string& agency, const std::string& at) const {
    const auto peers = call(net, at, "/v1/peers");
    if (!peers) return "";
    for (const auto& peer : peers->as_array())
        if (peer.at("agency").as_string() == agency)
            return std::string(peer.at("state").as_string());
    return "";
}

HostileNetwork::Refusal HostileNetwork::refusal(const std::string& agency,
                                                const std::string& at) const {
    const std::string log = net.log_of(at), mark = "peer refused agency=" + agency + " ";
    const std::size_t from = log.rfind(mark);
    if (from == std::string::npos) return {};
    const std::string line = log.substr(from, log.find('\n', from) - from);
    const std::size_t code = line.find("code=") + 5, wait = line.rfind("for_s=");
    if (wait == std::string::npos) return {}; // half of it is written
    return {line.substr(code, line.find(' ', code) - code), std::stoi(line.substr(wait + 6))};
}

double HostileNetwork::metric(const std::string& name) const {
    const std::string text = text_of(net, "IOM", "/metrics");
    const std::size_t at = text.find("\n" + name + " ");
    return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
}

} // namespace safar::process

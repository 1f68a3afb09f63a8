#include "tests/process/hostile/network.hpp"

#include "tests/process/governance.hpp"

#include <algorithm>
#include <csignal>
#include <iostream>

namespace safar::process {
namespace {
using namespace std::chrono_literals;

const std::vector<std::string> honest{"IOM", "FIA", "MOFA"};

// One agency for each row and variant: who was blamed once is not heard again for a while.
std::vector<std::string> agencies() {
    std::vector<std::string> out = honest;
    for (const char* row :
         {"TLS",  "GONE", "HALT", "SERVER", "H01",  "H02",  "H03",  "H11",  "H13", "H14",
          "H14B", "H15",  "H15B", "H17",    "H17B", "H18",  "H20",  "H20B", "H21", "H22",
          "H23",  "H23S", "H25",  "H25S",   "H26",  "H26S", "H28",  "H29",  "H31", "H32",
          "H33",  "H34",  "H35",  "H36",    "H37",  "H38",  "H38B", "H38C", "H40", "H41",
          "H43",  "H44",  "H44B", "H44C",   "H45",  "H48",  "H49",  "H50",  "H53", "H55"})
        out.emplace_back(row);
    return out;
}

} // namespace

HostileNetwork& HostileNetwork::the() {
    static HostileNetwork network;
    return network;
}

HostileNetwork::HostileNetwork() : net(agencies()) {
    std::signal(SIGPIPE, SIG_IGN);
    for (const std::string& agency : agencies())
        identity.emplace(agency, load_identity(net.directory(agency)).value());
    for (const std::string& agency : honest) net.start(agency);
    EXPECT_TRUE(write_one(net, "IOM"));
    net.wait_equal(honest, "return");
    // One agency has left the network, one is suspended.
    Ran drafted =
        net.safar("IOM", {"charter", "amend", "--remove", "GONE", "--why", "left the network"});
    EXPECT_EQ(drafted.exit_code, 0) << drafted.err;
    std::ofstream(net.path("draft.toml")) << drafted.out;
    for (const char* steward : {"FIA", "IOM"})
        EXPECT_EQ(net.safar(steward, {"charter", "sign", net.path("draft.toml")}).exit_code, 0);
    EXPECT_EQ(net.safar("IOM", {"charter", "publish", net.path("draft.toml")}).exit_code, 0);
    EXPECT_EQ(net.safar("IOM", {"charter", "suspend", "HALT", "--why", "its laptop was stolen"})
                  .exit_code,
              0);
    for (const std::string& agency : honest)
        EXPECT_TRUE(eventually([&] {
            return net.ask(agency, {"status"}).at("charter").at("epoch").as_int64() == 2 &&
                   !net.ask(agency, {"charter", "notices"}).as_array().empty();
        })) << agency;
    const auto state = load_charter_state(net.directory("IOM"));
    EXPECT_TRUE(state) << describe(state.error());
    charter = state.value().ruling().charter;
    net.wait_equal(honest, "return");
    load_ = std::make_unique<Load>(net, std::vector<std::string>{"FIA", "MOFA"}, 20ms);
    prober_ = std::thread([this] { probe(); });
    std::this_thread::sleep_for(3s);
    quiet = honest_latency();
}

HostileNetwork::~HostileNetwork() {
    stopping_ = true;
    prober_.join();
}

void HostileNetwork::probe() {
    while (!stopping_) {
        if (auto id = write_one(net, "FIA")) {
            const auto begun = std::chrono::steady_clock::now();
            while (!shows(net, "IOM", *id) && std::chrono::steady_clock::now() < begun + 30s &&
                   !stopping_)
                std::this_thread::sleep_for(1ms);
            std::lock_guard lock(mutex_);
            latencies_.push_back(
                std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun)
                    .count());
        }
        std::this_thread::sleep_for(25ms);
    }
}

HostileNetwork::Latency HostileNetwork::honest_latency() {
    std::lock_guard lock(mutex_);
    auto all = std::exchange(latencies_, {});
    std::sort(all.begin(), all.end());
    if (all.empty()) return {};
    return {all[all.size() / 2], all[all.size() * 99 / 100], all.size()};
}

int HostileNetwork::port(const std::string& agency) const {
    for (const CharterNode& node : charter->nodes)
        if (node.agency == agency)
            return std::stoi(node.address.substr(node.address.rfind(':') + 1));
    ADD_FAILURE() << "the charter lists no " << agency;
    return 0;
}

boost::json::array HostileNetwork::logs_of(const std::string& agency) const {
    boost::json::array out;
    const auto heads = net.ask("IOM", {"charter", "heads"});
    for (const auto& log : heads.as_array())
        if (log.at("agency").as_string() == agency) out.push_back(log);
    return out;
}

std::string HostileNetwork::peer_state(const std::string& agency) const {
    const auto peers = call(net, "IOM", "/v1/peers");
    if (!peers) return "";
    for (const auto& peer : peers->as_array())
        if (peer.at("agency").as_string() == agency)
            return std::string(peer.at("state").as_string());
    return "";
}

std::string HostileNetwork::blamed_for(const std::string& agency) const {
    const std::string log = net.log_of("IOM"), mark = "peer refused agency=" + agency + " ";
    const std::size_t at = log.rfind(mark);
    if (at == std::string::npos) return "";
    const std::size_t code = log.find("code=", at) + 5;
    return log.substr(code, log.find(' ', code) - code);
}

double HostileNetwork::metric(const std::string& name) const {
    const std::string text = text_of(net, "IOM", "/metrics");
    const std::size_t at = text.find("\n" + name + " ");
    return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
}

} // namespace safar::process

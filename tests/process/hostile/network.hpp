// The network of the hostile peers: three honest nodes that run and write all the time, and one
// agency for each row of the catalogue, whose keys the tests have. Made once a program.
#pragma once

#include "tests/process/hostile/endpoint.hpp"
#include "tests/process/load.hpp"

#include "node/charter/charter_state.hpp"

#include <fstream>
#include <future>
#include <set>

namespace safar::process {

class HostileNetwork {
public:
    static HostileNetwork& the(); // built at the first call, taken down at the end of the program
    static const std::vector<std::string>& honest(); // IOM, FIA, MOFA; the first is attacked

    Federation net, elsewhere; // another network, of one agency
    std::map<std::string, Identity> identity;
    std::shared_ptr<const Charter> charter; // in force

    // Where an agency's node listens, or would.
    [[nodiscard]] int port(const std::string& agency) const;
    // What a hostile agency has got into an honest node's store: its logs there.
    [[nodiscard]] boost::json::array logs_of(const std::string& agency,
                                             const std::string& at = "IOM") const;
    // How one node sees another: /v1/peers.
    [[nodiscard]] std::string peer_state(const std::string& agency,
                                         const std::string& at = "IOM") const;
    // An honest node closed it and does not call for a while; "" or what its log says of that.
    struct Refusal {
        std::string code;
        int for_s = 0;
    };
    [[nodiscard]] Refusal refusal(const std::string& agency, const std::string& at = "IOM") const;
    [[nodiscard]] double metric(const std::string& name) const; // of IOM

    // What the rows that were played leave behind, at every honest node alike: batches that count
    // of each agency, hashes of the branches of each forked log, whom IOM refused.
    std::map<std::string, std::int64_t> held;
    std::map<std::string, std::set<std::string>> forked;
    std::set<std::string> refused;

    // How long until IOM shows what FIA was acknowledged, ms, since the last call.
    struct Latency {
        double p50 = 0, p99 = 0, slowest = 0;
        std::size_t count = 0;
    };
    Latency honest_latency();
    Latency quiet; // before anything hostile

    // Honest clients write no more, and their nodes come to the same: what they wrote.
    struct Settled {
        std::vector<Load::Acknowledged> written;
        std::map<std::string, std::size_t> lost;       // of what was written, at each honest node
        std::map<std::string, std::uint64_t> refusals; // of a write, by name
        std::vector<std::string> missed;               // probes without an answer or an effect
        Latency loud;
    };
    const Settled& settle();

    ~HostileNetwork();

private:
    HostileNetwork();
    void govern() const;
    void probe();
    std::unique_ptr<Load> load_;
    std::atomic<bool> stopping_{false};
    std::mutex mutex_;
    std::vector<double> latencies_;
    std::vector<std::string> missed_;
    std::optional<Settled> settled_;
    std::thread prober_;
};

} // namespace safar::process

// The network of the hostile peers: three honest nodes that run and write all the time, and one
// agency for each row of the catalogue, whose keys the tests have. Made once a program.
#pragma once

#include "tests/process/hostile/endpoint.hpp"
#include "tests/process/load.hpp"

#include "node/charter/charter_state.hpp"

#include <fstream>
#include <future>

namespace safar::process {

class HostileNetwork {
public:
    static HostileNetwork& the(); // built at the first call, taken down at the end of the program

    Federation net;
    std::map<std::string, Identity> identity;
    std::shared_ptr<const Charter> charter; // in force

    // What the port of an agency's node is, as the charter says.
    [[nodiscard]] int port(const std::string& agency) const;
    // What a hostile agency has got into IOM's store: its logs there.
    [[nodiscard]] boost::json::array logs_of(const std::string& agency) const;
    [[nodiscard]] std::string peer_state(const std::string& agency) const; // at IOM
    // IOM closed it and does not call for a while; the name of the code.
    [[nodiscard]] std::string blamed_for(const std::string& agency) const;
    [[nodiscard]] double metric(const std::string& name) const; // of IOM

    // How long until IOM shows what FIA was acknowledged, ms, since the last call.
    struct Latency {
        double p50 = 0, p99 = 0;
        std::size_t count = 0;
    };
    Latency honest_latency();
    Latency quiet; // before anything hostile

    ~HostileNetwork();

private:
    HostileNetwork();
    void probe();
    std::unique_ptr<Load> load_;
    std::atomic<bool> stopping_{false};
    std::mutex mutex_;
    std::vector<double> latencies_;
    std::thread prober_;
};

} // namespace safar::process

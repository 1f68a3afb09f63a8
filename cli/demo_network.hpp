// Five agencies' nodes in one directory on this machine:
//
//     demo              marker: made by `safar demo`; "founding", then "founded"
//     charter.toml      as co-signed        imported   what data the nodes hold
//     fia/ iom/ ...     node directories    fia.log  fia.pid ...
#pragma once

#include "cli/api_client.hpp"
#include "node/charter/charter.hpp"

#include <iosfwd>

namespace safar::cli {

struct DemoAgency {
    std::string code, name;
};

class DemoNetwork {
public:
    // $SAFAR_DEMO, else $XDG_STATE_HOME/safar-demo, else ~/.local/state/safar-demo. Errors:
    // invalid_argument (no home), those of the demo's configuration.
    [[nodiscard]] static Result<DemoNetwork> open();

    [[nodiscard]] const std::string& root() const { return root_; }
    [[nodiscard]] const std::string& config() const { return config_; } // config/demo
    [[nodiscard]] const std::vector<DemoAgency>& agencies() const { return agencies_; }
    [[nodiscard]] std::string directory(const std::string& code) const;
    [[nodiscard]] std::string log_file(const std::string& code) const;
    [[nodiscard]] std::string pid_file(const std::string& code) const;
    [[nodiscard]] ApiClient client(const std::string& code) const;

    [[nodiscard]] bool founded() const;
    // Keys, enrolments, a charter signed by the first two agencies, adopted by all. What an
    // interrupted founding left is thrown away. Errors: conflict (the directory is somebody
    // else's).
    [[nodiscard]] Result<> found(std::ostream& out) const;
    // Stops everything and throws the directory away. Errors: conflict, as above.
    [[nodiscard]] Result<> wipe() const;
    [[nodiscard]] Result<Charter> charter() const;

    // Errors: unreachable with the end of the node's own log.
    [[nodiscard]] Result<> start(const std::string& code) const;
    // Waits until all holders of each compartment state the same digest and answer from all they
    // hold; gives up `patience` after the last progress. Errors: timed_out naming compartment and
    // nodes.
    [[nodiscard]] Result<> await_equal(std::chrono::seconds patience) const;
    // Holders of a compartment, in the agencies' order.
    [[nodiscard]] static std::vector<std::string> holders(const Charter& charter,
                                                          const std::string& compartment);

private:
    DemoNetwork() = default;
    [[nodiscard]] Result<> check_ours() const;
    std::string root_, config_;
    std::vector<DemoAgency> agencies_;
};

// While it lives, every node but one is held still, so that the one reaches nobody and goes on.
class LineDown {
public:
    LineDown(const DemoNetwork& network, std::string but);
    ~LineDown();
    LineDown(const LineDown&) = delete;
    LineDown& operator=(const LineDown&) = delete;

private:
    void hold(bool still) const;
    const DemoNetwork& network_;
    std::string but_;
};

} // namespace safar::cli

// Machines of a test on a network of their own: a network namespace each, joined by a switch whose
// cables can be pulled. The machine that runs the test is not part of it.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace safar::process {

class Lan {
public:
    // Why this machine has no such networks, for a test to skip with; nullopt: it has.
    [[nodiscard]] static std::optional<std::string> unavailable();

    Lan(); // also removes what a test that was killed left behind
    ~Lan();
    Lan(const Lan&) = delete;
    Lan& operator=(const Lan&) = delete;

    // One more machine, plugged in; returns its address.
    std::string add(const std::string& name);
    [[nodiscard]] const std::string& address(const std::string& name) const {
        return machines_.at(name).address;
    }
    void cut(const std::string& name);  // pulls its cable
    void heal(const std::string& name); // plugs it in again
    // Machines of different groups no longer reach each other; those of one group do. Who is in no
    // group is alone.
    void split(const std::vector<std::vector<std::string>>& groups);
    void join(); // all on one switch again
    // The command as it is run at that machine; the process that it becomes is the command's own.
    [[nodiscard]] std::vector<std::string> at(const std::string& name,
                                              std::vector<std::string> command) const;

private:
    struct Machine {
        std::string space, cable, address;
    };
    std::string prefix_, switch_;
    std::map<std::string, Machine> machines_;
    std::set<std::string> splits_; // bridges of a split
};

} // namespace safar::process

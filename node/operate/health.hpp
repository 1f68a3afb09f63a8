// Is this node well? Facts in, findings out: nothing is asked here, so every finding can be tested.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace safar {

struct HealthFacts {
    struct Peer {
        std::string agency, state, why, since; // as `safar peers` shows them
        std::int64_t seconds = 0;              // in that state
        std::uint64_t behind_here = 0, behind_there = 0;
        std::string maintenance =
            {};               // while it lasts: until when and why it said that it would be away
        bool compared = true; // it has said in this session what it holds
    };
    struct Disk {
        std::uint64_t free = 0, reserve = 0; // bytes
    };
    struct Ahead { // the furthest that a peer's latest events lie after this node's clock
        std::string agency;
        std::int64_t seconds = 0;
    };

    std::optional<std::string> key_problem; // nullopt: not looked at; "": well
    std::optional<Disk> disk;
    std::uint64_t log_position = 0, derived_position = 0;
    std::string derived_hindered = {}; // why derived state can not follow; empty: it can
    std::uint64_t conflicts = 0;
    std::vector<std::string> quarantined; // reasons, one a batch
    std::vector<std::string> forked;      // agencies whose log is forked
    std::vector<std::string> split_views; // agencies whose statements do not fit, without proof yet
    std::string agency;                   // of this node
    std::vector<Peer> peers;
    bool network_busy = false; // its thread did not answer: peers or statements are not known
    std::optional<Ahead> ahead;
    std::optional<std::int64_t> last_backup_seconds; // age; nullopt: none was ever made
};

enum class Health { ok, warning, problem };
struct Finding {
    std::string check; // "disk", "peer FIA" ...
    Health health = Health::ok;
    std::string found;
    std::string advice; // what to do; empty if nothing
};

// In the order of an operator's questions; at least one for each check.
[[nodiscard]] std::vector<Finding> examine(const HealthFacts& facts);
[[nodiscard]] std::string_view name(Health health);

} // namespace safar

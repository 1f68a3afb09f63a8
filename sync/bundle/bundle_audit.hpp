// Does a bundle prove itself? For who has no node and trusts none: the network's name is all that
// must be known beforehand, since the first charter in the bundle hashes to it, and later epochs
// are co-signed by its stewards.
//
// Of each log the batches are signed by a key that the charter lists, follow one another from the
// first, unpack to what was signed, and end where the maker's frontier says. What was left out
// whole (a later epoch, a compartment, the end of a log with its statement) is proven by nobody: it
// shows where epoch, compartments and digests are compared with a node's (`safar digest`).
//
// Memory: 64 bytes a batch, under 1 KiB a log.
#pragma once

#include "storage/log/log_rules.hpp"
#include "sync/bundle/bundle_reader.hpp"

#include <set>

namespace safar {

class BundleAudit {
public:
    static constexpr std::size_t problems_max = 100;     // kept in words; all are counted
    static constexpr std::size_t logs_max = 4u * 65'536; // over all compartments

    // The parts of a bundle in their order; one made later goes on where the one before it ended.
    // `authority`: by the epochs and notices that came before. `forked`: logs of which a notice
    // proves a fork.
    void begin();
    void state(const BundleFrontier& stated, const Authority& authority,
               const std::set<LogName>& forked);
    void batch(const BundleBatch& batch, const Authority& authority);
    // Something else that does not hold.
    void complain(std::string problem);

    struct Compartment {
        std::uint64_t logs = 0, batches = 0, events = 0;
        std::uint64_t bare = 0; // of the batches: without bodies, whose hashes hold
        Hash digest; // of the heads that hold: frontier_digest(), as each node computes it
    };
    struct Report {
        std::map<std::string, Compartment> compartments;
        std::vector<std::string> problems; // empty: everything holds
        std::uint64_t problems_all = 0;
    };
    // Compares what came with what was stated; complains of what is missing.
    [[nodiscard]] Report end();

private:
    struct Held {
        Hash hash;
        std::uint64_t last_sequence = 0, epoch = 0;
        bool bare = false;
    };
    struct Seen {
        std::vector<Held> batches; // 1, 2, ...
        bool broken = false;       // and told; what follows it is not looked at
        [[nodiscard]] LogRow row() const;
    };
    struct Stated {
        bool fresh = false;       // by the bundle that is read
        std::optional<bool> bare; // its batches
        std::map<LogName, Head> heads;
    };
    [[nodiscard]] Result<> take(const BundleBatch& batch, const Authority& authority, Seen& seen);
    [[nodiscard]] Result<> check_bodies(const BundleBatch& batch, bool bodies);
    [[nodiscard]] Head proven(const LogName& log, const Head& stated);

    std::map<std::string, Stated> stated_; // by compartment
    std::map<LogName, Seen> seen_;
    std::size_t logs_ = 0;
    std::vector<std::string> problems_;
    std::uint64_t problems_all_ = 0;
};

} // namespace safar

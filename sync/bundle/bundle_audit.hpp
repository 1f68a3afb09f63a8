// Does a bundle prove itself? For who has no node and trusts none: the network's name is all that
// must be known beforehand, since the charter in the bundle hashes to it and lists every key.
//
// Of each log the batches are signed, follow one another from the first, unpack to what was signed,
// and end where the maker's frontier says. What was left out together with its statement shows in
// the digest alone: it is another one than at the nodes (`safar digest`).
//
// Memory: 32 bytes a batch.
#pragma once

#include "storage/log/log_rules.hpp"
#include "sync/bundle/bundle_reader.hpp"

namespace safar {

class BundleAudit {
public:
    static constexpr std::size_t problems_max = 100; // kept in words; all are counted

    // The parts of a bundle in their order; a later bundle, made later, goes on where an earlier
    // one ended. `authority`: by the epochs and notices that came before.
    void state(const BundleFrontier& stated);
    void batch(const BundleBatch& batch, const Authority& authority);
    // Something else that does not hold.
    void complain(std::string problem);

    struct Compartment {
        std::uint64_t logs = 0, batches = 0, events = 0;
        std::uint64_t bare = 0; // of the batches: bodies were not said, their hashes hold
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
    struct Seen {
        LogRow row;
        std::vector<Hash> hashes; // of batch 1, 2, ...
        std::uint64_t events = 0, bare = 0;
        bool broken = false; // and told; what follows it is not looked at
    };
    [[nodiscard]] Result<> take(const BundleBatch& batch, const Authority& authority, Seen& seen);
    [[nodiscard]] Head proven(const LogName& log, const Head& stated);

    std::map<std::string, std::map<LogName, Head>> stated_; // by compartment
    std::map<LogName, Seen> seen_;
    std::vector<std::string> problems_;
    std::uint64_t problems_all_ = 0;
};

} // namespace safar

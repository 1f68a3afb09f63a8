// Whether bundles prove themselves, for who has no node: charter, notices and batches checked from
// the network's name on.
#pragma once

#include "cli/bundle_file.hpp"
#include "sync/bundle/bundle_audit.hpp"

namespace safar::cli {

class BundleVerifier {
public:
    // `network`: the one that is expected; nullopt: any, to be looked at by people.
    explicit BundleVerifier(std::optional<NetworkId> network) : expected_(network) {}

    // The next of a file; `file` for what is wrong with it.
    void take(ByteView piece, const std::string& file);
    void end_file(const std::string& file);

    struct Report {
        BundleAudit::Report audit;
        std::string network, network_name;
        std::uint64_t epoch = 0, notices = 0;
        [[nodiscard]] bool good() const { return audit.problems_all == 0; }
        [[nodiscard]] std::string text() const;
        [[nodiscard]] boost::json::object json() const;
    };
    [[nodiscard]] Report end();

private:
    [[nodiscard]] Result<> learn(const BundlePart& part);
    void settle_charter();

    std::optional<NetworkId> expected_;
    BundleReader reader_;
    bool broken_ = false; // this file
    std::optional<NetworkId> network_;
    std::optional<CharterState> state_;
    std::vector<Notice> notices_;                // read and not yet taken
    std::shared_ptr<const Authority> authority_; // by epochs and notices; null before compartments
    std::set<LogName> forked_;
    BundleAudit audit_;
};

} // namespace safar::cli

// A bundle as the command line sees it: what passes is counted, and named with the charter that the
// bundle itself carries. No node is needed.
#pragma once

#include "node/charter/charter_state.hpp"
#include "sync/bundle/bundle_contents.hpp"

#include <boost/json/object.hpp>

#include <memory>

namespace safar::cli {

// The next charter document of a bundle into `state`, which is empty before the first.
// Errors: those of parse_charter and CharterState; wrong_network: the first is not that of
// `network`.
[[nodiscard]] Result<> learn_charter(std::optional<CharterState>& state, const NetworkId& network,
                                     const wire::CharterDocument& document);

class BundleWatch {
public:
    // Counts what is in `piece`; once it has broken, the rest is not looked at.
    void take(ByteView piece);

    [[nodiscard]] bool whole() const { return !broken_ && reader_.whole(); }
    [[nodiscard]] const std::optional<Error>& broken() const { return broken_; }
    // "" where it is whole; otherwise for people: where it ends, breaks, or why its maker gave up.
    [[nodiscard]] std::string problem() const;
    [[nodiscard]] const BundleContents& contents() const { return contents_; }
    [[nodiscard]] const CharterState* charter() const { return state_ ? &*state_ : nullptr; }

    [[nodiscard]] boost::json::object json() const;
    // "epochs 1, 2; 1 notice; 12 batches with 300 events of 2 compartments, 45,120 bytes"
    [[nodiscard]] std::string summary() const;
    // Whom the file says it is from; nobody signs that.
    [[nodiscard]] std::string maker() const;
    // A table of the logs in it.
    [[nodiscard]] std::string logs() const;

private:
    void learn(const BundlePart& part);
    [[nodiscard]] std::string agency_of(const LogName& log) const;

    BundleReader reader_;
    BundleContents contents_;
    std::optional<CharterState> state_;
    std::shared_ptr<const Authority> authority_;
    std::optional<Error> broken_;
};

} // namespace safar::cli

// The charter of a data directory that no node runs on.
#pragma once

#include "node/charter/charter_state.hpp"

namespace safar {

struct Rules {
    CharterState state;
    std::shared_ptr<const Authority> authority;
    // `key` was this node's signing key in one of the epochs.
    [[nodiscard]] bool may_sign(const NodeId& node, const PublicKey& key) const;
};
// Errors: not_found (no charter there), storage_corrupt, storage_failed, each with the path.
[[nodiscard]] Result<Rules> load_rules(const std::string& directory);

} // namespace safar

// Whether one epoch may follow another. Pure, and a matter of the two documents and the epochs
// before them alone, so every node judges alike.
#pragma once

#include "node/charter/charter.hpp"

namespace safar {

using Epochs = std::vector<std::shared_ptr<const Charter>>; // ascending, the first is epoch 1

// Does `next` follow epochs.back()? It names its identity, has the next number (or a higher one
// where it settles rivals), is signed by a quorum of both epochs' stewards, takes no node from its
// agency and no key from its node, keeps every compartment, every kind in its compartment and every
// field's tag and type, and its cuts name nodes that some epoch listed.
// Errors: not_permitted (signatures), bad_signature, wrong_hash (follows another epoch),
// invalid_argument naming what it may not change.
[[nodiscard]] Result<> check_succession(const Charter& next, const Epochs& epochs);

// What `next` changes, a sentence each, for people who are asked to sign it.
[[nodiscard]] std::vector<std::string> charter_changes(const Charter& before, const Charter& next);

} // namespace safar

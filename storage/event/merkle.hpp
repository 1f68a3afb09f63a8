// Leaves, root and inclusion proofs (design.md section 4; domain tags instead of bare prefixes).
//   inner = H("inner", salt, H("clear", clear), fields root, H("sealed", sealed))
//   leaf  = H("leaf", 0x00, H("dots", dots), inner)
//   node  = H("node", 0x01, left, right);  an odd node is promoted unchanged
// The batch header signs root and count, so no two lists of leaves share a root.
// The dots have a hash of their own outside `inner`, so that an erased event (inner + dots) still
// proves which dots it replaced: otherwise whoever relays it could change state by altering them.
#pragma once

#include "storage/event/event.hpp"

namespace safar {

[[nodiscard]] Hash inner_hash(const EventView& event);
[[nodiscard]] Hash leaf_hash(const EventView& event);

// `leaves` must not be empty.
[[nodiscard]] Hash merkle_root(std::span<const Hash> leaves);

// Siblings from leaf to root; shorter than log2 where the node was promoted.
struct InclusionProof {
    std::uint32_t index = 0; // of the leaf
    std::uint32_t count = 0; // of all leaves, as the header states it
    std::vector<Hash> siblings;
};
[[nodiscard]] InclusionProof prove_inclusion(std::span<const Hash> leaves, std::uint32_t index);
[[nodiscard]] bool verify_inclusion(const InclusionProof& proof, const Hash& leaf,
                                    const Hash& root);

} // namespace safar

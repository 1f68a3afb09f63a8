#include "storage/event/merkle.hpp"

#include "storage/crypto/sha256.hpp"

namespace safar {
namespace {

constexpr std::byte leaf_prefix[] = {std::byte{0}};
constexpr std::byte node_prefix[] = {std::byte{1}};

const Hash& hash_of_no_dots() {
    static const Hash hash = tagged_hash("dots", {});
    return hash;
}
const Hash& hash_of_nothing_sealed() {
    static const Hash hash = tagged_hash("sealed", {});
    return hash;
}
Hash node_hash(const Hash& left, const Hash& right) {
    return tagged_hash("node", {node_prefix, left.view(), right.view()});
}

} // namespace

Hash inner_hash(const EventView& event) {
    if (event.form == EventForm::erased) return event.inner;
    Hash clear = tagged_hash("clear", {event.clear});
    Hash sealed = event.form == EventForm::clear      ? hash_of_nothing_sealed()
                  : event.form == EventForm::withheld ? event.sealed_hash
                                                      : tagged_hash("sealed", {event.sealed});
    return tagged_hash("inner",
                       {event.salt.view(), clear.view(), event.fields_root.view(), sealed.view()});
}

Hash leaf_hash(const EventView& event) {
    Hash inner = inner_hash(event);
    Hash dots = event.dots.empty() ? hash_of_no_dots() : tagged_hash("dots", {event.dots});
    return tagged_hash("leaf", {leaf_prefix, dots.view(), inner.view()});
}

Hash merkle_root(std::span<const Hash> leaves) {
    SAFAR_ASSERT(!leaves.empty());
    std::vector<Hash> level(leaves.begin(), leaves.end());
    while (level.size() > 1) {
        std::size_t pairs = level.size() / 2;
        for (std::size_t i = 0; i < pairs; ++i)
            level[i] = node_hash(level[2 * i], level[2 * i + 1]);
        if (level.size() % 2 == 1) level[pairs++] = level.back();
        level.resize(pairs);
    }
    return level[0];
}

InclusionProof prove_inclusion(std::span<const Hash> leaves, std::uint32_t index) {
    SAFAR_ASSERT(index < leaves.size());
    InclusionProof proof{index, static_cast<std::uint32_t>(leaves.size()), {}};
    std::vector<Hash> level(leaves.begin(), leaves.end());
    for (std::size_t at = index; level.size() > 1; at /= 2) {
        std::size_t sibling = at ^ 1;
        if (sibling < level.size()) proof.siblings.push_back(level[sibling]);
        std::size_t pairs = level.size() / 2;
        for (std::size_t i = 0; i < pairs; ++i)
            level[i] = node_hash(level[2 * i], level[2 * i + 1]);
        if (level.size() % 2 == 1) level[pairs++] = level.back();
        level.resize(pairs);
    }
    return proof;
}

bool verify_inclusion(const InclusionProof& proof, const Hash& leaf, const Hash& root) {
    if (proof.index >= proof.count) return false;
    Hash hash = leaf;
    std::size_t used = 0;
    std::size_t at = proof.index;
    for (std::size_t size = proof.count; size > 1; size = (size + 1) / 2, at /= 2) {
        if ((at ^ 1) >= size) continue; // promoted
        if (used == proof.siblings.size()) return false;
        const Hash& sibling = proof.siblings[used++];
        hash = at % 2 == 0 ? node_hash(hash, sibling) : node_hash(sibling, hash);
    }
    return used == proof.siblings.size() && hash == root;
}

} // namespace safar

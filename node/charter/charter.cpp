#include "node/charter/charter.hpp"

#include "storage/crypto/sha256.hpp"
#include "storage/record/text.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <set>

namespace safar {
namespace {

template <class List, class Match>
auto find(const List& list, Match match) -> const typename List::value_type* {
    auto found = std::find_if(list.begin(), list.end(), match);
    return found == list.end() ? nullptr : &*found;
}

} // namespace

bool CharterCompartment::may_write(std::string_view agency) const {
    return has_word(writers, agency);
}
bool CharterCompartment::may_hold(std::string_view agency) const {
    return has_word(writers, agency) || has_word(readers, agency);
}
bool CharterCompartment::may_carry(std::string_view agency) const {
    return may_hold(agency) || relays_only(agency);
}
bool CharterCompartment::observes(std::string_view agency) const {
    return has_word(observers, agency);
}
bool CharterCompartment::relays_only(std::string_view agency) const {
    return has_word(relays, agency);
}

const CharterAgency* Charter::agency(std::string_view code) const {
    return find(agencies, [&](const CharterAgency& a) { return a.code == code; });
}
const CharterNode* Charter::node(const NodeId& id) const {
    return find(nodes, [&](const CharterNode& n) { return n.id == id; });
}
const CharterNode* Charter::node_with_tls_key(const PublicKey& key) const {
    return find(nodes, [&](const CharterNode& n) { return n.tls_key == key; });
}
const CharterCompartment* Charter::compartment(std::string_view name) const {
    return find(compartments, [&](const CharterCompartment& c) { return c.name == name; });
}
const CharterCompartment* Charter::compartment_of_kind(std::string_view kind) const {
    return find(compartments, [&](const CharterCompartment& c) { return has_word(c.kinds, kind); });
}

NodeId node_id(const PublicKey& first_signing_key) {
    return NodeId{tagged_hash("node", {first_signing_key.view()}).raw};
}

namespace {

// A key that signs for `agency` as a steward under `charter`; null: none.
const PublicKey* steward_key(const Charter& charter, const CharterSignature& signature) {
    const CharterAgency* agency = charter.agency(signature.agency);
    if (agency == nullptr || !agency->steward) return nullptr;
    const CharterNode* node = find(charter.nodes, [&](const CharterNode& n) {
        return n.agency == signature.agency && key_id(n.signing_key) == signature.key;
    });
    return node == nullptr ? nullptr : &node->signing_key;
}

Result<> count_signers(const Charter& rules, const std::set<std::string>& signers,
                       std::string_view whose) {
    std::string have, open;
    std::size_t count = 0;
    for (const CharterAgency& agency : rules.agencies) {
        if (!agency.steward) continue;
        const bool signed_it = signers.contains(agency.code);
        count += signed_it ? 1 : 0;
        std::string& list = signed_it ? have : open;
        list += (list.empty() ? "" : ", ") + agency.code;
    }
    if (count >= rules.quorum) return success();
    return failure(
        ErrorCode::not_permitted,
        fmt::format("charter: signed by {}, {} more needed of {}{}: `safar charter sign` at "
                    "one of their nodes",
                    have.empty() ? "nobody yet" : have, rules.quorum - count, open, whose));
}

} // namespace

Result<> check_quorum(const Charter& charter, const Charter* before) {
    std::set<std::string> signers; // a steward counts once, with however many nodes it signs
    for (const CharterSignature& signature : charter.signatures) {
        const PublicKey* key = steward_key(charter, signature);
        if (key == nullptr && before != nullptr) key = steward_key(*before, signature);
        if (key == nullptr || !verify(*key, "charter", charter.identity.view(), signature.value))
            return failure(
                ErrorCode::bad_signature,
                fmt::format("charter: the signature of {} (key {}) is not valid for this "
                            "text: it was changed after signing, or the signature was",
                            signature.agency, signature.key.brief()));
        signers.insert(signature.agency);
    }
    // Both the stewards who hand over and those who take over agree.
    if (before != nullptr) {
        SAFAR_TRY(
            count_signers(*before, signers, fmt::format(" (stewards of epoch {})", before->epoch)));
    }
    return count_signers(charter, signers, "");
}

Result<Schema> charter_schema(const Charter& charter) {
    std::vector<NamedText> kinds, codes;
    for (const CharterDocument& document : charter.documents)
        (document.name.starts_with("schema/") ? kinds : codes)
            .push_back({document.name, document.text});
    return parse_schema(kinds, codes);
}

} // namespace safar

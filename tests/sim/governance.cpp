#include "tests/sim/governance.hpp"

#include "tests/sim/founding.hpp"

#include <algorithm>

namespace safar::sim {
namespace {

bool same(RawView a, RawView b) { return std::ranges::equal(a, b); }

bool names(const CharterCut& cut, const NodeId& node, std::string_view compartment,
           RawView incarnation) {
    return cut.node == node && cut.compartment == compartment &&
           same(cut.incarnation.raw, incarnation);
}

RawView log_of(const PlainBatch& batch) { return RawView(batch.log).first(32); }
RawView incarnation_of(const PlainBatch& batch) { return RawView(batch.log).subspan(32); }

} // namespace

std::uint64_t Governance::number_of(const Hash& epoch) const {
    for (const HeldCharter& held : state_.epochs())
        if (held.charter->identity == epoch) return held.charter->epoch;
    return 0;
}

// The node whose log it is, with the key that signed, in the epoch that the header names.
std::optional<Governance::Place> Governance::place_of(const PlainBatch& batch) const {
    const NetworkId network{state_.epochs().front().charter->identity.raw};
    for (const HeldCharter& held : state_.epochs()) {
        if (!same(held.charter->identity.raw, batch.charter) || held.charter->epoch != batch.epoch)
            continue;
        for (const CharterNode& node : held.charter->nodes)
            for (const CharterCompartment& compartment : held.charter->compartments)
                if (same(log_id(network, node.id, compartment.name).raw, log_of(batch)) &&
                    plain_hash("key", {node.signing_key.raw}) == batch.key)
                    return Place{&node, &compartment, held.charter.get()};
    }
    return std::nullopt;
}

bool Governance::within(const Delegation& let, const Hash& name, const Place& place,
                        const PlainBatch& batch, bool ended) const {
    const std::uint64_t since = number_of(let.epoch);
    if (since == 0 || let.node != place.node->id || let.compartment != place.compartment->name)
        return false;
    if (batch.epoch < since || (let.until_epoch > 0 && batch.epoch > let.until_epoch)) return false;
    if (let.until_batch > 0 && batch.number > let.until_batch) return false;
    if (!place.compartment->may_hold(place.node->agency) ||
        !place.compartment->may_write(let.agency))
        return false;
    if (!ended) return true;
    for (const auto& [hash, notice] : state_.notices()) {
        const auto* end = std::get_if<DelegationEnd>(&notice.what);
        if (end == nullptr || end->delegation != name || end->agency != let.agency) continue;
        return std::ranges::any_of(end->cuts, [&](const CharterCut& cut) {
            return names(cut, let.node, let.compartment, incarnation_of(batch)) &&
                   batch.number <= cut.batch;
        });
    }
    return true;
}

bool Governance::delegated(const Place& place, const PlainBatch& batch, bool ended) const {
    return std::ranges::any_of(state_.notices(), [&](const auto& each) {
        const auto* let = std::get_if<Delegation>(&each.second.what);
        return let != nullptr && within(*let, each.first, place, batch, ended);
    });
}

bool Governance::ever_delegated(const Place& place) const {
    return std::ranges::any_of(state_.notices(), [&](const auto& each) {
        const auto* let = std::get_if<Delegation>(&each.second.what);
        return let != nullptr && number_of(let->epoch) > 0 && let->node == place.node->id &&
               let->compartment == place.compartment->name;
    });
}

// The lowest cut of the ruling epoch over what this key signed in this log.
std::optional<std::uint64_t> Governance::cut_at(const Place& place, const PlainBatch& batch) const {
    std::optional<std::uint64_t> lowest;
    for (const CharterCut& cut : state_.ruling().charter->cuts)
        if (names(cut, place.node->id, place.compartment->name, incarnation_of(batch)) &&
            (!cut.key || same(cut.key->raw, batch.key)))
            lowest = std::min(lowest.value_or(cut.batch), cut.batch);
    return lowest;
}

bool Governance::counts(const PlainBatch& batch) const {
    const auto place = place_of(batch);
    if (!place) return false;
    const NodeId& node = place->node->id;
    const std::string& compartment = place->compartment->name;
    const Charter& today = *state_.ruling().charter;
    for (const CharterAdmit& admit : today.admits)
        if (admit.node == node && admit.compartment == compartment && admit.batch == batch.number &&
            same(admit.incarnation.raw, incarnation_of(batch)) && !same(admit.hash.raw, batch.hash))
            return false;

    const auto cut = cut_at(*place, batch);
    if (!place->compartment->may_write(place->node->agency)) {
        if (!delegated(*place, batch, /*ended=*/false)) return false;
        // A cut may let more of it count than the delegation's end.
        if (!delegated(*place, batch, /*ended=*/true) && !(cut && batch.number <= *cut))
            return false;
    }
    const CharterNode* now = today.node(node);
    const CharterCompartment* here = today.compartment(compartment);
    const bool listed =
        now != nullptr && here != nullptr && now->signing_key == place->node->signing_key;
    const bool goes_on = listed && (here->may_write(now->agency) ||
                                    (here->may_hold(now->agency) && ever_delegated(*place)));
    if (cut ? batch.number > *cut : !goes_on) return false;

    for (const Suspension& stop : state_.suspensions()) {
        if (now == nullptr || here == nullptr || !stop.stops(*now) || !here->may_hold(stop.by))
            continue;
        if (std::ranges::none_of(stop.cuts, [&](const CharterCut& each) {
                return names(each, node, compartment, incarnation_of(batch)) &&
                       batch.number <= each.batch;
            }))
            return false;
    }
    return true;
}

bool Governance::may_say(const PlainBatch& batch, std::uint16_t kind) const {
    const auto place = place_of(batch);
    if (!place) return false;
    for (const CharterCompartment& other : state_.ruling().charter->compartments)
        if (other.name != place->compartment->name &&
            std::ranges::find(other.kinds, kind_name(kind)) != other.kinds.end())
            return false;
    if (place->compartment->may_write(place->node->agency)) return true;
    return std::ranges::any_of(state_.notices(), [&](const auto& each) {
        const auto* let = std::get_if<Delegation>(&each.second.what);
        return let != nullptr && within(*let, each.first, *place, batch, /*ended=*/false) &&
               std::ranges::find(let->kinds, kind_name(kind)) != let->kinds.end();
    });
}

bool Governance::closes(const ForkEvidence& fork) const {
    const NetworkId network{state_.epochs().front().charter->identity.raw};
    const auto previous = [](const Bytes& header) { return RawView(header).subspan(108, 32); };
    const auto names_void = [this](const Bytes& header) { // an epoch that a rival has made void
        return number_of(*Hash::from(RawView(header).subspan(180, Hash::size))) == 0;
    };
    if (names_void(fork.header_a) || names_void(fork.header_b)) return false;
    const bool shows_the_place = same(previous(fork.header_a), previous(fork.header_b));
    return std::ranges::none_of(state_.ruling().charter->admits, [&](const CharterAdmit& admit) {
        if (log_id(network, admit.node, admit.compartment) != fork.place.log.id ||
            admit.incarnation != fork.place.log.incarnation)
            return false;
        return admit.batch == fork.place.number ||
               (admit.batch < fork.place.number && !shows_the_place);
    });
}

} // namespace safar::sim

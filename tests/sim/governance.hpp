// The second opinion on what counts: judges one batch at a time by docs/format-charter.md, from the
// epochs and notices as they were read. Nothing of it is looked up or kept; slow on purpose.
#pragma once

#include "node/charter/charter_state.hpp"
#include "tests/sim/plain.hpp"

namespace safar::sim {

class Governance {
public:
    explicit Governance(const CharterState& state) : state_(state) {}

    [[nodiscard]] bool counts(const PlainBatch& batch) const;
    // Was an event of that kind its author's to say there?
    [[nodiscard]] bool may_say(const PlainBatch& batch, std::uint16_t kind) const;
    // Nothing counts from that place on.
    [[nodiscard]] bool closes(const ForkEvidence& fork) const;

private:
    struct Place {
        const CharterNode* node; // as the epoch lists it that the batch names
        const CharterCompartment* compartment;
        const Charter* then;
    };
    [[nodiscard]] std::optional<Place> place_of(const PlainBatch& batch) const;
    [[nodiscard]] bool within(const Delegation& let, const Hash& name, const Place& place,
                              const PlainBatch& batch, bool ended) const;
    [[nodiscard]] bool delegated(const Place& place, const PlainBatch& batch, bool ended) const;
    [[nodiscard]] bool ever_delegated(const Place& place) const;
    [[nodiscard]] std::uint64_t number_of(const Hash& epoch) const; // 0: not of the chain
    [[nodiscard]] std::optional<std::uint64_t> cut_at(const Place& place,
                                                      const PlainBatch& batch) const;

    const CharterState& state_;
};

} // namespace safar::sim

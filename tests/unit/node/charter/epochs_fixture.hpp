// Epochs after the first: successors of the test network's charter, signed by whom a test names.
#pragma once

#include "charter_fixture.hpp"
#include "node/charter/charter_state.hpp"

#include <functional>

namespace safar::testing {

struct Epochs3 {
    Network network;
    HeldCharter first{network.charter(), network.signed_text()};

    [[nodiscard]] const Member& member(std::string_view agency) const {
        for (const Member* each : {&network.iom, &network.mofa, &network.fia, &network.ukf})
            if (each->agency == agency) return *each;
        std::abort();
    }
    [[nodiscard]] CharterState state() const { return value_of(CharterState::begin(first)); }

    using Edit = std::function<void(Charter&)>;
    // The epoch after `before` with `edit` done to it, signed by `signers`.
    [[nodiscard]] std::string successor(const Charter& before, const Edit& edit,
                                        const std::vector<std::string>& signers = {"IOM",
                                                                                   "FIA"}) const {
        Charter next = before;
        next.epoch = before.epoch + 1;
        next.previous = before.identity;
        next.settles.clear();
        edit(next);
        std::string text = value_of(write_charter(next));
        for (const std::string& agency : signers)
            text = value_of(sign_charter(text, agency, member(agency).signing, &before));
        return text;
    }
};

inline void remove_agency(Charter& charter, std::string_view code) {
    std::erase_if(charter.agencies, [&](const auto& a) { return a.code == code; });
    std::erase_if(charter.nodes, [&](const auto& n) { return n.agency == code; });
    for (CharterCompartment& compartment : charter.compartments)
        for (auto* list : {&compartment.writers, &compartment.readers}) std::erase(*list, code);
}

} // namespace safar::testing

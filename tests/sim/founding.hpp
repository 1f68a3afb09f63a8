// The network of one run: who takes part, who is hostile, which compartments there are, and the
// charter that its stewards signed.
#pragma once

#include "node/charter/charter_state.hpp"
#include "tests/sim/random.hpp"

#include <optional>

namespace safar::sim {

struct Member {
    std::string agency;
    SigningKey signing, tls;
    NodeId id;
    bool hostile = false, steward = false;
};

struct Founding {
    std::vector<Member> members; // hostile ones last
    HeldCharter first;
    std::size_t honest = 0;
    std::uint32_t quorum = 1;

    // A quorum of stewards signs it. `before`: the epoch that it follows.
    [[nodiscard]] std::string sign(std::string text, const Charter* before) const;
    // The epoch after `before`, with one field more in every kind.
    [[nodiscard]] std::string with_another_field(const Charter& before) const;
};

inline const std::vector<std::string> all_compartments = {"movement", "protection", "return"};
// Kinds have tags 1, 2, 3 in that order, all with the same fields.
namespace field {
constexpr std::uint16_t note = 1, needs = 2, opinion = 3, stage = 4, sharing = 5, paid = 6, later = 7;
}

[[nodiscard]] Founding found(Random& random, std::size_t honest, std::size_t hostile);

} // namespace safar::sim

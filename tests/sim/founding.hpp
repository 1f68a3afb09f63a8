// The network of one run: who takes part, who is hostile, which compartments there are, and the
// charter that its stewards signed.
#pragma once

#include "node/charter/identity.hpp"
#include "tests/sim/random.hpp"

#include <optional>

namespace safar::sim {

struct Member {
    std::string agency;
    SigningKey signing, tls;
    NodeId id;
    bool hostile = false, steward = false;
};

// The same keys again.
[[nodiscard]] Identity identity_of(const Member& member);

struct Founding {
    std::vector<Member> members; // hostile ones last
    HeldCharter first;
    std::size_t honest = 0;
    std::uint32_t quorum = 1;

    // A quorum of stewards signs it. `before`: the epoch that it follows.
    [[nodiscard]] std::string sign(std::string text, const Charter* before) const;
    [[nodiscard]] const Member& of(std::string_view agency) const;
};

inline const std::vector<std::string> all_compartments = {"movement", "protection", "return"};
// Each has two kinds, tags 1 to 3 in that order and 4 to 6, all with the same fields.
constexpr std::uint16_t kinds_count = 6;
[[nodiscard]] std::string kind_name(std::uint16_t tag);
[[nodiscard]] std::uint16_t kind_tag(std::string_view name);
// Schema and code lists; `later`: with field 7.
[[nodiscard]] std::vector<NamedText> documents(bool later);
[[nodiscard]] bool has_later(const Charter& charter);
namespace field {
constexpr std::uint16_t note = 1, needs = 2, opinion = 3, stage = 4, sharing = 5, paid = 6,
                        later = 7;
}

// `rights`: some agencies only relay or observe.
[[nodiscard]] Founding found(Random& random, std::size_t honest, std::size_t hostile, bool rights);

} // namespace safar::sim

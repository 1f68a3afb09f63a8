// Drafts the epoch after the one that rules. Pure: what it needs to know of logs is given to it.
#pragma once

#include "node/charter/charter_state.hpp"

namespace safar {

// What one compartment gives an agency.
struct Grant {
    enum class Right { none, read, write, observe, relay };
    std::string agency, compartment;
    Right right = Right::read;
};

// The head of a log as somebody holds it.
struct KnownHead {
    NodeId node;
    std::string compartment;
    Incarnation incarnation;
    std::uint64_t batch = 0;
};

struct Amendment {
    std::optional<std::string> network_name;
    std::optional<std::uint32_t> quorum;
    std::vector<Enrolment> admit; // new nodes; agencies that are new enter as members
    std::vector<Enrolment>
        rotate; // of listed agencies: new keys for the node that `rotate_nodes` names
    std::vector<NodeId> rotate_nodes; // beside `rotate`
    std::vector<std::string> remove;  // agencies, with all their nodes
    std::vector<NodeId> remove_nodes;
    std::vector<std::pair<std::string, std::string>> titles; // agency, title
    std::vector<Grant> grants;
    std::vector<CharterCompartment> compartments; // replaces all; empty: as they are
    std::vector<NamedText> documents;             // replaces all; empty: as they are
    std::vector<CharterCut> cuts;                 // set, in place of what would be drafted
    std::vector<NodeId> lift;                     // nodes whose cuts go
    std::vector<CharterAdmit>
        admits;      // set, in place of another batch that was admitted at the same place
    std::string why; // stands in the drafted cuts
};

// The unsigned text. Of everybody who loses membership, a key or a right to write it names a cut at
// the highest head in `heads` for each log; logs that nobody names count to zero. Where rivals wait
// to be settled, the draft settles them. Errors: invalid_argument naming what can not be; those of
// write_charter.
[[nodiscard]] Result<std::string> amend_charter(const CharterState& state,
                                                const Amendment& amendment,
                                                std::span<const KnownHead> heads);

} // namespace safar

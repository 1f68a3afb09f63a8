// An agency that may write lets a partner's node write some kinds of records in a compartment,
// until an epoch or a batch number, and may end that earlier. Two notices, each verifiable with the
// charter alone. docs/format-charter.md, section Notices.
#pragma once

#include "node/charter/succession.hpp"

#include <map>

namespace safar {

// Gives the pen and nothing else: the partner reads the compartment already. What it writes is said
// by it, not by who let it.
struct Delegation {
    NetworkId network;
    Hash epoch;         // identity of the epoch from which on it holds
    std::string agency; // who lets, a writer there
    NodeId node;        // who may write
    std::string compartment;
    std::vector<std::string> kinds;
    std::uint64_t until_epoch = 0; // the last epoch that its batches may name; 0: no such limit
    std::uint64_t until_batch = 0; // the last batch in each of its logs; 0: no such limit
    std::string reason;
    KeyId key;
    Signature value;
};

// Ends a delegation. Its cuts name what counts of each log; of a log that none names nothing does.
struct DelegationEnd {
    NetworkId network;
    Hash epoch;
    std::string agency; // who let, and ends it
    Hash delegation;    // name of that notice
    std::string reason;
    std::vector<CharterCut> cuts; // without keys
    KeyId key;
    Signature value;
};

// One as the charter's state holds it.
struct HeldDelegation {
    Delegation what;
    Hash name;                        // of its notice
    std::uint64_t since = 0;          // number of its epoch
    std::vector<std::uint16_t> kinds; // tags
    std::optional<DelegationEnd> end;
    Hash end_name;
    // May its node write that batch under it? `ended`: also what its end says. The rights of both
    // agencies in the epoch that the header names are asked elsewhere.
    [[nodiscard]] bool covers(const BatchHeader& header, bool ended) const;
};

// The signed text. Errors: invalid_argument.
[[nodiscard]] Result<std::string> write_delegation(Delegation unsigned_one, const SigningKey& key);
[[nodiscard]] Result<std::string> write_delegation_end(DelegationEnd unsigned_one,
                                                       const SigningKey& key);
// Errors: malformed, non_canonical (not spelled as above), limit_exceeded, invalid_argument.
[[nodiscard]] Result<Delegation> parse_delegation(std::string_view text);
[[nodiscard]] Result<DelegationEnd> parse_delegation_end(std::string_view text);
// Errors: wrong_network, epoch_unknown, not_permitted, bad_signature.
[[nodiscard]] Result<> check(const Delegation& what, const Epochs& epochs);
[[nodiscard]] Result<> check(const DelegationEnd& what, const Epochs& epochs);
// Of one that was checked. `schemas`: those of epochs that were read before.
[[nodiscard]] HeldDelegation held_delegation(const Delegation& what, const Hash& name,
                                             const Epochs& epochs, std::map<Hash, Schema>& schemas);

} // namespace safar

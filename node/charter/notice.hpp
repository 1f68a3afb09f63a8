// Notices: signed facts about the charter that travel beside it, to everybody, whatever
// compartments they hold. A set that only grows; each is named by the hash of its bytes and can be
// judged with the charter epochs alone. docs/format-charter.md, section Notices.
//
//   suspension  one steward stops a node or an agency until the next epoch; says what still counts
//   fork        two headers that one key signed at one place of a log
//   rival       a second valid successor of an epoch: a whole signed charter
//   delegation  an agency lets a partner's node write; and the end of one (delegation.hpp)
#pragma once

#include "node/charter/delegation.hpp"
#include "storage/log/log.hpp"

#include <variant>

namespace safar {

enum class NoticeKind : std::uint8_t {
    suspension = 1,
    fork = 2,
    rival = 3,
    delegation = 4,
    delegation_end = 5
};

// Stops what it names until another epoch is in force. In compartments that the signing steward's
// agency holds, the cuts say what counts of each log; a log there that no cut names counts to zero.
// In other compartments it does nothing: another steward names those logs.
struct Suspension {
    NetworkId network;
    Hash epoch;         // identity of the epoch in which it holds
    std::string agency; // all its nodes; "" if `node` is named
    std::optional<NodeId> node;
    std::string reason;
    std::vector<CharterCut> cuts; // without keys
    std::string by;               // steward
    KeyId key;
    Signature value;
    [[nodiscard]] bool stops(const CharterNode& listed) const {
        return node ? *node == listed.id : agency == listed.agency;
    }
};

struct Notice {
    NoticeKind kind;
    Bytes bytes; // as stored and sent: u8 kind, then the notice's own bytes
    Hash hash;   // H("notice", bytes)
    std::variant<Suspension, ForkEvidence, Charter, Delegation, DelegationEnd> what;
};

// The text of a suspension, signed. Errors: invalid_argument.
[[nodiscard]] Result<std::string> write_suspension(const Suspension& unsigned_suspension,
                                                   const std::string& by, const SigningKey& key);
[[nodiscard]] Notice make_suspension_notice(std::string_view signed_text, Suspension suspension);
[[nodiscard]] Notice make_fork_notice(const ForkEvidence& evidence);
[[nodiscard]] Notice make_rival_notice(std::string_view text, Charter charter);
[[nodiscard]] Notice make_delegation_notice(std::string_view signed_text, Delegation delegation);
[[nodiscard]] Notice make_delegation_end_notice(std::string_view signed_text, DelegationEnd end);

// Parses the bytes; says nothing about signatures. Errors: malformed, non_canonical,
// limit_exceeded.
[[nodiscard]] Result<Notice> parse_notice(ByteView bytes);

// Is it true? Errors: bad_signature, not_permitted (no steward, no signing key of that log),
// wrong_network; epoch_unknown: it speaks of an epoch, or rests on a delegation, that is not held
// yet.
[[nodiscard]] Result<> check_notice(const Notice& notice, const Epochs& epochs,
                                    std::span<const HeldDelegation> delegations = {});

// Its name, but of a rival H("notice", kind, identity): whichever stewards signed the text that is
// held here.
[[nodiscard]] Hash what_it_says(const Notice& notice);

// One line for people.
[[nodiscard]] std::string describe_notice(const Notice& notice);

} // namespace safar

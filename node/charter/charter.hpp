// The charter: one readable TOML document, co-signed, held by everybody. Its identity is the hash
// of its unsigned text: all bytes before the line of the first [[signature]].
// docs/format-charter.md.
//
//     [charter]      network, epoch, previous (hash, "" for epoch 1), quorum, settles [hash ..]
//     [[agency]]     code, name, steward (bool), title: one of "chair", "coordinator", "steward",
//                    "member", "observer", "donor"
//     [[node]]       agency, id (hash of the first signing key), signing_key, tls_key, address
//     [[compartment]] name, title, kinds [..], writers [..], readers [..]; observers [..] and
//                     relays [..] are optional (agency codes; a writer reads)
//     [[document]]   name ("schema/return.toml", "codes/country.toml"), hash, text
//     [[cut]]        node, compartment, incarnation, batch, key (optional), reason (optional)
//     [[admit]]      node, compartment, incarnation, batch, hash, reason (optional)
//     [[signature]]  agency, key (key id), value
//
// Authority rank for display = order of [[agency]].
#pragma once

#include "storage/log/authority.hpp"
#include "storage/record/schema.hpp"

#include <memory>
#include <optional>

namespace safar {

struct CharterAgency {
    std::string code, name, title;
    bool steward = false;
};
struct CharterNode {
    std::string agency;
    NodeId id;
    PublicKey signing_key, tls_key;
    std::string address; // host:port
};
struct CharterCompartment {
    std::string name, title;
    std::vector<std::string> kinds, writers, readers;
    // Who gets headers, hashes and counts without bodies; who holds bodies and passes them on
    // without reading them. An agency stands in at most one of the four lists, but a writer may
    // stand among the readers.
    std::vector<std::string> observers = {}, relays = {};
    [[nodiscard]] bool may_write(std::string_view agency) const;
    [[nodiscard]] bool
    may_hold(std::string_view agency) const; // holds and reads: writers and readers
    [[nodiscard]] bool may_carry(std::string_view agency) const; // may_hold, and relays
    [[nodiscard]] bool observes(std::string_view agency) const;  // headers only
    [[nodiscard]] bool relays_only(std::string_view agency) const;
};
// The last batch of one log that counts. Every loss of membership, key or right to write names one
// for each log that it touches; a log of the loser that no cut names counts to zero.
struct CharterCut {
    NodeId node;
    std::string compartment;
    Incarnation incarnation;
    std::uint64_t batch = 0;
    std::optional<KeyId> key; // only what this key signed; absent: whoever signed
    std::string reason;
    friend bool operator==(const CharterCut&, const CharterCut&) = default;
};
// Of a log whose author signed two batches at one place: the one that counts, by its header hash.
// What follows it counts too; the other branch stays apart.
struct CharterAdmit {
    NodeId node;
    std::string compartment;
    Incarnation incarnation;
    std::uint64_t batch = 0;
    Hash hash;
    std::string reason;
    friend bool operator==(const CharterAdmit&, const CharterAdmit&) = default;
};
struct CharterDocument {
    std::string name;
    Hash hash;
    std::string text;
};
struct CharterSignature {
    std::string agency;
    KeyId key;
    Signature value;
};

struct Charter {
    std::string network_name;
    std::uint64_t epoch = 0;
    Hash previous;
    std::uint32_t quorum = 0;
    std::vector<Hash>
        settles; // rival successors of one epoch that this one puts aside; empty: none
    std::vector<CharterAgency> agencies;
    std::vector<CharterNode> nodes;
    std::vector<CharterCompartment> compartments;
    std::vector<CharterDocument> documents;
    std::vector<CharterCut> cuts;
    std::vector<CharterAdmit> admits;
    std::vector<CharterSignature> signatures;
    std::string unsigned_text;
    Hash identity; // H("charter", unsigned text)

    [[nodiscard]] const CharterAgency* agency(std::string_view code) const;
    [[nodiscard]] const CharterNode* node(const NodeId& id) const;
    [[nodiscard]] const CharterNode* node_with_tls_key(const PublicKey& key) const;
    [[nodiscard]] const CharterCompartment* compartment(std::string_view name) const;
    [[nodiscard]] const CharterCompartment* compartment_of_kind(std::string_view kind) const;
};

// Parses and checks everything but the count of signatures: ids and hashes match, keys are strict,
// names are unique, 2 * quorum > stewards, schema and code lists parse, each compartment has a
// steward among its holders. Errors: malformed or invalid_argument with line and key;
// limit_exceeded.
[[nodiscard]] Result<Charter> parse_charter(std::string_view text);
// Ok if at least `quorum` distinct stewards' valid signatures stand under it. Errors: not_permitted
// naming who has signed and how many are missing; bad_signature. `before`: the epoch that this one
// follows, whose stewards' signatures may stand under it too; null for epoch 1.
[[nodiscard]] Result<> check_quorum(const Charter& charter, const Charter* before = nullptr);
[[nodiscard]] Result<Schema> charter_schema(const Charter& charter);

// One node's request to be listed: public keys and a proof that it holds both private ones.
struct Enrolment {
    std::string agency, name, address;
    PublicKey signing_key, tls_key;
    Signature signing_proof, tls_proof;
};
[[nodiscard]] std::string write_enrolment(const Enrolment& enrolment);  // TOML
[[nodiscard]] Result<Enrolment> parse_enrolment(std::string_view text); // proofs verified
[[nodiscard]] NodeId node_id(const PublicKey& first_signing_key);
[[nodiscard]] Enrolment make_enrolment(std::string agency, std::string name, std::string address,
                                       const SigningKey& signing, const SigningKey& tls);

struct CharterDraft {
    std::string network_name;
    std::vector<std::string> stewards; // agency codes; the first is chair, the second coordinator
    std::uint32_t quorum = 1;
    std::vector<Enrolment> enrolments;
    std::vector<CharterCompartment> compartments;
    std::vector<NamedText> documents; // schema/*.toml and codes/*.toml
};
[[nodiscard]] CharterNode enrolled_node(const Enrolment& enrolment);
[[nodiscard]] Result<std::string> write_charter(const CharterDraft& draft); // epoch 1
// Any epoch, unsigned; hashes of documents, identity and unsigned text are not looked at.
[[nodiscard]] Result<std::string> write_charter(const Charter& charter);
// The text with one signature more (or the same text if that key signed already). `before`: as for
// check_quorum; its stewards sign too.
[[nodiscard]] Result<std::string> sign_charter(std::string_view text, std::string_view agency,
                                               const SigningKey& key,
                                               const Charter* before = nullptr);

} // namespace safar

// One line of the access log, and what is signed over it. docs/access.md describes the files.
//
// A line is a JSON object whose last member is its hash: the hash of the line before it and of its
// own bytes up to there. So a line vouches for every line before it, and one signature for all of
// them.
#pragma once

#include "node/access/rights.hpp"
#include "storage/crypto/ed25519.hpp"

#include <chrono>

namespace safar {

using AccessTime = std::chrono::system_clock::time_point;

enum class AccessOutcome { allowed, withheld, refused, failed };

struct AccessEntry {
    AccessTime time;
    std::string user;             // login
    std::string certificate = {}; // that they came with; empty: over the local socket
    Roles roles;
    std::string action; // name(UserAction), or what the node itself did: "start", "repair"
    std::vector<std::string> subject; // record ids, as people write them
    std::string purpose;
    AccessOutcome outcome = AccessOutcome::allowed;
    std::vector<Sensitivity> classes;  // of fields shown, or asked for where refused
    std::vector<Sensitivity> withheld; // of fields that are there and were not shown
    std::string note;                  // a refusal's reason, a change of rights; never a value
};

// A point of the log: `number` lines have been written, the last with this hash.
struct AccessPoint {
    std::uint64_t number = 0;
    Hash hash;
    friend bool operator==(const AccessPoint&, const AccessPoint&) = default;
};

// "2026-03-01T09:30:00.123Z": equal width, so texts compare as times do.
[[nodiscard]] std::string show_access_time(AccessTime time);
[[nodiscard]] std::string_view name(AccessOutcome outcome);

// The line after `point`, newline included; moves `point` on.
[[nodiscard]] std::string encode_entry(const AccessEntry& entry, AccessPoint& point);

// What a line says of its own place; nullopt: no such line.
struct LinePlace {
    std::uint64_t number;
    Hash stated;             // its own hash, as it says
    std::string_view hashed; // the bytes that the hash covers
};
[[nodiscard]] std::optional<LinePlace> place_of(std::string_view line);
[[nodiscard]] Hash entry_hash(const Hash& before, std::string_view hashed);

// The node's word that its log reaches `point`. Signed over node, number and hash.
struct SignedPoint {
    NodeId node;
    PublicKey key;
    AccessPoint point;
    Signature signature;
};
[[nodiscard]] SignedPoint sign_point(const NodeId& node, const SigningKey& key,
                                     const AccessPoint& point);
[[nodiscard]] bool holds(const SignedPoint& claim);
// {"segment":3,"node":..,"key":..,"after":N,"hash":..,"signature":..}: first line of a file, and
// the head.
[[nodiscard]] std::string encode_signed(const SignedPoint& claim, std::uint32_t segment);
[[nodiscard]] std::optional<SignedPoint> decode_signed(std::string_view line,
                                                       std::uint32_t& segment);

} // namespace safar

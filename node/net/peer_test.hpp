// One call to one peer, to name what stands between two nodes: from its name to its hello. Nothing
// is said to the peer but TLS, so a test leaves no blame behind.
//
// Do not call where a session stands: of two calls by the same node a peer keeps the newer.
#pragma once

#include "node/charter/identity.hpp"

#include <chrono>

namespace safar {

enum class PeerFault {
    none,         // TLS stands both ways and the hello fits
    bad_address,  // the charter's address is no host:port
    unknown_name, // DNS does not know the host
    connection_refused,
    host_unreachable,          // no route
    connect_timeout,           // no answer to TCP: a firewall, a machine that is off
    tls_timeout,               // something takes connections and says nothing
    not_safar,                 // plain text, another protocol, an old TLS
    our_key_unknown,           // they refuse our TLS key: their charter does not list it
    our_clock_by_them,         // they find our certificate outside its dates: their clock
    their_key_unknown,         // their key is not in our charter
    other_node,                // a node of the charter, but another one
    this_node,                 // we answer ourselves
    certificate_not_yet_valid, // theirs, by our clock
    certificate_expired,
    closed,    // let us in and closed without a word: serves us not now
    version,   // no common version of the protocol
    network,   // another federation
    identity,  // the hello names another node than the certificate
    told,      // an error frame
    suspended, // all is well between the two, but one of them is suspended by the charter
};

struct PeerTest {
    PeerFault fault = PeerFault::none;
    std::string detail;      // what was seen
    std::string advice;      // what to do; empty if nothing
    std::uint64_t epoch = 0; // of their charter, once they said hello
    std::chrono::milliseconds took{0};
};

// "connection_refused"; "ok" for none. For programs.
[[nodiscard]] std::string_view name(PeerFault fault);

struct PeerTestSetting {
    const Identity& self;
    const Charter& charter; // in force here
    NetworkId network;
    std::chrono::milliseconds patience{10'000};          // for all of it
    bool self_suspended = false, peer_suspended = false; // as this node knows
};
// Blocks. Calls `peer` at the address that its charter entry has.
// A suspension, if the setting has one, becomes the fault of a test that found none.
void mark_suspension(PeerTest& test, const PeerTestSetting& setting, const CharterNode& peer);
[[nodiscard]] PeerTest test_peer(const PeerTestSetting& setting, const CharterNode& peer);

} // namespace safar

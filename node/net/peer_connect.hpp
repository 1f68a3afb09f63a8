// The first half of a peer's test: its name and TCP, waiting.
#pragma once

#include "node/net/peer_test.hpp"

#include <optional>

namespace safar {

[[nodiscard]] PeerTest peer_fault(PeerFault fault, std::string detail, std::string advice);

// Puts a connected non-blocking socket into `socket`, which the caller closes whatever came of it;
// a value: why there is none.
[[nodiscard]] std::optional<PeerTest>
connect_to(const CharterNode& peer, std::chrono::steady_clock::time_point deadline, int& socket);

} // namespace safar

// "host:port" as charters and configurations write it, "[::1]:7400" for IPv6, and what a name
// stands for.
#pragma once

#include "storage/base/error.hpp"

#include <chrono>
#include <cstdint>
#include <sys/socket.h>
#include <vector>

namespace safar {

struct HostPort {
    std::string host; // without brackets
    std::uint16_t port = 0;
};
// Port 0 is accepted: whoever listens is given one. Errors: invalid_argument.
[[nodiscard]] Result<HostPort> parse_host_port(const std::string& text);

struct SocketAddress {
    sockaddr_storage bytes{};
    socklen_t size = 0;
    [[nodiscard]] const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&bytes); }
};
struct FoundNames {
    std::vector<SocketAddress> addresses;
    std::string error; // empty: found
};
// Asks the system's resolver, which may block for as long as it likes.
// @param flags  as getaddrinfo has them: AI_ADDRCONFIG, AI_PASSIVE; the port is a number always.
[[nodiscard]] FoundNames look_up(const HostPort& where, int flags = 0);
// The same on a thread of its own, which ends when the resolver does.
[[nodiscard]] FoundNames
look_up_until(const HostPort& where, std::chrono::steady_clock::time_point deadline, int flags = 0);

} // namespace safar

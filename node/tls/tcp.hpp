// TCP for a thread that waits.
#pragma once

#include "node/tls/address.hpp"

namespace safar {

// Connects to the first of `addresses` that answers. 0, with a non-blocking socket in `socket`,
// which the caller closes whatever came of it; else errno of the last try, ETIMEDOUT once the
// deadline has passed.
[[nodiscard]] int connect_tcp(const std::vector<SocketAddress>& addresses,
                              std::chrono::steady_clock::time_point deadline, int& socket);
// False: the deadline has passed. `what` as poll() has it.
[[nodiscard]] bool wait_for_socket(int socket, short what,
                                   std::chrono::steady_clock::time_point deadline);

struct TcpListener {
    int socket = -1; // non-blocking; the caller closes it
    std::uint16_t port = 0;
};
// Listens on the first address that "host:port" stands for. Errors: invalid_argument; unreachable
// (no such address, or it is taken), naming `key`, the line of the configuration to look at.
[[nodiscard]] Result<TcpListener> listen_tcp(const std::string& listen, const std::string& key,
                                             int backlog);

} // namespace safar

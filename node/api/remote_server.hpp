// Serves the API to users elsewhere: over TLS 1.3, to certificates that users.toml lists and to
// nobody else. What such a user may do is decided request by request, as for everybody.
#pragma once

#include "node/api/server.hpp"

namespace safar {

struct RemoteOptions {
    std::string listen;                        // host:port; port 0: any
    ServerOptions serving = {};                // its socket_path is not used
    std::size_t half_open_max = 16;            // accepted, TLS not yet up
    std::size_t half_open_per_address_max = 4; // the same, from one address
    std::chrono::milliseconds handshake_deadline{10'000};
};

class RemoteServer {
public:
    // `context`, with its desk, and `self` must outlive it. Errors: invalid_argument, unreachable
    // (cannot listen there), storage_failed (OpenSSL).
    [[nodiscard]] static Result<std::unique_ptr<RemoteServer>>
    start(ApiContext& context, const Identity& self, const RemoteOptions& options);
    ~RemoteServer();
    [[nodiscard]] std::uint16_t port() const;
    // As ApiServer::stop.
    [[nodiscard]] bool stop(std::chrono::milliseconds grace = std::chrono::milliseconds(1000));

private:
    RemoteServer();
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace safar

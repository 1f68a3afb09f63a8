// One client of the API: reads requests, runs them, writes answers. Beast stays behind this door.
#pragma once

#include "node/api/client_stream.hpp"
#include "node/api/server.hpp"

#include <atomic>

namespace safar {

// Serves `caller` until the client leaves, a limit of time passes, or `stopping`.
void serve_connection(ApiContext& context, const ServerOptions& options, ClientStream& stream,
                      Caller caller, const std::atomic<bool>& stopping,
                      std::atomic<bool>& answering);
// Answers whoever is not served with `why`, unasked. Then waits at most `linger` for them to leave,
// so that they find the answer whatever they send meanwhile.
void refuse_connection(ClientStream& stream, const Error& why, std::chrono::milliseconds linger);
// Who is at the other end of a Unix socket, as the kernel noted it then; nobody can claim to be
// another.
[[nodiscard]] Caller peer_of(int descriptor);

} // namespace safar

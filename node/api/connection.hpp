// One client of the API: reads requests, runs them, writes answers. Beast stays behind this door.
#pragma once

#include "node/api/server.hpp"
#include "node/api/unix_stream.hpp"

#include <atomic>

namespace safar {

// Serves until the client leaves, a limit of time passes, or `stopping`.
void serve_connection(ApiContext& context, const ServerOptions& options, UnixStream& stream,
                      const std::atomic<bool>& stopping, std::atomic<bool>& answering);
// Answers 503 to whoever came beyond the limit.
void refuse_connection(UnixStream& stream);

} // namespace safar

// Serves the API on a Unix socket. One thread a connection; kept alive
// between requests.
#pragma once

#include "node/api/api.hpp"

namespace safar {

struct ServerOptions {
    std::string socket_path;
    bool open_to_all =
        false; // any account may connect, strangers to be told so; else the owner alone
    std::size_t connections_max = 32;           // more are answered 503 and closed
    std::size_t connections_per_user_max = 8;   // the same; not for the owner and root
    std::size_t connections_for_owner = 4;      // of all of them, and for root
    std::chrono::milliseconds idle{300'000};    // between two requests
    std::chrono::milliseconds silence{60'000};  // within one; a header is whole by then
    std::function<Caller()> who_for_tests = {}; // called in place of asking the kernel
};

class ApiServer {
public:
    // Takes over a socket file that nobody answers on. `context`, with its desk, must outlive it.
    // Errors: busy (another process serves it), invalid_argument (path too long), storage_failed.
    [[nodiscard]] static Result<std::unique_ptr<ApiServer>> start(ApiContext& context,
                                                                  const ServerOptions& options);
    ~ApiServer();
    // Takes no more, lets requests that are being answered end within `grace`, then cuts them off.
    // False: some still work and cannot be interrupted (a verification); they keep what they use,
    // so the process has to end without destroying it.
    [[nodiscard]] bool stop(std::chrono::milliseconds grace = std::chrono::milliseconds(1000));

private:
    ApiServer();
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace safar

// Listens, and counts who stands at the door: what is over a limit is closed before any TLS.
#pragma once

#include "node/net/peer_net.hpp"

namespace boost::asio {
class io_context;
}

namespace safar {

class Door {
public:
    // `guest` gets each admitted socket, which it owns, and what to pass to up() and gone() later.
    using Guest = std::function<void(int socket, const std::string& from)>;
    Door(boost::asio::io_context& io, const NetOptions& options, Guest guest);
    ~Door();

    // Errors: invalid_argument, unreachable.
    [[nodiscard]] Result<> open(const std::string& listen);
    void close();
    [[nodiscard]] std::uint16_t port() const;

    void up(const std::string& from);                     // TLS stands: no longer half-open
    void gone(const std::string& from, bool was_up);      // closed
    [[nodiscard]] std::uint64_t accepted() const;         // any thread
    [[nodiscard]] std::uint64_t refused_by_limit() const; // any thread

private:
    struct State;
    std::shared_ptr<State> state_;
};

} // namespace safar

// Connects to "host:port" within a deadline. Names are looked up on a thread of their own, since
// the system's resolver may block for as long as it likes.
#pragma once

#include "storage/base/error.hpp"
#include "storage/base/time.hpp"

#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace safar {

class Dial {
public:
    // `done` runs once on the network thread, never from inside the constructor, with a connected
    // socket that it owns; not at all once the Dial is destroyed.
    // Errors: invalid_argument, unreachable, timed_out.
    using Done = std::function<void(Result<int> socket)>;
    Dial(std::shared_ptr<boost::asio::io_context> io, const std::string& address, NodeTime deadline,
         Done done);
    ~Dial();
    Dial(const Dial&) = delete;
    Dial& operator=(const Dial&) = delete;

private:
    struct State;
    std::shared_ptr<State> state_;
};

} // namespace safar

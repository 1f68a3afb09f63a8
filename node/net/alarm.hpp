// One timer of the network thread. Destroying or setting it again forgets what was set before, so a
// call can never come late for an object that is gone.
#pragma once

#include "storage/base/time.hpp"

#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace safar {

[[nodiscard]] NodeTime node_now();

class Alarm {
public:
    explicit Alarm(boost::asio::io_context& io);
    ~Alarm();
    Alarm(const Alarm&) = delete;
    Alarm& operator=(const Alarm&) = delete;

    // `call` runs once on the network thread, at `when` or at once if that has passed.
    void set(NodeTime when, std::function<void()> call);
    void clear();
    [[nodiscard]] NodeTime when() const; // NodeTime::max(): not set

private:
    struct State;
    std::shared_ptr<State> state_;
};

} // namespace safar

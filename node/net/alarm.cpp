#include "node/net/alarm.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

namespace safar {

NodeTime node_now() {
    return std::chrono::duration_cast<NodeTime>(
        std::chrono::steady_clock::now().time_since_epoch());
}

struct Alarm::State {
    explicit State(boost::asio::io_context& io) : timer(io) {}
    boost::asio::steady_timer timer;
    std::function<void()> call;
    NodeTime when = NodeTime::max();
    std::uint64_t setting = 0;
};

Alarm::Alarm(boost::asio::io_context& io) : state_(std::make_shared<State>(io)) {}
Alarm::~Alarm() = default;

void Alarm::set(NodeTime when, std::function<void()> call) {
    state_->call = std::move(call);
    state_->when = when;
    std::uint64_t setting = ++state_->setting;
    state_->timer.expires_at(std::chrono::steady_clock::time_point(
        std::chrono::duration_cast<std::chrono::steady_clock::duration>(when)));
    state_->timer.async_wait(
        [weak = std::weak_ptr(state_), setting](boost::system::error_code error) {
            auto state = weak.lock();
            if (error || !state || state->setting != setting) return;
            state->when = NodeTime::max();
            auto due = std::exchange(state->call, nullptr);
            due();
        });
}

void Alarm::clear() {
    if (state_->when == NodeTime::max()) return;
    ++state_->setting;
    state_->when = NodeTime::max();
    state_->call = nullptr;
    state_->timer.cancel();
}

NodeTime Alarm::when() const { return state_->when; }

} // namespace safar

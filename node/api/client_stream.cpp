#include "node/api/client_stream.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <cerrno>
#include <poll.h>
#include <sys/socket.h>

namespace safar {

std::chrono::milliseconds ClientStream::time_left() const {
    if (!deadline_) return patience_;
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(*deadline_ - std::chrono::steady_clock::now());
    return std::clamp(left, std::chrono::milliseconds(0), patience_);
}

bool ClientStream::wait(int descriptor, short events, boost::system::error_code& error) const {
    pollfd one{descriptor, events, 0};
    for (;;) {
        int ready = ::poll(&one, 1, static_cast<int>(time_left().count()));
        if (ready > 0) return true;
        if (ready < 0 && errno == EINTR) continue;
        error = ready == 0 ? boost::system::error_code(boost::asio::error::timed_out)
                           : boost::system::error_code(errno, boost::system::system_category());
        return false;
    }
}

void ClientStream::drop_input(int descriptor, std::chrono::milliseconds at_most) {
    const auto until = std::chrono::steady_clock::now() + at_most;
    std::array<char, 65536> dropped;
    for (;;) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            until - std::chrono::steady_clock::now());
        if (left.count() <= 0) return;
        const ssize_t count = ::recv(descriptor, dropped.data(), dropped.size(), MSG_DONTWAIT);
        if (count > 0 || (count < 0 && errno == EINTR)) continue;
        if (count == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) return;
        patience(left);
        boost::system::error_code error;
        if (!wait(descriptor, POLLIN, error)) return;
    }
}

} // namespace safar

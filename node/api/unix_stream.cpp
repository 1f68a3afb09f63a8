#include "node/api/unix_stream.hpp"

#include <array>
#include <boost/asio/error.hpp>
#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

namespace safar {
namespace {

boost::system::error_code last_error() { return {errno, boost::system::system_category()}; }

} // namespace

UnixStream::UnixStream(int descriptor) : descriptor_(descriptor) {
    ::fcntl(descriptor_, F_SETFL, ::fcntl(descriptor_, F_GETFL) | O_NONBLOCK);
}

UnixStream::~UnixStream() { ::close(descriptor_); }

void UnixStream::shut_down() { ::shutdown(descriptor_, SHUT_RDWR); }

std::size_t UnixStream::read(void* out, std::size_t size, boost::system::error_code& error) {
    error = {};
    for (;;) {
        ssize_t count = ::recv(descriptor_, out, size, 0);
        if (count > 0) return static_cast<std::size_t>(count);
        if (count == 0) {
            error = boost::asio::error::eof;
            return 0;
        }
        if (errno == EINTR) continue;
        if (errno != EAGAIN && errno != EWOULDBLOCK) {
            error = last_error();
            return 0;
        }
        if (!wait(descriptor_, POLLIN, error)) return 0;
    }
}

std::size_t UnixStream::write(const boost::asio::const_buffer* parts, std::size_t count,
                              boost::system::error_code& error) {
    error = {};
    if (count == 0) return 0;
    std::array<iovec, parts_max> vectors;
    for (std::size_t i = 0; i < count; ++i)
        vectors[i] = {const_cast<void*>(parts[i].data()), parts[i].size()};
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = count;
    for (;;) {
        ssize_t sent = ::sendmsg(descriptor_, &message, MSG_NOSIGNAL);
        if (sent >= 0) return static_cast<std::size_t>(sent);
        if (errno == EINTR) continue;
        if (errno != EAGAIN && errno != EWOULDBLOCK) {
            error = last_error();
            return 0;
        }
        if (!wait(descriptor_, POLLOUT, error)) return 0;
    }
}

void UnixStream::drain(std::chrono::milliseconds at_most) {
    ::shutdown(descriptor_, SHUT_WR);
    drop_input(descriptor_, at_most);
}

} // namespace safar

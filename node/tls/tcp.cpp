#include "node/tls/tcp.hpp"

#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <unistd.h>

namespace safar {
namespace {

using Clock = std::chrono::steady_clock;

int socket_error(int socket) {
    int error = 0;
    socklen_t size = sizeof error;
    return ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

std::uint16_t port_of(int socket) {
    SocketAddress own;
    own.size = sizeof own.bytes;
    if (::getsockname(socket, reinterpret_cast<sockaddr*>(&own.bytes), &own.size) != 0) return 0;
    return own.bytes.ss_family == AF_INET6
               ? ntohs(reinterpret_cast<const sockaddr_in6*>(&own.bytes)->sin6_port)
               : ntohs(reinterpret_cast<const sockaddr_in*>(&own.bytes)->sin_port);
}

bool bind_and_listen(int socket, const SocketAddress& at, int backlog) {
    const int on = 1, off = 0;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (at.bytes.ss_family == AF_INET6)
        ::setsockopt(socket, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    return ::bind(socket, at.raw(), at.size) == 0 && ::listen(socket, backlog) == 0;
}

} // namespace

bool wait_for_socket(int socket, short what, Clock::time_point deadline) {
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
        pollfd one{socket, what, 0};
        const int ready = ::poll(&one, 1, left.count() > 0 ? static_cast<int>(left.count()) : 0);
        if (ready < 0 && errno == EINTR) continue;
        return ready > 0;
    }
}

int connect_tcp(const std::vector<SocketAddress>& addresses, Clock::time_point deadline,
                int& socket) {
    int error = EHOSTUNREACH;
    for (const SocketAddress& address : addresses) {
        if (socket >= 0) ::close(socket);
        socket = ::socket(address.bytes.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (socket < 0) {
            error = errno;
            continue;
        }
        error = ::connect(socket, address.raw(), address.size) == 0 ? 0 : errno;
        if (error == EINPROGRESS)
            error = wait_for_socket(socket, POLLOUT, deadline) ? socket_error(socket) : ETIMEDOUT;
        if (error == 0) return 0;
    }
    return error;
}

Result<TcpListener> listen_tcp(const std::string& listen, const std::string& key, int backlog) {
    SAFAR_TRY(auto where, parse_host_port(listen));
    FoundNames found = look_up(where, AI_PASSIVE);
    if (!found.error.empty())
        return failure(ErrorCode::unreachable,
                       fmt::format("listen {}: no such address ({}): check {} in safard.toml",
                                   listen, found.error, key));
    const SocketAddress& at = found.addresses.front();
    TcpListener out;
    out.socket = ::socket(at.bytes.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (out.socket < 0 || !bind_and_listen(out.socket, at, backlog)) {
        const int error = errno;
        if (out.socket >= 0) ::close(out.socket);
        return failure(
            ErrorCode::unreachable,
            fmt::format(
                "listen {}: {}: does something else have that address? choose another port: "
                "{} in safard.toml",
                listen, std::strerror(error), key));
    }
    out.port = port_of(out.socket);
    return out;
}

} // namespace safar

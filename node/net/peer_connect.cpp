#include "node/net/peer_connect.hpp"

#include "node/net/address.hpp"

#include <cerrno>
#include <cstring>
#include <future>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace safar {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto found = peer_fault;

struct Address {
    sockaddr_storage bytes{};
    socklen_t size = 0;
    int family = 0;
};
struct Names {
    std::vector<Address> addresses;
    std::string error;
};

Names look_up(const HostPort& where) {
    Names out;
    addrinfo hints{}, *list = nullptr;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    if (int error =
            ::getaddrinfo(where.host.c_str(), std::to_string(where.port).c_str(), &hints, &list);
        error != 0) {
        out.error = ::gai_strerror(error);
        return out;
    }
    for (addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
        Address one;
        if (entry->ai_addrlen > sizeof one.bytes) continue;
        std::memcpy(&one.bytes, entry->ai_addr, entry->ai_addrlen);
        one.size = entry->ai_addrlen;
        one.family = entry->ai_family;
        out.addresses.push_back(one);
    }
    ::freeaddrinfo(list);
    return out;
}

std::optional<PeerTest> resolve(const CharterNode& peer, Clock::time_point deadline,
                                std::vector<Address>& out) {
    auto where = parse_host_port(peer.address);
    if (!where)
        return found(PeerFault::bad_address, where.error().detail,
                     "a steward must correct the address in the next charter epoch");
    // The resolver may block as long as it likes; its thread ends when it does.
    auto promise = std::make_shared<std::promise<Names>>();
    auto names = promise->get_future();
    std::thread([promise, host = where.value()] {
        promise->set_value(look_up(host));
    }).detach();
    const std::string advice = "check the name with `getent hosts " + where.value().host +
                               "`; if it moved, the charter needs its new address";
    if (names.wait_until(deadline) != std::future_status::ready)
        return found(PeerFault::unknown_name,
                     where.value().host + ": the resolver does not answer", advice);
    Names answer = names.get();
    if (!answer.error.empty() || answer.addresses.empty())
        return found(PeerFault::unknown_name, where.value().host + ": " + answer.error, advice);
    out = std::move(answer.addresses);
    return std::nullopt;
}

PeerTest connect_failed(const CharterNode& peer, int error) {
    const std::string detail = peer.address + ": " + std::strerror(error);
    if (error == ECONNREFUSED)
        return found(PeerFault::connection_refused, detail,
                     "the machine answers, nothing listens there: is safard running at " +
                         peer.agency + ", and does its `listen` have this port?");
    if (error == ETIMEDOUT)
        return found(PeerFault::connect_timeout, peer.address + ": no answer to TCP",
                     "the machine is off, or a firewall drops the packets; ask " +
                         peer.agency + " to open the port for this node's address");
    return found(PeerFault::host_unreachable, detail,
                 "this machine has no route there: check its network");
}

int socket_error(int socket) {
    int error = 0;
    socklen_t size = sizeof error;
    return ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

} // namespace

PeerTest peer_fault(PeerFault fault, std::string detail, std::string advice) {
    PeerTest out;
    out.fault = fault;
    out.detail = std::move(detail);
    out.advice = std::move(advice);
    return out;
}

bool wait_for_socket(int socket, short what, Clock::time_point deadline) {
    for (;;) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
        pollfd one{socket, what, 0};
        const int ready = ::poll(&one, 1, left.count() > 0 ? static_cast<int>(left.count()) : 0);
        if (ready < 0 && errno == EINTR) continue;
        return ready > 0;
    }
}

std::optional<PeerTest> connect_to(const CharterNode& peer, Clock::time_point deadline,
                                   int& socket) {
    std::vector<Address> addresses;
    if (auto fault = resolve(peer, deadline, addresses)) return fault;
    int error = 0;
    for (const Address& address : addresses) {
        if (socket >= 0) ::close(socket);
        socket = ::socket(address.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (socket < 0) {
            error = errno;
            continue;
        }
        error = ::connect(socket, reinterpret_cast<const sockaddr*>(&address.bytes),
                          address.size) == 0
                    ? 0
                    : errno;
        if (error == EINPROGRESS)
            error = wait_for_socket(socket, POLLOUT, deadline) ? socket_error(socket) : ETIMEDOUT;
        if (error == 0) return std::nullopt;
    }
    return connect_failed(peer, error);
}

} // namespace safar

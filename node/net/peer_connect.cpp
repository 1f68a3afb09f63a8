#include "node/net/peer_connect.hpp"

#include "node/tls/tcp.hpp"

#include <cerrno>
#include <cstring>

namespace safar {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto found = peer_fault;

std::optional<PeerTest> resolve(const CharterNode& peer, Clock::time_point deadline,
                                std::vector<SocketAddress>& out) {
    auto where = parse_host_port(peer.address);
    if (!where)
        return found(PeerFault::bad_address, where.error().detail,
                     "a steward must correct the address in the next charter epoch");
    FoundNames names = look_up_until(where.value(), deadline);
    if (!names.error.empty())
        return found(PeerFault::unknown_name, where.value().host + ": " + names.error,
                     "check the name with `getent hosts " + where.value().host +
                         "`; if it moved, the charter needs its new address");
    out = std::move(names.addresses);
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
                     "the machine is off, or a firewall drops the packets; ask " + peer.agency +
                         " to open the port for this node's address");
    return found(PeerFault::host_unreachable, detail,
                 "this machine has no route there: check its network");
}

} // namespace

PeerTest peer_fault(PeerFault fault, std::string detail, std::string advice) {
    PeerTest out;
    out.fault = fault;
    out.detail = std::move(detail);
    out.advice = std::move(advice);
    return out;
}

std::optional<PeerTest> connect_to(const CharterNode& peer, Clock::time_point deadline,
                                   int& socket) {
    std::vector<SocketAddress> addresses;
    if (auto fault = resolve(peer, deadline, addresses)) return fault;
    const int error = connect_tcp(addresses, deadline, socket);
    if (error == 0) return std::nullopt;
    return connect_failed(peer, error);
}

} // namespace safar

#include "node/net/door.hpp"

#include "node/net/alarm.hpp"
#include "node/tls/address.hpp"

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <fmt/format.h>
#include <map>
#include <spdlog/spdlog.h>

namespace safar {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr int backlog = 128;
constexpr std::chrono::milliseconds retry_accept{100}; // out of descriptors: others must end first

// One customer of an IPv6 provider has a /64 at least.
std::string limit_key(const tcp::endpoint& from) {
    asio::ip::address address = from.address();
    if (!address.is_v6()) return address.to_string();
    asio::ip::address_v6 v6 = address.to_v6();
    if (v6.is_v4_mapped()) return asio::ip::make_address_v4(asio::ip::v4_mapped, v6).to_string();
    auto bytes = v6.to_bytes();
    std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
    return asio::ip::address_v6(bytes).to_string();
}

} // namespace

struct Door::State : std::enable_shared_from_this<Door::State> {
    State(asio::io_context& io, const NetOptions& limits, Guest call)
        : options(limits), guest(std::move(call)), acceptor(io), peer(io), alarm(io) {}

    const NetOptions& options;
    Guest guest;
    tcp::acceptor acceptor;
    tcp::socket peer;
    Alarm alarm;
    std::uint16_t port = 0;
    std::size_t half_open = 0, connected = 0;
    std::map<std::string, std::size_t> half_open_from;
    std::atomic<std::uint64_t> accepted{0}, refused{0};

    void accept() {
        acceptor.async_accept(peer, [self = shared_from_this()](boost::system::error_code error) {
            if (!self->acceptor.is_open()) return;
            if (error && error != asio::error::connection_aborted) {
                spdlog::warn("cannot accept a connection why=\"{}\"", error.message());
                self->alarm.set(node_now() + retry_accept, [door = self.get()] { door->accept(); });
                return;
            }
            if (!error) self->admit();
            self->accept();
        });
    }
    void admit() {
        boost::system::error_code error;
        tcp::endpoint from = peer.remote_endpoint(error);
        std::string key = error ? std::string() : limit_key(from);
        if (error || half_open >= options.half_open_max ||
            half_open + connected >= options.connections_max ||
            standing(key) >= options.half_open_per_address_max) {
            ++refused;
            peer.close(error);
            return;
        }
        int handle = peer.release(error);
        if (error) return;
        ++accepted;
        ++half_open;
        ++half_open_from[key];
        guest(handle, key);
    }
    std::size_t standing(const std::string& from) const {
        auto found = half_open_from.find(from);
        return found == half_open_from.end() ? 0 : found->second;
    }
    void no_longer_half_open(const std::string& from) {
        --half_open;
        auto found = half_open_from.find(from);
        SAFAR_ASSERT(found != half_open_from.end() && found->second > 0);
        if (--found->second == 0) half_open_from.erase(found);
    }
};

Door::Door(asio::io_context& io, const NetOptions& options, Guest guest)
    : state_(std::make_shared<State>(io, options, std::move(guest))) {}
Door::~Door() { close(); }

Result<> Door::open(const std::string& listen) {
    SAFAR_TRY(auto where, parse_host_port(listen));
    boost::system::error_code error;
    tcp::resolver resolver(state_->acceptor.get_executor());
    auto found = resolver.resolve(where.host, std::to_string(where.port),
                                  tcp::resolver::passive | tcp::resolver::numeric_service, error);
    if (error || found.empty())
        return failure(ErrorCode::unreachable,
                       fmt::format("listen {}: no such address ({}): check `listen` in safard.toml",
                                   listen, error.message()));
    tcp::endpoint endpoint = found.begin()->endpoint();
    tcp::acceptor& acceptor = state_->acceptor;
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error && endpoint.protocol() == tcp::v6())
        acceptor.set_option(asio::ip::v6_only(false), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(backlog, error);
    if (error)
        return failure(
            ErrorCode::unreachable,
            fmt::format("listen {}: {}: is another node running there? choose another port "
                        "in safard.toml",
                        listen, error.message()));
    state_->port = acceptor.local_endpoint(error).port();
    state_->accept();
    return success();
}

void Door::close() {
    boost::system::error_code ignored;
    state_->alarm.clear();
    state_->acceptor.close(ignored);
}
std::uint16_t Door::port() const { return state_->port; }

void Door::up(const std::string& from) {
    state_->no_longer_half_open(from);
    ++state_->connected;
}
void Door::gone(const std::string& from, bool was_up) {
    if (was_up)
        --state_->connected;
    else
        state_->no_longer_half_open(from);
}
std::uint64_t Door::accepted() const { return state_->accepted; }
std::uint64_t Door::refused_by_limit() const { return state_->refused; }

} // namespace safar

#include "node/net/dial.hpp"

#include "node/net/address.hpp"
#include "node/net/alarm.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <cstring>
#include <fmt/format.h>
#include <netdb.h>
#include <thread>

namespace safar {
namespace {

namespace asio = boost::asio;
using Endpoints = std::vector<asio::ip::tcp::endpoint>;

struct FoundNames {
    Endpoints endpoints;
    std::string error; // empty: found
};

FoundNames look_up(const HostPort& where) {
    FoundNames out;
    addrinfo hints{}, *list = nullptr;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV;
    int error = ::getaddrinfo(where.host.c_str(), std::to_string(where.port).c_str(), &hints, &list);
    if (error != 0) {
        out.error = ::gai_strerror(error);
        return out;
    }
    for (addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
        asio::ip::tcp::endpoint endpoint;
        if (entry->ai_addrlen > endpoint.capacity()) continue;
        std::memcpy(endpoint.data(), entry->ai_addr, entry->ai_addrlen);
        endpoint.resize(entry->ai_addrlen);
        out.endpoints.push_back(endpoint);
    }
    ::freeaddrinfo(list);
    return out;
}

} // namespace

struct Dial::State : std::enable_shared_from_this<Dial::State> {
    State(const std::shared_ptr<asio::io_context>& context, std::string where, Done call)
        : io(context), address(std::move(where)), done(std::move(call)), socket(*context),
          alarm(*context) {}

    std::weak_ptr<asio::io_context> io; // weak: its handlers hold this
    std::string address;
    Done done; // null: told, or nobody waits
    Endpoints endpoints;
    asio::ip::tcp::socket socket;
    Alarm alarm;

    void start() {
        auto where = parse_host_port(address);
        if (!where) return end(where.error());
        boost::system::error_code error;
        auto numeric = asio::ip::make_address(where.value().host, error);
        if (!error) {
            endpoints = {{numeric, where.value().port}};
            return connect();
        }
        // The thread ends when the resolver does; whoever waited may be long gone.
        std::thread([weak = weak_from_this(), context = io.lock(), named = where.value()] {
            FoundNames found = look_up(named);
            asio::post(*context, [weak, found = std::move(found)]() mutable {
                auto self = weak.lock();
                if (!self || !self->done) return;
                if (!found.error.empty()) return self->refuse(found.error);
                self->endpoints = std::move(found.endpoints);
                self->connect();
            });
        }).detach();
    }
    void connect() {
        asio::async_connect(socket, endpoints,
                            [self = shared_from_this()](boost::system::error_code error, const auto&) {
                                if (!self->done) return;
                                if (error) return self->refuse(error.message());
                                int handle = self->socket.release(error);
                                if (error) return self->refuse(error.message());
                                self->end(handle);
                            });
    }
    void refuse(std::string_view why) {
        end(failure(ErrorCode::unreachable, fmt::format("{}: {}", address, why)));
    }
    void end(Result<int> result) {
        auto call = std::exchange(done, nullptr);
        cancel();
        if (call) call(std::move(result));
    }
    void cancel() {
        done = nullptr;
        alarm.clear();
        boost::system::error_code ignored;
        socket.close(ignored);
    }
};

Dial::Dial(std::shared_ptr<asio::io_context> io, const std::string& address, NodeTime deadline, Done done)
    : state_(std::make_shared<State>(io, address, std::move(done))) {
    State* state = state_.get();
    state->alarm.set(deadline, [state] {
        state->end(failure(ErrorCode::timed_out, state->address + ": no answer"));
    });
    asio::post(*io, [weak = std::weak_ptr(state_)] {
        auto self = weak.lock();
        if (self && self->done) self->start();
    });
}
Dial::~Dial() { state_->cancel(); }

} // namespace safar

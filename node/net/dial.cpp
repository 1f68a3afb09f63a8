#include "node/net/dial.hpp"

#include "node/net/alarm.hpp"
#include "node/tls/address.hpp"

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

Endpoints endpoints_of(const FoundNames& found) {
    Endpoints out;
    for (const SocketAddress& one : found.addresses) {
        asio::ip::tcp::endpoint endpoint;
        if (one.size > endpoint.capacity()) continue;
        std::memcpy(endpoint.data(), &one.bytes, one.size);
        endpoint.resize(one.size);
        out.push_back(endpoint);
    }
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
            FoundNames found = look_up(named, AI_ADDRCONFIG);
            asio::post(*context, [weak, found = std::move(found)] {
                auto self = weak.lock();
                if (!self || !self->done) return;
                if (!found.error.empty()) return self->refuse(found.error);
                self->endpoints = endpoints_of(found);
                self->connect();
            });
        }).detach();
    }
    void connect() {
        asio::async_connect(
            socket, endpoints,
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

Dial::Dial(std::shared_ptr<asio::io_context> io, const std::string& address, NodeTime deadline,
           Done done)
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

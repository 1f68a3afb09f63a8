#include "node/api/remote_server.hpp"

#include "node/api/client_pool.hpp"
#include "node/api/connection.hpp"
#include "node/api/tls_client_stream.hpp"
#include "node/tls/certificate_print.hpp"
#include "node/tls/tcp.hpp"
#include "storage/record/log_text.hpp"

#include <map>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace safar {
namespace {

constexpr int backlog = 64;
constexpr std::chrono::milliseconds retry_accept{100}; // out of descriptors: others must end first

// Whom the limit of half-open connections is for: one customer of an IPv6 provider has a /64 at
// least.
std::string limit_key(SocketAddress from) {
    if (from.bytes.ss_family == AF_INET6) {
        auto* six = reinterpret_cast<sockaddr_in6*>(&from.bytes);
        if (!IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
            std::fill_n(six->sin6_addr.s6_addr + 8, 8, std::uint8_t{0});
    }
    char text[64] = "?";
    static_cast<void>(
        ::getnameinfo(from.raw(), from.size, text, sizeof text, nullptr, 0, NI_NUMERICHOST));
    return text;
}

} // namespace

struct RemoteServer::State {
    ApiContext& context;
    RemoteOptions options;
    TlsContext tls;
    TcpListener listener;
    int wake = -1;
    std::mutex mutex; // guards the two counts
    std::size_t half_open = 0;
    std::map<std::string, std::size_t> half_open_from;
    ClientPool clients; // ends first: its threads use the rest
    std::thread acceptor;

    State(ApiContext& context_in, const RemoteOptions& options_in)
        : context(context_in), options(options_in) {}

    void accept_loop() {
        while (!clients.stopping()) {
            pollfd both[2] = {{listener.socket, POLLIN, 0}, {wake, POLLIN, 0}};
            ::poll(both, 2, 1000);
            if (clients.stopping()) break;
            const std::size_t connected = clients.size();
            SocketAddress from;
            from.size = sizeof from.bytes;
            const int descriptor =
                ::accept4(listener.socket, reinterpret_cast<sockaddr*>(&from.bytes), &from.size,
                          SOCK_CLOEXEC | SOCK_NONBLOCK);
            if (descriptor >= 0)
                take(descriptor, limit_key(from), connected);
            else if (errno == EMFILE || errno == ENFILE)
                std::this_thread::sleep_for(retry_accept);
        }
    }

    // What is over a limit is closed before any TLS.
    void take(int descriptor, const std::string& from, std::size_t connected) {
        if (connected >= options.serving.connections_max || !come_in(from)) {
            context.metrics.refused_connection();
            ::close(descriptor);
            return;
        }
        const int on = 1; // an answer leaves in two writes at times; the second must not wait
        ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        auto caller = std::make_shared<Caller>();
        auto channel = TlsChannel::make(tls.get(), descriptor, TlsChannel::Side::accepted,
                                        [this, caller](const PublicKey& key) -> Result<> {
                                            caller->certificate = certificate_print(key);
                                            SAFAR_TRY(context.desk->admit(*caller));
                                            return success();
                                        });
        if (!channel.has_value()) return go_on(from);
        clients.take(
            std::make_unique<TlsClientStream>(std::move(channel.value())),
            [this, caller, from](ClientPool::Client& client) { serve(client, *caller, from); });
    }

    void serve(ClientPool::Client& client, const Caller& caller, const std::string& from) {
        TlsChannel& channel = static_cast<TlsClientStream&>(*client.stream).channel();
        auto up =
            channel.shake_hands(std::chrono::steady_clock::now() + options.handshake_deadline);
        if (!up.has_value()) {
            context.metrics.refused_handshake();
            spdlog::debug("event=api_refused from={} certificate={} why={}", from,
                          caller.certificate.empty() ? "none" : caller.certificate,
                          log_value(up.error().detail));
            client.stream->drain(std::chrono::seconds(1)); // for the alert to be fetched
            return go_on(from); // not before: who is refused must not take the place of who is not
        }
        go_on(from);
        serve_connection(context, options.serving, *client.stream, caller, clients.stopping(),
                         client.answering);
        channel.finish();
    }

    bool come_in(const std::string& from) {
        std::lock_guard lock(mutex);
        if (half_open >= options.half_open_max) return false;
        auto& here = half_open_from[from];
        if (here >= options.half_open_per_address_max) return false;
        ++here;
        ++half_open;
        return true;
    }
    void go_on(const std::string& from) {
        std::lock_guard lock(mutex);
        --half_open;
        if (auto at = half_open_from.find(from); --at->second == 0) half_open_from.erase(at);
    }
};

RemoteServer::RemoteServer() = default;
RemoteServer::~RemoteServer() { static_cast<void>(stop()); }

Result<std::unique_ptr<RemoteServer>> RemoteServer::start(ApiContext& context, const Identity& self,
                                                          const RemoteOptions& options) {
    SAFAR_ASSERT(context.desk != nullptr);
    std::unique_ptr<RemoteServer> server(new RemoteServer);
    server->state_ = std::make_unique<State>(context, options);
    State& state = *server->state_;
    SAFAR_TRY(state.tls, make_tls_context(self.tls, self.agency, TlsProtocol::api));
    SAFAR_TRY(state.listener, listen_tcp(options.listen, "[api] listen", backlog));
    state.wake = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    state.acceptor = std::thread([&state] { state.accept_loop(); });
    return server;
}

std::uint16_t RemoteServer::port() const { return state_->listener.port; }

bool RemoteServer::stop(std::chrono::milliseconds grace) {
    if (!state_ || state_->listener.socket < 0) return true;
    state_->clients.begin_stop();
    std::uint64_t one = 1;
    [[maybe_unused]] auto written = ::write(state_->wake, &one, sizeof one);
    if (state_->acceptor.joinable()) state_->acceptor.join();
    ::close(state_->listener.socket);
    state_->listener.socket = -1;
    if (!state_->clients.stop(grace)) return false;
    ::close(state_->wake);
    return true;
}

} // namespace safar

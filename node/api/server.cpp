#include "node/api/server.hpp"

#include "node/api/connection.hpp"

#include <cerrno>
#include <cstring>
#include <list>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

namespace safar {
namespace {

Error socket_error(ErrorCode code, const std::string& path, const char* what) {
    return failure(code, path + ": " + what + ": " + std::strerror(errno));
}

// Does anybody answer there? A file left by a process that died does not.
bool somebody_answers(const sockaddr_un& address) {
    int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0) return false;
    int result = ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    bool answers = result == 0 || errno == EAGAIN || errno == EINPROGRESS;
    ::close(probe);
    return answers;
}

Result<int> listen_on(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        return failure(ErrorCode::invalid_argument,
                       path + ": a socket's path has at most " + std::to_string(sizeof address.sun_path - 1) +
                           " bytes; move the data directory or name it by a shorter path");
    std::memcpy(address.sun_path, path.data(), path.size());
    if (somebody_answers(address))
        return failure(ErrorCode::busy, path + ": another process serves this node");
    ::unlink(path.c_str());
    int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener < 0) return socket_error(ErrorCode::storage_failed, path, "cannot make a socket");
    // The mask makes the file 0600 from its first moment on.
    mode_t before = ::umask(0177);
    int bound = ::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    ::umask(before);
    if (bound != 0 || ::listen(listener, 64) != 0) {
        Error error = socket_error(ErrorCode::storage_failed, path, "cannot listen");
        ::close(listener);
        return error;
    }
    return listener;
}

} // namespace

struct ApiServer::State {
    ApiContext& context;
    ServerOptions options;
    int listener = -1, wake = -1;
    std::atomic<bool> stopping{false};
    std::thread acceptor;

    struct Client {
        UnixStream stream;
        std::atomic<bool> answering{false}, ended{false};
        std::thread thread;
        explicit Client(int descriptor) : stream(descriptor) {}
    };
    std::mutex mutex;
    std::list<Client> clients;

    State(ApiContext& context_in, const ServerOptions& options_in) : context(context_in), options(options_in) {}

    void accept_loop() {
        while (!stopping) {
            pollfd both[2] = {{listener, POLLIN, 0}, {wake, POLLIN, 0}};
            ::poll(both, 2, 1000);
            if (stopping) break;
            reap();
            int descriptor = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
            if (descriptor >= 0) take(descriptor);
        }
    }

    void take(int descriptor) {
        std::lock_guard lock(mutex);
        if (clients.size() >= options.connections_max) {
            context.metrics.refused_connection();
            UnixStream stream(descriptor);
            refuse_connection(stream);
            return;
        }
        Client& client = clients.emplace_back(descriptor);
        client.thread = std::thread([this, &client] {
            serve_connection(context, options, client.stream, stopping, client.answering);
            client.stream.shut_down();
            client.ended = true;
        });
    }

    void reap() {
        std::lock_guard lock(mutex);
        for (auto at = clients.begin(); at != clients.end();) {
            if (!at->ended) {
                ++at;
                continue;
            }
            at->thread.join();
            at = clients.erase(at);
        }
    }

    void wait_for_clients() {
        while (!end_clients(/*all=*/true)) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }

    // Ends idle connections at once (`all`: busy ones too); true if none is left.
    bool end_clients(bool all) {
        reap();
        std::lock_guard lock(mutex);
        for (Client& client : clients)
            if (all || !client.answering) client.stream.shut_down();
        return clients.empty();
    }
};

ApiServer::ApiServer() = default;
ApiServer::~ApiServer() {
    static_cast<void>(stop());
    if (state_) state_->wait_for_clients();
}

Result<std::unique_ptr<ApiServer>> ApiServer::start(ApiContext& context, const ServerOptions& options) {
    std::unique_ptr<ApiServer> server(new ApiServer);
    server->state_ = std::make_unique<State>(context, options);
    State& state = *server->state_;
    SAFAR_TRY(state.listener, listen_on(options.socket_path));
    state.wake = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    state.acceptor = std::thread([&state] { state.accept_loop(); });
    return server;
}

bool ApiServer::stop(std::chrono::milliseconds grace) {
    if (!state_ || state_->listener < 0) return true;
    state_->stopping = true;
    std::uint64_t one = 1;
    [[maybe_unused]] auto written = ::write(state_->wake, &one, sizeof one);
    if (state_->acceptor.joinable()) state_->acceptor.join();
    ::close(state_->listener);
    state_->listener = -1;
    ::unlink(state_->options.socket_path.c_str());
    const auto cut = std::chrono::steady_clock::now() + grace;
    const auto give_up = cut + std::chrono::milliseconds(500);
    for (;;) {
        const auto now = std::chrono::steady_clock::now();
        if (state_->end_clients(/*all=*/now >= cut)) break;
        if (now >= give_up) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    ::close(state_->wake);
    return true;
}

} // namespace safar

#include "node/api/server.hpp"

#include "node/api/client_pool.hpp"
#include "node/api/connection.hpp"
#include "node/api/unix_stream.hpp"

#include <cerrno>
#include <cstring>
#include <map>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

namespace safar {
namespace {

constexpr std::size_t leaving_max = 8; // refused clients with a thread; more are closed at once
constexpr std::chrono::milliseconds leaving_linger{1000}; // for them to find the answer
constexpr std::chrono::milliseconds retry_accept{100}; // out of descriptors: others must end first

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

// Beside the socket's own name, and shorter.
std::string path_in_making(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return path.substr(0, slash == std::string::npos ? 0 : slash + 1) + ".api.new";
}

// Under its name from its first moment on with the mode it shall have, and with somebody listening.
bool bind_and_listen(int listener, sockaddr_un address, const std::string& path, mode_t mode) {
    const std::string beside = path_in_making(path);
    std::memset(address.sun_path, 0, sizeof address.sun_path);
    std::memcpy(address.sun_path, beside.data(), beside.size());
    ::unlink(beside.c_str());
    return ::fchmod(listener, 0600) == 0 && // which bind() gives to the file
           ::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
           ::chmod(beside.c_str(), mode) == 0 && ::listen(listener, 64) == 0 &&
           ::rename(beside.c_str(), path.c_str()) == 0;
}

Result<int> listen_on(const std::string& path, mode_t mode) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        return failure(ErrorCode::invalid_argument,
                       path + ": a socket's path has at most " +
                           std::to_string(sizeof address.sun_path - 1) +
                           " bytes; move the data directory or name it by a shorter path");
    std::memcpy(address.sun_path, path.data(), path.size());
    if (somebody_answers(address))
        return failure(ErrorCode::busy, path + ": another process serves this node");
    int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener < 0) return socket_error(ErrorCode::storage_failed, path, "cannot make a socket");
    if (!bind_and_listen(listener, address, path, mode)) {
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
    std::mutex mutex; // guards connected_as
    std::map<uid_t, std::size_t> connected_as;
    ClientPool leaving; // refused, until they have heard it
    ClientPool clients; // ends first: its threads use the rest
    std::thread acceptor;

    State(ApiContext& context_in, const ServerOptions& options_in)
        : context(context_in), options(options_in) {}

    void accept_loop() {
        while (!clients.stopping()) {
            pollfd both[2] = {{listener, POLLIN, 0}, {wake, POLLIN, 0}};
            ::poll(both, 2, 1000);
            if (clients.stopping()) break;
            const std::size_t connected = clients.size();
            int descriptor = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
            if (descriptor >= 0)
                take(descriptor, connected);
            else if (errno == EMFILE || errno == ENFILE)
                std::this_thread::sleep_for(retry_accept);
        }
    }

    void take(int descriptor, std::size_t connected) {
        auto stream = std::make_unique<UnixStream>(descriptor);
        const Caller caller = options.who_for_tests ? options.who_for_tests() : peer_of(descriptor);
        if (auto in = come_in(caller, connected); !in.has_value())
            return turn_away(std::move(stream), in.error());
        clients.take(std::move(stream), [this, caller](ClientPool::Client& client) {
            serve_connection(context, options, *client.stream, caller, clients.stopping(),
                             client.answering);
            leave(caller.uid);
        });
    }

    // A stranger takes nobody's place, and a user no more than their share: whoever keeps silent
    // must not keep others out.
    Result<> come_in(const Caller& caller, std::size_t connected) {
        SAFAR_TRY(const User user, context.desk->admit(caller));
        const std::size_t kept = user.owner ? 0 : options.connections_for_owner;
        if (connected + kept >= options.connections_max)
            return over_limit("too many connections to this node; try again");
        std::lock_guard lock(mutex);
        std::size_t& here = connected_as[caller.uid];
        if (!user.owner && here >= options.connections_per_user_max)
            return over_limit(
                caller.login + " has " + std::to_string(here) +
                " connections to this node and gets no more; close one, or try again");
        ++here;
        return success();
    }
    Error over_limit(const std::string& why) {
        context.metrics.refused_connection();
        return failure(ErrorCode::busy, why);
    }
    void leave(uid_t uid) {
        std::lock_guard lock(mutex);
        if (auto at = connected_as.find(uid); --at->second == 0) connected_as.erase(at);
    }

    // On a thread of its own, while there are few: nobody else waits for whoever is refused.
    void turn_away(std::unique_ptr<ClientStream> stream, const Error& why) {
        if (leaving.size() >= leaving_max)
            return refuse_connection(*stream, why, std::chrono::milliseconds(0));
        leaving.take(std::move(stream), [why](ClientPool::Client& client) {
            refuse_connection(*client.stream, why, leaving_linger);
        });
    }
};

ApiServer::ApiServer() = default;
ApiServer::~ApiServer() { static_cast<void>(stop()); }

Result<std::unique_ptr<ApiServer>> ApiServer::start(ApiContext& context,
                                                    const ServerOptions& options) {
    SAFAR_ASSERT(context.desk != nullptr);
    std::unique_ptr<ApiServer> server(new ApiServer);
    server->state_ = std::make_unique<State>(context, options);
    State& state = *server->state_;
    SAFAR_TRY(state.listener, listen_on(options.socket_path, options.open_to_all ? 0666 : 0600));
    state.wake = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    state.acceptor = std::thread([&state] { state.accept_loop(); });
    return server;
}

bool ApiServer::stop(std::chrono::milliseconds grace) {
    if (!state_ || state_->listener < 0) return true;
    state_->clients.begin_stop();
    std::uint64_t one = 1;
    [[maybe_unused]] auto written = ::write(state_->wake, &one, sizeof one);
    if (state_->acceptor.joinable()) state_->acceptor.join();
    ::close(state_->listener);
    state_->listener = -1;
    ::unlink(state_->options.socket_path.c_str());
    if (!state_->clients.stop(grace)) return false;
    ::close(state_->wake);
    return true;
}

} // namespace safar

#include "cli/remote.hpp"

#include "node/charter/key_files.hpp"
#include "node/tls/certificate_print.hpp"
#include "node/tls/tcp.hpp"
#include "node/tls/tls_channel.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fmt/format.h>
#include <future>
#include <mutex>
#include <poll.h>
#include <thread>
#include <unistd.h>

namespace safar::cli {

namespace {

constexpr std::size_t piece_bytes = 64u << 10;

Result<int> connect_to(const std::string& address, std::chrono::steady_clock::time_point deadline) {
    SAFAR_TRY(auto where, parse_host_port(address));
    FoundNames names = look_up_until(where, deadline);
    if (!names.error.empty())
        return failure(ErrorCode::unreachable, fmt::format("{}: {}", where.host, names.error));
    int socket = -1;
    const int error = connect_tcp(names.addresses, deadline, socket);
    if (error == 0) return socket;
    if (socket >= 0) ::close(socket);
    return failure(
        ErrorCode::unreachable,
        fmt::format("no node answers at https://{} ({}); is it running, with [api] listen in its "
                    "safard.toml, and does a firewall let this machine through?",
                    address, std::strerror(error)));
}

} // namespace

struct RemoteBridge::State {
    // Bytes on their way in one direction.
    struct Lane {
        Bytes room = Bytes(piece_bytes);
        std::size_t at = 0, end = 0;
        [[nodiscard]] bool empty() const { return at == end; }
        void hold(std::size_t count) {
            at = 0;
            end = count;
        }
        [[nodiscard]] ByteView rest() const { return ByteView(room).subspan(at, end - at); }
    };

    RemoteNode node;
    SigningKey key;
    std::string shown;  // by the node, where it is not the one expected
    TlsContext context; // uses the key
    std::unique_ptr<TlsChannel> channel;
    int inner = -1, outer = -1; // the pair: ours, HTTP's
    mutable std::mutex mutex;   // guards problem
    std::optional<Error> problem;
    std::thread thread;

    State(RemoteNode to, SigningKey own) : node(std::move(to)), key(std::move(own)) {}
    ~State() {
        if (outer >= 0) ::close(outer);
        if (thread.joinable()) thread.join();
        if (inner >= 0) ::close(inner);
    }

    Error explained(const Error& why) const {
        if (!shown.empty())
            return failure(ErrorCode::not_permitted,
                           fmt::format("https://{} shows the key {} and not the one that "
                                       "--node-key names: it is another "
                                       "node, or the node's key was changed. Its operator reads it "
                                       "from `safar key show`",
                                       node.address, shown));
        if (why.code == ErrorCode::not_permitted)
            return failure(
                ErrorCode::not_permitted,
                fmt::format(
                    "the node at https://{} does not know your key; its operator enters it with "
                    "`safar user certificate NAME {}`",
                    node.address, certificate_print(key.public_key())));
        return failure(why.code, fmt::format("https://{}: {}", node.address, why.detail));
    }

    void work(std::chrono::steady_clock::time_point deadline, std::promise<Result<>> ready) {
        sigset_t broken_pipe;
        ::sigemptyset(&broken_pipe);
        ::sigaddset(&broken_pipe, SIGPIPE);
        ::pthread_sigmask(SIG_BLOCK, &broken_pipe,
                          nullptr); // OpenSSL writes to the socket as to a file
        auto up = channel->shake_hands(deadline);
        const bool stands = up.has_value();
        ready.set_value(stands ? Result<>(success()) : Result<>(explained(up.error())));
        if (stands) carry();
    }

    void carry() {
        Lane up, down;
        auto carried = [&]() -> Result<> {
            for (;;) {
                short inner_wait = 0, tls_wait = 0;
                SAFAR_TRY(auto open, carry_up(up, inner_wait, tls_wait));
                if (!open) break;
                SAFAR_TRY(open, carry_down(down, inner_wait, tls_wait));
                if (!open) break;
                pollfd both[2] = {{inner, inner_wait, 0}, {channel->descriptor(), tls_wait, 0}};
                ::poll(both, 2, -1);
                // With input that TLS has not taken yet nobody would see that HTTP has gone.
                if (!up.empty() && (both[0].revents & (POLLHUP | POLLERR)) != 0) break;
            }
            return success();
        }();
        if (!carried.has_value()) {
            std::lock_guard lock(mutex);
            problem = explained(carried.error());
        } else {
            channel->finish();
        }
        ::shutdown(inner, SHUT_RDWR);
    }

    // False: HTTP has hung up.
    Result<bool> carry_up(Lane& lane, short& inner_wait, short& tls_wait) {
        if (lane.empty()) {
            const ssize_t got = ::recv(inner, lane.room.data(), lane.room.size(), MSG_DONTWAIT);
            if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return false;
            if (got < 0) {
                inner_wait |= POLLIN;
                return true;
            }
            lane.hold(static_cast<std::size_t>(got));
        }
        while (!lane.empty()) {
            SAFAR_TRY(auto moved, channel->write(lane.rest()));
            lane.at += moved.bytes;
            tls_wait |= moved.wait_for;
            if (moved.wait_for != 0) return true;
        }
        inner_wait |= POLLIN; // poll() returns at once if there is more
        return true;
    }
    // False: the node has said goodbye, or HTTP has hung up.
    Result<bool> carry_down(Lane& lane, short& inner_wait, short& tls_wait) {
        for (;;) {
            if (lane.empty()) {
                SAFAR_TRY(auto moved, channel->read(lane.room));
                if (moved.ended) return false;
                if (moved.bytes == 0) {
                    tls_wait |= moved.wait_for;
                    return true;
                }
                lane.hold(moved.bytes);
            }
            const ByteView rest = lane.rest();
            const ssize_t sent =
                ::send(inner, rest.data(), rest.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
            if (sent < 0 && errno != EAGAIN && errno != EINTR) return false;
            if (sent < 0) {
                inner_wait |= POLLOUT;
                return true;
            }
            lane.at += static_cast<std::size_t>(sent);
        }
    }
};

RemoteBridge::RemoteBridge() = default;
RemoteBridge::~RemoteBridge() = default;

Result<std::unique_ptr<RemoteBridge>>
RemoteBridge::open(const RemoteNode& node, std::chrono::steady_clock::time_point deadline) {
    SAFAR_TRY(auto key, load_key_at(node.key_file, user_key_purpose, user_key_advice));
    std::unique_ptr<RemoteBridge> out(new RemoteBridge);
    out->state_ = std::make_unique<State>(node, std::move(key));
    State& state = *out->state_;
    SAFAR_TRY(state.context, make_tls_context(state.key, "safar", TlsProtocol::api));
    SAFAR_TRY(auto socket, connect_to(node.address, deadline));
    SAFAR_TRY(state.channel,
              TlsChannel::make(state.context.get(), socket, TlsChannel::Side::dialled,
                               [&state](const PublicKey& shown) -> Result<> {
                                   const std::string print = certificate_print(shown);
                                   if (print == state.node.node_key) return success();
                                   state.shown = print;
                                   return failure(ErrorCode::not_permitted, "another key");
                               }));
    int pair[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return failure(ErrorCode::storage_failed,
                       std::string("cannot make a pair of sockets: ") + std::strerror(errno));
    state.inner = pair[0];
    state.outer = pair[1];
    std::promise<Result<>> ready;
    auto stands = ready.get_future();
    state.thread = std::thread([&state, deadline, ready = std::move(ready)]() mutable {
        state.work(deadline, std::move(ready));
    });
    SAFAR_TRY(stands.get());
    return out;
}

int RemoteBridge::take_socket() { return std::exchange(state_->outer, -1); }

std::optional<Error> RemoteBridge::problem() const {
    std::lock_guard lock(state_->mutex);
    return state_->problem;
}

} // namespace safar::cli

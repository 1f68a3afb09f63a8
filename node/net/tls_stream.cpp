#include "node/net/tls_stream.hpp"

#include "node/net/alarm.hpp"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <deque>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

namespace safar {
namespace {

namespace asio = boost::asio;

constexpr std::size_t chunk_bytes = 64 << 10;
constexpr std::size_t record_bytes = 16 << 10; // TLS writes at most this in one record
constexpr std::size_t turn_bytes = 512 << 10;  // then other connections get their turn
constexpr unsigned handshakes_max = 64; // messages of TLS itself, with nothing read between them
constexpr std::chrono::milliseconds alert_linger{1'000}; // for the peer to fetch why it was refused

} // namespace

struct TlsStream::State : std::enable_shared_from_this<TlsStream::State> {
    enum class Phase { handshake, up, finishing, farewell, closed };

    State(asio::io_context& context, int handle, StreamEvents& owner, const NetOptions& limits)
        : io(context), socket(context, handle), descriptor(handle), events(&owner), options(limits),
          alarm(context) {}

    asio::io_context& io;
    asio::posix::stream_descriptor socket; // tells readiness; OpenSSL reads and writes
    int descriptor;
    StreamEvents* events;
    const NetOptions& options;
    AdmitKey admit;
    TlsSession ssl;
    Phase phase = Phase::handshake;
    Alarm alarm; // the one deadline of the present phase
    bool paused = false, reading = false, writing = false;
    bool posted_read = false, posted_write = false;

    std::deque<Bytes> queue;
    std::size_t queue_bytes = 0;
    Bytes front; // being sent
    std::size_t front_sent = 0;
    NodeTime progress{0};
    bool blocked = false;

    Error end{ErrorCode::stopping, ""};
    bool truncated = false;

    // --- readiness ---

    void wait_read() {
        if (reading || phase == Phase::closed) return;
        reading = true;
        socket.async_wait(socket.wait_read,
                          [self = shared_from_this()](boost::system::error_code error) {
                              self->reading = false;
                              if (!error) self->readable();
                          });
    }
    void wait_write() {
        if (writing || phase == Phase::closed) return;
        writing = true;
        socket.async_wait(socket.wait_write,
                          [self = shared_from_this()](boost::system::error_code error) {
                              self->writing = false;
                              if (!error) self->writable();
                          });
    }
    void post_read() {
        if (std::exchange(posted_read, true)) return;
        asio::post(io, [self = shared_from_this()] {
            self->posted_read = false;
            if (!self->reading) self->readable();
        });
    }
    void post_write() {
        if (std::exchange(posted_write, true)) return;
        asio::post(io, [self = shared_from_this()] {
            self->posted_write = false;
            if (!self->writing) self->writable();
        });
    }
    void readable() {
        if (phase == Phase::handshake)
            handshake();
        else if (phase == Phase::up)
            read();
        else if (phase == Phase::farewell)
            discard();
    }
    void writable() {
        if (phase == Phase::handshake)
            handshake();
        else if (phase == Phase::up || phase == Phase::finishing) {
            bool was_blocked = blocked;
            write();
            if (was_blocked && !blocked && phase == Phase::up) events->on_sent();
        }
    }

    // --- handshake ---

    void handshake() {
        ERR_clear_error();
        may_read = turn_bytes;
        int done = SSL_do_handshake(ssl.get());
        if (done == 1) return up();
        switch (SSL_get_error(ssl.get(), done)) {
        case SSL_ERROR_WANT_READ: return may_read == 0 ? post_read() : wait_read();
        case SSL_ERROR_WANT_WRITE: return wait_write();
        default: {
            TlsFailure why = take_tls_failure();
            fail(failure(ErrorCode::unreachable,
                         fmt::format("TLS: {}{}", why.told ? "the other side refused: " : "",
                                     why.text)),
                 why.truncated);
        }
        }
    }

    void up() {
        if (!speaks_safar(ssl.get()))
            return fail(failure(ErrorCode::unsupported_version,
                                "TLS: the other side does not speak safar/1"),
                        false);
        alarm.clear();
        phase = Phase::up;
        progress = node_now();
        events->on_up();
        if (phase == Phase::up) read();
    }

    // --- reading ---

    void read() {
        if (paused) return;
        thread_local std::array<std::byte, chunk_bytes> chunk; // the owner reads it during the call
        may_read = turn_bytes;
        for (std::size_t taken = 0; phase == Phase::up && !paused;) {
            std::size_t filled = 0;
            int stop = fill(chunk, filled);
            if (filled > 0) handshakes = 0;
            if (filled > 0) events->on_bytes(ByteView(chunk).first(filled));
            taken += filled;
            if (phase != Phase::up) return;
            if (handshakes > handshakes_max)
                return fail(failure(ErrorCode::unreachable,
                                    "TLS: the other side changes its keys and says nothing"),
                            false);
            if (stop == SSL_ERROR_WANT_READ) return may_read == 0 ? post_read() : wait_read();
            if (stop == SSL_ERROR_WANT_WRITE) return wait_write();
            if (stop != SSL_ERROR_NONE) return read_ended(stop);
            if (taken >= turn_bytes) return post_read();
        }
    }
    // Until the chunk is full or OpenSSL says why not. The failure stays in its error queue.
    int fill(std::span<std::byte> chunk, std::size_t& filled) {
        ERR_clear_error();
        while (filled < chunk.size()) {
            std::size_t got = 0;
            int done = SSL_read_ex(ssl.get(), chunk.data() + filled, chunk.size() - filled, &got);
            if (done != 1) {
                int why = SSL_get_error(ssl.get(), done);
                if (why == SSL_ERROR_SSL || why == SSL_ERROR_SYSCALL)
                    read_failure = take_tls_failure();
                return why;
            }
            filled += got;
        }
        return SSL_ERROR_NONE;
    }
    TlsFailure read_failure;

    // OpenSSL goes on reading until there is something for us, and a peer that changes its keys
    // without end never says anything: so the socket gives a turn's bytes, and then nothing.
    std::size_t may_read = turn_bytes;
    unsigned handshakes = 0;

    static long read_of_socket(BIO* bio, int what, const char*, std::size_t, int, long, int done,
                               std::size_t* got) {
        auto* left = reinterpret_cast<std::size_t*>(BIO_get_callback_arg(bio));
        if (what == BIO_CB_READ && *left == 0) {
            BIO_set_retry_read(bio);
            return -1;
        }
        if (what == (BIO_CB_READ | BIO_CB_RETURN) && done > 0) *left -= std::min(*left, *got);
        return done;
    }
    static void message_of_tls(int sent, int, int type, const void*, std::size_t, SSL*,
                               void* self) {
        auto& state = *static_cast<State*>(self);
        if (sent != 0 || type != SSL3_RT_HANDSHAKE || state.phase != Phase::up) return;
        if (++state.handshakes > handshakes_max) state.may_read = 0;
    }
    void begin(TlsSession session) {
        ssl = std::move(session);
        BIO* in = SSL_get_rbio(ssl.get());
        BIO_set_callback_arg(in, reinterpret_cast<char*>(&may_read));
        BIO_set_callback_ex(in, read_of_socket);
        SSL_set_msg_callback(ssl.get(), message_of_tls);
        SSL_set_msg_callback_arg(ssl.get(), this);
    }

    void read_ended(int why) {
        if (why == SSL_ERROR_ZERO_RETURN)
            return fail(failure(ErrorCode::unreachable, "the other side closed the connection"),
                        false);
        fail(failure(ErrorCode::unreachable,
                     fmt::format("TLS: {}{}", read_failure.told ? "the other side refused: " : "",
                                 read_failure.text)),
             read_failure.truncated);
    }

    // --- writing ---

    // Small frames go out together; a large one is sent from where it lies.
    void next_front() {
        front = std::move(queue.front());
        queue.pop_front();
        front_sent = 0;
        while (!queue.empty() && front.size() + queue.front().size() <= record_bytes) {
            front.insert(front.end(), queue.front().begin(), queue.front().end());
            queue.pop_front();
        }
    }
    void write() {
        blocked = false;
        for (std::size_t sent = 0; queue_bytes > 0;) {
            if (front_sent == front.size()) next_front();
            std::size_t count = 0;
            ERR_clear_error();
            int done = SSL_write_ex(ssl.get(), front.data() + front_sent, front.size() - front_sent,
                                    &count);
            if (done != 1) {
                int why = SSL_get_error(ssl.get(), done);
                if (why != SSL_ERROR_WANT_WRITE && why != SSL_ERROR_WANT_READ)
                    return write_failed();
                blocked = true;
                if (phase == Phase::up && alarm.when() == NodeTime::max()) watch_stall();
                if (why == SSL_ERROR_WANT_WRITE)
                    wait_write();
                else
                    wait_read();
                break;
            }
            front_sent += count;
            queue_bytes -= count;
            sent += count;
            progress = node_now();
            if (sent >= turn_bytes && queue_bytes > 0) {
                post_write();
                break;
            }
        }
        if (queue_bytes > 0) return;
        front = {};
        front_sent = 0;
        if (phase == Phase::finishing) farewell();
    }
    void write_failed() {
        TlsFailure why = take_tls_failure();
        fail(failure(ErrorCode::unreachable, "TLS: " + why.text), true);
    }
    void watch_stall() {
        alarm.set(progress + options.stall_deadline, [this] {
            if (phase != Phase::up || queue_bytes == 0) return;
            if (node_now() < progress + options.stall_deadline) return watch_stall();
            close(failure(ErrorCode::timed_out, "the other side takes no more bytes"), false);
        });
    }

    // --- the end ---

    void finish(Error why) {
        if (phase != Phase::up && phase != Phase::handshake) return;
        end = std::move(why);
        phase = Phase::finishing;
        alarm.set(node_now() + options.shutdown_deadline, [this] { close(end, false); });
        post_write(); // not from inside the owner's call
    }
    void farewell() {
        phase = Phase::farewell;
        ERR_clear_error();
        SSL_shutdown(ssl.get()); // sends close_notify; the answer is not waited for
        ERR_clear_error();
        ::shutdown(descriptor, SHUT_WR);
        post_read();
    }
    // Closing with unread input would reset the connection and take our last words back.
    void discard() {
        char waste[4096];
        for (int round = 0; round < 64; ++round) {
            ssize_t count = ::recv(descriptor, waste, sizeof waste, MSG_DONTWAIT);
            if (count == 0) return close(end, truncated);
            if (count < 0 && errno == EINTR) continue;
            if (count < 0 && errno != EAGAIN) return close(end, truncated);
            if (count < 0) return wait_read();
        }
        post_read();
    }
    // TLS is over; an alert that says why may still be on its way out.
    void fail(Error why, bool cut) {
        if (phase == Phase::closed) return;
        end = std::move(why);
        truncated = cut;
        phase = Phase::farewell;
        auto linger = std::min<std::chrono::milliseconds>(alert_linger, options.shutdown_deadline);
        alarm.set(node_now() + linger, [this] { close(end, truncated); });
        ::shutdown(descriptor, SHUT_WR);
        post_read();
    }
    void close(Error why, bool cut) {
        if (phase == Phase::closed) return;
        release();
        std::exchange(events, nullptr)->on_down(why, cut);
    }
    void release() {
        phase = Phase::closed;
        alarm.clear();
        boost::system::error_code ignored;
        socket.close(ignored); // ends the waits; their handlers still hold this
        queue.clear();
        queue_bytes = 0;
    }
};

TlsStream::TlsStream() = default;
TlsStream::~TlsStream() { drop(); }

Result<std::unique_ptr<TlsStream>> TlsStream::make(asio::io_context& io, int socket,
                                                   ssl_ctx_st* context, Side side,
                                                   StreamEvents& events,
                                                   const NetOptions& options) {
    std::unique_ptr<TlsStream> out(new TlsStream);
    out->state_ = std::make_shared<State>(io, socket, events, options);
    State& state = *out->state_;
    boost::system::error_code error;
    state.socket.native_non_blocking(true, error);
    // Writes are whole frames already; without this a small one waits for the peer's delayed ACK of
    // the last.
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    state.admit = [&state](const PublicKey& key) -> Result<> {
        if (state.events == nullptr) return failure(ErrorCode::stopping, "closing");
        return state.events->admit(key);
    };
    auto session = make_tls_session(context, socket, side == Side::accepted, state.admit);
    if (error || !session)
        return failure(ErrorCode::storage_failed, "cannot set up a TLS connection: out of memory?");
    state.begin(std::move(session));
    return out;
}

void TlsStream::start(NodeTime deadline) {
    State* state = state_.get();
    state->alarm.set(deadline, [state] {
        state->close(failure(ErrorCode::timed_out, "TLS: no handshake within the deadline"), false);
    });
    state->post_write();
}

void TlsStream::send(Bytes bytes) {
    if (state_->phase != State::Phase::up || bytes.empty()) return;
    state_->queue_bytes += bytes.size();
    state_->queue.push_back(std::move(bytes));
}
void TlsStream::flush() {
    State& state = *state_;
    if (state.phase == State::Phase::up && !state.writing && !state.posted_write) state.write();
}
std::size_t TlsStream::queued() const { return state_->queue_bytes; }

void TlsStream::pause(bool paused) {
    if (std::exchange(state_->paused, paused) == paused) return;
    if (!paused && state_->phase == State::Phase::up) state_->post_read();
}

void TlsStream::finish(Error why) { state_->finish(std::move(why)); }

void TlsStream::drop() {
    State& state = *state_;
    if (state.phase == State::Phase::closed) return;
    state.events = nullptr;
    if (state.phase == State::Phase::up) {
        ERR_clear_error();
        SSL_shutdown(state.ssl.get());
        ERR_clear_error();
    }
    state.release();
}

} // namespace safar

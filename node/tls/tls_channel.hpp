// One TLS connection for one thread that waits itself: the API's users elsewhere, and safar's way
// to a node elsewhere. For an event loop there is node/net/tls_stream. Its thread must block or
// ignore SIGPIPE.
#pragma once

#include "node/tls/tls_context.hpp"

#include <chrono>

namespace safar {

class TlsChannel {
public:
    enum class Side { dialled, accepted };

    // Owns `socket`, connected and non-blocking. Errors: storage_failed.
    [[nodiscard]] static Result<std::unique_ptr<TlsChannel>> make(ssl_ctx_st* context, int socket,
                                                                  Side side, AdmitKey admit);
    ~TlsChannel(); // closes at once
    TlsChannel(const TlsChannel&) = delete;
    TlsChannel& operator=(const TlsChannel&) = delete;

    // Errors: timed_out; unreachable, saying what went wrong; not_permitted: the other side does
    // not know our key, which a client hears with its first read, as TLS 1.3 has it.
    [[nodiscard]] Result<> shake_hands(std::chrono::steady_clock::time_point deadline);

    // What could be moved without waiting.
    struct Moved {
        std::size_t bytes = 0;
        short wait_for = 0; // nothing was moved; poll() for this before the next try
        bool ended = false; // the other side said goodbye
    };
    // Errors: unreachable, not_permitted as above.
    [[nodiscard]] Result<Moved> read(std::span<std::byte> out);
    [[nodiscard]] Result<Moved> write(ByteView in);
    // Says goodbye; nothing is written after it.
    void finish();
    // Wakes whoever waits for the socket; from any thread.
    void shut_down();
    [[nodiscard]] int descriptor() const { return socket_; }

private:
    TlsChannel(int socket, AdmitKey admit) : socket_(socket), admit_(std::move(admit)) {}
    [[nodiscard]] Result<Moved> judge(int done, std::size_t bytes);

    int socket_;
    AdmitKey admit_;
    TlsSession session_;
    bool broken_ = false;
};

} // namespace safar

#include "node/tls/tls_channel.hpp"

#include "node/tls/tcp.hpp"

#include <cerrno>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <unistd.h>

namespace safar {
namespace {

Error tls_error() {
    TlsFailure why = take_tls_failure();
    return failure(why.alert == SSL_AD_UNKNOWN_CA ? ErrorCode::not_permitted
                                                  : ErrorCode::unreachable,
                   "TLS: " + std::string(why.told ? "the other side refused: " : "") + why.text);
}

} // namespace

Result<std::unique_ptr<TlsChannel>> TlsChannel::make(ssl_ctx_st* context, int socket, Side side,
                                                     AdmitKey admit) {
    std::unique_ptr<TlsChannel> out(new TlsChannel(socket, std::move(admit)));
    out->session_ = make_tls_session(context, socket, side == Side::accepted, out->admit_);
    if (!out->session_)
        return failure(ErrorCode::storage_failed, "cannot set up a TLS connection: out of memory?");
    return out;
}

TlsChannel::~TlsChannel() {
    session_.reset();
    ::close(socket_);
}

Result<> TlsChannel::shake_hands(std::chrono::steady_clock::time_point deadline) {
    for (;;) {
        ERR_clear_error();
        errno = 0;
        const int done = SSL_do_handshake(session_.get());
        if (done == 1) return success();
        SAFAR_TRY(auto moved, judge(done, 0));
        if (moved.ended)
            return failure(ErrorCode::unreachable, "TLS: the other side closed the connection");
        if (!wait_for_socket(socket_, moved.wait_for, deadline))
            return failure(ErrorCode::timed_out, "TLS: no handshake within the deadline");
    }
}

Result<TlsChannel::Moved> TlsChannel::judge(int done, std::size_t bytes) {
    if (done == 1) return Moved{bytes};
    switch (SSL_get_error(session_.get(), done)) {
    case SSL_ERROR_WANT_READ: return Moved{0, POLLIN};
    case SSL_ERROR_WANT_WRITE: return Moved{0, POLLOUT};
    case SSL_ERROR_ZERO_RETURN: return Moved{0, 0, /*ended=*/true};
    default: broken_ = true; return tls_error();
    }
}

Result<TlsChannel::Moved> TlsChannel::read(std::span<std::byte> out) {
    std::size_t count = 0;
    ERR_clear_error();
    errno = 0;
    const int done = SSL_read_ex(session_.get(), out.data(), out.size(), &count);
    return judge(done, count);
}

Result<TlsChannel::Moved> TlsChannel::write(ByteView in) {
    std::size_t count = 0;
    ERR_clear_error();
    errno = 0;
    const int done = SSL_write_ex(session_.get(), in.data(), in.size(), &count);
    return judge(done, count);
}

void TlsChannel::finish() {
    if (!broken_) { // OpenSSL allows nothing after a fatal error
        ERR_clear_error();
        SSL_shutdown(session_.get());
        ERR_clear_error();
    }
    ::shutdown(socket_, SHUT_WR);
}

void TlsChannel::shut_down() { ::shutdown(socket_, SHUT_RDWR); }

} // namespace safar

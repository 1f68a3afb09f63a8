// A TLS client of the test's own making: right in everything but what a test changes.
#pragma once

#include "net_fixture.hpp"
#include "sync/wire/message.hpp"

#include <cerrno>
#include <openssl/err.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>
#include <sstream>

namespace safar::testing {

struct ClientSettings {
    const SigningKey* key = nullptr;     // null: no certificate
    const SigningKey* signer = nullptr;  // of the certificate; null: itself
    const SigningKey* also = nullptr;    // a second certificate in the chain
    std::string issuer = "client";       // "client" is the subject
    long from_days = -1, until_days = 1; // validity, from now
    int version_min = TLS1_3_VERSION, version_max = TLS1_3_VERSION;
    std::string alpn = "safar/1"; // empty: none offered
};

inline X509* make_client_certificate(const ClientSettings& settings, const SigningKey& key) {
    auto* own = static_cast<EVP_PKEY*>(key.native());
    auto* signer = static_cast<EVP_PKEY*>((settings.signer ? *settings.signer : key).native());
    X509* out = X509_new();
    X509_set_version(out, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(out), 7);
    X509_gmtime_adj(X509_getm_notBefore(out), settings.from_days * 86'400);
    X509_gmtime_adj(X509_getm_notAfter(out), settings.until_days * 86'400);
    auto name = [](X509_NAME* of, const std::string& text) {
        X509_NAME_add_entry_by_txt(of, "CN", MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>(text.data()), -1, -1, 0);
    };
    name(X509_get_subject_name(out), "client");
    X509_NAME* issuer = X509_NAME_new();
    name(issuer, settings.issuer);
    X509_set_issuer_name(out, issuer);
    X509_NAME_free(issuer);
    X509_set_pubkey(out, own);
    X509_sign(out, signer, nullptr);
    return out;
}

// What the log says while `run` does what it does.
template <class Run> std::string logged(Run run) {
    std::ostringstream log;
    const auto before = spdlog::default_logger();
    spdlog::set_default_logger(std::make_shared<spdlog::logger>(
        "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(log)));
    run();
    spdlog::set_default_logger(before);
    return log.str();
}

// What a member says when it connects: hello, and that its frontier of one compartment differs.
inline Bytes greeting(const LocalNetwork& network, const Member& of) {
    auto authority = make_authority(network.charter);
    wire::Hello hello;
    hello.network = authority->network();
    hello.node = of.id();
    hello.epoch = authority->epoch();
    hello.charter = authority->charter();
    hello.shared.raw.fill(std::byte{1});
    Bytes out;
    wire::encode(hello, out);
    wire::encode(wire::Summary{{{"movement", hello.shared}}}, out);
    return out;
}

// Connects, shakes hands and reads until the other side ends it or says something.
class TlsClient {
public:
    enum class Pace { at_once, up_to_its_certificate };

    TlsClient(std::uint16_t port, const ClientSettings& settings, Pace pace = Pace::at_once)
        : socket_(port) {
        context_ = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_security_level(context_, 0);
        SSL_CTX_set_min_proto_version(context_, settings.version_min);
        SSL_CTX_set_max_proto_version(context_, settings.version_max);
        if (settings.key != nullptr) {
            X509* certificate = make_client_certificate(settings, *settings.key);
            SSL_CTX_use_certificate(context_, certificate);
            X509_free(certificate);
            SSL_CTX_use_PrivateKey(context_, static_cast<EVP_PKEY*>(settings.key->native()));
        }
        if (settings.also != nullptr)
            SSL_CTX_add0_chain_cert(context_, make_client_certificate(settings, *settings.also));
        if (!settings.alpn.empty()) {
            std::string offer(1, static_cast<char>(settings.alpn.size()));
            offer += settings.alpn;
            SSL_CTX_set_alpn_protos(context_, reinterpret_cast<const unsigned char*>(offer.data()),
                                    static_cast<unsigned>(offer.size()));
        }
        SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_CLIENT);
        SSL_CTX_sess_set_new_cb(context_, [](SSL* ssl, SSL_SESSION*) {
            ++static_cast<TlsClient*>(SSL_get_app_data(ssl))->tickets;
            return 0;
        });
        SSL_CTX_set_info_callback(context_, [](const SSL* ssl, int where, int value) {
            if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT)
                static_cast<TlsClient*>(SSL_get_app_data(ssl))->alert = value & 0xff;
        });
        ssl_ = SSL_new(context_);
        SSL_set_app_data(ssl_, this);
        if (pace == Pace::up_to_its_certificate) {
            show_certificate();
            return;
        }
        SSL_set_fd(ssl_, socket_.get());
        connected = SSL_connect(ssl_) == 1;
        if (connected) heard = read();
        ERR_clear_error();
    }
    ~TlsClient() {
        SSL_free(ssl_);
        SSL_CTX_free(context_);
    }
    TlsClient(const TlsClient&) = delete;
    TlsClient& operator=(const TlsClient&) = delete;

    // Hello goes out as soon as TLS stands, so whoever was admitted hears something.
    bool connected = false, heard = false;
    int alert = -1; // 0 is close_notify
    int tickets = 0;

    // Says what has been held back since the certificate.
    void go_on() {
        socket_.send(held_back_);
        SSL_set_fd(ssl_, socket_.get());
        heard = read();
    }
    [[nodiscard]] bool say(ByteView bytes) const {
        std::size_t written = 0;
        return SSL_write_ex(ssl_, bytes.data(), bytes.size(), &written) == 1 &&
               written == bytes.size();
    }
    // Reads on until a frame of this type comes: its payload. nullopt: the other side ended it, or
    // said nothing for eight seconds.
    std::optional<Bytes> hear(wire::FrameType type) {
        for (;;) {
            auto frame = value_of(decoder_.next(unread_));
            if (frame && frame->type == static_cast<std::uint8_t>(type))
                return Bytes(frame->payload.begin(), frame->payload.end());
            if (!frame && !read()) return std::nullopt;
        }
    }
    [[nodiscard]] SSL* ssl() const { return ssl_; }
    [[nodiscard]] const Socket& socket() const { return socket_; }

private:
    bool read() {
        std::size_t got = 0;
        bool more = false;
        do { // a recv with a deadline is not taken up again after the process stood still
            errno = 0;
            more = SSL_read_ex(ssl_, read_.data(), read_.size(), &got) == 1;
        } while (!more && errno == EINTR);
        unread_ = ByteView(read_).first(got);
        ERR_clear_error();
        return more;
    }
    // Of its last three messages (certificate, proof that the key is its own, end) says the first.
    void show_certificate() {
        constexpr char application_data = 23; // what an encrypted record calls itself
        constexpr std::size_t head_bytes = 5;
        SSL_set_bio(ssl_, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
        while (!(connected = SSL_connect(ssl_) == 1)) {
            socket_.send(written());
            const ssize_t got = ::recv(socket_.get(), read_.data(), read_.size(), 0);
            if (got <= 0) return;
            BIO_write(SSL_get_rbio(ssl_), read_.data(), static_cast<int>(got));
        }
        held_back_ = written();
        for (bool shown = false; !shown && held_back_.size() > head_bytes;) {
            const auto byte = [&](std::size_t at) {
                return static_cast<unsigned char>(held_back_[at]);
            };
            const std::size_t size = head_bytes + byte(3) * 256u + byte(4);
            shown = held_back_[0] == application_data;
            socket_.send(std::string_view(held_back_).substr(0, size));
            held_back_.erase(0, size);
        }
    }
    std::string written() {
        char* bytes = nullptr;
        const long size = BIO_get_mem_data(SSL_get_wbio(ssl_), &bytes);
        std::string out(bytes, static_cast<std::size_t>(size));
        BIO_reset(SSL_get_wbio(ssl_));
        return out;
    }

    Socket socket_;
    SSL_CTX* context_ = nullptr;
    SSL* ssl_ = nullptr;
    std::string held_back_;
    wire::FrameDecoder decoder_;
    Bytes read_ = Bytes(4096);
    ByteView unread_; // of it
};

} // namespace safar::testing

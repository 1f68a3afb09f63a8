// TLS 1.3 as Safar speaks it: mutual, Ed25519 only, no tickets, no resumption, ALPN "safar/1"
// between nodes and "http/1.1" where people use one.
//
// There is no certificate authority. Each node makes a self-signed certificate from its TLS key
// when it starts; all that is believed in the other side's certificate is the key, and the charter
// says whose key it is (of a person: users.toml).
#pragma once

#include "storage/crypto/ed25519.hpp"

#include <functional>
#include <memory>

struct ssl_ctx_st;
struct ssl_st;
struct x509_store_ctx_st;

namespace safar {

struct FreeTls {
    void operator()(ssl_ctx_st* context) const;
    void operator()(ssl_st* session) const;
};
using TlsContext = std::unique_ptr<ssl_ctx_st, FreeTls>;
using TlsSession = std::unique_ptr<ssl_st, FreeTls>;

enum class TlsProtocol { peers, api };

// `key` must outlive the context; `owner` is the certificate's name, which nobody believes. Errors:
// storage_failed (OpenSSL does not provide what is needed).
[[nodiscard]] Result<TlsContext> make_tls_context(const SigningKey& key, const std::string& owner,
                                                  TlsProtocol protocol = TlsProtocol::peers);

// Asked during the handshake, with a key that is strict and that signed its own certificate. An
// error refuses the peer with alert unknown_ca.
using AdmitKey = std::function<Result<>(const PublicKey&)>;

// The key that a self-signed certificate carries; an X509_V_ code otherwise, which OpenSSL turns
// into the alert: expired 45, not yet valid and unusable 42, signed by somebody else 48.
[[nodiscard]] int judge_certificate(x509_store_ctx_st* store, PublicKey& out);

// A session over a connected non-blocking socket. `admit` must outlive it.
[[nodiscard]] TlsSession make_tls_session(ssl_ctx_st* context, int socket, bool accepted,
                                          const AdmitKey& admit);

// Both sides agreed on "safar/1".
[[nodiscard]] bool speaks_safar(const ssl_st* session);

// Why the last OpenSSL call of this thread failed, for people; empties OpenSSL's error queue.
struct TlsFailure {
    bool truncated = false; // the connection ended without a proper close
    bool told = false;      // the other side sent an alert
    int alert = -1;         // which one (RFC 8446, section 6)
    std::string text;
};
[[nodiscard]] TlsFailure take_tls_failure();

} // namespace safar

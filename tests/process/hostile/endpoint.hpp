// One end of a TLS connection of the test's own making: right in everything but what a test
// changes. Blocking, with patience; both ends, so that bad servers can be played too.
#pragma once

#include "node/charter/identity.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct ssl_st;
struct ssl_ctx_st;

namespace safar::process {

// What an end is made of. Read from words "key=stranger until=-1" (tls_negative.tsv).
struct Made {
    // own: the agency's TLS key; signing: its signing key; stranger: of nobody; stolen: its public
    // half with another private one; low: a public key of low order; rsa, p256: of another kind;
    // none: no certificate.
    std::string key = "own";
    // Or "stranger" or "rsa", who is named as issuer only where `issuer` says so; rsa signs a
    // digest.
    std::string signer = "self", digest = "sha256";
    std::string issuer = "self";         // or any name
    std::string usage;                   // extended key usage, or empty
    std::string names;                   // subject alternative name, or empty
    bool authority = false;              // basicConstraints CA
    long from_days = -1, until_days = 1; // validity, from now
    int chain = 0;                       // certificates more
    std::size_t pad = 0;                 // bytes that the certificate is longer
    int version = 0x0304;                // the highest spoken; below 1.3 nothing newer
    std::string alpn = "safar/1";        // empty: none
    std::string groups;                  // empty: OpenSSL's
    bool asks = true;                    // a server that wants to see a certificate
    bool early = false; // a client that speaks before its handshake, under a key of its own making

    static Made read(std::string_view words);
};

class Endpoint {
public:
    enum class Side { client, server };
    // Owns `socket`.
    Endpoint(int socket, Side side, const Made& made, const Identity& self);
    ~Endpoint();
    Endpoint(const Endpoint&) = delete;
    Endpoint& operator=(const Endpoint&) = delete;

    bool shake(); // true: TLS stands as this end sees it
    // What the other side says within `patience`; empty: nothing, look at ended().
    [[nodiscard]] Bytes read(std::chrono::milliseconds patience);
    bool write(ByteView bytes);
    // The same bytes as they would go out, with one bit changed on the way.
    void write_damaged(ByteView bytes);
    // Past TLS, straight into the socket.
    void write_raw(ByteView bytes) const;
    void cut(); // FIN, and no close_notify before it

    [[nodiscard]] bool ended() const { return ended_; }
    // TCP as well: the other side's end comes within `patience`.
    [[nodiscard]] bool gone(std::chrono::milliseconds patience) const;
    // What was said before the handshake was thrown away.
    [[nodiscard]] bool early_refused() const;
    [[nodiscard]] int alert() const {
        return alert_;
    } // that the other side sent; -1: none; 0: close_notify
    [[nodiscard]] int tickets() const { return tickets_; }

private:
    void wait_at_most(std::chrono::milliseconds patience) const;

    int socket_;
    ssl_ctx_st* context_ = nullptr;
    ssl_st* ssl_ = nullptr;
    bool ended_ = false, early_ = false;
    int alert_ = -1, tickets_ = 0;
};

// A socket connected to a port of this machine, from one of its addresses 127.0.0.x; -1: refused.
[[nodiscard]] int connect_to_port(int port, int from = 1);
// Listens there, so that somebody can call.
[[nodiscard]] int listen_at_port(int port);
// The next caller, -1: nobody came.
[[nodiscard]] int accept_one(int listener, std::chrono::milliseconds patience);
// True if the other side ends it within `patience`; what it says before is thrown away.
[[nodiscard]] bool ends(int socket, std::chrono::milliseconds patience);

} // namespace safar::process

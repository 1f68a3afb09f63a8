#include "tests/process/hostile/endpoint.hpp"

#include "storage/crypto/entropy.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sstream>
#include <sys/socket.h>
#include <unistd.h>

namespace safar::process {
namespace {

using Key = std::shared_ptr<EVP_PKEY>;

Key owned(EVP_PKEY* key) {
    EXPECT_NE(key, nullptr);
    return {key, [](EVP_PKEY* each) { EVP_PKEY_free(each); }};
}
Key borrowed(const SigningKey& key) {
    return {static_cast<EVP_PKEY*>(key.native()), [](EVP_PKEY*) {}};
}
Key stranger() {
    static const Key key = owned(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    return key;
}
// Shows that key and signs with another.
Key stolen(const PublicKey& shown) {
    std::byte seed[32];
    system_entropy().fill(seed);
    OSSL_PARAM_BLD* build = OSSL_PARAM_BLD_new();
    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, shown.raw.data(), 32);
    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PRIV_KEY, seed, 32);
    OSSL_PARAM* parameters = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_name(nullptr, "ED25519", nullptr);
    EVP_PKEY* out = nullptr;
    EVP_PKEY_fromdata_init(context);
    EVP_PKEY_fromdata(context, &out, EVP_PKEY_KEYPAIR, parameters);
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(build);
    return owned(out);
}
Key key_of(const Made& made, const Identity& self) {
    if (made.key == "own") return borrowed(self.tls);
    if (made.key == "signing") return borrowed(self.signing);
    if (made.key == "stolen") return stolen(self.tls.public_key());
    if (made.key == "low") {
        PublicKey one;
        one.raw[0] = std::byte{1};
        return stolen(one);
    }
    if (made.key == "rsa") return owned(EVP_RSA_gen(1024));
    if (made.key == "p256") return owned(EVP_EC_gen("P-256"));
    return stranger();
}

void add(X509* certificate, int kind, const std::string& value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str());
    EXPECT_NE(extension, nullptr) << value;
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

X509* certificate_of(const Made& made, EVP_PKEY* key) {
    X509* out = X509_new();
    X509_set_version(out, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(out), 7);
    X509_gmtime_adj(X509_getm_notBefore(out), made.from_days * 86'400);
    X509_gmtime_adj(X509_getm_notAfter(out), made.until_days * 86'400);
    const auto named = [](X509_NAME* of, const std::string& text) {
        X509_NAME_add_entry_by_txt(of, "CN", MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()), -1, 0);
    };
    named(X509_get_subject_name(out), "self");
    X509_NAME* issuer = X509_NAME_new();
    named(issuer, made.issuer);
    X509_set_issuer_name(out, issuer);
    X509_NAME_free(issuer);
    if (!made.usage.empty()) add(out, NID_ext_key_usage, made.usage);
    if (!made.names.empty()) add(out, NID_subject_alt_name, made.names);
    if (made.authority) add(out, NID_basic_constraints, "critical,CA:TRUE");
    if (made.pad > 0) add(out, NID_netscape_comment, std::string(made.pad, 'x'));
    X509_set_pubkey(out, key);
    const Key signer = made.signer == "self"  ? Key(key, [](EVP_PKEY*) {})
                       : made.signer == "rsa" ? owned(EVP_RSA_gen(1024))
                                              : stranger();
    const bool plain = EVP_PKEY_get_id(signer.get()) == EVP_PKEY_ED25519;
    EXPECT_GT(
        X509_sign(out, signer.get(), plain ? nullptr : EVP_get_digestbyname(made.digest.c_str())),
        0);
    return out;
}

// A session that nobody gave out, so that something can be said under it at once.
int early_session(SSL* ssl, const EVP_MD*, const unsigned char** id, std::size_t* length,
                  SSL_SESSION** out) {
    static const unsigned char name[] = "a ticket of its own", secret[32] = {7};
    static const unsigned char aes_128_gcm_sha256[] = {0x13, 0x01};
    *id = name;
    *length = sizeof name - 1;
    *out = SSL_SESSION_new();
    SSL_SESSION_set1_master_key(*out, secret, sizeof secret);
    SSL_SESSION_set_cipher(*out, SSL_CIPHER_find(ssl, aes_128_gcm_sha256));
    SSL_SESSION_set_protocol_version(*out, TLS1_3_VERSION);
    SSL_SESSION_set_max_early_data(*out, 1u << 14);
    SSL_SESSION_set1_alpn_selected(*out, reinterpret_cast<const unsigned char*>("safar/1"), 7);
    return 1;
}

int choose(SSL*, const unsigned char** out, unsigned char* length, const unsigned char*, unsigned,
           void* made) {
    const std::string& alpn = static_cast<const Made*>(made)->alpn;
    if (alpn.empty()) return SSL_TLSEXT_ERR_NOACK;
    *out = reinterpret_cast<const unsigned char*>(alpn.data());
    *length = static_cast<unsigned char>(alpn.size());
    return SSL_TLSEXT_ERR_OK;
}

} // namespace

Made Made::read(std::string_view words) {
    Made out;
    std::istringstream in{std::string(words)};
    for (std::string word; in >> word;) {
        const std::string name = word.substr(0, word.find('=')),
                          value = word.substr(word.find('=') + 1);
        if (name == "key")
            out.key = value;
        else if (name == "signer")
            out.signer = value;
        else if (name == "issuer")
            out.issuer = value;
        else if (name == "usage")
            out.usage = value;
        else if (name == "names")
            out.names = value;
        else if (name == "authority")
            out.authority = value == "yes";
        else if (name == "from")
            out.from_days = std::stol(value);
        else if (name == "until")
            out.until_days = std::stol(value);
        else if (name == "chain")
            out.chain = std::stoi(value);
        else if (name == "pad")
            out.pad = std::stoul(value);
        else if (name == "version")
            out.version = 0x0301 + std::stoi(value.substr(2));
        else if (name == "alpn")
            out.alpn = value == "none" ? "" : value;
        else if (name == "groups")
            out.groups = value;
        else if (name == "asks")
            out.asks = value == "yes";
        else if (name == "digest")
            out.digest = value;
        else if (name == "early")
            out.early = value == "yes";
        else if (word != "-")
            ADD_FAILURE() << "nobody knows how to make " << word;
    }
    return out;
}

Endpoint::Endpoint(int socket, Side side, const Made& made, const Identity& self)
    : socket_(socket), early_(made.early) {
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    wait_at_most(std::chrono::seconds(12));
    context_ = SSL_CTX_new(side == Side::client ? TLS_client_method() : TLS_server_method());
    SSL_CTX_set_security_level(context_, 0);
    SSL_CTX_set_cipher_list(context_, "ALL:@SECLEVEL=0");
    SSL_CTX_set_min_proto_version(context_,
                                  made.version < TLS1_3_VERSION ? TLS1_VERSION : TLS1_3_VERSION);
    SSL_CTX_set_max_proto_version(context_, made.version);
    if (!made.groups.empty()) SSL_CTX_set1_groups_list(context_, made.groups.c_str());
    if (made.key != "none") {
        const Key key = key_of(made, self);
        X509* certificate = certificate_of(made, key.get());
        SSL_CTX_use_certificate(context_, certificate);
        X509_free(certificate);
        EXPECT_EQ(SSL_CTX_use_PrivateKey(context_, key.get()), 1);
        for (int i = 0; i < made.chain; ++i)
            SSL_CTX_add0_chain_cert(context_, certificate_of(Made{}, stranger().get()));
    }
    SSL_CTX_set_cert_verify_callback(
        context_, [](X509_STORE_CTX*, void*) { return 1; }, nullptr);
    if (side == Side::server && made.asks) SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
    static thread_local Made kept;
    kept = made;
    if (side == Side::server)
        SSL_CTX_set_alpn_select_cb(context_, choose, &kept);
    else if (!made.alpn.empty()) {
        const std::string offer = std::string(1, static_cast<char>(made.alpn.size())) + made.alpn;
        SSL_CTX_set_alpn_protos(context_, reinterpret_cast<const unsigned char*>(offer.data()),
                                static_cast<unsigned>(offer.size()));
    }
    if (early_) SSL_CTX_set_psk_use_session_callback(context_, early_session);
    SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_CLIENT);
    SSL_CTX_sess_set_new_cb(context_, [](SSL* ssl, SSL_SESSION*) {
        ++static_cast<Endpoint*>(SSL_get_app_data(ssl))->tickets_;
        return 0;
    });
    SSL_CTX_set_info_callback(context_, [](const SSL* ssl, int where, int value) {
        auto* end = static_cast<Endpoint*>(SSL_get_app_data(ssl));
        if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT && end->alert_ <= 0)
            end->alert_ = value & 0xff;
    });
    ssl_ = SSL_new(context_);
    SSL_set_app_data(ssl_, this);
    SSL_set_fd(ssl_, socket_);
    if (side == Side::client)
        SSL_set_connect_state(ssl_);
    else
        SSL_set_accept_state(ssl_);
}

Endpoint::~Endpoint() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
    ::close(socket_);
}

void Endpoint::wait_at_most(std::chrono::milliseconds patience) const {
    const timeval time{patience.count() / 1000, (patience.count() % 1000) * 1000};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
}

bool Endpoint::shake() {
    ERR_clear_error();
    if (early_) {
        const std::string said(100, 'x');
        std::size_t sent = 0;
        EXPECT_EQ(SSL_write_early_data(ssl_, said.data(), said.size(), &sent), 1);
        EXPECT_EQ(sent, said.size());
    }
    const bool stands = SSL_do_handshake(ssl_) == 1;
    if (!stands) ended_ = true;
    // A client is through before the server has judged it: the alert is still to come.
    ERR_clear_error();
    return stands;
}

Bytes Endpoint::read(std::chrono::milliseconds patience) {
    if (ended_) return {};
    wait_at_most(patience);
    Bytes out(64u << 10);
    std::size_t got = 0;
    ERR_clear_error();
    const int done = SSL_read_ex(ssl_, out.data(), out.size(), &got);
    if (done != 1) {
        const int why = SSL_get_error(ssl_, done);
        ended_ = why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE;
        ERR_clear_error();
    }
    out.resize(got);
    return out;
}

bool Endpoint::write(ByteView bytes) {
    std::size_t sent = 0;
    ERR_clear_error();
    while (!bytes.empty() && !ended_) {
        if (SSL_write_ex(ssl_, bytes.data(), bytes.size(), &sent) != 1) {
            ERR_clear_error();
            return false;
        }
        bytes = bytes.subspan(sent);
    }
    return !ended_;
}

void Endpoint::write_damaged(ByteView bytes) {
    BIO* straight = SSL_get_wbio(ssl_);
    BIO_up_ref(straight);
    BIO* memory = BIO_new(BIO_s_mem());
    BIO_up_ref(memory);
    SSL_set0_wbio(ssl_, memory);
    write(bytes);
    char* data = nullptr;
    const long size = BIO_get_mem_data(memory, &data);
    std::string record(data, static_cast<std::size_t>(size));
    record[record.size() / 2] ^= 4;
    SSL_set0_wbio(ssl_, straight);
    BIO_free(memory);
    write_raw(as_bytes(record));
}

bool Endpoint::gone(std::chrono::milliseconds patience) const {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < until) {
        pollfd waits{socket_, POLLIN, 0};
        if (::poll(&waits, 1, 100) != 1) continue;
        char waste[4096];
        const ssize_t got = ::recv(socket_, waste, sizeof waste, MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno == ECONNRESET)) return true;
    }
    return false;
}
bool Endpoint::early_refused() const {
    return SSL_get_early_data_status(ssl_) == SSL_EARLY_DATA_REJECTED;
}

void Endpoint::write_raw(ByteView bytes) const {
    (void)!::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}
void Endpoint::cut() { ::shutdown(socket_, SHUT_WR); }

int connect_to_port(int port, int from) {
    const int handle = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + static_cast<unsigned>(from));
    if (from != 1) ::bind(handle, reinterpret_cast<sockaddr*>(&at), sizeof at);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    at.sin_port = htons(static_cast<std::uint16_t>(port));
    if (::connect(handle, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0) return handle;
    ::close(handle);
    return -1;
}

int listen_at_port(int port) {
    const int handle = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(handle, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    at.sin_port = htons(static_cast<std::uint16_t>(port));
    EXPECT_EQ(::bind(handle, reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
    EXPECT_EQ(::listen(handle, 16), 0);
    return handle;
}

int accept_one(int listener, std::chrono::milliseconds patience) {
    pollfd waits{listener, POLLIN, 0};
    if (::poll(&waits, 1, static_cast<int>(patience.count())) != 1) return -1;
    return ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
}

bool ends(int socket, std::chrono::milliseconds patience) {
    const auto until = std::chrono::steady_clock::now() + patience;
    for (;;) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            until - std::chrono::steady_clock::now());
        pollfd waits{socket, POLLIN, 0};
        if (left.count() <= 0 || ::poll(&waits, 1, static_cast<int>(left.count())) != 1)
            return false;
        char waste[4096];
        const ssize_t got = ::recv(socket, waste, sizeof waste, 0);
        if (got == 0 || (got < 0 && errno == ECONNRESET)) return true;
        if (got < 0) return false;
    }
}

} // namespace safar::process

#include "node/tls/tls_context.hpp"

#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace safar {
namespace {

// ALPN: length, name.
constexpr std::string_view peers_protocol = "\x07"
                                            "safar/1",
                           api_protocol = "\x08"
                                          "http/1.1";
constexpr long certificate_bytes_max = 8 << 10;    // one small certificate
constexpr std::size_t read_ahead_bytes = 64 << 10; // one system call for four TLS records

struct FreeX509 {
    void operator()(X509* certificate) const { X509_free(certificate); }
};
using Certificate = std::unique_ptr<X509, FreeX509>;

bool set_name(X509_NAME* name, const std::string& agency) {
    return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                      reinterpret_cast<const unsigned char*>(agency.data()),
                                      static_cast<int>(agency.size()), -1, 0) == 1;
}

Certificate make_certificate(EVP_PKEY* key, const std::string& agency) {
    Certificate out(X509_new());
    // Valid at any plausible clock: the charter ends a key, not a date.
    bool made = out && X509_set_version(out.get(), X509_VERSION_3) == 1 &&
                ASN1_INTEGER_set(X509_get_serialNumber(out.get()), 1) == 1 &&
                ASN1_TIME_set_string_X509(X509_getm_notBefore(out.get()), "20000101000000Z") == 1 &&
                ASN1_TIME_set_string_X509(X509_getm_notAfter(out.get()), "99991231235959Z") == 1 &&
                set_name(X509_get_subject_name(out.get()), agency) &&
                X509_set_issuer_name(out.get(), X509_get_subject_name(out.get())) == 1 &&
                X509_set_pubkey(out.get(), key) == 1 && X509_sign(out.get(), key, nullptr) > 0;
    if (!made) out.reset();
    return out;
}

} // namespace

int judge_certificate(X509_STORE_CTX* store, PublicKey& out) {
    X509* leaf = X509_STORE_CTX_get0_cert(store);
    if (leaf == nullptr) return X509_V_ERR_CERT_REJECTED;
    if (sk_X509_num(X509_STORE_CTX_get0_untrusted(store)) != 1)
        return X509_V_ERR_CERT_CHAIN_TOO_LONG;
    EVP_PKEY* key = X509_get0_pubkey(leaf);
    std::size_t length = PublicKey::size;
    if (key == nullptr || EVP_PKEY_get_id(key) != EVP_PKEY_ED25519 ||
        EVP_PKEY_get_raw_public_key(key, reinterpret_cast<unsigned char*>(out.raw.data()),
                                    &length) != 1 ||
        length != PublicKey::size || !check_public_key(out))
        return X509_V_ERR_CERT_REJECTED;
    int from = X509_cmp_current_time(X509_get0_notBefore(leaf));
    int until = X509_cmp_current_time(X509_get0_notAfter(leaf));
    if (from == 0 || until == 0) return X509_V_ERR_CERT_REJECTED;
    if (from > 0) return X509_V_ERR_CERT_NOT_YET_VALID;
    if (until < 0) return X509_V_ERR_CERT_HAS_EXPIRED;
    if (X509_NAME_cmp(X509_get_subject_name(leaf), X509_get_issuer_name(leaf)) != 0)
        return X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;
    if (X509_verify(leaf, key) != 1) return X509_V_ERR_CERT_SIGNATURE_FAILURE;
    return X509_V_OK;
}

namespace {

int verify_peer(X509_STORE_CTX* store, void*) {
    auto* ssl =
        static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    PublicKey key;
    int verdict = judge_certificate(store, key);
    if (verdict == X509_V_OK) {
        const auto& admit = *static_cast<const AdmitKey*>(SSL_get_app_data(ssl));
        if (!admit(key)) verdict = X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT;
    }
    X509_STORE_CTX_set_error(store, verdict);
    return verdict == X509_V_OK ? 1 : 0;
}

int select_protocol(SSL*, const unsigned char** out, unsigned char* out_length,
                    const unsigned char* in, unsigned in_length, void* spoken) {
    const std::string_view& protocol = *static_cast<const std::string_view*>(spoken);
    for (unsigned at = 0; at < in_length; at += in[at] + 1u)
        if (in_length - at >= protocol.size() &&
            std::memcmp(in + at, protocol.data(), protocol.size()) == 0) {
            *out = in + at + 1;
            *out_length = in[at];
            return SSL_TLSEXT_ERR_OK;
        }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

bool configure(SSL_CTX* context, X509* certificate, EVP_PKEY* key,
               const std::string_view& protocol) {
    SSL_CTX_set_options(context,
                        SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_default_read_buffer_len(context, read_ahead_bytes);
    SSL_CTX_set_max_cert_list(context, certificate_bytes_max);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    SSL_CTX_set_cert_verify_callback(context, verify_peer, nullptr);
    SSL_CTX_set_alpn_select_cb(context, select_protocol, const_cast<std::string_view*>(&protocol));
    return SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_num_tickets(context, 0) == 1 &&
           SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
                                             "TLS_CHACHA20_POLY1305_SHA256") == 1 &&
           SSL_CTX_set1_sigalgs_list(context, "ed25519") == 1 &&
           SSL_CTX_set1_groups_list(context, "X25519:P-256") == 1 &&
           SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(protocol.data()),
                                   static_cast<unsigned>(protocol.size())) == 0 &&
           SSL_CTX_use_certificate(context, certificate) == 1 &&
           SSL_CTX_use_PrivateKey(context, key) == 1;
}

} // namespace

void FreeTls::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }
void FreeTls::operator()(ssl_st* session) const { SSL_free(session); }

Result<TlsContext> make_tls_context(const SigningKey& key, const std::string& owner,
                                    TlsProtocol protocol) {
    auto* native = static_cast<EVP_PKEY*>(key.native());
    ERR_clear_error();
    TlsContext context(SSL_CTX_new(TLS_method()));
    Certificate certificate = make_certificate(native, owner);
    if (!context || !certificate ||
        !configure(context.get(), certificate.get(), native,
                   protocol == TlsProtocol::peers ? peers_protocol : api_protocol))
        return failure(ErrorCode::storage_failed,
                       fmt::format("OpenSSL cannot set up TLS 1.3 with Ed25519 ({}): check its "
                                   "configuration",
                                   take_tls_failure().text));
    return context;
}

TlsSession make_tls_session(ssl_ctx_st* context, int socket, bool accepted, const AdmitKey& admit) {
    TlsSession session(SSL_new(context));
    if (!session || SSL_set_fd(session.get(), socket) != 1) return nullptr;
    SSL_set_app_data(session.get(), const_cast<AdmitKey*>(&admit));
    if (accepted)
        SSL_set_accept_state(session.get());
    else
        SSL_set_connect_state(session.get());
    return session;
}

bool speaks_safar(const ssl_st* session) {
    const unsigned char* name = nullptr;
    unsigned length = 0;
    SSL_get0_alpn_selected(session, &name, &length);
    return std::string_view(reinterpret_cast<const char*>(name), length) ==
           peers_protocol.substr(1);
}

TlsFailure take_tls_failure() {
    TlsFailure out;
    unsigned long code = ERR_peek_error();
    if (code == 0) {
        out.truncated = true;
        out.text = errno != 0 ? std::strerror(errno) : "the connection was cut";
    } else {
        int reason = ERR_GET_REASON(code);
        out.truncated =
            ERR_GET_LIB(code) == ERR_LIB_SSL && reason == SSL_R_UNEXPECTED_EOF_WHILE_READING;
        out.told = ERR_GET_LIB(code) == ERR_LIB_SSL && reason >= SSL_AD_REASON_OFFSET;
        if (out.told) out.alert = reason - SSL_AD_REASON_OFFSET;
        const char* text = ERR_reason_error_string(code);
        out.text = out.truncated     ? "the connection was cut"
                   : text != nullptr ? text
                                     : "unknown TLS error";
    }
    ERR_clear_error();
    return out;
}

} // namespace safar

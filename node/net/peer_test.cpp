#include "node/net/peer_test.hpp"

#include "node/net/peer_connect.hpp"
#include "node/tls/tcp.hpp"
#include "node/tls/tls_context.hpp"
#include "sync/wire/message.hpp"

#include <cerrno>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <unistd.h>

namespace safar {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto found = peer_fault; // reads better where there are twenty

// How far a call came, or why it ended; no value: go on.
using Verdict = std::optional<PeerTest>;

class Call {
public:
    Call(const PeerTestSetting& setting, const CharterNode& peer)
        : with_(setting), peer_(peer), deadline_(Clock::now() + setting.patience) {}
    ~Call() {
        ssl_.reset();
        if (socket_ >= 0) ::close(socket_);
    }
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

    PeerTest run() {
        if (auto verdict = connect_to(peer_, deadline_, socket_)) return *verdict;
        if (auto verdict = shake_hands()) return *verdict;
        PeerTest out = hear();
        (void)SSL_shutdown(ssl_.get()); // a goodbye, unanswered
        ERR_clear_error();
        return out;
    }

private:
    // --- TLS ---

    Verdict shake_hands() {
        auto context = make_tls_context(with_.self.tls, with_.self.agency);
        if (!context) return found(PeerFault::not_safar, context.error().detail, "");
        context_ = std::move(context.value());
        admit_ = [this](const PublicKey& key) { return admit(key); };
        ssl_ = make_tls_session(context_.get(), socket_, /*accepted=*/false, admit_);
        if (!ssl_) return found(PeerFault::not_safar, "OpenSSL gives no session", "");
        for (;;) {
            ERR_clear_error();
            errno = 0;
            const int result = SSL_do_handshake(ssl_.get());
            if (result == 1) break;
            if (auto verdict = turned_away(result)) return verdict;
        }
        if (speaks_safar(ssl_.get())) return std::nullopt;
        return found(PeerFault::not_safar, peer_.address + ": speaks TLS, and not safar/1",
                     other_service());
    }

    Result<> admit(const PublicKey& key) {
        const CharterNode* node = with_.charter.node_with_tls_key(key);
        if (node != nullptr && node->id == peer_.id && node->id != with_.self.id) return success();
        if (node == nullptr)
            refusal_ =
                found(PeerFault::their_key_unknown,
                      fmt::format(
                          "{}: answers with a TLS key that charter epoch {} does not list ({}...)",
                          peer_.address, with_.charter.epoch, key.hex().substr(0, 16)),
                      "another federation's node, a newer key, or somebody in between: compare the "
                      "key with " +
                          peer_.agency + " by telephone; a new key needs a charter epoch");
        else if (node->id == with_.self.id)
            refusal_ =
                found(PeerFault::this_node, peer_.address + ": this node itself answers there",
                      "the charter has the wrong address for " + peer_.agency +
                          ", or the name leads here");
        else
            refusal_ = found(PeerFault::other_node,
                             fmt::format("{}: node {} of {} answers there", peer_.address,
                                         node->id.brief(), node->agency),
                             "the charter has the wrong address for " + peer_.agency +
                                 ", or a port is forwarded wrongly");
        return failure(ErrorCode::not_permitted, refusal_->detail);
    }

    // What a TLS call that did not succeed means; nullopt: call it again.
    Verdict turned_away(int result) {
        const int why = SSL_get_error(ssl_.get(), result);
        if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) {
            if (wait_for_socket(socket_, why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, deadline_))
                return std::nullopt;
            return found(PeerFault::tls_timeout,
                         peer_.address + ": takes connections and does not answer TLS",
                         "the node hangs or is overloaded, or another service has this port; ask " +
                             peer_.agency);
        }
        if (refusal_) return refusal_;
        if (why == SSL_ERROR_ZERO_RETURN) return said_goodbye();
        const unsigned long code = ERR_peek_error();
        const int reason = ERR_GET_REASON(code);
        const int alert = ERR_GET_LIB(code) == ERR_LIB_SSL && reason >= SSL_AD_REASON_OFFSET
                              ? reason - SSL_AD_REASON_OFFSET
                              : -1;
        const TlsFailure failure = take_tls_failure();
        if (alert >= 0) return on_alert(alert, failure.text);
        if (auto dates = by_dates()) return dates;
        if (failure.truncated && SSL_is_init_finished(ssl_.get())) return said_goodbye();
        return found(PeerFault::not_safar,
                     peer_.address + ": no TLS as Safar speaks it: " + failure.text,
                     other_service());
    }

    Verdict by_dates() const {
        const std::string advice = "compare both clocks with `date -u`; certificates of Safar are "
                                   "valid at any plausible time";
        switch (SSL_get_verify_result(ssl_.get())) {
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return found(PeerFault::certificate_not_yet_valid,
                         peer_.address +
                             ": its certificate is not valid yet by this machine's clock",
                         advice);
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return found(PeerFault::certificate_expired,
                         peer_.address + ": its certificate has expired by this machine's clock",
                         advice);
        default: return std::nullopt;
        }
    }

    PeerTest on_alert(int alert, const std::string& text) const {
        switch (alert) {
        case SSL3_AD_CERTIFICATE_EXPIRED:
        case SSL3_AD_BAD_CERTIFICATE:
            return found(PeerFault::our_clock_by_them,
                         peer_.address + ": finds this node's certificate outside its dates",
                         "their clock is far off: ask " + peer_.agency + " for `date -u`");
        case TLS1_AD_UNKNOWN_CA:
        case TLS1_AD_ACCESS_DENIED:
        case SSL3_AD_CERTIFICATE_UNKNOWN:
            return found(PeerFault::our_key_unknown,
                         peer_.address +
                             ": refuses this node's TLS key: the charter there does not list it",
                         fmt::format("ask {} which charter epoch it has (`safar charter show`); "
                                     "here it is {}. It must "
                                     "adopt the epoch that lists this node",
                                     peer_.agency, with_.charter.epoch));
        default:
            return found(PeerFault::not_safar,
                         fmt::format("{}: ends TLS with alert {} ({})", peer_.address, alert, text),
                         other_service());
        }
    }

    PeerTest said_goodbye() const {
        return found(PeerFault::closed,
                     peer_.address + ": lets this node in and closes without a hello",
                     "it does not serve this node for now: after a fault it waits up to an hour, "
                     "and a suspended node "
                     "is not served; its log says why (`journalctl -u safard`)");
    }
    [[nodiscard]] std::string other_service() const {
        return "is this port " + peer_.agency +
               "'s safard? A proxy that ends TLS can not stand before it";
    }

    // --- the hello ---

    PeerTest hear() {
        wire::FrameDecoder decoder;
        Bytes piece(64u << 10);
        for (;;) {
            ERR_clear_error();
            errno = 0;
            std::size_t got = 0;
            const int result = SSL_read_ex(ssl_.get(), piece.data(), piece.size(), &got);
            if (result != 1) {
                if (auto verdict = turned_away(result)) return *verdict;
                continue;
            }
            ByteView left = ByteView(piece).first(got);
            auto frame = decoder.next(left);
            if (!frame)
                return found(PeerFault::not_safar, peer_.address + ": " + frame.error().detail,
                             other_service());
            if (frame.value()) return judge(*frame.value());
        }
    }

    PeerTest judge(const wire::Frame& frame) const {
        if (frame.type == static_cast<std::uint8_t>(wire::FrameType::error)) {
            auto error = wire::decode<wire::ErrorFrame>(frame.payload);
            return found(
                PeerFault::told,
                peer_.address + ": " +
                    (error ? error.value().code + ": " + error.value().detail : "an error"),
                "");
        }
        auto versions = wire::peek_versions(frame.payload);
        if (frame.type != static_cast<std::uint8_t>(wire::FrameType::hello) || !versions)
            return found(PeerFault::told, peer_.address + ": does not begin with a hello", "");
        if (versions.value().max < wire::version_min || versions.value().min > wire::version_max)
            return found(PeerFault::version,
                         fmt::format("{}: speaks wire versions {} to {}, this node {} to {}",
                                     peer_.address, versions.value().min, versions.value().max,
                                     wire::version_min, wire::version_max),
                         "upgrade the older of the two");
        auto hello = wire::decode<wire::Hello>(frame.payload);
        if (!hello)
            return found(PeerFault::told,
                         peer_.address + ": its hello is damaged: " + hello.error().detail, "");
        if (hello.value().network != with_.network)
            return found(PeerFault::network,
                         fmt::format("{}: belongs to network {}, this node to {}", peer_.address,
                                     hello.value().network.brief(), with_.network.brief()),
                         "one of the two has adopted the charter of another network");
        if (hello.value().node != peer_.id)
            return found(PeerFault::identity,
                         peer_.address + ": its hello names node " + hello.value().node.brief(),
                         "keys of two nodes are mixed up at " + peer_.agency);
        return well(hello.value());
    }

    PeerTest well(const wire::Hello& hello) const {
        PeerTest out = found(PeerFault::none,
                             fmt::format("{}: TLS both ways, hello understood", peer_.address), "");
        out.epoch = hello.epoch;
        if (hello.epoch != with_.charter.epoch)
            out.detail += fmt::format(
                "; its charter epoch is {}, here {}: the older one is brought up when they talk",
                hello.epoch, with_.charter.epoch);
        return out;
    }

    const PeerTestSetting& with_;
    const CharterNode& peer_;
    Clock::time_point deadline_;
    int socket_ = -1;
    TlsContext context_;
    AdmitKey admit_;
    TlsSession ssl_;
    Verdict refusal_; // our own judgement of their key
};

} // namespace

std::string_view name(PeerFault fault) {
    switch (fault) {
    case PeerFault::none: return "ok";
    case PeerFault::bad_address: return "bad_address";
    case PeerFault::unknown_name: return "unknown_name";
    case PeerFault::connection_refused: return "connection_refused";
    case PeerFault::host_unreachable: return "host_unreachable";
    case PeerFault::connect_timeout: return "connect_timeout";
    case PeerFault::tls_timeout: return "tls_timeout";
    case PeerFault::not_safar: return "not_safar";
    case PeerFault::our_key_unknown: return "our_key_unknown";
    case PeerFault::our_clock_by_them: return "our_clock_by_them";
    case PeerFault::their_key_unknown: return "their_key_unknown";
    case PeerFault::other_node: return "other_node";
    case PeerFault::this_node: return "this_node";
    case PeerFault::certificate_not_yet_valid: return "certificate_not_yet_valid";
    case PeerFault::certificate_expired: return "certificate_expired";
    case PeerFault::closed: return "closed";
    case PeerFault::version: return "version";
    case PeerFault::network: return "network";
    case PeerFault::identity: return "identity";
    case PeerFault::told: return "told";
    case PeerFault::suspended: return "suspended";
    }
    return "";
}

void mark_suspension(PeerTest& test, const PeerTestSetting& setting, const CharterNode& peer) {
    if (test.fault != PeerFault::none || (!setting.self_suspended && !setting.peer_suspended))
        return;
    test.fault = PeerFault::suspended;
    test.detail += "; " + (setting.self_suspended ? std::string("this node") : peer.agency) +
                   " is suspended: charter and notices pass, data does not";
    test.advice = "the stewards decide by the next charter epoch";
}

PeerTest test_peer(const PeerTestSetting& setting, const CharterNode& peer) {
    const auto begun = Clock::now();
    PeerTest out = Call(setting, peer).run();
    mark_suspension(out, setting, peer);
    out.took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begun);
    return out;
}

} // namespace safar

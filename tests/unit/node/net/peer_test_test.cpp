// Faults made on purpose between two nodes, and the cause that each is given.
#include "node/net/peer_test.hpp"

#include "sync/wire/message.hpp"
#include "tls_client.hpp"

#include <csignal>

namespace safar {
namespace {

using namespace testing;

// Listens on `port` and does one thing with the first connection.
class Server {
public:
    Server(std::uint16_t port, std::function<void(int)> serve)
        : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_port = htons(port);
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        int yes = 1;
        ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
        EXPECT_EQ(::listen(listener_, 4), 0);
        thread_ = std::thread([this, serve = std::move(serve)] {
            int peer = ::accept(listener_, nullptr, nullptr);
            if (peer < 0) return;
            serve(peer);
            ::close(peer);
        });
    }
    ~Server() {
        ::shutdown(listener_, SHUT_RDWR);
        thread_.join();
        ::close(listener_);
    }

private:
    int listener_;
    std::thread thread_;
};

// A TLS server that takes any client, with this certificate, and says `words` once it stands.
std::function<void(int)> tls_server(ClientSettings settings, Bytes words = {},
                                    bool late_clock = false) {
    return [settings, words, late_clock](int socket) {
        SSL_CTX* context = SSL_CTX_new(TLS_server_method());
        SSL_CTX_set_security_level(context, 0);
        SSL_CTX_set_min_proto_version(context, settings.version_min);
        SSL_CTX_set_max_proto_version(context, settings.version_max);
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, [](int, X509_STORE_CTX*) { return 1; });
        if (late_clock)
            SSL_CTX_set_verify(context, SSL_VERIFY_PEER, [](int, X509_STORE_CTX* store) {
                X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_HAS_EXPIRED);
                return 0;
            });
        SSL_CTX_set_alpn_select_cb(
            context,
            [](SSL*, const unsigned char** out, unsigned char* length, const unsigned char* in,
               unsigned, void* use) {
                *out = in + 1;
                *length = in[0];
                return use != nullptr ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
            },
            settings.alpn.empty() ? nullptr : context);
        X509* certificate = make_client_certificate(settings, *settings.key);
        SSL_CTX_use_certificate(context, certificate);
        X509_free(certificate);
        SSL_CTX_use_PrivateKey(context, static_cast<EVP_PKEY*>(settings.key->native()));
        SSL* ssl = SSL_new(context);
        SSL_set_fd(ssl, socket);
        if (SSL_accept(ssl) == 1) {
            if (!words.empty()) SSL_write(ssl, words.data(), static_cast<int>(words.size()));
            SSL_shutdown(ssl);
            char waste[512];
            (void)!::recv(socket, waste, sizeof waste, 0);
        }
        SSL_free(ssl);
        SSL_CTX_free(context);
    };
}

class PeerTests : public ::testing::Test {
protected:
    void SetUp() override { std::signal(SIGPIPE, SIG_IGN); }

    LocalNetwork network;
    Identity iom = network.iom.identity();
    std::shared_ptr<const Charter> charter = network.charter;
    SigningKey stranger = seeded_key(4711);

    PeerTest test(milliseconds patience = milliseconds(3'000)) {
        const CharterNode* mofa = charter->node(network.mofa.id());
        return test_peer({iom, *charter, make_authority(network.charter)->network(), patience},
                         *mofa);
    }
    // MOFA at another address in IOM's charter.
    void move_mofa(const std::string& address) {
        auto moved = std::make_shared<Charter>(*network.charter);
        for (CharterNode& node : moved->nodes)
            if (node.agency == "MOFA") node.address = address;
        charter = moved;
    }
    Bytes hello(std::function<void(wire::Hello&)> change) {
        wire::Hello out;
        out.network = make_authority(network.charter)->network();
        out.node = network.mofa.id();
        out.epoch = 1;
        change(out);
        Bytes bytes;
        wire::encode(out, bytes);
        return bytes;
    }
    PeerTest answered_by(std::function<void(int)> serve,
                         milliseconds patience = milliseconds(3'000)) {
        Server server(network.ports[1], std::move(serve));
        return test(patience);
    }
    static void expect(const PeerTest& result, PeerFault fault) {
        EXPECT_EQ(name(result.fault), name(fault)) << result.detail;
        EXPECT_FALSE(result.detail.empty());
        if (fault != PeerFault::none && fault != PeerFault::told) {
            EXPECT_FALSE(result.advice.empty());
        }
    }
    NetOptions deaf() const {
        NetOptions out;
        out.dial = false;
        return out;
    }
};

TEST_F(PeerTests, APeerThatIsWellIsSaidToBe) {
    RunningNode mofa(network.mofa, network.charter, network.address(1), deaf());
    PeerTest result = test();
    expect(result, PeerFault::none);
    EXPECT_EQ(result.epoch, 1u);
    EXPECT_TRUE(eventually(
        [&] { return mofa.peer(network.iom).state == "waiting"; })); // and it bears no grudge
}
TEST_F(PeerTests, AnAddressThatIsNone) {
    move_mofa("nonsense");
    expect(test(), PeerFault::bad_address);
}
TEST_F(PeerTests, AHostThatNobodyKnows) {
    move_mofa("no-such-host.invalid:7400");
    expect(test(), PeerFault::unknown_name);
}
TEST_F(PeerTests, NothingListens) { expect(test(), PeerFault::connection_refused); }
TEST_F(PeerTests, AFullBacklogDoesNotAnswerTcp) {
    // Packets are dropped once the queue of a listener is full, as a firewall drops them.
    int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(network.ports[1]);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
    ASSERT_EQ(::listen(listener, 0), 0);
    std::vector<int> waiting;
    for (int i = 0; i < 8; ++i) {
        waiting.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
        (void)!::connect(waiting.back(), reinterpret_cast<sockaddr*>(&at), sizeof at);
    }
    std::this_thread::sleep_for(milliseconds(50));
    expect(test(milliseconds(500)), PeerFault::connect_timeout);
    for (int socket : waiting) ::close(socket);
    ::close(listener);
}
TEST_F(PeerTests, SomethingThatTakesConnectionsAndIsSilent) {
    expect(answered_by(
               [](int socket) {
                   char waste[4096];
                   while (::recv(socket, waste, sizeof waste, 0) > 0) {
                   }
               },
               milliseconds(400)),
           PeerFault::tls_timeout);
}
TEST_F(PeerTests, AWebServerInPlainText) {
    expect(answered_by([](int socket) {
               const std::string_view text = "HTTP/1.1 400 Bad Request\r\n\r\n";
               (void)!::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
               std::this_thread::sleep_for(milliseconds(50));
           }),
           PeerFault::not_safar);
}
TEST_F(PeerTests, AnOlderTls) {
    ClientSettings old{.key = &network.mofa.tls};
    old.version_min = TLS1_VERSION;
    old.version_max = TLS1_2_VERSION;
    expect(answered_by(tls_server(old)), PeerFault::not_safar);
}
TEST_F(PeerTests, AnotherProtocolOverTls) {
    ClientSettings other{.key = &network.mofa.tls};
    other.alpn = "";
    expect(answered_by(tls_server(other)), PeerFault::not_safar);
}
TEST_F(PeerTests, ACharterThereThatDoesNotListUs) {
    RunningNode mofa(network.mofa,
                     LocalNetwork::charter_of({&network.iom, &network.mofa, &network.fia}),
                     network.address(1), deaf());
    iom.tls = seeded_key(4711); // as after a new epoch that MOFA does not have
    expect(test(), PeerFault::our_key_unknown);
}
TEST_F(PeerTests, AKeyThatOurCharterDoesNotList) {
    expect(answered_by(tls_server({.key = &stranger})), PeerFault::their_key_unknown);
}
TEST_F(PeerTests, AnotherNodeOfTheCharter) {
    RunningNode fia(network.fia, network.charter, network.address(1), deaf());
    PeerTest result = test();
    expect(result, PeerFault::other_node);
    EXPECT_NE(result.detail.find("FIA"), std::string::npos);
}
TEST_F(PeerTests, ThisNodeItself) {
    expect(answered_by(tls_server({.key = &network.iom.tls})), PeerFault::this_node);
}
TEST_F(PeerTests, ACertificateThatIsNotYetValid) {
    expect(answered_by(tls_server({.key = &network.mofa.tls, .from_days = 1, .until_days = 9})),
           PeerFault::certificate_not_yet_valid);
}
TEST_F(PeerTests, ACertificateThatHasExpired) {
    expect(answered_by(tls_server({.key = &network.mofa.tls, .from_days = -9, .until_days = -1})),
           PeerFault::certificate_expired);
}
TEST_F(PeerTests, AClockThereByWhichOurCertificateHasExpired) {
    expect(answered_by(tls_server({.key = &network.mofa.tls}, {}, /*late_clock=*/true)),
           PeerFault::our_clock_by_them);
}
TEST_F(PeerTests, AnEndWithoutAHello) {
    expect(answered_by(tls_server({.key = &network.mofa.tls})), PeerFault::closed);
}
TEST_F(PeerTests, AVersionThatIsNotOurs) {
    Bytes words = hello([](wire::Hello& h) { h.versions = {7, 9}; });
    expect(answered_by(tls_server({.key = &network.mofa.tls}, words)), PeerFault::version);
}
TEST_F(PeerTests, ANodeOfAnotherNetwork) {
    Bytes words = hello([](wire::Hello& h) { h.network = {}; });
    expect(answered_by(tls_server({.key = &network.mofa.tls}, words)), PeerFault::network);
}
TEST_F(PeerTests, AHelloThatNamesSomebodyElse) {
    Bytes words = hello([&](wire::Hello& h) { h.node = network.fia.id(); });
    expect(answered_by(tls_server({.key = &network.mofa.tls}, words)), PeerFault::identity);
}
TEST_F(PeerTests, AnErrorInsteadOfAHello) {
    Bytes words;
    wire::encode(wire::ErrorFrame{"busy", "come back later"}, words);
    PeerTest result = answered_by(tls_server({.key = &network.mofa.tls}, words));
    expect(result, PeerFault::told);
    EXPECT_NE(result.detail.find("come back later"), std::string::npos);
}
TEST_F(PeerTests, ASuspendedPeerIsNamedAlthoughTheNetworkIsWell) {
    RunningNode mofa(network.mofa, network.charter, network.address(1), deaf());
    PeerTestSetting setting{iom, *charter, make_authority(network.charter)->network()};
    setting.peer_suspended = true;
    PeerTest result = test_peer(setting, *charter->node(network.mofa.id()));
    expect(result, PeerFault::suspended);
    EXPECT_NE(result.detail.find("MOFA is suspended"), std::string::npos);
}
TEST_F(PeerTests, AnotherEpochThereIsSaidAndNoFault) {
    Bytes words = hello([](wire::Hello& h) { h.epoch = 4; });
    PeerTest result = answered_by(tls_server({.key = &network.mofa.tls}, words));
    expect(result, PeerFault::none);
    EXPECT_NE(result.detail.find("epoch is 4"), std::string::npos);
}

} // namespace
} // namespace safar

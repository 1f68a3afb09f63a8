// Who gets in, and with which alert everybody else is refused.
#include "tls_client.hpp"

#include <csignal>

namespace safar {
namespace {

using namespace testing;

// Alerts of RFC 8446, section 6.
enum Alert {
    close_notify = 0,
    bad_record_mac = 20,
    bad_certificate = 42,
    certificate_expired = 45,
    unknown_ca = 48,
    decrypt_error = 51,
    protocol_version = 70,
    certificate_required = 116,
    no_application_protocol = 120,
};

class TlsDoor : public ::testing::Test {
protected:
    void SetUp() override { std::signal(SIGPIPE, SIG_IGN); } // of the test's own clients

    explicit TlsDoor(milliseconds deadline = milliseconds(10'000)) : deadline_(deadline) {}
    [[nodiscard]] NetOptions quick() const {
        NetOptions out;
        out.dial = false;
        out.handshake_deadline = deadline_;
        out.half_open_per_address_max = 4;
        return out;
    }
    const milliseconds deadline_;
    LocalNetwork network;
    RunningNode iom{network.iom, network.charter, "127.0.0.1:0", quick()};
    std::uint16_t port = iom.net().port();
    SigningKey stranger = seeded_key(4711);
    ClientSettings good{.key = &network.mofa.tls};

    int refused_with(const ClientSettings& settings) {
        TlsClient client(port, settings);
        EXPECT_FALSE(client.heard);
        EXPECT_NE(iom.peer(network.mofa).state, "connected");
        EXPECT_TRUE(eventually([&] { return iom.net().door().handshakes_failed > 0; }));
        return client.alert;
    }
};

class ImpatientDoor : public TlsDoor {
protected:
    ImpatientDoor() : TlsDoor(milliseconds(400)) {}
};

TEST_F(TlsDoor, AKeyOfTheCharterGetsInAndHearsAHello) {
    TlsClient client(port, good);
    EXPECT_TRUE(client.connected);
    EXPECT_TRUE(client.heard);
    EXPECT_EQ(iom.peer(network.mofa).state, "connected");
    EXPECT_STREQ(SSL_get_version(client.ssl()), "TLSv1.3");
}

TEST_F(TlsDoor, NoTicketsAreGivenOut) {
    TlsClient client(port, good);
    EXPECT_TRUE(client.heard);
    EXPECT_EQ(client.tickets, 0);
}

TEST_F(TlsDoor, AKeyOutsideTheCharterIsRefused) {
    EXPECT_EQ(refused_with({.key = &stranger}), unknown_ca);
}
TEST_F(TlsDoor, ASigningKeyIsNoTlsKey) {
    EXPECT_EQ(refused_with({.key = &network.mofa.signing}), unknown_ca);
}
TEST_F(TlsDoor, TheNodesOwnKeyIsRefused) {
    EXPECT_EQ(refused_with({.key = &network.iom.tls}), unknown_ca);
}
TEST_F(TlsDoor, NoCertificateIsRefused) { EXPECT_EQ(refused_with({}), certificate_required); }

TEST_F(TlsDoor, OlderVersionsAreRefused) {
    for (int version : {TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION}) {
        ClientSettings old = good;
        old.version_min = TLS1_VERSION;
        old.version_max = version;
        TlsClient client(port, old);
        EXPECT_FALSE(client.connected);
        EXPECT_EQ(client.alert, protocol_version);
    }
}

TEST_F(TlsDoor, ExpiredAndNotYetValidCertificatesAreRefused) {
    EXPECT_EQ(refused_with({.key = &network.mofa.tls, .from_days = -9, .until_days = -1}),
              certificate_expired);
    EXPECT_EQ(refused_with({.key = &network.mofa.tls, .from_days = 1, .until_days = 9}),
              bad_certificate);
}

TEST_F(TlsDoor, CertificatesThatOthersSignedAreRefused) {
    EXPECT_EQ(
        refused_with({.key = &network.mofa.tls, .signer = &stranger, .issuer = "some authority"}),
        unknown_ca);
    EXPECT_EQ(refused_with({.key = &network.mofa.tls, .signer = &stranger}), decrypt_error);
    EXPECT_EQ(refused_with({.key = &network.mofa.tls, .also = &stranger}), unknown_ca);
}

TEST_F(TlsDoor, AnotherProtocolIsRefused) {
    ClientSettings http = good;
    http.alpn = "h2";
    EXPECT_EQ(refused_with(http), no_application_protocol);
    http.alpn = "";
    TlsClient client(port, http);
    EXPECT_FALSE(client.heard);
    EXPECT_NE(iom.peer(network.mofa).state, "connected");
}

TEST_F(ImpatientDoor, PlainTextIsClosed) {
    for (std::string_view text :
         {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\x01\x02\x03", "hello, hello\n\n"}) {
        Socket client(port);
        client.send(text);
        EXPECT_TRUE(client.ends());
    }
    EXPECT_TRUE(eventually([&] { return iom.net().door().handshakes_failed == 3; }));
}

TEST_F(ImpatientDoor, SilentAndSlowConnectionsEndAtTheDeadline) {
    const auto begin = std::chrono::steady_clock::now();
    Socket silent(port), slow(port);
    const char record[] = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
    for (int i = 0; i < 8; ++i) {
        slow.send({record + i, 1});
        std::this_thread::sleep_for(milliseconds(20));
    }
    EXPECT_TRUE(silent.ends());
    EXPECT_TRUE(slow.ends());
    EXPECT_GE(std::chrono::steady_clock::now() - begin, deadline_);
}

TEST_F(TlsDoor, TooManyFromOneAddressAreClosedAtOnceAndOthersServedAfterwards) {
    std::vector<std::unique_ptr<Socket>> silent;
    for (int i = 0; i < 40; ++i) silent.push_back(std::make_unique<Socket>(port));
    EXPECT_TRUE(eventually([&] { return iom.net().door().refused_by_limit >= 36; }));
    EXPECT_EQ(iom.net().door().accepted, 4u);
    for (std::size_t i = 4; i < silent.size(); ++i) EXPECT_TRUE(silent[i]->ends());
    silent.clear();
    EXPECT_TRUE(eventually([&] { return TlsClient(port, good).heard; }));
}

TEST_F(TlsDoor, ConnectionsAreLimitedInAllAndNotOnlyWhileTheyShakeHands) {
    NetOptions few = quick();
    few.handshake_deadline = milliseconds(8'000);
    few.half_open_max = 2;
    few.connections_max = 3;
    RunningNode node{network.fia, network.charter, "127.0.0.1:0", few};
    const std::uint16_t at = node.net().port();
    ClientSettings of_iom{.key = &network.iom.tls};
    TlsClient standing(at, of_iom);
    EXPECT_TRUE(standing.heard);
    TlsClient other(at, good);
    EXPECT_TRUE(other.heard);
    auto half = std::make_unique<Socket>(at); // the third
    ASSERT_TRUE(eventually([&] { return node.net().door().accepted == 3; }));
    EXPECT_TRUE(Socket(at).ends());
    EXPECT_EQ(node.net().door().refused_by_limit, 1u);
    half.reset();
    // One place is free again, and no more.
    EXPECT_TRUE(eventually([&] { return node.net().door().handshakes_failed == 1; }));
    half = std::make_unique<Socket>(at);
    ASSERT_TRUE(eventually([&] { return node.net().door().accepted == 4; }));
    EXPECT_TRUE(Socket(at).ends());
    EXPECT_EQ(node.peer(network.iom).state, "connected");
    EXPECT_EQ(node.peer(network.mofa).state, "connected");
}

TEST_F(TlsDoor, HalfOpenOnesAreLimitedInAll) {
    NetOptions few = quick();
    few.handshake_deadline = milliseconds(8'000);
    few.half_open_max = 2;
    RunningNode node{network.fia, network.charter, "127.0.0.1:0", few};
    const std::uint16_t at = node.net().port();
    TlsClient standing(at, good);
    EXPECT_TRUE(standing.heard);
    Socket one(at), two(at);
    ASSERT_TRUE(eventually([&] { return node.net().door().accepted == 3; }));
    EXPECT_TRUE(Socket(at).ends());
    EXPECT_EQ(node.net().door().refused_by_limit, 1u);
    EXPECT_EQ(node.peer(network.mofa).state, "connected");
}

TEST_F(TlsDoor, GarbageInsideTlsEndsTheSessionAndThePeerMustWait) {
    TlsClient client(port, good);
    ASSERT_TRUE(client.heard);
    std::string garbage(4096, '\xff');
    SSL_write(client.ssl(), garbage.data(), static_cast<int>(garbage.size()));
    ASSERT_TRUE(eventually([&] { return iom.peer(network.mofa).state == "refused"; }));
    EXPECT_FALSE(iom.peer(network.mofa).why.empty());
    TlsClient again(port, good);
    EXPECT_FALSE(again.heard);
}

// Of two connections by the same side: whoever dials again has lost the older.
TEST_F(TlsDoor, ANewerConnectionTakesTheOlderOnesPlaceAndTheOlderHearsABye) {
    TlsClient older(port, good);
    ASSERT_TRUE(older.heard);
    TlsClient newer(port, good);
    EXPECT_TRUE(newer.heard);
    EXPECT_TRUE(older.hear(wire::FrameType::bye));
    EXPECT_FALSE(older.hear(wire::FrameType::error));
    EXPECT_EQ(iom.peer(network.mofa).state, "connected");
}

TEST_F(TlsDoor, AnEndWithoutGoodbyeIsCountedAsTruncated) {
    {
        TlsClient client(port, good);
        ASSERT_TRUE(client.heard);
        ::shutdown(client.socket().get(), SHUT_RDWR);
    }
    EXPECT_TRUE(eventually([&] { return iom.net().door().truncated == 1; }));
    EXPECT_TRUE(eventually([&] { return iom.peer(network.mofa).state == "waiting"; }));
}

// A batch of MOFA's own, in its frame.
Bytes batch_of_mofa(const LocalNetwork& network, std::uint8_t incarnation) {
    auto authority = make_authority(network.charter);
    BatchContext context;
    context.network = authority->network();
    context.log.id = log_id(context.network, network.mofa.id(), "movement");
    context.log.incarnation.raw.fill(std::byte{incarnation});
    context.epoch = authority->epoch();
    context.charter = authority->charter();
    EventDraft draft;
    draft.body.kind = 1;
    draft.body.verb = "recorded";
    draft.body.assertions = {{1, Text{"a note"}}};
    SeededEntropy entropy(1);
    std::size_t taken = 0;
    auto built = build_batch(context, network.mofa.signing, entropy, std::span(&draft, 1), taken);
    Bytes out;
    wire::encode_batch(value_of(std::move(built)).encoded.bytes, out);
    return out;
}

TEST_F(TlsDoor, AFrameCutInItsMiddleIsThrownAwayAndCounted) { // H13
    const Bytes hello = greeting(network, network.mofa), batch = batch_of_mofa(network, 1);
    {
        TlsClient client(port, good);
        ASSERT_TRUE(client.heard);
        ASSERT_TRUE(client.say(hello) && client.say(ByteView(batch).first(batch.size() - 1)));
        ASSERT_TRUE(eventually([&] {
            return iom.peer(network.mofa).session.bytes_in == hello.size() + batch.size() - 1;
        }));
        ::shutdown(client.socket().get(), SHUT_RDWR); // FIN, and no close_notify
    }
    EXPECT_TRUE(eventually([&] { return iom.net().door().truncated == 1; }));
    EXPECT_EQ(iom.host().log().last_position(), 0u);
    // The same bytes to their end are stored.
    TlsClient client(port, good);
    ASSERT_TRUE(client.heard);
    ASSERT_TRUE(client.say(hello) && client.say(batch));
    EXPECT_TRUE(eventually([&] { return iom.host().log().last_position() == 1u; }));
}

TEST_F(TlsDoor, ABitFlippedOnTheWireEndsTheConnectionAndNothingIsStored) { // H18
    const Bytes batch = batch_of_mofa(network, 2);
    TlsClient client(port, good);
    ASSERT_TRUE(client.heard);
    ASSERT_TRUE(client.say(greeting(network, network.mofa)));
    BIO* record = BIO_new(BIO_s_mem());
    SSL_set0_wbio(client.ssl(), record);
    ASSERT_TRUE(client.say(batch));
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(record, &bytes);
    ASSERT_GT(size, 100);
    bytes[size / 2] = static_cast<char>(bytes[size / 2] ^ 1);
    client.socket().send({bytes, static_cast<std::size_t>(size)});
    char answer[4096];
    while (SSL_read(client.ssl(), answer, sizeof answer) > 0) {
    }
    EXPECT_EQ(client.alert, bad_record_mac);
    ERR_clear_error();
    EXPECT_TRUE(eventually([&] { return iom.peer(network.mofa).state != "connected"; }));
    EXPECT_EQ(iom.host().log().last_position(), 0u);
}

TEST_F(TlsDoor, APeerThatTakesNoBytesDoesNotHoldUpTheOthers) {
    TlsClient stuck(port, good); // reads nothing any more
    ASSERT_TRUE(stuck.heard);
    TlsClient lively(port, {.key = &network.fia.tls});
    EXPECT_TRUE(lively.heard);
    auto begin = std::chrono::steady_clock::now();
    iom.net().stop();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
}

// TLS lets either side change its keys at any time, and OpenSSL takes that without a word to us.
TEST_F(TlsDoor, APeerThatChangesItsKeysWithoutEndIsClosedAndOthersAreServed) {
    TlsClient busy(port, good);
    ASSERT_TRUE(busy.heard);
    std::atomic<bool> ended{false};
    std::thread changes([&] {
        while (SSL_key_update(busy.ssl(), SSL_KEY_UPDATE_NOT_REQUESTED) == 1 &&
               SSL_do_handshake(busy.ssl()) == 1) {
        }
        ended = true;
    });
    EXPECT_TRUE(eventually([&] { return ended.load(); }));
    EXPECT_TRUE(eventually([&] { return iom.peer(network.mofa).state != "connected"; }));
    TlsClient lively(port, {.key = &network.fia.tls});
    EXPECT_TRUE(lively.heard);
    if (!ended) ::shutdown(busy.socket().get(), SHUT_RDWR);
    changes.join();
    ERR_clear_error();
}

TEST_F(TlsDoor, APeerMayChangeItsKeys) {
    TlsClient client(port, good);
    ASSERT_TRUE(client.heard);
    ASSERT_TRUE(client.say(greeting(network, network.mofa)));
    for (int i = 0; i < 100; ++i) {
        ASSERT_EQ(SSL_key_update(client.ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
        Bytes ping;
        wire::encode(wire::Ping{static_cast<std::uint64_t>(i)}, ping);
        ASSERT_TRUE(client.say(ping));
        ASSERT_TRUE(client.hear(wire::FrameType::pong)) << i;
    }
    EXPECT_EQ(iom.peer(network.mofa).state, "connected");
}

} // namespace
} // namespace safar

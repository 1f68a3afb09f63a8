#include "node/api/remote_server.hpp"

#include "api_fixture.hpp"
#include "node/tls/certificate_print.hpp"
#include "node/tls/tcp.hpp"
#include "node/tls/tls_channel.hpp"
#include "tests/unit/eventually.hpp"

#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <gmock/gmock.h>
#include <netdb.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>

namespace safar {
namespace {

using namespace testing;
using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

auto in(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }

int dial(std::uint16_t port) {
    int socket = -1;
    EXPECT_EQ(connect_tcp(look_up({"127.0.0.1", port}).addresses, in(5s), socket), 0);
    return socket;
}

// True if the other side ends the connection, having said no more than a few bytes of TLS.
bool ends(int socket, std::chrono::milliseconds within) {
    std::size_t heard = 0;
    for (auto deadline = in(within); wait_for_socket(socket, POLLIN, deadline);) {
        char waste[256];
        const ssize_t count = ::recv(socket, waste, sizeof waste, 0);
        if (count <= 0) return heard < 64;
        heard += static_cast<std::size_t>(count);
    }
    return false;
}

// A person elsewhere, with a key.
class Visitor {
public:
    // `let_in`: the door must not be full.
    Visitor(std::uint16_t port, const SigningKey& key, bool let_in = true)
        : context_(value_of(make_tls_context(key, "visitor", TlsProtocol::api))) {
        channel_ = value_of(TlsChannel::make(context_.get(), dial(port), TlsChannel::Side::dialled,
                                             [this](const PublicKey& shown) -> Result<> {
                                                 node = certificate_print(shown);
                                                 return success();
                                             }));
        const bool up = channel_->shake_hands(in(5s)).has_value();
        if (let_in) {
            EXPECT_TRUE(up);
        }
    }
    // What comes until the answer is whole or the connection ends.
    std::string ask(std::string_view text) {
        std::string out;
        auto sent = channel_->write(as_bytes(text));
        if (!sent.has_value()) return "cannot write: " + sent.error().detail;
        for (auto deadline = in(10s);;) {
            Bytes room(64 << 10);
            auto moved = channel_->read(room);
            if (!moved.has_value()) {
                refusal = moved.error().code;
                return out;
            }
            if (moved.value().ended) return out;
            out.append(reinterpret_cast<const char*>(room.data()), moved.value().bytes);
            const std::size_t head = out.find("\r\n\r\n"), size = out.find("Content-Length: ");
            if (head != std::string::npos && size < head &&
                out.size() >= head + 4 + std::stoul(out.substr(size + 16)))
                return out;
            if (moved.value().bytes == 0 &&
                !wait_for_socket(channel_->descriptor(), moved.value().wait_for, deadline))
                return out + " and no more came";
        }
    }
    std::string get(const std::string& target) {
        return ask("GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    std::string node; // what it showed
    std::optional<ErrorCode> refusal;

private:
    TlsContext context_;
    std::unique_ptr<TlsChannel> channel_;
};

class Elsewhere : public ::testing::Test {
protected:
    TestApi api;
    SeededEntropy entropy{99};
    SigningKey sara = key(), stranger = key();
    std::unique_ptr<RemoteServer> server;

    Elsewhere() { std::signal(SIGPIPE, SIG_IGN); } // as safard does

    SigningKey key() {
        std::array<std::byte, SigningKey::seed_bytes> seed;
        entropy.fill(seed);
        return value_of(SigningKey::from_seed(seed));
    }
    void start(RemoteOptions options = {}) {
        options.listen = "127.0.0.1:0";
        server = value_of(RemoteServer::start(api.context, api.identity, options));
    }
    void let_in(const std::string& login, const SigningKey& with, const std::string& role) {
        ApiReply reply =
            api.ask("POST", "/v1/users",
                    R"({"login":")" + login + R"(","certificate":")" +
                        certificate_print(with.public_key()) + R"(","roles":[")" + role + R"("]})");
        ASSERT_EQ(reply.status, 200u) << reply.body;
    }
    [[nodiscard]] std::string log_text() const {
        std::ifstream file(api.directory / "access/000001.jsonl");
        return {std::istreambuf_iterator<char>(file), {}};
    }
};

TEST_F(Elsewhere, AListedCertificateGetsWhatItsRolesAllowAndTheLogNamesIt) {
    start();
    let_in("sara", sara, "analyst");
    Visitor visitor(server->port(), sara);
    EXPECT_EQ(visitor.node, certificate_print(api.identity.tls.public_key()));
    EXPECT_THAT(visitor.get("/v1/status"), StartsWith("HTTP/1.1 200"));
    EXPECT_THAT(visitor.get("/v1/status"), StartsWith("HTTP/1.1 200")) << "kept alive";
    const std::string refused =
        visitor.ask("POST /v1/rebuild HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
    EXPECT_THAT(refused, StartsWith("HTTP/1.1 403"));
    EXPECT_THAT(log_text(), HasSubstr(R"("user":"sara","roles":["analyst"],"action":"rebuild")"));
    EXPECT_THAT(log_text(), HasSubstr(R"("certificate":")" + certificate_print(sara.public_key())));
}

TEST_F(Elsewhere, AnUnknownCertificateIsRefusedInTheHandshakeAndLoggedOnceAMinute) {
    start();
    let_in("sara", sara, "analyst");
    for (int i = 0; i < 3; ++i) {
        const SigningKey another = key();
        Visitor visitor(server->port(), i == 0 ? stranger : another);
        EXPECT_EQ(visitor.get("/v1/status"), "");
        EXPECT_EQ(visitor.refusal, ErrorCode::not_permitted);
    }
    const std::string log = log_text();
    const std::size_t first = log.find(R"("user":"unknown")");
    ASSERT_NE(first, std::string::npos);
    EXPECT_EQ(log.find(R"("user":"unknown")", first + 1), std::string::npos);
    EXPECT_THAT(log, HasSubstr(certificate_print(stranger.public_key())));
    // The visitor may hear of its refusal before the server has counted it.
    const auto metrics = [&] { return api.ask("GET", "/metrics").body; };
    const std::string counted = "safar_api_handshakes_refused_total 3";
    EXPECT_TRUE(eventually([&] { return metrics().find(counted) != std::string::npos; }))
        << metrics();
}

TEST_F(Elsewhere, NobodyComesInSingleUserMode) {
    start();
    Visitor visitor(server->port(), sara);
    EXPECT_EQ(visitor.get("/v1/status"), "");
    EXPECT_EQ(visitor.refusal, ErrorCode::not_permitted);
}

TEST_F(Elsewhere, AClaimToBeSomebodyElseIsNotHeard) {
    start();
    let_in("sara", sara, "caseworker");
    Visitor visitor(server->port(), sara);
    const std::string body = R"({"kind":"movement","fields":[["name","Amina"],["means","A"]]})";
    EXPECT_THAT(
        visitor.ask(
            "POST /v1/records HTTP/1.1\r\nHost: x\r\nSafar-Actor: root\r\nContent-Length: " +
            std::to_string(body.size()) + "\r\n\r\n" + body),
        StartsWith("HTTP/1.1 200"));
    const std::string found = api.ask("GET", "/v1/records?kind=movement").body;
    const std::string id(boost::json::parse(found).at("records").at(0).at("id").as_string());
    EXPECT_THAT(api.ask("GET", "/v1/records/" + id + "/history").body,
                HasSubstr(R"("actor":"sara")"));
}

TEST_F(Elsewhere, AUserWhoIsRemovedIsRefusedWithTheNextRequestOfAnOpenConnection) {
    start();
    let_in("sara", sara, "analyst");
    Visitor visitor(server->port(), sara);
    EXPECT_THAT(visitor.get("/v1/status"), StartsWith("HTTP/1.1 200"));
    EXPECT_EQ(api.ask("POST", "/v1/users/sara/certificate", "{}").status, 400u)
        << "comes no other way";
    EXPECT_EQ(api.ask("POST", "/v1/users/sara/remove").status, 200u);
    EXPECT_THAT(visitor.get("/v1/status"), StartsWith("HTTP/1.1 403"));
}

TEST_F(Elsewhere, WhoDoesNotSpeakTlsHearsNothingOfTheApi) {
    start();
    let_in("sara", sara, "analyst");
    const int socket = dial(server->port());
    constexpr std::string_view plain = "GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n";
    EXPECT_EQ(::send(socket, plain.data(), plain.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(plain.size()));
    EXPECT_TRUE(ends(socket, 5s));
    ::close(socket);
}

TEST_F(Elsewhere, WhoShowsNoCertificateIsRefused) {
    start();
    let_in("sara", sara, "analyst");
    SSL_CTX* context = SSL_CTX_new(TLS_client_method());
    SSL* ssl = SSL_new(context);
    const int socket = dial(server->port());
    ::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) & ~O_NONBLOCK);
    SSL_set_fd(ssl, socket);
    char byte = 0;
    EXPECT_TRUE(SSL_connect(ssl) != 1 || SSL_read(ssl, &byte, 1) <= 0);
    SSL_free(ssl);
    SSL_CTX_free(context);
    ::close(socket);
}

TEST_F(Elsewhere, WhoStandsAtTheDoorTooLongOrInTooGreatANumberIsClosed) {
    RemoteOptions options;
    options.handshake_deadline = 5s;
    options.half_open_per_address_max = 3;
    start(options);
    let_in("sara", sara, "analyst");
    std::vector<int> idle;
    for (int i = 0; i < 3; ++i) idle.push_back(dial(server->port()));
    const int fourth = dial(server->port());
    EXPECT_TRUE(ends(fourth, 4s)) << "before the others' deadline";
    for (int one : idle) EXPECT_TRUE(ends(one, 20s));
    for (int one : idle) ::close(one);
    ::close(fourth);
    // Their places are free when the server has seen them go, which is not the moment in which they
    // do.
    std::string answer;
    for (auto deadline = in(20s);
         !answer.starts_with("HTTP/1.1 200") && std::chrono::steady_clock::now() < deadline;)
        answer = Visitor(server->port(), sara, /*let_in=*/false).get("/v1/status");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
}

TEST_F(Elsewhere, StoppingEndsWhoIsConnected) {
    start();
    let_in("sara", sara, "analyst");
    Visitor visitor(server->port(), sara);
    EXPECT_THAT(visitor.get("/v1/status"), StartsWith("HTTP/1.1 200"));
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_TRUE(server->stop(60s)); // what a request would be given
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 30s);
}

TEST(CertificatePrint, IsWhatOpensslPrintsOfTheEncodedKey) {
    // RFC 8410, section 10.1: the example key; its SubjectPublicKeyInfo hashed with sha256sum.
    PublicKey key;
    ASSERT_TRUE(
        from_hex("19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1", key.raw));
    EXPECT_EQ(certificate_print(key),
              "a1e9156054e04fac899ae9f275132cdc07a5dbc4ea2c2ad3a1ffc6e0d253681f");
}

} // namespace
} // namespace safar

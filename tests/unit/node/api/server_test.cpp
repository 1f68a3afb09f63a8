#include "node/api/server.hpp"

#include "api_fixture.hpp"
#include "tests/unit/eventually.hpp"

#include <ctime>
#include <fstream>
#include <map>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace safar {
namespace {

using namespace testing;
using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// Sends what it is told and reads whole answers by their Content-Length.
class Client {
public:
    explicit Client(const std::string& path) {
        descriptor_ = ::socket(AF_UNIX, SOCK_STREAM, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path.data(), path.size());
        connected_ =
            ::connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
        timeval limit{20, 0};
        ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    }
    ~Client() { ::close(descriptor_); }
    [[nodiscard]] bool connected() const { return connected_; }
    void send(std::string_view text) { EXPECT_TRUE(try_send(text)); }
    // False: the node has closed.
    bool try_send(std::string_view text) {
        return ::send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL) ==
               static_cast<ssize_t>(text.size());
    }
    std::string answer() {
        for (;;) {
            std::size_t head = held_.find("\r\n\r\n");
            if (head != std::string::npos) {
                std::size_t at = held_.find("Content-Length: ");
                std::size_t size = at < head ? std::stoul(held_.substr(at + 16)) : 0;
                if (held_.size() >= head + 4 + size) {
                    std::string out = held_.substr(0, head + 4 + size);
                    held_.erase(0, out.size());
                    return out;
                }
            }
            char buffer[65536];
            ssize_t count = ::recv(descriptor_, buffer, sizeof buffer, 0);
            if (count <= 0) return held_;
            held_.append(buffer, static_cast<std::size_t>(count));
        }
    }
    std::string ask(std::string_view text) {
        try_send(text); // who is refused is answered before they ask
        return answer();
    }
    [[nodiscard]] bool ended() {
        char byte;
        return held_.empty() && ::recv(descriptor_, &byte, 1, 0) == 0;
    }

private:
    int descriptor_;
    bool connected_ = false;
    std::string held_;
};

class Server : public ::testing::Test {
protected:
    TempDir dir;
    TestApi api;
    std::string path = dir / "safar.sock";
    static constexpr uid_t games = 70001, daemon = 70002, stranger = 70003;
    const std::map<uid_t, std::string> logins{{TestApi::owner().uid, "tester"},
                                              {games, "games"},
                                              {daemon, "daemon"},
                                              {stranger, "stranger"}};
    std::atomic<uid_t> comes{TestApi::owner().uid};
    std::unique_ptr<ApiServer> server;

    void start(std::size_t connections = 32) {
        ServerOptions options;
        options.socket_path = path;
        options.connections_max = connections;
        server = value_of(ApiServer::start(api.context, options));
    }
    // From here on two people have roles, and a client is who `comes` when it connects.
    void start_with_people(ServerOptions options = {}) {
        for (const char* unix_name : {"games", "daemon"})
            ASSERT_EQ(api.ask("POST", "/v1/users",
                              R"({"unix":")" + std::string(unix_name) + R"(","roles":["analyst"]})")
                          .status,
                      200u);
        options.socket_path = path;
        options.who_for_tests = [this] { return Caller{comes, logins.at(comes)}; };
        server = value_of(ApiServer::start(api.context, options));
    }
    // A client of this user that has been answered, so that it is connected.
    std::unique_ptr<Client> client_of(uid_t user) {
        comes = user;
        auto out = std::make_unique<Client>(path);
        EXPECT_THAT(out->ask(get("/v1/status")), StartsWith("HTTP/1.1 200")) << logins.at(user);
        return out;
    }
    static std::string get(std::string_view target) {
        return "GET " + std::string(target) + " HTTP/1.1\r\nHost: x\r\n\r\n";
    }
    static std::string post(std::string_view target, std::string_view body) {
        return "POST " + std::string(target) +
               " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) +
               "\r\n\r\n" + std::string(body);
    }
};

TEST_F(Server, AnswersManyRequestsOnOneConnection) {
    start();
    Client client(path);
    std::string created =
        client.ask(post("/v1/records", R"({"kind":"movement","fields":[["name","Amina"]]})"));
    ASSERT_THAT(created, StartsWith("HTTP/1.1 200"));
    std::string id = std::string(
        boost::json::parse(created.substr(created.find("\r\n\r\n") + 4)).at("id").as_string());
    for (int i = 0; i < 3; ++i)
        EXPECT_THAT(client.ask(get("/v1/records/" + id)), HasSubstr("Amina"));
    // Two requests in one packet.
    client.send(get("/v1/status") + get("/v1/nowhere"));
    EXPECT_THAT(client.answer(), StartsWith("HTTP/1.1 200"));
    EXPECT_THAT(client.answer(), StartsWith("HTTP/1.1 404"));
}

TEST_F(Server, TheEventNamesTheUserOrWhomTheRequestNames) {
    start();
    Client client(path);
    std::string body = R"({"kind":"movement","fields":[["name","Amina"]]})";
    client.ask(
        "POST /v1/records HTTP/1.1\r\nHost: x\r\nSafar-Actor: caseworker 7\r\nContent-Length: " +
        std::to_string(body.size()) + "\r\n\r\n" + body);
    bool truncated = false;
    auto found = value_of(api.node.registry->find({"movement", {}, {}, "", {}, {}}, 10, truncated));
    auto events = value_of(api.node.registry->history(found.at(0).folded.id)).events;
    EXPECT_EQ(events.at(0).body.actor, "caseworker 7");
}

TEST_F(Server, ImportsABodyThatComesInPieces) {
    start();
    std::string profile = "source = \"r\"\ntitle = \"R\"\nkind = \"movement\"\nid = "
                          "[\"Key\"]\n\n[[map]]\nfield = \"name\"\ncolumn = \"Name\"\n";
    std::string body;
    for (int i = 0; i < 4; ++i) body += static_cast<char>(profile.size() >> (8 * i) & 0xff);
    body += profile + "Key,Name\na,Amina\nb,Bilal\n";
    Client client(path);
    client.send("POST /v1/import?profile=r&file=r.csv HTTP/1.1\r\nHost: x\r\nContent-Length: " +
                std::to_string(body.size()) + "\r\n\r\n");
    for (std::size_t at = 0; at < body.size(); at += 7)
        client.send(std::string_view(body).substr(at, 7));
    std::string answer = client.answer();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
    EXPECT_THAT(answer, HasSubstr("{\"summary\":{\"rows\":2,"));
    EXPECT_EQ(api.node.events(), 2u);
    EXPECT_THAT(client.ask(get("/v1/status")), StartsWith("HTTP/1.1 200")); // still usable
}

TEST_F(Server, ARefusedImportIsAnsweredThoughTheClientGoesOnSending) {
    start();
    Client client(path);
    client.send(
        "POST /v1/import?colour=red HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n");
    client.send(std::string(300000, 'x'));
    EXPECT_THAT(client.answer(), HasSubstr("unknown parameter 'colour'"));
}

TEST_F(Server, ConnectionsAboveTheLimitAreTold) {
    start(/*connections=*/1);
    Client first(path);
    EXPECT_THAT(first.ask(get("/v1/status")), StartsWith("HTTP/1.1 200"));
    Client second(path);
    EXPECT_THAT(second.ask(get("/v1/status")), StartsWith("HTTP/1.1 503"));
}

TEST_F(Server, OneUserTakesNoMoreThanTheirShareOfTheConnections) {
    ServerOptions options;
    options.connections_per_user_max = 2;
    start_with_people(options);
    auto first = client_of(games), second = client_of(games);
    EXPECT_THAT(Client(path).ask(get("/v1/status")),
                AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("games has 2 connections")));
    auto other = client_of(daemon);
    std::vector<std::unique_ptr<Client>> owners;
    for (int i = 0; i < 3; ++i) owners.push_back(client_of(TestApi::owner().uid));
    EXPECT_THAT(second->ask(get("/v1/status")), StartsWith("HTTP/1.1 200"));
    first.reset();
    comes = games;
    EXPECT_TRUE(eventually(
        [&] { return Client(path).ask(get("/v1/status")).starts_with("HTTP/1.1 200"); }));
}

TEST_F(Server, SomePlacesAreTheOwners) {
    ServerOptions options;
    options.connections_max = 3;
    options.connections_for_owner = 1;
    start_with_people(options);
    auto first = client_of(games), second = client_of(daemon);
    EXPECT_THAT(Client(path).ask(get("/v1/status")), StartsWith("HTTP/1.1 503"));
    client_of(TestApi::owner().uid);
}

TEST_F(Server, AStrangerIsToldSoAndTakesNobodysPlace) {
    ServerOptions options;
    options.connections_max = 2;
    options.connections_for_owner = 1;
    options.idle = 3s; // ends this test where strangers are waited for
    start_with_people(options);
    comes = stranger;
    std::vector<std::unique_ptr<Client>> silent;
    for (int i = 0; i < 30; ++i) {
        silent.push_back(std::make_unique<Client>(path));
        ASSERT_THAT(
            silent.back()->answer(),
            AllOf(StartsWith("HTTP/1.1 403"), HasSubstr("stranger is not a user of this node")));
        EXPECT_TRUE(silent.back()->ended());
    }
    client_of(games);
    client_of(TestApi::owner().uid);
    comes = stranger;
    EXPECT_THAT(Client(path).ask(get("/v1/status")), StartsWith("HTTP/1.1 403"));
    std::ifstream log(api.directory / "access/000001.jsonl");
    const std::string text{std::istreambuf_iterator<char>(log), {}};
    EXPECT_THAT(text, HasSubstr(R"("user":"stranger","roles":[],"action":"connect")"));
    EXPECT_EQ(text.find(R"("connect")"), text.rfind(R"("connect")")) << "once a minute";
}

TEST_F(Server, WhoIsRefusedKeepsNobodyElseWaiting) {
    start(/*connections=*/1);
    Client first(path);
    EXPECT_THAT(first.ask(get("/v1/status")), StartsWith("HTTP/1.1 200"));
    const auto begun = std::chrono::steady_clock::now();
    std::vector<std::unique_ptr<Client>> refused;
    for (int i = 0; i < 50; ++i) {
        refused.push_back(std::make_unique<Client>(path));
        EXPECT_THAT(refused.back()->answer(), StartsWith("HTTP/1.1 503"));
    }
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s);
}

TEST_F(Server, AHeaderThatDoesNotEndIsNotWaitedForAndSilenceBeforeItIs) {
    ServerOptions options;
    options.socket_path = path;
    options.silence = 300ms;
    server = value_of(ApiServer::start(api.context, options));
    Client client(path);
    std::this_thread::sleep_for(600ms);
    EXPECT_THAT(client.ask(get("/v1/status")), StartsWith("HTTP/1.1 200"));
    client.send("GET /v1/status HTTP/1.1\r\nHost: ");
    EXPECT_TRUE(eventually([&] {
        std::this_thread::sleep_for(50ms);
        return !client.try_send("x");
    })) << "a byte now and then keeps it open";
}

TEST_F(Server, NonsenseAndOversizedHeadersAreRefused) {
    start();
    EXPECT_THAT(Client(path).ask("hello\r\n\r\n"), StartsWith("HTTP/1.1 400"));
    EXPECT_THAT(
        Client(path).ask("GET /" + std::string(40000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n"),
        StartsWith("HTTP/1.1 400"));
    EXPECT_THAT(Client(path).ask(
                    "POST /v1/records HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n\r\n{}"),
                StartsWith("HTTP/1.1 400"));
}

TEST_F(Server, TheSocketIsItsOwnersAloneAndAStaleOneIsTakenOver) {
    start();
    struct stat found {};
    ASSERT_EQ(::stat(path.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777, 0600u);
    ServerOptions options;
    options.socket_path = path;
    auto second = ApiServer::start(api.context, options);
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().code, ErrorCode::busy);

    std::string stale = dir / "stale.sock";
    int left = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, stale.data(), stale.size());
    ASSERT_EQ(::bind(left, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ::close(left); // as a process that was killed leaves it
    options.socket_path = stale;
    EXPECT_TRUE(ApiServer::start(api.context, options).has_value());
}

TEST_F(Server, StopEndsIdleConnectionsAtOnce) {
    start();
    Client client(path);
    client.ask(get("/v1/status"));
    auto begun = std::chrono::steady_clock::now();
    EXPECT_TRUE(server->stop(std::chrono::seconds(60))); // what a request would be given
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(30));
    EXPECT_FALSE(Client(path).connected());
}

// The listener stays readable meanwhile: asking again at once would take a whole core.
TEST_F(Server, OutOfDescriptorsItWaitsAndDoesNotSpin) {
    start();
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const int lowest = ::dup(0);
    ::close(lowest);
    rlimit low = before;
    low.rlim_cur = static_cast<rlim_t>(lowest) + 1;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
    Client waiting(path); // takes the last one
    const auto used = [] {
        timespec now{};
        ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
        return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
    };
    const auto begin = used();
    std::this_thread::sleep_for(500ms);
    EXPECT_LT(used() - begin, 100ms);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_TRUE(waiting.connected());
    EXPECT_THAT(waiting.ask(get("/v1/status")), StartsWith("HTTP/1.1 200"));
}

} // namespace
} // namespace safar

#include "tests/unit/cli/fake_node.hpp"

#include "cli/app.hpp"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace safar::cli {

TempDir::TempDir() {
    char name[] = "/tmp/safar-cli-XXXXXX";
    path_ = mkdtemp(name);
}
TempDir::~TempDir() { std::filesystem::remove_all(path_); }
std::string TempDir::file(const std::string& name, const std::string& text) const {
    std::ofstream(path_ + "/" + name, std::ios::binary) << text;
    return path_ + "/" + name;
}

bool is_private(const std::string& path) {
    using std::filesystem::perms;
    return std::filesystem::status(path).permissions() == (perms::owner_read | perms::owner_write);
}

FakeNode::FakeNode(Handler handler) : handler_(std::move(handler)) {
    char name[] = "/tmp/safar-fake-XXXXXX";
    directory_ = mkdtemp(name);
    listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, (directory_ + "/safar.sock").c_str(),
                 sizeof address.sun_path - 1);
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(listener_, 8), 0);
    thread_ = std::thread([this] { serve(); });
}

FakeNode::~FakeNode() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
    std::filesystem::remove_all(directory_);
}

std::vector<FakeRequest> FakeNode::requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
}

void FakeNode::serve() {
    for (int fd; (fd = accept(listener_, nullptr, nullptr)) >= 0;) {
        one(fd);
        close(fd);
    }
}

void FakeNode::one(int fd) {
    std::string text;
    char piece[65536];
    std::size_t header_end = std::string::npos;
    const auto more = [&] {
        const ssize_t got = read(fd, piece, sizeof piece);
        if (got > 0) text.append(piece, static_cast<std::size_t>(got));
        return got > 0;
    };
    while ((header_end = text.find("\r\n\r\n")) == std::string::npos)
        if (!more()) return;
    FakeRequest request;
    std::istringstream first(text);
    first >> request.method >> request.target;
    std::size_t length = 0;
    if (const auto at = text.find("Content-Length: "); at < header_end)
        length = std::stoul(text.substr(at + 16));
    FakeAnswer answer = handler_(request);
    if (!answer.before_body) {
        while (text.size() < header_end + 4 + length)
            if (!more()) break;
        request.head = text.substr(0, header_end);
        request.body = text.substr(header_end + 4);
        answer = handler_(request);
    }
    {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
    }
    if (answer.never) {
        while (more()) {
        }
        return;
    }
    const std::string out = "HTTP/1.1 " + std::to_string(answer.status) +
                            " X\r\nContent-Length: " + std::to_string(answer.body.size()) +
                            "\r\nConnection: close\r\n\r\n" + answer.body;
    for (std::size_t at = 0; at < out.size();) {
        const ssize_t sent = send(fd, out.data() + at, out.size() - at, MSG_NOSIGNAL);
        if (sent <= 0) return;
        at += static_cast<std::size_t>(sent);
    }
}

FakeNode::Handler always(int status, std::string body) {
    return [=](const FakeRequest&) { return FakeAnswer{status, body}; };
}

Ran run_safar(std::vector<std::string> arguments, const std::string& node) {
    unsetenv("SAFAR_NODE");
    unsetenv("SAFAR_PURPOSE");
    std::ostringstream out, err;
    Context context{out, err, false, false, {}, false, 30, {}};
    if (!node.empty()) arguments.insert(arguments.begin(), {"--node", node});
    Ran ran;
    ran.code = run(arguments, context);
    ran.out = out.str();
    ran.err = err.str();
    return ran;
}

TEST(FakeNode, HearsWhatACommandSends) {
    FakeNode node([](const FakeRequest&) { return FakeAnswer{200, "{}"}; });
    EXPECT_EQ(run_safar({"status", "--json"}, node.directory()).out, "{}\n");
    ASSERT_EQ(node.requests().size(), 1u);
    EXPECT_EQ(node.requests()[0].target, "/v1/status");
}

} // namespace safar::cli

// One kept-alive connection to a node's API: as little as a latency measurement needs.
#pragma once

#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace safar::bench {

class ApiConnection {
public:
    explicit ApiConnection(const std::string& directory) {
        fd_ = socket(AF_UNIX, SOCK_STREAM, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::string path = directory + "/safar.sock";
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        if (connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
            throw std::runtime_error("nothing listens at " + path);
    }
    ~ApiConnection() { close(fd_); }
    ApiConnection(const ApiConnection&) = delete;
    ApiConnection& operator=(const ApiConnection&) = delete;

    struct Answer {
        int status = 0;
        std::string body;
    };
    Answer call(const std::string& method, const std::string& target,
                const std::string& body = "") {
        std::string request = method + " " + target + " HTTP/1.1\r\nHost: safar\r\n";
        if (!body.empty())
            request +=
                "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
                "\r\n";
        request += "\r\n" + body;
        if (send(fd_, request.data(), request.size(), MSG_NOSIGNAL) !=
            static_cast<ssize_t>(request.size()))
            throw std::runtime_error("the node closed the connection");
        while (buffer_.find("\r\n\r\n") == std::string::npos) fill();
        const std::size_t head = buffer_.find("\r\n\r\n") + 4;
        const std::size_t at = buffer_.find("Content-Length: ");
        if (at == std::string::npos || at > head)
            throw std::runtime_error("an answer without its length");
        const std::size_t length = std::stoul(buffer_.substr(at + 16));
        while (buffer_.size() < head + length) fill();
        Answer answer{std::stoi(buffer_.substr(9, 3)), buffer_.substr(head, length)};
        buffer_.erase(0, head + length);
        return answer;
    }

private:
    void fill() {
        char chunk[65536];
        ssize_t got = recv(fd_, chunk, sizeof chunk, 0);
        if (got <= 0) throw std::runtime_error("the node closed the connection");
        buffer_.append(chunk, static_cast<std::size_t>(got));
    }
    int fd_ = -1;
    std::string buffer_;
};

} // namespace safar::bench

// Ports for the nodes of tests, of which several programs may run at the same time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <random>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <vector>

namespace safar {

// Gives each port once, and none that another of its kind gives, be it in another program. A node
// that is down listens nowhere, so asking who listens is not enough: ports come in shares, and
// whoever takes from a share holds the abstract socket of that name, which the system lets go
// however a program ends.
class FreePorts {
public:
    static constexpr int lowest = 10'000, in_a_share = 256;

    // The system gives outgoing connections their own ports from here on: one of them would take
    // the port of a node that is not running just now.
    static int outgoing() {
        int out = 32'768;
        std::ifstream("/proc/sys/net/ipv4/ip_local_port_range") >> out;
        return out;
    }
    static int shares() { return std::max((outgoing() - lowest) / in_a_share, 8); }

    FreePorts() = default;
    FreePorts(const FreePorts&) = delete;
    FreePorts& operator=(const FreePorts&) = delete;
    ~FreePorts() {
        for (const int claim : claims_) ::close(claim);
    }

    // A port of this machine's loopback that nobody listens on now. 0 is a failed test.
    std::uint16_t next() {
        while (next_ != end_ || take_share()) {
            const int port = next_++;
            if (is_free(port)) return static_cast<std::uint16_t>(port);
        }
        ADD_FAILURE() << "no port of the loopback is free";
        return 0;
    }

private:
    bool take_share() {
        const int all = shares();
        const int from = static_cast<int>(std::random_device()() % static_cast<unsigned>(all));
        for (int tried = 0; tried < all; ++tried) {
            const int share = (from + tried) % all;
            const int claim = claimed(share);
            if (claim < 0) continue;
            claims_.push_back(claim);
            next_ = lowest + share * in_a_share;
            end_ = next_ + in_a_share;
            return true;
        }
        return false;
    }

    // -1: somebody has it.
    static int claimed(int share) {
        const std::string name = "safar-tests-ports-" + std::to_string(share);
        sockaddr_un at{};
        at.sun_family = AF_UNIX; // a name after a zero byte is in no directory
        std::copy(name.begin(), name.end(), at.sun_path + 1);
        const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
        const int claim = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (::bind(claim, reinterpret_cast<sockaddr*>(&at), size) == 0) return claim;
        ::close(claim);
        return -1;
    }

    static bool is_free(int port) {
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        at.sin_port = htons(static_cast<std::uint16_t>(port));
        const int handle = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const bool out = ::bind(handle, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0;
        ::close(handle);
        return out;
    }

    int next_ = 0, end_ = 0;
    std::vector<int> claims_;
};

[[nodiscard]] inline std::uint16_t free_port() {
    static FreePorts ports;
    return ports.next();
}

} // namespace safar

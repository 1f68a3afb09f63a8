#include "node/operate/supervisor.hpp"

#include "tests/unit/node/charter/charter_fixture.hpp"

#include <cstddef>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace safar {
namespace {

// What one datagram to a socket of this name says; "@" stands for the byte 0 of abstract names.
std::string told(const std::string& name) {
    const int socket = ::socket(AF_UNIX, SOCK_DGRAM, 0);
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    name.copy(at.sun_path, sizeof at.sun_path);
    if (name[0] == '@') at.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    EXPECT_EQ(::bind(socket, reinterpret_cast<sockaddr*>(&at), size), 0) << name;
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
    EXPECT_TRUE(tell_supervisor("READY=1")) << name;
    char text[64];
    const ssize_t got = ::recv(socket, text, sizeof text, MSG_DONTWAIT);
    ::close(socket);
    ::unsetenv("NOTIFY_SOCKET");
    return {text, static_cast<std::size_t>(std::max<ssize_t>(0, got))};
}

TEST(Supervisor, HearsItAtAPathAndAtAnAbstractName) {
    const testing::TempDir directory;
    EXPECT_EQ(told(directory / "notify"), "READY=1");
    EXPECT_EQ(told("@safar-test-" + std::to_string(::getpid())), "READY=1");
}

TEST(Supervisor, WhereNobodyWaitsNothingHappens) {
    ::unsetenv("NOTIFY_SOCKET");
    EXPECT_FALSE(tell_supervisor("READY=1"));
    for (const std::string& name : {std::string(), std::string("relative"), std::string("@"),
                                    "/" + std::string(200, 'x'), std::string("/nowhere/at/all")}) {
        ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
        EXPECT_FALSE(tell_supervisor("READY=1")) << name;
    }
    ::unsetenv("NOTIFY_SOCKET");
}

} // namespace
} // namespace safar

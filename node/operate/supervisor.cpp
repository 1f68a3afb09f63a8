#include "node/operate/supervisor.hpp"

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace safar {

bool tell_supervisor(std::string_view state) {
    const char* named = std::getenv("NOTIFY_SOCKET");
    const std::string_view name = named == nullptr ? "" : named;
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    if (name.size() < 2 || name.size() > sizeof to.sun_path || (name[0] != '/' && name[0] != '@'))
        return false;
    std::memcpy(to.sun_path, name.data(), name.size());
    if (name[0] == '@') to.sun_path[0] = '\0';
    const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket < 0) return false;
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    const auto sent = ::sendto(socket, state.data(), state.size(), MSG_NOSIGNAL,
                               reinterpret_cast<const sockaddr*>(&to), size);
    ::close(socket);
    return sent == static_cast<ssize_t>(state.size());
}

} // namespace safar

// "host:port" as charters and configurations write it, "[::1]:7400" for IPv6.
#pragma once

#include "storage/base/error.hpp"

#include <cstdint>

namespace safar {

struct HostPort {
    std::string host; // without brackets
    std::uint16_t port = 0;
};
// Port 0 is accepted: whoever listens is given one. Errors: invalid_argument.
[[nodiscard]] Result<HostPort> parse_host_port(const std::string& text);

} // namespace safar

#include "node/net/address.hpp"

#include <charconv>
#include <fmt/format.h>

namespace safar {

Result<HostPort> parse_host_port(const std::string& text) {
    auto wrong = [&] {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("address \"{}\": needs host:port, for example 10.0.0.5:7400 or "
                                   "[::1]:7400",
                                   text));
    };
    std::size_t colon = text.rfind(':');
    if (colon == std::string::npos || colon == 0) return wrong();
    HostPort out{text.substr(0, colon), 0};
    if (out.host.front() == '[' && out.host.back() == ']' && out.host.size() > 2)
        out.host = out.host.substr(1, out.host.size() - 2);
    else if (out.host.find_first_of("[]:") != std::string::npos) return wrong();
    const char* end = text.data() + text.size();
    auto [stopped, error] = std::from_chars(text.data() + colon + 1, end, out.port);
    if (error != std::errc{} || stopped != end) return wrong();
    return out;
}

} // namespace safar

#include "node/tls/address.hpp"

#include <charconv>
#include <cstring>
#include <fmt/format.h>
#include <future>
#include <netdb.h>
#include <thread>

namespace safar {

Result<HostPort> parse_host_port(const std::string& text) {
    auto wrong = [&] {
        return failure(
            ErrorCode::invalid_argument,
            fmt::format("address \"{}\": needs host:port, for example 10.0.0.5:7400 or [::1]:7400",
                        text));
    };
    std::size_t colon = text.rfind(':');
    if (colon == std::string::npos || colon == 0) return wrong();
    HostPort out{text.substr(0, colon), 0};
    if (out.host.front() == '[' && out.host.back() == ']' && out.host.size() > 2)
        out.host = out.host.substr(1, out.host.size() - 2);
    else if (out.host.find_first_of("[]:") != std::string::npos)
        return wrong();
    const char* end = text.data() + text.size();
    auto [stopped, error] = std::from_chars(text.data() + colon + 1, end, out.port);
    if (error != std::errc{} || stopped != end) return wrong();
    return out;
}

FoundNames look_up(const HostPort& where, int flags) {
    FoundNames out;
    addrinfo hints{}, *list = nullptr;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags | AI_NUMERICSERV;
    const std::string port = std::to_string(where.port);
    if (int error = ::getaddrinfo(where.host.c_str(), port.c_str(), &hints, &list); error != 0) {
        out.error = ::gai_strerror(error);
        return out;
    }
    for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
        SocketAddress one;
        if (entry->ai_addrlen > sizeof one.bytes) continue;
        std::memcpy(&one.bytes, entry->ai_addr, entry->ai_addrlen);
        one.size = entry->ai_addrlen;
        out.addresses.push_back(one);
    }
    ::freeaddrinfo(list);
    if (out.addresses.empty()) out.error = "the resolver gave no address";
    return out;
}

FoundNames look_up_until(const HostPort& where, std::chrono::steady_clock::time_point deadline,
                         int flags) {
    auto promise = std::make_shared<std::promise<FoundNames>>();
    auto names = promise->get_future();
    std::thread([promise, where, flags] { promise->set_value(look_up(where, flags)); }).detach();
    if (names.wait_until(deadline) != std::future_status::ready)
        return {{}, "the resolver does not answer"};
    return names.get();
}

} // namespace safar

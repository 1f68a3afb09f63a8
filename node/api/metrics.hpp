// What the node counts about itself, in the text form that Prometheus reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace safar {

struct ApiContext;

// Threads: any.
class ApiMetrics {
public:
    ApiMetrics();
    ~ApiMetrics();

    // One request to route number `route` (in api_routes()) was answered.
    void observe(std::size_t route, unsigned status, double seconds);
    void refused_connection(); // above the limit of connections
    void refused_handshake();  // of a user elsewhere: no TLS, or a certificate that nobody here has

    [[nodiscard]] std::string text(ApiContext& context) const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

// Resident memory of this process; 0 where the system does not say.
[[nodiscard]] std::uint64_t resident_bytes();

} // namespace safar

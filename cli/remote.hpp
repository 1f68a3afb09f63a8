// A node elsewhere, spoken to over TLS with a person's own key.
#pragma once

#include "storage/base/error.hpp"

#include <chrono>
#include <memory>
#include <optional>

namespace safar::cli {

struct RemoteNode {
    std::string address;  // host:port of its [api] listen
    std::string node_key; // SHA-256 of its TLS key, 64 hex digits: `safar key show` at the node
    std::string key_file; // of the person: `safar user key`
};

// How a node is reached: over the socket in its directory, or from elsewhere.
struct NodePlace {
    std::string directory;
    std::optional<RemoteNode> remote = {};
};

constexpr std::string_view user_key_purpose = "user";
constexpr std::string_view user_key_advice = "restore the file from its copy, or make another with "
                                             "`safar user key` and have the operator enter it";

// HTTP goes in at one end of a pair of sockets, and a thread carries it through TLS: who speaks
// HTTP needs to know nothing of the way.
class RemoteBridge {
public:
    // Errors: unreachable, timed_out; not_permitted (another key than `node_key`); those of
    // load_key_at.
    [[nodiscard]] static Result<std::unique_ptr<RemoteBridge>>
    open(const RemoteNode& node, std::chrono::steady_clock::time_point deadline);
    ~RemoteBridge(); // after the socket that was taken has been closed

    [[nodiscard]] int take_socket(); // once; connected, the caller owns it
    // Why TLS ended, if it did not end well: says more than what HTTP saw.
    [[nodiscard]] std::optional<Error> problem() const;

private:
    RemoteBridge();
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace safar::cli

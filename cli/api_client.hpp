// One request, one answer, over a node's Unix socket or TLS to a node elsewhere. Blocking; no state
// between calls, so a client may be copied; one thread at a time.
#pragma once

#include "cli/remote.hpp"
#include "storage/base/bytes.hpp"
#include "storage/base/error.hpp"

#include <boost/json/value.hpp>

#include <chrono>
#include <functional>
#include <utility>

namespace safar::cli {

struct ApiAnswer {
    std::string text; // as it came
    boost::json::value json;
};

// What is sent up in pieces.
struct Upload {
    std::string content_type;
    std::uint64_t bytes = 0; // exactly so many come out of `source`
    // Fills `out`, returns how many; 0 before `bytes` are through is an error.
    std::function<Result<std::size_t>(std::span<std::byte> out)> source;
};

// All of a text at once, which must outlive it.
[[nodiscard]] Upload text_upload(std::string_view text, std::string content_type);

class ApiClient {
public:
    static constexpr std::size_t answer_bytes_max = 256u << 20;
    static constexpr std::size_t line_bytes_max = 1u << 20;

    // @param place      of the node; with a directory the socket is DIR/safar.sock.
    // @param silence    how long the node may say and take nothing before a call gives up.
    // @param purpose    what personal fields are read for; goes with every request. Empty: none is
    // named.
    ApiClient(NodePlace place, std::chrono::seconds silence, std::string purpose = "");
    ApiClient(std::string directory, std::chrono::seconds silence, std::string purpose = "")
        : ApiClient(NodePlace{std::move(directory)}, silence, std::move(purpose)) {}

    // Errors: unreachable (nothing listens; the detail says how to start it), not_permitted (the
    // socket is not ours), timed_out, malformed (no JSON), and what the API answers, by its name.
    [[nodiscard]] Result<ApiAnswer> get(const std::string& target) const;
    [[nodiscard]] Result<ApiAnswer> post(const std::string& target,
                                         const boost::json::value& body) const;
    // Sends `upload` while it reads the answer, line by line; a refusal may come before the end.
    using OnLine = std::function<void(std::string_view line, const boost::json::value& value)>;
    [[nodiscard]] Result<> upload(const std::string& target, const Upload& body,
                                  const OnLine& on_line) const;

    // The answer's bytes as they come; an error of `on_bytes` ends the call.
    using OnBytes = std::function<Result<>(std::string_view bytes)>;
    [[nodiscard]] Result<> download(const std::string& target, const OnBytes& on_bytes) const;
    // The same for what is asked with a body.
    [[nodiscard]] Result<> download(const std::string& target, const Upload& body,
                                    const OnBytes& on_bytes) const;

    // The same client with more patience, for work that takes long (verify, rebuild, import).
    [[nodiscard]] ApiClient patient() const;
    [[nodiscard]] const NodePlace& place() const { return place_; }

private:
    NodePlace place_;
    std::chrono::seconds silence_;
    std::string purpose_;
};

// "/v1/x?a=1&b=%20": percent-encodes names and values.
using Query = std::vector<std::pair<std::string, std::string>>;
[[nodiscard]] std::string target_of(std::string_view path, const Query& query = {});
[[nodiscard]] std::string percent_encode(std::string_view text);
// "/v1/records/ID" and `rest`.
[[nodiscard]] inline std::string record_path(const std::string& id, const char* rest = "") {
    return "/v1/records/" + id + rest;
}

} // namespace safar::cli

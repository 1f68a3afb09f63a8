#include "cli/api_client.hpp"

#include "cli/exit_code.hpp"
#include "cli/lines.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <sys/un.h>

namespace safar::cli {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace json = boost::json;
using Socket = asio::local::stream_protocol::socket;

namespace {

constexpr std::size_t answer_piece_bytes = 256u << 10;
constexpr std::chrono::seconds patience{3600};
constexpr std::chrono::seconds remote_patience{15}; // until TLS stands

// One exchange. Sending and receiving run side by side on one thread, so a node that answers before
// it has read everything neither blocks nor is blocked.
class Exchange {
public:
    using OnBytes = std::function<Result<>(unsigned status, std::string_view bytes)>;

    Exchange(const Upload& body, OnBytes on_bytes, std::chrono::seconds silence)
        : body_(body), on_bytes_(std::move(on_bytes)), silence_(silence), socket_(io_), timer_(io_),
          piece_(answer_piece_bytes), received_(answer_piece_bytes) {}

    Result<> run(const NodePlace& place, http::verb verb, const std::string& target,
                 const std::string& purpose) {
        SAFAR_TRY(connect(place));
        request_ = {verb, target, 11};
        request_.set(http::field::host, "safar");
        request_.set(http::field::connection, "close");
        if (!purpose.empty()) request_.set("Safar-Purpose", purpose);
        if (verb != http::verb::get) {
            request_.set(http::field::content_type, body_.content_type);
            request_.content_length(body_.bytes);
        }
        request_.body().more = body_.bytes > 0;
        serializer_.emplace(request_);
        parser_.body_limit(boost::none);
        wait();
        send();
        receive_header();
        io_.run();
        if (problem_ && bridge_)
            if (auto why = bridge_->problem()) return *why;
        if (problem_) return *problem_;
        return success();
    }

private:
    Result<> connect(const NodePlace& place) {
        if (!place.remote) return connect(place.directory);
        const auto within = std::min(silence_, remote_patience);
        SAFAR_TRY(bridge_,
                  RemoteBridge::open(*place.remote, std::chrono::steady_clock::now() + within));
        boost::system::error_code ec;
        socket_.assign(asio::local::stream_protocol(), bridge_->take_socket(), ec);
        return success();
    }
    Result<> connect(const std::string& directory) {
        const std::string path = directory + "/safar.sock";
        if (path.size() >= sizeof(sockaddr_un{}.sun_path))
            return failure(
                ErrorCode::unreachable,
                fmt::format("'{}' is too long for a socket's name ({} bytes at most): name "
                            "the node by a shorter path",
                            path, sizeof(sockaddr_un{}.sun_path) - 1));
        boost::system::error_code ec;
        socket_.connect(asio::local::stream_protocol::endpoint(path), ec);
        if (ec == asio::error::access_denied)
            return failure(
                ErrorCode::not_permitted,
                fmt::format("this account may not open {}: use that of the node's owner "
                            "(runuser -u safar -- safar ...), or let an operator of the node add "
                            "you: safar user add",
                            path));
        if (ec)
            return failure(ErrorCode::unreachable,
                           fmt::format("no node answers at {} ({}); start it with: safard {}", path,
                                       ec.message(), directory));
        return success();
    }

    void fail(Error error) {
        if (!problem_) problem_ = std::move(error);
        stop();
    }
    void stop() {
        done_ = true;
        boost::system::error_code ignored;
        socket_.close(ignored);
        timer_.cancel();
    }

    // Gives up once nothing has moved for `silence_`.
    void wait() {
        timer_.expires_after(silence_);
        timer_.async_wait([this](boost::system::error_code ec) {
            if (ec || done_) return;
            fail(failure(
                ErrorCode::timed_out,
                fmt::format("the node took and gave nothing for {} s; is it busy or stopped? "
                            "--timeout SECONDS waits longer",
                            silence_.count())));
        });
    }

    void send() {
        http::async_write(socket_, *serializer_, [this](boost::system::error_code ec, std::size_t) {
            if (done_) return;
            wait();
            if (ec == http::error::need_buffer) return next_piece();
            // Not an error yet: a node that refuses early closes, and its answer says why.
        });
    }
    void next_piece() {
        const auto left = body_.bytes - sent_;
        std::size_t size = 0;
        if (left > 0) {
            auto room = std::span(piece_).first(std::min<std::uint64_t>(piece_.size(), left));
            auto filled = body_.source(room);
            if (!filled) return fail(filled.error());
            size = filled.value();
            if (size == 0)
                return fail(failure(
                    ErrorCode::storage_failed,
                    fmt::format("the file ended {} bytes early; it changed while it was read",
                                left)));
        }
        sent_ += size;
        request_.body().data = size > 0 ? piece_.data() : nullptr;
        request_.body().size = size;
        request_.body().more = sent_ < body_.bytes;
        send();
    }

    void receive_header() {
        http::async_read_header(
            socket_, buffer_, parser_, [this](boost::system::error_code ec, std::size_t) {
                if (done_) return;
                if (ec)
                    return fail(
                        failure(ErrorCode::unreachable,
                                fmt::format("the node closed the connection without an answer ({})",
                                            ec.message())));
                receive_body();
            });
    }
    void receive_body() {
        wait();
        if (parser_.is_done()) return stop();
        parser_.get().body().data = received_.data();
        parser_.get().body().size = received_.size();
        http::async_read(
            socket_, buffer_, parser_, [this](boost::system::error_code ec, std::size_t) {
                if (done_) return;
                if (ec && ec != http::error::need_buffer)
                    return fail(failure(
                        ErrorCode::unreachable,
                        fmt::format(
                            "the node broke off its answer ({}); what it had acknowledged is kept",
                            ec.message())));
                const std::size_t size = received_.size() - parser_.get().body().size;
                const std::string_view bytes(reinterpret_cast<const char*>(received_.data()), size);
                if (auto taken = on_bytes_(parser_.get().result_int(), bytes); !taken)
                    return fail(taken.error());
                receive_body();
            });
    }

    const Upload& body_;
    OnBytes on_bytes_;
    std::chrono::seconds silence_;
    std::unique_ptr<RemoteBridge> bridge_; // outlives the socket that it gave
    asio::io_context io_{1};
    Socket socket_;
    asio::steady_timer timer_;
    http::request<http::buffer_body> request_;
    std::optional<http::request_serializer<http::buffer_body>> serializer_;
    http::response_parser<http::buffer_body> parser_;
    boost::beast::flat_buffer buffer_;
    Bytes piece_, received_;
    std::uint64_t sent_ = 0;
    bool done_ = false;
    std::optional<Error> problem_;
};

Error error_of(unsigned status, std::string_view text) {
    boost::system::error_code ec;
    const json::value value = json::parse(json::string_view(text.data(), text.size()), ec);
    const json::object* error = nullptr;
    if (!ec && value.is_object())
        if (const auto* found = value.as_object().if_contains("error")) error = found->if_object();
    const auto text_of = [&](const char* key) -> std::string {
        const auto* found = error != nullptr ? error->if_contains(key) : nullptr;
        return found != nullptr && found->is_string() ? std::string(found->as_string().c_str())
                                                      : "";
    };
    const std::string code = text_of("code");
    const std::string detail = text_of("detail");
    if (auto known = error_code_named(code)) return failure(*known, detail);
    if (!code.empty()) return failure(ErrorCode::unsupported_version, code + ": " + detail);
    return failure(ErrorCode::malformed, fmt::format("the node answered {} and no reason", status));
}

Result<json::value> parsed(std::string_view text) {
    boost::system::error_code ec;
    json::value value = json::parse(json::string_view(text.data(), text.size()), ec);
    if (ec)
        return failure(
            ErrorCode::malformed,
            fmt::format("the node's answer is no JSON ({}): {:.80}", ec.message(), text));
    return value;
}

Result<ApiAnswer> ask(const NodePlace& place, std::chrono::seconds silence, http::verb verb,
                      const std::string& target, const Upload& body, const std::string& purpose) {
    ApiAnswer answer;
    unsigned code = 0;
    Exchange exchange(
        body,
        [&](unsigned status, std::string_view bytes) -> Result<> {
            code = status;
            if (answer.text.size() + bytes.size() > ApiClient::answer_bytes_max)
                return failure(ErrorCode::limit_exceeded,
                               "the answer is longer than 256 MiB; ask for less (--limit)");
            answer.text += bytes;
            return success();
        },
        silence);
    SAFAR_TRY(exchange.run(place, verb, target, purpose));
    if (code == 0 || code >= 300) return error_of(code, answer.text);
    SAFAR_TRY(answer.json, parsed(answer.text));
    return answer;
}

} // namespace

Upload text_upload(std::string_view text, std::string content_type) {
    return {std::move(content_type), text.size(),
            [text, at = std::size_t{0}](std::span<std::byte> out) mutable -> Result<std::size_t> {
                const std::size_t size = std::min(out.size(), text.size() - at);
                std::memcpy(out.data(), text.data() + at, size);
                at += size;
                return size;
            }};
}

ApiClient::ApiClient(NodePlace place, std::chrono::seconds silence, std::string purpose)
    : place_(std::move(place)), silence_(silence), purpose_(std::move(purpose)) {}

ApiClient ApiClient::patient() const { return {place_, std::max(silence_, patience), purpose_}; }

Result<ApiAnswer> ApiClient::get(const std::string& target) const {
    return ask(place_, silence_, http::verb::get, target, Upload{}, purpose_);
}

Result<ApiAnswer> ApiClient::post(const std::string& target, const json::value& body) const {
    const std::string text = json::serialize(body);
    return ask(place_, silence_, http::verb::post, target, text_upload(text, "application/json"),
               purpose_);
}

Result<> ApiClient::upload(const std::string& target, const Upload& body,
                           const OnLine& on_line) const {
    std::string pending;
    unsigned code = 0;
    std::optional<Error> reason; // in the node's words
    const auto take = [&](std::string_view line) -> Result<> {
        if (line.empty()) return success();
        SAFAR_TRY(auto value, parsed(line));
        // Lines may come before it, whatever the status is.
        if (value.is_object() && value.as_object().contains("error")) {
            reason = error_of(code, line);
            return *reason;
        }
        on_line(line, value);
        return success();
    };
    Exchange exchange(
        body,
        [&](unsigned status, std::string_view bytes) -> Result<> {
            code = status;
            pending += bytes;
            SAFAR_TRY(take_lines(pending, take));
            if (pending.size() > line_bytes_max)
                return failure(ErrorCode::limit_exceeded, "the node sent a line longer than 1 MiB");
            return success();
        },
        silence_);
    const auto exchanged = exchange.run(place_, http::verb::post, target, purpose_);
    if (reason) return *reason;
    SAFAR_TRY(exchanged);
    SAFAR_TRY(take(pending));
    if (code == 0 || code >= 300) return error_of(code, "");
    return success();
}

namespace {

Result<> exchange_bytes(const NodePlace& place, std::chrono::seconds silence,
                        const std::string& purpose, http::verb verb, const std::string& target,
                        const Upload& body, const ApiClient::OnBytes& on_bytes) {
    std::string refusal;
    unsigned code = 0;
    Exchange exchange(
        body,
        [&](unsigned status, std::string_view bytes) -> Result<> {
            code = status;
            if (status < 300) return on_bytes(bytes);
            if (refusal.size() < ApiClient::line_bytes_max) refusal += bytes;
            return success();
        },
        silence);
    SAFAR_TRY(exchange.run(place, verb, target, purpose));
    if (code == 0 || code >= 300) return error_of(code, refusal);
    return success();
}

} // namespace

Result<> ApiClient::download(const std::string& target, const OnBytes& on_bytes) const {
    return exchange_bytes(place_, silence_, purpose_, http::verb::get, target, {}, on_bytes);
}

Result<> ApiClient::download(const std::string& target, const Upload& body,
                             const OnBytes& on_bytes) const {
    return exchange_bytes(place_, silence_, purpose_, http::verb::post, target, body, on_bytes);
}

std::string percent_encode(std::string_view text) {
    std::string out;
    for (char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '~';
        out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

std::string target_of(std::string_view path, const Query& query) {
    std::string out(path);
    char mark = '?';
    for (const auto& [name, value] : query) {
        out += mark + percent_encode(name) + "=" + percent_encode(value);
        mark = '&';
    }
    return out;
}

} // namespace safar::cli

#include "node/api/connection.hpp"

#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <sys/socket.h>

namespace safar {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;

constexpr std::uint32_t header_bytes_max = 16u << 10;
constexpr std::uint64_t body_bytes_max = 2u << 20; // of routes that do not stream
constexpr std::chrono::seconds drain_after_refusal{10};
constexpr std::size_t actor_bytes_max = 100;

class Connection {
public:
    Connection(ApiContext& context, const ServerOptions& options, ClientStream& stream,
               Caller caller, const std::atomic<bool>& stopping, std::atomic<bool>& answering)
        : context_(context), options_(options), stream_(stream), stopping_(stopping),
          answering_(answering), caller_(std::move(caller)) {}

    void run() {
        while (!stopping_ && serve_one()) answering_ = false;
        answering_ = false;
    }

private:
    using HeaderParser = http::request_parser<http::empty_body>;

    // True if the connection may serve another request.
    bool serve_one() {
        stream_.patience(options_.idle);
        if (!request_begins()) return false;
        HeaderParser head;
        head.header_limit(header_bytes_max);
        head.body_limit(boost::none);
        error_code error;
        stream_.deadline(std::chrono::steady_clock::now() + options_.silence);
        http::read_header(stream_, buffer_, head, error);
        stream_.deadline({});
        if (error == http::error::end_of_stream || error == boost::asio::error::eof ||
            error == boost::asio::error::timed_out)
            return false;
        answering_ = true;
        stream_.patience(options_.silence);
        if (error) {
            send_and_close(error_reply(
                failure(ErrorCode::invalid_argument, "not an HTTP request: " + error.message())));
            return false;
        }
        const auto& fields = head.get();
        version_ = fields.version();
        keep_alive_ = fields.keep_alive();
        const auto target = fields.target();
        const auto method = fields.method_string();
        auto request = parse_target({method.data(), method.size()}, {target.data(), target.size()});
        if (!request.has_value()) {
            send_and_close(error_reply(request.error()));
            return false;
        }
        request.value().caller = caller_;
        request.value().claimed_actor =
            std::string(fields["Safar-Actor"].substr(0, actor_bytes_max));
        request.value().purpose = std::string(fields["Safar-Purpose"]);
        auto route = find_route(request.value());
        if (!route.has_value()) {
            send_and_close(error_reply(route.error()));
            return false;
        }
        if (!expected(head)) return false;
        return route.value()->streams
                   ? stream_request(*route.value(), request.value(), std::move(head))
                   : plain_request(*route.value(), request.value(), std::move(head));
    }

    // False: the client has left, or has sent nothing for too long.
    bool request_begins() {
        if (buffer_.size() > 0) return true; // came with the one before
        error_code error;
        buffer_.commit(stream_.read_some(buffer_.prepare(header_bytes_max), error));
        return !error;
    }

    // A client that asks before it sends a large body is told to go on.
    bool expected(const HeaderParser& head) {
        if (!boost::beast::iequals(head.get()[http::field::expect], "100-continue")) return true;
        http::response<http::empty_body> go_on(http::status::continue_, version_);
        error_code error;
        http::write(stream_, go_on, error);
        return !error;
    }

    bool plain_request(const Route& route, ApiRequest& request, HeaderParser&& head) {
        auto too_large = [&] {
            send_and_close(
                error_reply(failure(ErrorCode::limit_exceeded,
                                    "body: above " + std::to_string(body_bytes_max) + " bytes")));
            return false;
        };
        // The parser counts what has come; a length that is only announced must not be waited for.
        if (head.content_length() && *head.content_length() > body_bytes_max) return too_large();
        http::request_parser<http::string_body> parser(std::move(head));
        parser.body_limit(body_bytes_max);
        error_code error;
        http::read(stream_, buffer_, parser, error);
        if (error == http::error::body_limit) return too_large();
        if (error) return false;
        request.body = std::move(parser.get().body());
        return send(run_route(context_, route, request)) && keep_alive_;
    }

    bool stream_request(const Route& route, ApiRequest& request, HeaderParser&& head) {
        http::request_parser<http::buffer_body> parser(std::move(head));
        parser.body_limit(boost::none);
        request.body_source = [&](std::span<std::byte> out) { return read_body(parser, out); };
        bool begun = false;
        request.send_part = [&](std::string_view part) -> Result<> {
            if (!begun &&
                !begin_parts(request.part_type.empty() ? route.part_type : request.part_type))
                return failure(ErrorCode::unreachable, "the client has gone");
            begun = true;
            return send_part(part) ? Result<>(success())
                                   : failure(ErrorCode::unreachable, "the client has gone");
        };
        ApiReply reply = run_route(context_, route, request);
        const bool whole = parser.is_done();
        if (begun) {
            if (!send_part(reply.body) || !end_parts()) return false;
        } else if (whole) {
            if (!send(reply)) return false;
        } else {
            send_and_close(reply);
            return false;
        }
        if (!whole) stream_.drain(drain_after_refusal);
        return whole && keep_alive_;
    }

    Result<std::size_t> read_body(http::request_parser<http::buffer_body>& parser,
                                  std::span<std::byte> out) {
        if (stopping_)
            return failure(ErrorCode::stopping, "the node is stopping; send the file again later");
        while (!parser.is_done()) {
            auto& body = parser.get().body();
            body.data = out.data();
            body.size = out.size();
            error_code error;
            http::read_some(stream_, buffer_, parser, error);
            if (error && error != http::error::need_buffer) {
                if (error == boost::asio::error::timed_out)
                    return failure(ErrorCode::timed_out, "the client sent nothing for too long");
                return failure(ErrorCode::unreachable,
                               "the client ended early: " + error.message());
            }
            if (std::size_t count = out.size() - body.size; count > 0) return count;
        }
        return std::size_t{0};
    }

    bool send(const ApiReply& reply) {
        http::response<http::string_body> response(http::int_to_status(reply.status), version_);
        response.set(http::field::content_type, reply.content_type);
        response.keep_alive(keep_alive_);
        response.body() = reply.body;
        response.prepare_payload();
        error_code error;
        http::write(stream_, response, error);
        return !error;
    }

    void send_and_close(const ApiReply& reply) {
        keep_alive_ = false;
        if (send(reply)) stream_.drain(drain_after_refusal);
    }

    bool begin_parts(std::string_view type) {
        http::response<http::empty_body> response(http::status::ok, version_);
        response.set(http::field::content_type,
                     boost::beast::string_view(type.data(), type.size()));
        response.keep_alive(keep_alive_);
        response.chunked(true);
        http::response_serializer<http::empty_body> serializer(response);
        error_code error;
        http::write_header(stream_, serializer, error);
        return !error;
    }
    bool send_part(std::string_view part) {
        if (part.empty()) return true; // an empty chunk would end the answer
        error_code error;
        boost::asio::write(
            stream_, http::make_chunk(boost::asio::const_buffer(part.data(), part.size())), error);
        return !error;
    }
    bool end_parts() {
        error_code error;
        boost::asio::write(stream_, http::make_chunk_last(), error);
        return !error;
    }

    ApiContext& context_;
    const ServerOptions& options_;
    ClientStream& stream_;
    const std::atomic<bool>& stopping_;
    std::atomic<bool>& answering_;
    Caller caller_;
    boost::beast::flat_buffer buffer_{64u << 10};
    unsigned version_ = 11;
    bool keep_alive_ = true;
};

} // namespace

Caller peer_of(int descriptor) {
    ucred who{};
    socklen_t size = sizeof who;
    if (::getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) return {};
    return caller_of_uid(who.uid);
}

void serve_connection(ApiContext& context, const ServerOptions& options, ClientStream& stream,
                      Caller caller, const std::atomic<bool>& stopping,
                      std::atomic<bool>& answering) {
    Connection(context, options, stream, std::move(caller), stopping, answering).run();
}

void refuse_connection(ClientStream& stream, const Error& why, std::chrono::milliseconds linger) {
    ApiReply reply = error_reply(why);
    http::response<http::string_body> response(http::int_to_status(reply.status), 11);
    response.set(http::field::content_type, reply.content_type);
    if (why.code == ErrorCode::busy) response.set(http::field::retry_after, "1");
    response.keep_alive(false);
    response.body() = reply.body;
    response.prepare_payload();
    stream.patience(linger); // nothing was written before, so there is room for it
    error_code error;
    http::write(stream, response, error);
    stream.drain(linger);
}

} // namespace safar

#include "node/api/tls_client_stream.hpp"

#include <boost/asio/error.hpp>

namespace safar {
namespace {

constexpr std::size_t record_bytes = 16u << 10; // TLS writes at most this in one record

} // namespace

template <class Move>
std::size_t TlsClientStream::until_moved(Move move, boost::system::error_code& error) {
    error = {};
    for (;;) {
        auto moved = move();
        if (!moved.has_value()) { // what exactly is the client's to find out
            error = boost::asio::error::connection_reset;
            return 0;
        }
        if (moved.value().ended) {
            error = boost::asio::error::eof;
            return 0;
        }
        if (moved.value().bytes > 0) return moved.value().bytes;
        if (!wait(channel_->descriptor(), moved.value().wait_for, error)) return 0;
    }
}

std::size_t TlsClientStream::read(void* out, std::size_t size, boost::system::error_code& error) {
    const std::span<std::byte> room(static_cast<std::byte*>(out), size);
    return until_moved([&] { return channel_->read(room); }, error);
}

std::size_t TlsClientStream::write(const boost::asio::const_buffer* parts, std::size_t count,
                                   boost::system::error_code& error) {
    error = {};
    if (count == 0) return 0;
    joined_.clear();
    for (std::size_t i = 0; i < count && joined_.size() < record_bytes; ++i) {
        const auto* bytes = static_cast<const std::byte*>(parts[i].data());
        joined_.insert(joined_.end(), bytes,
                       bytes + std::min(parts[i].size(), record_bytes - joined_.size()));
    }
    return until_moved([&] { return channel_->write(joined_); }, error);
}

void TlsClientStream::drain(std::chrono::milliseconds at_most) {
    channel_->finish();
    drop_input(channel_->descriptor(), at_most);
}

} // namespace safar

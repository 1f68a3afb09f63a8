// A user elsewhere, as a client's connection: HTTP inside TLS.
#pragma once

#include "node/api/client_stream.hpp"
#include "node/tls/tls_channel.hpp"

namespace safar {

class TlsClientStream final : public ClientStream {
public:
    explicit TlsClientStream(std::unique_ptr<TlsChannel> channel) : channel_(std::move(channel)) {}

    [[nodiscard]] TlsChannel& channel() { return *channel_; }
    void shut_down() override { channel_->shut_down(); }
    void drain(std::chrono::milliseconds at_most) override;

private:
    std::size_t read(void* out, std::size_t size, boost::system::error_code& error) override;
    std::size_t write(const boost::asio::const_buffer* parts, std::size_t count,
                      boost::system::error_code& error) override;
    template <class Move> std::size_t until_moved(Move move, boost::system::error_code& error);

    std::unique_ptr<TlsChannel> channel_;
    Bytes joined_; // small parts leave in one TLS record
};

} // namespace safar

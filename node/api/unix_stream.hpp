// The local socket, as a client's connection.
#pragma once

#include "node/api/client_stream.hpp"

namespace safar {

class UnixStream final : public ClientStream {
public:
    // Owns `descriptor` and makes it non-blocking.
    explicit UnixStream(int descriptor);
    ~UnixStream() override;

    void shut_down() override;
    void drain(std::chrono::milliseconds at_most) override;
    [[nodiscard]] int descriptor() const { return descriptor_; }

private:
    std::size_t read(void* out, std::size_t size, boost::system::error_code& error) override;
    std::size_t write(const boost::asio::const_buffer* parts, std::size_t count,
                      boost::system::error_code& error) override;

    int descriptor_;
};

} // namespace safar

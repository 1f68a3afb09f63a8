// A client's connection as Beast's synchronous streams want it, with a limit on how long one call
// may wait. Reads and writes go straight to the descriptor: no event loop stands between a request
// and its thread.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/system/system_error.hpp>
#include <chrono>
#include <optional>

namespace safar {

class ClientStream {
public:
    ClientStream() = default;
    virtual ~ClientStream() = default;
    ClientStream(const ClientStream&) = delete;
    ClientStream& operator=(const ClientStream&) = delete;

    using Moment = std::chrono::steady_clock::time_point;

    // How long one read or write may wait for the client; then it ends with timed_out.
    void patience(std::chrono::milliseconds at_most) { patience_ = at_most; }
    // Until when all of them together may wait; nothing: each as long as its patience.
    void deadline(std::optional<Moment> at) { deadline_ = at; }
    // Wakes whoever reads or writes; from any thread.
    virtual void shut_down() = 0;
    // No more will be written; what the client still sends is read and dropped for at most
    // `at_most`, so that it finds the answer and not a reset.
    virtual void drain(std::chrono::milliseconds at_most) = 0;

    // --- SyncReadStream, SyncWriteStream ---
    template <class Buffers>
    std::size_t read_some(const Buffers& buffers, boost::system::error_code& error) {
        auto at = boost::asio::buffer_sequence_begin(buffers);
        for (; at != boost::asio::buffer_sequence_end(buffers); ++at) {
            boost::asio::mutable_buffer one(*at);
            if (one.size() > 0) return read(one.data(), one.size(), error);
        }
        error = {};
        return 0;
    }
    template <class Buffers>
    std::size_t write_some(const Buffers& buffers, boost::system::error_code& error) {
        // One system call for a header and its body.
        boost::asio::const_buffer parts[parts_max];
        std::size_t count = 0;
        auto at = boost::asio::buffer_sequence_begin(buffers);
        for (; at != boost::asio::buffer_sequence_end(buffers) && count < parts_max; ++at)
            if (boost::asio::const_buffer one(*at); one.size() > 0) parts[count++] = one;
        return write(parts, count, error);
    }
    template <class Buffers> std::size_t read_some(const Buffers& buffers) {
        boost::system::error_code error;
        std::size_t count = read_some(buffers, error);
        if (error) throw boost::system::system_error(error);
        return count;
    }
    template <class Buffers> std::size_t write_some(const Buffers& buffers) {
        boost::system::error_code error;
        std::size_t count = write_some(buffers, error);
        if (error) throw boost::system::system_error(error);
        return count;
    }

protected:
    static constexpr std::size_t parts_max = 16;
    virtual std::size_t read(void* out, std::size_t size, boost::system::error_code& error) = 0;
    virtual std::size_t write(const boost::asio::const_buffer* parts, std::size_t count,
                              boost::system::error_code& error) = 0;
    // False, with `error` set, once the patience is over.
    [[nodiscard]] bool wait(int descriptor, short events, boost::system::error_code& error) const;
    // What still comes on a descriptor whose writing side is shut, read and dropped.
    void drop_input(int descriptor, std::chrono::milliseconds at_most);

private:
    [[nodiscard]] std::chrono::milliseconds time_left() const;

    std::chrono::milliseconds patience_{60'000};
    std::optional<Moment> deadline_;
};

} // namespace safar

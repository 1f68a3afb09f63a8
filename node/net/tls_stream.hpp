// One TLS connection over a connected socket: handshake, reading in chunks of up to 64 KiB, a queue
// of bytes to send, and an end that is bounded in time. Network thread only.
#pragma once

#include "node/net/peer_net.hpp"
#include "node/tls/tls_context.hpp"

namespace boost::asio {
class io_context;
}

namespace safar {

// What the stream tells its owner, always from the network thread and never from inside a call of
// the owner's. After on_down nothing more is said.
class StreamEvents {
public:
    virtual ~StreamEvents() = default;
    [[nodiscard]] virtual Result<> admit(const PublicKey& tls_key) = 0;
    virtual void on_up() = 0;                  // TLS stands and the key was admitted
    virtual void on_bytes(ByteView chunk) = 0; // valid during the call
    virtual void on_sent() = 0; // the queue went down after it could not be sent at once
    virtual void on_down(const Error& why, bool truncated) = 0; // the socket is closed
};

class TlsStream {
public:
    enum class Side { dialled, accepted };

    // Takes over `socket`. `events` and `options` must outlive on_down. Errors: storage_failed.
    [[nodiscard]] static Result<std::unique_ptr<TlsStream>> make(boost::asio::io_context& io,
                                                                 int socket, ssl_ctx_st* context,
                                                                 Side side, StreamEvents& events,
                                                                 const NetOptions& options);
    ~TlsStream(); // closes at once, says nothing

    // Begins the handshake; on_down if it has not ended at `deadline`.
    void start(NodeTime deadline);
    // Queues; flush() sends what the socket takes, the rest follows by itself.
    void send(Bytes bytes);
    void flush();
    [[nodiscard]] std::size_t queued() const;
    void pause(bool paused); // reading
    // Sends what is queued, says goodbye, waits shutdown_deadline for the peer's; then
    // on_down(why).
    void finish(Error why);
    // The same without waiting: what the socket does not take now is dropped. Says nothing.
    void drop();

private:
    TlsStream();
    struct State;
    std::shared_ptr<State> state_; // outlives this while operations of the socket end
};

} // namespace safar

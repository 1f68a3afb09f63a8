// The clients that are connected: one thread each, and how they end.
#pragma once

#include "node/api/client_stream.hpp"

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <thread>

namespace safar {

// Threads: take() from one, the rest as said.
class ClientPool {
public:
    struct Client {
        std::unique_ptr<ClientStream> stream;
        std::atomic<bool> answering{false}, ended{false};
        std::thread thread;
        explicit Client(std::unique_ptr<ClientStream> taken) : stream(std::move(taken)) {}
    };
    ~ClientPool(); // cuts all off and waits, for as long as they take

    // Forgets those who ended, and counts the others.
    [[nodiscard]] std::size_t size();
    // `serve` runs on the client's own thread; what it uses must outlive the pool.
    void take(std::unique_ptr<ClientStream> stream, std::function<void(Client&)> serve);
    // For those who look: no client that is not answering begins anew.
    [[nodiscard]] const std::atomic<bool>& stopping() const { return stopping_; }
    void begin_stop() { stopping_ = true; }
    // Ends idle clients at once, lets requests that are being answered end within `grace`, then
    // cuts them off. False: some still work and cannot be interrupted.
    [[nodiscard]] bool stop(std::chrono::milliseconds grace);

private:
    bool end_clients(bool all);
    void reap();

    std::atomic<bool> stopping_{false};
    std::mutex mutex_;
    std::list<Client> clients_;
};

} // namespace safar

#include "node/api/client_pool.hpp"

namespace safar {

using Clock = std::chrono::steady_clock;

ClientPool::~ClientPool() {
    stopping_ = true;
    while (!end_clients(/*all=*/true)) std::this_thread::sleep_for(std::chrono::milliseconds(20));
}

std::size_t ClientPool::size() {
    reap();
    std::lock_guard lock(mutex_);
    return clients_.size();
}

void ClientPool::take(std::unique_ptr<ClientStream> stream, std::function<void(Client&)> serve) {
    std::lock_guard lock(mutex_);
    Client& client = clients_.emplace_back(std::move(stream));
    client.thread = std::thread([&client, serve = std::move(serve)] {
        serve(client);
        client.stream->shut_down();
        client.ended = true;
    });
}

void ClientPool::reap() {
    std::lock_guard lock(mutex_);
    for (auto at = clients_.begin(); at != clients_.end();) {
        if (!at->ended) {
            ++at;
            continue;
        }
        at->thread.join();
        at = clients_.erase(at);
    }
}

// Ends idle clients (`all`: busy ones too); true if none is left.
bool ClientPool::end_clients(bool all) {
    reap();
    std::lock_guard lock(mutex_);
    for (Client& client : clients_)
        if (all || !client.answering) client.stream->shut_down();
    return clients_.empty();
}

bool ClientPool::stop(std::chrono::milliseconds grace) {
    stopping_ = true;
    const auto cut = Clock::now() + grace;
    const auto give_up = cut + std::chrono::milliseconds(500);
    for (;;) {
        const auto now = Clock::now();
        if (end_clients(/*all=*/now >= cut)) return true;
        if (now >= give_up) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
}

} // namespace safar

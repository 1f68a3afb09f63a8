#include "node/net/peer_net.hpp"

#include "node/net/peer_book.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <csignal>
#include <future>
#include <mutex>
#include <thread>

namespace safar {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::milliseconds status_patience{500}; // for a busy network thread

// Signals belong to main; OpenSSL's writes to a closed socket must not raise SIGPIPE here.
void block_signals() {
    sigset_t all;
    ::sigfillset(&all);
    for (int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) ::sigdelset(&all, fault);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

} // namespace

struct PeerNet::State {
    explicit State(std::shared_ptr<LinkWorld> shared)
        : world(std::move(shared)), io(world->io), guard(io->get_executor()),
          door(*io, world->options,
               [this](int socket, const std::string& from) { book->guest(socket, from); }),
          book(std::make_shared<PeerBook>(world, door)) {}

    // What `question` says of the book, asked on the network thread.
    template <class Question>
    auto ask(Question question) -> Result<decltype(question(std::declval<const PeerBook&>()))> {
        using Answer = decltype(question(std::declval<const PeerBook&>()));
        if (std::this_thread::get_id() == thread_id) return question(*book);
        {
            std::lock_guard lock(stopping);
            if (stopped) return question(*book); // its thread has ended
        }
        auto answer = std::make_shared<std::promise<Answer>>();
        auto future = answer->get_future();
        asio::post(*io, [weak = std::weak_ptr(book), answer, question] {
            if (auto open = weak.lock()) answer->set_value(question(*open));
        });
        if (future.wait_for(status_patience) != std::future_status::ready)
            return failure(ErrorCode::busy,
                           "the network thread is busy and did not answer within 0.5 s; ask again");
        return future.get();
    }

    std::shared_ptr<LinkWorld> world;
    std::shared_ptr<asio::io_context> io;
    asio::executor_work_guard<asio::io_context::executor_type> guard;
    Door door;
    std::shared_ptr<PeerBook> book;
    std::thread thread;
    std::thread::id thread_id;
    std::mutex stopping; // one stop at a time
    bool stopped = false;
};

PeerNet::PeerNet() = default;
PeerNet::~PeerNet() {
    if (state_) stop();
}

Result<std::unique_ptr<PeerNet>> PeerNet::start(const Identity& self, const std::string& listen,
                                                PeerHost& host, const NetOptions& options) {
    SAFAR_TRY(auto tls, make_tls_context(self.tls, self.agency));
    auto io = std::make_shared<asio::io_context>(1);
    auto world =
        std::make_shared<LinkWorld>(LinkWorld{io, self, host, options, std::move(tls), {}});
    std::unique_ptr<PeerNet> out(new PeerNet);
    out->state_ = std::make_unique<State>(std::move(world));
    State* state = out->state_.get();
    if (auto opened = state->door.open(listen); !opened) {
        state->stopped = true;
        return opened.error();
    }
    asio::post(*io, [state] { state->book->read_charter(); });
    state->thread = std::thread([state] {
        block_signals();
        state->io->run();
    });
    state->thread_id = state->thread.get_id();
    return out;
}

void PeerNet::on_local_change() { state_->book->log_grew(); }

void PeerNet::on_charter_change() {
    asio::post(*state_->io, [weak = std::weak_ptr(state_->book)] {
        if (auto book = weak.lock()) book->read_charter();
    });
}

void PeerNet::announce(std::optional<wire::Maintenance> notice) {
    asio::post(*state_->io, [weak = std::weak_ptr(state_->book), notice = std::move(notice)] {
        if (auto book = weak.lock()) book->announce(notice);
    });
}

bool in_maintenance(const PeerStatus& peer, std::chrono::system_clock::time_point now) {
    if (!peer.maintenance) return false;
    const auto seconds =
        std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    const auto at = static_cast<std::uint64_t>(std::max<std::int64_t>(0, seconds));
    return peer.maintenance->from <= at && at < peer.maintenance->until;
}

Result<std::vector<PeerStatus>> PeerNet::peers() const {
    return state_->ask([](const PeerBook& book) { return book.peers(); });
}

Result<StatementReport> PeerNet::statements() const {
    return state_->ask([](const PeerBook& book) { return book.statements(); });
}

DoorCounts PeerNet::door() const {
    return {state_->door.accepted(), state_->door.refused_by_limit(),
            state_->book->handshakes_failed(), state_->book->truncated()};
}

void PeerNet::stop() {
    std::lock_guard lock(state_->stopping);
    if (std::exchange(state_->stopped, true)) return;
    asio::post(*state_->io, [state = state_.get()] {
        state->door.close();
        state->book->stop();
        state->guard.reset(); // the thread ends with the last handler
    });
    state_->thread.join();
}

std::uint16_t PeerNet::port() const { return state_->door.port(); }

} // namespace safar

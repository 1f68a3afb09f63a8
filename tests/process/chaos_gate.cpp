#include "tests/process/chaos_gate.hpp"

#include <boost/asio.hpp>
#include <list>
#include <random>
#include <thread>
#include <vector>

namespace safar::process {
namespace asio = boost::asio;
using asio::ip::tcp;
using Failed = boost::system::error_code;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t piece_bytes = 16u << 10;
constexpr double throttle_bytes_per_second = 20e3;
constexpr unsigned damage_one_piece_in = 4;

tcp::endpoint loopback(int port) {
    return {asio::ip::address_v4::loopback(), static_cast<unsigned short>(port)};
}

} // namespace

std::string_view name(Chaos chaos) {
    switch (chaos) {
    case Chaos::pass: return "pass";
    case Chaos::not_accept: return "not_accept";
    case Chaos::silent: return "silent";
    case Chaos::close: return "close";
    case Chaos::close_on_data: return "close_on_data";
    case Chaos::damage: return "damage";
    case Chaos::delay: return "delay";
    case Chaos::throttle: return "throttle";
    case Chaos::slice: return "slice";
    }
    return "";
}

struct ChaosGate::State {
    // One connection and the one it is passed on to. Each direction reads a piece, waits, writes
    // it.
    struct Pair : std::enable_shared_from_this<Pair> {
        Pair(State& of, tcp::socket from) : gate(of), near(std::move(from)), far(of.io) {}

        struct Way {
            explicit Way(asio::io_context& io) : timer(io) {}
            std::vector<char> piece = std::vector<char>(piece_bytes);
            std::size_t sent = 0, have = 0;
            asio::steady_timer timer;
        };
        State& gate;
        tcp::socket near, far;
        Way out{gate.io}, in{gate.io};

        void begin() {
            far.async_connect(loopback(gate.target), [self = shared_from_this()](Failed failed) {
                if (failed) return self->end();
                Failed ignored;
                for (tcp::socket* socket : {&self->near, &self->far})
                    socket->set_option(tcp::no_delay(true), ignored);
                self->read(self->near, self->far, self->out);
                self->read(self->far, self->near, self->in);
            });
        }
        void read(tcp::socket& from, tcp::socket& to, Way& way) {
            from.async_read_some(asio::buffer(way.piece),
                                 [this, self = shared_from_this(), &from, &to,
                                  &way](Failed failed, std::size_t count) {
                                     if (failed || gate.chaos == Chaos::close_on_data) return end();
                                     way.sent = 0;
                                     way.have = count;
                                     if (gate.chaos == Chaos::damage) gate.spoil(way.piece, count);
                                     write_after(gate.pause(count), from, to, way);
                                 });
        }
        void write_after(std::chrono::microseconds pause, tcp::socket& from, tcp::socket& to,
                         Way& way) {
            way.timer.expires_after(pause);
            way.timer.async_wait(
                [this, self = shared_from_this(), &from, &to, &way](Failed failed) {
                    if (failed) return end();
                    std::size_t count = way.have - way.sent;
                    if (gate.chaos == Chaos::slice)
                        count = std::min<std::size_t>(count, 1 + gate.random() % 7);
                    asio::async_write(
                        to, asio::buffer(way.piece.data() + way.sent, count),
                        [this, self, &from, &to, &way](Failed broken, std::size_t written) {
                            if (broken) return end();
                            gate.passed += written;
                            way.sent += written;
                            if (way.sent == way.have) return read(from, to, way);
                            write_after(0us, from, to, way);
                        });
                });
        }
        void end() {
            Failed ignored;
            near.close(ignored);
            far.close(ignored);
            out.timer.cancel();
            in.timer.cancel();
        }
    };

    State(int port, int to) : target(to), acceptor(io, loopback(port)) {
        accept();
        thread = std::thread([this] { io.run(); });
    }

    asio::io_context io{1};
    int target;
    tcp::acceptor acceptor;
    asio::executor_work_guard<asio::io_context::executor_type> guard{io.get_executor()};
    Chaos chaos = Chaos::pass;
    bool accepting = false;
    std::list<std::weak_ptr<Pair>> pairs;
    std::list<tcp::socket> ignored_ones; // accepted and left alone
    std::mt19937 random{20261};
    std::atomic<std::uint64_t> connections{0}, damaged{0}, passed{0};
    std::thread thread;

    void accept() {
        if (accepting || chaos == Chaos::not_accept) return;
        accepting = true;
        acceptor.async_accept([this](Failed failed, tcp::socket from) {
            accepting = false;
            if (failed) return;
            ++connections;
            if (chaos == Chaos::silent)
                ignored_ones.push_back(std::move(from));
            else if (chaos != Chaos::close && chaos != Chaos::not_accept) {
                auto pair = std::make_shared<Pair>(*this, std::move(from));
                pairs.push_back(pair);
                pair->begin();
            }
            accept();
        });
    }
    void spoil(std::vector<char>& piece, std::size_t count) {
        if (random() % damage_one_piece_in != 0) return;
        piece[random() % count] ^= static_cast<char>(1u << (random() % 8));
        ++damaged;
    }
    [[nodiscard]] std::chrono::microseconds pause(std::size_t count) const {
        if (chaos == Chaos::delay) return 150ms;
        if (chaos == Chaos::throttle)
            return std::chrono::microseconds(static_cast<std::int64_t>(
                1e6 * static_cast<double>(count) / throttle_bytes_per_second));
        return 0us;
    }
    void change(Chaos to) {
        chaos = to;
        for (auto& weak : pairs)
            if (auto pair = weak.lock()) pair->end();
        pairs.clear();
        ignored_ones.clear();
        Failed ignored;
        // One that is being accepted already would still get in.
        if (chaos == Chaos::not_accept) acceptor.cancel(ignored);
        accept();
    }
};

ChaosGate::ChaosGate(int port, int target) : state_(std::make_unique<State>(port, target)) {}
ChaosGate::~ChaosGate() {
    state_->io.stop();
    state_->thread.join();
}

void ChaosGate::set(Chaos chaos) {
    asio::post(state_->io, [state = state_.get(), chaos] { state->change(chaos); });
}
std::uint64_t ChaosGate::connections() const { return state_->connections; }
std::uint64_t ChaosGate::damaged() const { return state_->damaged; }
std::uint64_t ChaosGate::passed() const { return state_->passed; }

} // namespace safar::process

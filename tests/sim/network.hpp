// The network between cores: connections of two ordered byte streams each, with delay, slices,
// clogs, cuts and partitions; who dials whom and when, as node/net does it, with the production
// Backoff.
#pragma once

#include "tests/sim/core.hpp"
#include "tests/sim/timeline.hpp"

#include <deque>
#include <set>

namespace safar::sim {

struct LinkRates {
    NodeTime delay_min{1'000'000}, delay_mean{20'000'000};
    std::uint64_t cut_permille = 0;  // of sends
    std::uint64_t clog_permille = 0; // of sends
    NodeTime clog_max{0};
    std::uint64_t slice_permille = 0; // of deliveries
    std::size_t slice_max = 0;
    std::uint64_t unknown_permille =
        0; // of sends of a later release: a frame that ours does not know
};

// What a hostile node does to what it sends. Bytes go to the other side instead of `bytes`.
class Tamper {
public:
    virtual ~Tamper() = default;
    virtual Bytes tamper(const Core& from, const Core& to, Bytes bytes) = 0;
};

class Network {
public:
    // Both outlive it.
    Network(Timeline& time, std::vector<std::unique_ptr<Core>>& cores, Statistics& statistics,
            std::uint64_t seed);
    ~Network();

    LinkRates rates;
    Tamper* tamper = nullptr;
    std::function<void(std::string)> complain;   // a promise is broken
    std::function<bool(const Core&)> takes_part; // it must become equal to the others
    std::function<void(const std::string&)> say; // one line of the transcript
    bool tell_frames = false;
    std::function<void(Core&)> died;         // in the middle of a commit
    std::function<NodeTime(Core&)> log_time; // what one call of the log takes

    // --- the shell of one node ---
    void came_up(Core& core);
    void went_down(Core& core, bool silently);
    void log_grew(Core& core);
    void charter_changed(Core& core);
    void tell_statements(Core& core); // what each peer has not been told
    // Runs `task` on the node's log thread, in this life only, when it is not paused.
    void on_log_thread(Core& core, std::function<void()> task);
    // Not before the node's pause ends, and not after its life.
    void when_awake(Core& core, std::function<void()> task);

    // --- faults ---
    void block(std::size_t from, std::size_t to) { blocked_.insert({from, to}); }
    // Two that never reach each other, whatever heals; what goes between them goes through others.
    void wall(std::size_t a, std::size_t b) { walls_.insert({a, b}), walls_.insert({b, a}); }
    void take_down(std::size_t a, std::size_t b) { walls_.erase({a, b}), walls_.erase({b, a}); }
    void lift_walls() { walls_.clear(); }
    [[nodiscard]] bool has_walls() const { return !walls_.empty(); }
    [[nodiscard]] bool walled(std::size_t a, std::size_t b) const {
        return walls_.contains({a, b});
    }
    void heal(); // partitions and clogs
    void cut_any();
    void takeover_any();
    [[nodiscard]] bool partitioned() const { return !blocked_.empty(); }
    void call_all(); // now

    [[nodiscard]] bool connected(const Core& a, const Core& b) const;
    // The last batch of that log that `peer` has told `core` it holds.
    [[nodiscard]] std::uint64_t held_there(const Core& core, const NodeId& peer,
                                           const LogName& log) const;
    // When the last of two honest nodes that found each other too slow may call again.
    [[nodiscard]] NodeTime rest_ends() const;
    // What is not level or ready between honest nodes; empty: nothing.
    [[nodiscard]] std::string unsettled() const;

private:
    struct Connection;
    struct Side;
    struct Peer {
        Backoff backoff;
        NodeTime blamed_until{0}, up_at{0};
        Side* up = nullptr;
        bool calling = false;
        NodeTime call_at = NodeTime::max();
    };
    using Pair = std::pair<std::size_t, std::size_t>;
    static bool only_bare(const Core& a, const Core& b, const SessionStatus& status);

    Peer& peer(std::size_t of, std::size_t other) { return peers_[{of, other}]; }
    [[nodiscard]] bool blocked(std::size_t from, std::size_t to) const {
        return blocked_.contains({from, to}) || walls_.contains({from, to});
    }
    void call_later(Core& core, std::size_t other);
    void call(Core& core, std::size_t other);
    void called(Core& core, std::size_t other);
    void call_failed(Core& core, std::size_t other);
    void establish(Core& dialler, Core& host);
    void perform(const std::shared_ptr<Connection>& link, Side& side, std::vector<Action> actions);
    void act(const std::shared_ptr<Connection>& link, Side& side, SendBytes& action);
    void act(const std::shared_ptr<Connection>& link, Side& side, IngestBatches& action);
    void act(const std::shared_ptr<Connection>& link, Side& side, AdoptCharter& action);
    void act(const std::shared_ptr<Connection>& link, Side& side, AdoptNotice& action);
    void act(const std::shared_ptr<Connection>& link, Side& side, ConfirmHeads& action);
    void act(const std::shared_ptr<Connection>& link, Side& side, HeardAside& action);
    void act(const std::shared_ptr<Connection>& link, Side& side, ClosePeer& action);
    void send(const std::shared_ptr<Connection>& link, Side& from, Bytes bytes);
    void check_secrecy(const Core& from, const Core& to, ByteView bytes);
    void pump(const std::shared_ptr<Connection>& link, Side& to);
    void deliver(const std::shared_ptr<Connection>& link, Side& to);
    void hear(const std::shared_ptr<Connection>& link, Side& to, ByteView bytes);
    void schedule_tick(const std::shared_ptr<Connection>& link, Side& side);
    void end_of_stream(const std::shared_ptr<Connection>& link, Side& from);
    void end_side(Side& side, ErrorCode why, std::chrono::seconds wait);
    void break_connection(const std::shared_ptr<Connection>& link);
    void retire(Side& side);
    void look_at(Core& core);

    Timeline& time_;
    std::vector<std::unique_ptr<Core>>& cores_;
    Statistics& statistics_;
    Random random_, jitter_;
    std::map<Pair, Peer> peers_;
    std::set<Pair> blocked_, walls_;
    std::vector<std::shared_ptr<Connection>> links_;
};

} // namespace safar::sim

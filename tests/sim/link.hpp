// One connection: two sides, each with its session and the stream of bytes on its way to it. Inside
// of Network; include only from network*.cpp.
#pragma once

#include "tests/sim/network.hpp"

namespace safar::sim {

struct Network::Side {
    struct Chunk {
        NodeTime due;
        Bytes bytes;
        bool end = false; // of the stream: the other side is gone
    };
    Core* core = nullptr;
    Side* other = nullptr;
    std::unique_ptr<Session> session;

    std::deque<Chunk> stream; // towards this side
    std::size_t queued = 0;   // bytes in it
    NodeTime last_due{0}, clogged_until{0}, pump_at = NodeTime::max();
    NodeTime delay_min{0}, delay_mean{0};
    bool closed_here = false; // hears nothing more

    NodeTime tick_at = NodeTime::max();
    bool change_waits = false;
    std::size_t groups = 0, ingest_bytes = 0; // on their way into the log
};

struct Network::Connection {
    Side dialler, host;
    bool dead = false;
};

// Serving more than this ahead of the socket is not done; beyond the second the peer is closed
// (node/net/peer_link.cpp).
constexpr std::size_t serve_ahead_bytes = 2u << 20;
constexpr std::size_t queue_bytes_hard = 32u << 20;

} // namespace safar::sim

// The rows of the catalogue that take their time: they go on beside all others, and their tests
// come last.
#include "tests/process/hostile/wire_peer.hpp"

#include <iostream>
#include <unistd.h>

namespace safar::process {
namespace {
using namespace std::chrono_literals;

HostileNetwork& at() { return HostileNetwork::the(); }

double seconds_until_it_ends(int socket, std::chrono::seconds patience) {
    const auto begun = std::chrono::steady_clock::now();
    const bool ended = ends(socket, patience);
    ::close(socket);
    return ended ? std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count()
                 : 1e9;
}
struct Slow {
    std::future<double> silent, silent_in_tls;
    std::future<std::string> drip, promise;
    Slow() {
        silent = std::async(std::launch::async, [] {
            return seconds_until_it_ends(connect_to_port(at().port("IOM")), 20s);
        });
        silent_in_tls = std::async(std::launch::async, [] {
            WirePeer peer("H01");
            const auto begun = std::chrono::steady_clock::now();
            peer.end_of_it(20s);
            return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
        });
        drip = std::async(std::launch::async, [] {
            WirePeer peer("H02");
            peer.greet();
            Bytes frame;
            wire::encode_batch(peer.batch().encoded.bytes, frame);
            for (std::size_t i = 0; i < 45 && !peer.tls().ended(); ++i) {
                peer.say_bytes(ByteView(frame).subspan(i, 1));
                const auto next = std::chrono::steady_clock::now() + 1s;
                while (!peer.tls().ended() && std::chrono::steady_clock::now() < next)
                    static_cast<void>(peer.tls().read(100ms));
            }
            if (!peer.tls().ended()) return std::string("goes on");
            static_cast<void>(eventually([] { return !at().blamed_for("H02").empty(); }, 5s));
            return at().blamed_for("H02");
        });
        if (takes_long)
            promise = std::async(std::launch::async, [] {
                WirePeer peer("H45");
                peer.greet();
                peer.say(wire::FrontierFull{
                    "return", {{peer.log(), Head{5, 5, peer.hello.shared, 0, false}}}});
                // Asked again and again, it answers pings and delivers nothing.
                const auto until = std::chrono::steady_clock::now() + 150s;
                while (!peer.tls().ended() && std::chrono::steady_clock::now() < until)
                    if (auto ping = peer.hear(wire::FrameType::ping, 500ms))
                        peer.say(wire::Pong{wire::decode<wire::Ping>(*ping).value().nonce});
                return peer.end_of_it(2s);
            });
    }
    const bool takes_long = size_of_hunt("SAFAR_HOSTILE_SLOW", 0) > 0;
    static Slow& rows() {
        static Slow rows;
        return rows;
    }
};

TEST(HostileSlow, H01_WhoSaysNothingIsClosedAtTheDeadline) {
    const double tcp = Slow::rows().silent.get(), tls = Slow::rows().silent_in_tls.get();
    EXPECT_GT(tcp, 8);
    EXPECT_LT(tcp, 14);
    EXPECT_GT(tls, 8);
    EXPECT_LT(tls, 14);
    EXPECT_EQ(at().blamed_for("H01"), "");
    expect_no_effect("H01");
}
TEST(HostileSlow, H02_ASlowDripIsClosedByTheDeadlineOfTheFrame) {
    EXPECT_EQ(Slow::rows().drip.get(), name(ErrorCode::timed_out));
    expect_no_effect("H02");
}
TEST(HostileSlow, H45_AnEmptyPromiseIsForgivenTwiceAndThenThePeerIsClosed) {
    if (!Slow::rows().takes_long) GTEST_SKIP() << "takes two minutes: SAFAR_HOSTILE_SLOW=1";
    EXPECT_EQ(Slow::rows().promise.get(), name(ErrorCode::timed_out));
    expect_no_effect("H45");
}
TEST(HostileSlow, ZZ_HonestPeersWentOnMeanwhile) {
    const auto loud = at().honest_latency();
    std::cout << "honest latency, ms: quiet p50 " << at().quiet.p50 << " p99 " << at().quiet.p99
              << " of " << at().quiet.count << "; beside all rows p50 " << loud.p50 << " p99 "
              << loud.p99 << " of " << loud.count << '\n';
    EXPECT_GT(loud.count, 50u);
    EXPECT_LT(loud.p99, 10'000);
    EXPECT_TRUE(at().net.running("IOM"));
}

} // namespace

void begin_slow_rows() { Slow::rows(); }

} // namespace safar::process

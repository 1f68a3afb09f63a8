// The rows of the catalogue that take their time: they go on beside all others, and their tests
// come last.
#include "tests/process/hostile/wire_peer.hpp"

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
// Two peers state a log of H45's; one never delivers, nor another log that only it has.
struct Promise {
    std::string end;           // what H45 was told
    std::vector<double> asked; // when H45 was asked for its own, seconds
    double other_asked = 0;    // when H45B was asked for the log of both
};
Promise break_promises() {
    WirePeer peer("H45"), other("H45B");
    const auto begun = std::chrono::steady_clock::now();
    const auto since = [&] {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    };
    const BuiltBatch shared = peer.batch();
    const auto states = [&](const LogName& log) {
        return FrontierEntry{log, Head{1, 1, shared.hash, 0, false}};
    };
    peer.greet();
    peer.say(wire::FrontierFull{"return", {states(peer.log(3)), states(peer.log(4))}});
    static_cast<void>(peer.hear(wire::FrameType::want)); // so that it is asked first
    other.greet();
    other.say(wire::FrontierFull{"return", {states(peer.log(3))}});
    auto honest = std::async(std::launch::async, [&] {
        const auto want = other.hear(wire::FrameType::want, 60s);
        const double when = since();
        if (!want || wire::decode<wire::Want>(*want).value().log != peer.log(3)) return 0.0;
        other.say_batch(shared.encoded.bytes);
        return other.goes_on() ? when : -1.0;
    });
    Promise out;
    while (!peer.tls().ended() && since() < 150)
        if (const auto want = peer.hear(wire::FrameType::want, 500ms))
            if (wire::decode<wire::Want>(*want).value().log == peer.log(4))
                out.asked.push_back(since());
    out.end = peer.end_of_it(2s);
    out.other_asked = honest.get();
    return out;
}

struct Slow {
    std::future<double> silent, silent_in_tls;
    std::future<std::string> drip;
    std::future<Promise> promise;
    Slow() {
        silent = std::async(std::launch::async, [] {
            return seconds_until_it_ends(connect_to_port(at().port("IOM")), 30s);
        });
        silent_in_tls = std::async(std::launch::async, [] {
            const auto begun = std::chrono::steady_clock::now();
            WirePeer peer("H01");
            peer.end_of_it(30s);
            return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
        });
        drip = std::async(std::launch::async, [] {
            WirePeer peer("H02");
            peer.greet();
            Bytes frame;
            wire::encode_batch(peer.batch().encoded.bytes, frame);
            for (std::size_t i = 0; i < 45 && !peer.tls().ended(); ++i) {
                peer.say_bytes(ByteView(frame).subspan(i, 1));
                static_cast<void>(peer.hear_all(wire::FrameType::error, 1s));
            }
            return peer.end_of_it();
        });
        promise = std::async(std::launch::async, break_promises);
    }
    static Slow& rows() {
        static Slow rows;
        return rows;
    }
};

TEST(HostileSlow, H01_WhoSaysNothingIsClosedAtTheDeadline) {
    const double tcp = Slow::rows().silent.get(), tls = Slow::rows().silent_in_tls.get();
    for (const double seconds : {tcp, tls}) { // its deadline is 10 s
        EXPECT_GT(seconds, 8);
        EXPECT_LT(seconds, 20);
    }
    expect_unblamed("H01");
    expect_no_effect("H01");
}

// Who was too slow: it is not called for a while, and that does not grow as with blame.
void expect_rested(const std::string& agency) {
    EXPECT_TRUE(
        eventually([&] { return at().refusal(agency).code == name(ErrorCode::timed_out); }, 5s));
    EXPECT_NEAR(at().refusal(agency).for_s, 30, 1);
    at().refused.insert(agency);
}

// That no more than what came of a frame is held: FrameDecoder.MemoryFollowsTheBytesThatCame.
TEST(HostileSlow, H02_ASlowDripIsClosedByTheDeadlineOfTheFrame) {
    EXPECT_EQ(Slow::rows().drip.get(), name(ErrorCode::timed_out));
    expect_rested("H02");
    expect_no_effect("H02");
}

// There is no score: after 20 s without a byte another is asked, this one again 20 s later and then
// 30 s, and the third time it is closed.
TEST(HostileSlow, H45_AnEmptyPromiseIsForgivenTwiceAndThenThePeerIsClosed) {
    const Promise promise = Slow::rows().promise.get();
    EXPECT_EQ(promise.end, name(ErrorCode::timed_out));
    ASSERT_GE(promise.asked.size(), 2u);
    for (std::size_t i = 1; i < promise.asked.size(); ++i)
        EXPECT_GE(promise.asked[i] - promise.asked[i - 1], 35);
    EXPECT_GT(promise.other_asked, 15);
    EXPECT_LT(promise.other_asked, 30);
    expect_rested("H45");
    expect_unblamed("H45B");
    expect_held("H45", 1);
}

} // namespace

void begin_slow_rows() { Slow::rows(); }

} // namespace safar::process

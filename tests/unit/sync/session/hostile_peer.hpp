// A peer of the test's own making against one session: the test says any bytes, by hand, and sees
// what was answered, stored and closed.
#pragma once

#include "tests/unit/sync/session/harness.hpp"

#include <gtest/gtest.h>

namespace safar::testing {

// One session of FIA whose peer, IOM, is played by the test.
class HostilePeer : public ::testing::Test {
protected:
    HostilePeer() { begin(); }
    // Another connection of the same peer.
    void begin() {
        closed.reset();
        decoder = {};
        error = {};
        want = {};
        session = std::make_unique<Session>(net["FIA"].id, net["IOM"].id, net["FIA"],
                                            net["FIA"].plan, now);
        perform(session->start(now));
    }
    void perform(std::vector<Action> list) {
        for (Action& action : list) {
            if (auto* send = std::get_if<SendBytes>(&action)) {
                sent_bytes += send->bytes.size();
                ByteView bytes = send->bytes;
                while (!bytes.empty())
                    if (auto frame = decoder.next(bytes).value()) {
                        said.emplace_back(frame_name(frame->type));
                        if (frame->type == static_cast<std::uint8_t>(wire::FrameType::error))
                            error = wire::decode<wire::ErrorFrame>(frame->payload).value();
                        if (frame->type == static_cast<std::uint8_t>(wire::FrameType::want))
                            want = wire::decode<wire::Want>(frame->payload).value();
                    }
            } else if (auto* ingest = std::get_if<IngestBatches>(&action)) {
                ingested += ingest->batches.size();
                auto outcomes = net["FIA"].writable().ingest(ingest->batches);
                perform(session->on_ingested(outcomes, now));
            } else if (auto* adopt = std::get_if<AdoptCharter>(&action)) {
                charter_offered = std::move(adopt->document);
            } else if (auto* close = std::get_if<ClosePeer>(&action)) {
                closed = *close;
            }
        }
    }
    void feed(ByteView bytes) { perform(session->on_bytes(bytes, now)); }
    void feed_hex(std::string_view hex) {
        Bytes bytes(hex.size() / 2);
        ASSERT_TRUE(from_hex(hex, bytes));
        feed(bytes);
    }
    template <class Message> void say(const Message& message) {
        Bytes bytes;
        wire::encode(message, bytes);
        feed(bytes);
    }
    void say_raw(std::uint8_t type, const Bytes& payload) {
        Bytes bytes;
        ByteWriter out(bytes);
        out.integer(static_cast<std::uint32_t>(payload.size() + 1));
        out.integer(type);
        out.bytes(payload);
        feed(bytes);
    }
    wire::Hello hello() {
        wire::Hello out;
        out.network = net.authority->network();
        out.node = net["IOM"].id;
        out.epoch = 1;
        out.charter = net.authority->charter();
        out.shared.raw.fill(std::byte{1}); // differs from ours
        return out;
    }
    // Hello and an empty summary: live.
    void greet() {
        say(hello());
        say(wire::Summary{{{"return", fill<Hash>(9)}}});
        ASSERT_FALSE(closed) << closed->detail;
    }
    template <class Id> static Id fill(std::uint8_t byte) {
        Id id;
        id.raw.fill(std::byte{byte});
        return id;
    }
    LogName peers_log() {
        return {log_id(net.authority->network(), net["IOM"].id, "return"),
                fill<Incarnation>(incarnation)};
    }
    FrontierEntry entry(std::uint64_t number) {
        return {peers_log(), Head{number, number, fill<Hash>(4), 0, false}};
    }
    BuiltBatch batch(std::uint64_t number = 1, const Hash& previous = {}) {
        BatchContext context;
        context.network = net.authority->network();
        context.log = peers_log();
        context.number = context.first_sequence = number;
        context.previous = previous;
        context.epoch = 1;
        context.charter = net.authority->charter();
        EventDraft draft;
        draft.body.verb = "recorded";
        SeededEntropy entropy(number);
        std::size_t taken = 0;
        return build_batch(context, net.key("IOM"), entropy, std::span(&draft, 1), taken).value();
    }
    void say_batch(ByteView stored) {
        Bytes bytes;
        wire::encode_batch(stored, bytes);
        feed(bytes);
    }
    // Told once, closed, not called again for a while; `stored`: what was held before stays.
    void expect_closed(ErrorCode code, Position stored = 0) {
        ASSERT_TRUE(closed.has_value()) << "the session goes on";
        EXPECT_EQ(name(closed->reason), name(code)) << closed->detail;
        EXPECT_GE(closed->do_not_call_before, 30s);
        EXPECT_EQ(error.code, name(code)); // told once
        EXPECT_EQ(net["FIA"].log().last_position(), stored);
        EXPECT_TRUE(session->on_bytes(as_bytes("more"), now).empty());
        EXPECT_EQ(session->next_deadline(), NodeTime::max());
    }

    Federation net{"IOM", "FIA", "NGO"};
    NodeTime now{1h};
    std::unique_ptr<Session> session;
    wire::FrameDecoder decoder;
    std::vector<std::string> said;
    std::optional<ClosePeer> closed;
    wire::ErrorFrame error;
    wire::Want want;
    Bytes charter_offered; // to the shell, which has not answered yet
    std::size_t ingested = 0, sent_bytes = 0;
    std::uint8_t incarnation = 3; // of the peer's log
};

} // namespace safar::testing

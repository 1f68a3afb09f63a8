// A node of the network played by a test: its keys, real TLS to IOM, and whatever bytes it likes.
#pragma once

#include "tests/process/hostile/network.hpp"

#include "storage/event/batch.hpp"
#include "storage/event/merkle.hpp"
#include "sync/wire/message.hpp"

#include <gtest/gtest.h>

namespace safar::process {

class WirePeer {
public:
    // Connects as `agency` from 127.0.0.`from`, hears IOM's hello and says nothing yet.
    explicit WirePeer(const std::string& agency, int from = 1);

    wire::Hello hello; // a right one: as IOM's, with our node, and a shared digest that differs
    void greet();      // hello and summary; the session is live then

    void say_bytes(ByteView bytes) { end_->write(bytes); }
    void say_raw(std::uint8_t type, const Bytes& payload);
    template <class Message> void say(const Message& message) {
        Bytes bytes;
        wire::encode(message, bytes);
        say_bytes(bytes);
    }
    void say_batch(ByteView stored);
    Endpoint& tls() { return *end_; }

    // Reads until a frame of this type comes; nullopt: it ended, or `patience` is over.
    std::optional<Bytes> hear(wire::FrameType type,
                              std::chrono::milliseconds patience = std::chrono::seconds(5));
    // A ping is answered: the session goes on.
    [[nodiscard]] bool goes_on();
    // Reads to the end: what the other side said of it, "" where it said nothing, "goes on" where
    // it does not end.
    std::string end_of_it(std::chrono::milliseconds patience = std::chrono::seconds(5));
    std::string detail; // of the error

    // --- what it signs ---
    [[nodiscard]] LogName log(std::uint8_t incarnation = 3) const;
    [[nodiscard]] BatchContext context(std::uint64_t number = 1, const Hash& previous = {}) const;
    [[nodiscard]] BuiltBatch batch(std::uint64_t number = 1, const Hash& previous = {},
                                   const std::string& verb = "recorded", std::int64_t at = 0) const;
    // A batch of one event whose clear part is these bytes, validly signed.
    [[nodiscard]] Bytes batch_of(ByteView clear) const;
    // The clear part of an event that a node would write.
    [[nodiscard]] Bytes clear_part(const std::vector<Assertion>& assertions = {
                                       {1, Text{"a note"}}}) const;
    [[nodiscard]] const Identity& self() const { return self_; }

private:
    bool read_some(std::chrono::milliseconds patience);

    HostileNetwork& at_;
    const Identity& self_;
    std::unique_ptr<Endpoint> end_;
    wire::FrameDecoder decoder_;
    std::vector<std::pair<std::uint8_t, Bytes>> heard_;
    std::uint64_t pings_ = 0;
};

// What a row says: told this code once, closed, not called for a while, and nothing of it is held.
void expect_blamed(WirePeer& peer, const std::string& agency, ErrorCode code);
// Nothing of it is held, and IOM does not blame it.
void expect_no_effect(const std::string& agency);
// The session goes on, and nobody is blamed.
void expect_kept(WirePeer& peer, const std::string& agency);
// Every honest node comes to hold that much of the agency's log.
void expect_held(const std::string& agency, std::int64_t batches);
// The rows that take their time begin (slow_test.cpp).
void begin_slow_rows();

} // namespace safar::process

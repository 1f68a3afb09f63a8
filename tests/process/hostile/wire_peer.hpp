// A node of the network played by a test: its keys, real TLS to IOM, and whatever bytes it likes.
#pragma once

#include "tests/process/hostile/network.hpp"

#include "storage/event/batch.hpp"
#include "storage/event/merkle.hpp"
#include "sync/wire/message.hpp"

#include <gtest/gtest.h>

namespace safar::process {

// What an author signs of an event: two parts that may be anything.
struct RawEvent {
    Bytes dots, clear;
};
// An event of a new record, as a node would write it: a return to Pakistan.
[[nodiscard]] EventDraft a_return();
[[nodiscard]] RawEvent raw(const EventDraft& draft);
// The record of a batch's first event.
[[nodiscard]] RecordId record_of(const BuiltBatch& batch);
// Its events packed anew: what the header signs of them stays.
[[nodiscard]] Bytes packed_anew(ByteView stored, ByteView events);

class WirePeer {
public:
    // Connects as `agency` from 127.0.0.`from`, hears the hello of the node at `to` and says
    // nothing yet. From then on pings are answered.
    explicit WirePeer(const std::string& agency, int from = 1, const std::string& to = "IOM");

    wire::Hello hello; // a right one: as theirs, with our node, and a shared digest that differs
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
    // The payloads of all frames of this type that come within `time`, and before.
    std::vector<Bytes> hear_all(wire::FrameType type, std::chrono::milliseconds time);
    // A ping is answered: the session goes on.
    [[nodiscard]] bool goes_on(std::chrono::milliseconds patience = std::chrono::seconds(20));
    // Reads to the end: what the other side said of it, "" where it said nothing, "goes on" where
    // it does not end.
    std::string end_of_it(std::chrono::milliseconds patience = std::chrono::seconds(5));
    std::string detail; // of the error

    // --- what it signs ---
    [[nodiscard]] LogName log(std::uint8_t incarnation = 3) const;
    [[nodiscard]] BatchContext context(std::uint64_t number = 1, const Hash& previous = {}) const;
    [[nodiscard]] BuiltBatch built(const BatchContext& place,
                                   const std::vector<EventDraft>& drafts) const;
    [[nodiscard]] BuiltBatch batch(std::uint64_t number = 1, const Hash& previous = {},
                                   const std::string& verb = "recorded", std::int64_t at = 0) const;
    // A batch of these events whatever they say, validly signed.
    [[nodiscard]] Bytes batch_of(const std::vector<RawEvent>& events) const;
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

// What a row says: told this code once, closed, not called nor served for half a minute, and
// nothing of it is held anywhere.
void expect_blamed(WirePeer& peer, const std::string& agency, ErrorCode code);
// No honest node holds anything of it.
void expect_no_effect(const std::string& agency);
// The session goes on, and no honest node blames it.
void expect_kept(WirePeer& peer, const std::string& agency);
void expect_unblamed(const std::string& agency);
// Every honest node comes to hold that much of the agency's one log.
void expect_held(const std::string& agency, std::int64_t batches);
// Every honest node comes to know the two branches, and the log ends before them.
void expect_forked(const std::string& agency, std::int64_t batches, const BuiltBatch& one,
                   const BuiltBatch& other);
// Every honest node comes to show the record; none does, though all have looked at its log.
void expect_shown(const RecordId& id);
void expect_not_shown(const RecordId& id);
// The rows that take their time begin (slow_test.cpp).
void begin_slow_rows();

} // namespace safar::process

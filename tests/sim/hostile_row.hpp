// What the rows of the catalogue of hostile peers share: one session of FIA whose peer, IOM, is
// played by the test, and events signed in spellings that no honest node writes.
#pragma once

#include "storage/event/merkle.hpp"
#include "tests/unit/sync/session/hostile_peer.hpp"

#include <zstd.h>

namespace safar::testing {

#define ROW(id, sentence) TEST_F(HostileRow, id##_##sentence)

// One event as its author signs it, whatever its dots and its clear part say.
inline BuiltBatch signed_as_is(const BatchContext& place, const SigningKey& key, const Bytes& dots,
                               const Bytes& clear) {
    BuiltBatch out;
    ByteWriter raw(out.raw);
    raw.integer(static_cast<std::uint8_t>(EventForm::clear));
    raw.bytes(Salt{}.view());
    raw.sized(dots);
    raw.sized(clear);
    EventView view;
    view.dots = dots;
    view.clear = clear;
    PreparedBatch batch;
    batch.leaves = {leaf_hash(view)};
    batch.root = merkle_root(batch.leaves);
    batch.stored.resize(EncodedBatch::prefix_bytes - 4);
    ByteWriter stored(batch.stored);
    stored.integer(static_cast<std::uint32_t>(out.raw.size()));
    Bytes packed(ZSTD_compressBound(out.raw.size()));
    packed.resize(
        ZSTD_compress(packed.data(), packed.size(), out.raw.data(), out.raw.size(), /*level=*/1));
    stored.bytes(packed);
    const PlacedHeader placed = place_batch(place, key.id(), batch);
    sign_placed_batch(key, place.network, batch);
    out.header = placed.header;
    out.hash = placed.hash;
    out.leaves = batch.leaves;
    out.encoded.bytes = std::move(batch.stored);
    return out;
}

inline Bytes clear_of(const EventBody& body) {
    const Bytes event = encode_event({body, {}}, Salt{}).value();
    ByteReader in(event);
    return copy(read_event(in).value().clear);
}

class HostileRow : public HostilePeer {
protected:
    // Told once, closed, not called again for a while, nothing more stored.
    void refused(ErrorCode code, Position stored = 0) { expect_closed(code, stored); }
    void kept(Position stored) {
        EXPECT_FALSE(closed) << closed->detail;
        EXPECT_EQ(net["FIA"].log().last_position(), stored);
    }
    static EventDraft draft(std::string_view verb = "recorded") {
        EventDraft out;
        out.body.kind = 1;
        out.body.verb = verb;
        return out;
    }
    BatchContext place(const char* author = "IOM", std::uint64_t number = 1,
                       const Hash& previous = {}) {
        BatchContext out;
        out.network = net.authority->network();
        out.log = {log_id(out.network, net[author].id, "return"), fill<Incarnation>(incarnation)};
        out.number = out.first_sequence = number;
        out.previous = previous;
        out.epoch = 1;
        out.charter = net.authority->charter();
        return out;
    }
    BuiltBatch built(const BatchContext& at, const EventDraft& event, const char* author = "IOM") {
        SeededEntropy entropy(at.number + 40);
        std::size_t taken = 0;
        return build_batch(at, net.key(author), entropy, std::span(&event, 1), taken).value();
    }
    // The same header and signature over other events.
    static Bytes repacked(const BuiltBatch& batch, const Bytes& raw) {
        Bytes out = batch.encoded.bytes;
        out.resize(EncodedBatch::prefix_bytes - 4);
        ByteWriter rest(out);
        rest.integer(static_cast<std::uint32_t>(raw.size()));
        Bytes packed(ZSTD_compressBound(raw.size()));
        packed.resize(ZSTD_compress(packed.data(), packed.size(), raw.data(), raw.size(), 1));
        rest.bytes(packed);
        return out;
    }
    void say_changed(std::size_t at) {
        Bytes stored = batch().encoded.bytes;
        stored[at] ^= std::byte{1};
        greet();
        say_batch(stored);
    }
    // What the log itself answers.
    ErrorCode log_answers(const Bytes& stored) {
        const EncodedBatch offered{stored};
        const auto outcome = net["FIA"].writable().ingest(std::span(&offered, 1)).front();
        EXPECT_FALSE(outcome.result.has_value());
        return outcome.result.has_value() ? ErrorCode::duplicate : outcome.result.error().code;
    }
    FakeAuthority::Member member(const char* name) {
        return {name, net[name].id, net.key(name).public_key(), {"return"}};
    }
    // FIA's charter from now on; the next session is under it.
    void rule_by(std::vector<FakeAuthority::Member> members, std::uint64_t epoch = 1) {
        net["FIA"].use(std::make_shared<FakeAuthority>(std::move(members), epoch));
    }
};

} // namespace safar::testing

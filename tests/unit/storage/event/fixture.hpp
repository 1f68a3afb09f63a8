// Batches with fixed keys, salts and contents: the same bytes in every run.
#pragma once

#include "storage/event/batch.hpp"

namespace safar::fixture {

inline SigningKey key(std::uint8_t seed = 1) {
    Bytes bytes(SigningKey::seed_bytes, std::byte{seed});
    return SigningKey::from_seed(bytes).value();
}

template <class Id> Id id(std::uint8_t fill) {
    Id out;
    out.raw.fill(std::byte{fill});
    return out;
}

inline EventDraft draft(std::uint8_t n) {
    EventDraft out;
    out.body.kind = 3;
    out.body.record = id<RecordId>(n);
    out.body.verb = "recorded";
    out.body.source = "test-register";
    out.body.edition = "2020-01-08";
    out.body.actor = "caseworker";
    out.body.quality = 4;
    out.body.at = {1'577'836'800'000'000 + n};
    out.body.assertions = {{1, Text{"سفر"}},         {2, Integer{-5}},
                           {3, Code{"PAK"}},         {4, Date{18262, Date::Precision::quarter}},
                           {5, Money{12345, "PKR"}}, {6, Point{249'000'000, 671'000'000}},
                           {7, Flag{true}},          {8, Reference{id<RecordId>(9)}}};
    return out;
}

inline BatchContext context() {
    BatchContext out;
    out.network = id<NetworkId>(0xaa);
    out.log = {id<LogId>(0xbb), id<Incarnation>(0xcc)};
    out.epoch = 1;
    out.charter = id<Hash>(0xdd);
    return out;
}

inline BuiltBatch batch(std::size_t events, std::uint64_t seed = 1) {
    std::vector<EventDraft> drafts;
    for (std::size_t i = 0; i < events; ++i) drafts.push_back(draft(static_cast<std::uint8_t>(i)));
    SeededEntropy entropy(seed);
    std::size_t taken = 0;
    return build_batch(context(), key(), entropy, drafts, taken).value();
}

} // namespace safar::fixture

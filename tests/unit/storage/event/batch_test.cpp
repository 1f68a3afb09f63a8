#include "storage/event/batch.hpp"

#include "storage/crypto/sha256.hpp"
#include "storage/event/merkle.hpp"
#include "tests/unit/storage/event/fixture.hpp"

#include <gtest/gtest.h>

namespace safar {
namespace {

TEST(Batch, OpensToWhatWasBuilt) {
    for (std::size_t events : {1u, 2u, 3u, 255u, 256u}) {
        BuiltBatch built = fixture::batch(events);
        auto opened = open_batch(built.encoded.bytes, LeafCheck::compute);
        ASSERT_TRUE(opened) << describe(opened.error());
        EXPECT_EQ(opened.value().header, built.header);
        EXPECT_EQ(opened.value().hash, built.hash);
        EXPECT_EQ(opened.value().leaves, built.leaves);
        ASSERT_EQ(opened.value().events.size(), events);
        EXPECT_EQ(decode_body(opened.value().events[0].clear).value(), fixture::draft(0).body);
        EXPECT_TRUE(verify_header(fixture::key().public_key(), built.header.network,
                                  built.encoded.header(), opened.value().signature));
    }
}

TEST(Batch, SignatureHoldsForItsNetworkOnly) {
    BuiltBatch built = fixture::batch(1);
    auto opened = open_batch(built.encoded.bytes, LeafCheck::compute).value();
    EXPECT_FALSE(verify_header(fixture::key().public_key(), fixture::id<NetworkId>(1),
                               built.encoded.header(), opened.signature));
}

// Whatever single byte changes in stored form, opening or the signature shows it.
TEST(Batch, EveryByteCounts) {
    BuiltBatch built = fixture::batch(3);
    const PublicKey key = fixture::key().public_key();
    for (std::size_t i = 0; i < built.encoded.bytes.size(); ++i) {
        Bytes damaged = built.encoded.bytes;
        damaged[i] ^= std::byte{0x01};
        auto opened = open_batch(damaged, LeafCheck::compute);
        if (!opened) continue;
        bool genuine = verify_header(key, fixture::context().network,
                                     ByteView(damaged).first(BatchHeader::encoded_bytes),
                                     opened.value().signature);
        // A bit of the packing that no byte of the events depends on is harmless.
        if (genuine) {
            EXPECT_EQ(opened.value().raw, built.raw) << i;
            EXPECT_GE(i, EncodedBatch::prefix_bytes);
        }
    }
}

TEST(Batch, TruncationAndTrailingBytesAreRefused) {
    Bytes bytes = fixture::batch(2).encoded.bytes;
    for (std::size_t size = 0; size < bytes.size(); ++size)
        EXPECT_FALSE(open_batch(ByteView(bytes).first(size), LeafCheck::skip)) << size;
    bytes.push_back(std::byte{0});
    EXPECT_FALSE(open_batch(bytes, LeafCheck::skip));
}

TEST(Batch, ClaimedSizeAboveTheLimitIsRefusedBeforeUnpacking) {
    Bytes bytes = fixture::batch(2).encoded.bytes;
    for (std::size_t i = 0; i < 4; ++i) bytes[EncodedBatch::prefix_bytes - 4 + i] = std::byte{0xff};
    EXPECT_EQ(open_batch(bytes, LeafCheck::skip).error().code, ErrorCode::limit_exceeded);
}

TEST(Batch, TakesNoMoreThanFits) {
    EventDraft large = fixture::draft(1);
    large.body.assertions.assign(3, {1, Text{std::string(16 << 10, 'x')}});
    std::vector<EventDraft> drafts(100, large);
    SeededEntropy entropy(1);
    std::size_t taken = 0;
    auto built = build_batch(fixture::context(), fixture::key(), entropy, drafts, taken);
    ASSERT_TRUE(built);
    EXPECT_LT(taken, 100u);
    EXPECT_GT(taken, 10u);
    EXPECT_LE(built.value().raw.size(), limits::batch_bytes_max);
    EXPECT_TRUE(open_batch(built.value().encoded.bytes, LeafCheck::compute));
}

TEST(BatchHeader, NumbersOutOfRangeAreRefused) {
    BatchHeader good = fixture::batch(1).header;
    auto refused = [&](auto change) {
        BatchHeader header = good;
        change(header);
        return !decode_header(encode_header(header)).has_value();
    };
    EXPECT_FALSE(refused([](BatchHeader&) {}));
    EXPECT_TRUE(refused([](BatchHeader& h) { h.number = 0; }));
    EXPECT_TRUE(refused([](BatchHeader& h) { h.number = UINT64_MAX; }));
    EXPECT_TRUE(refused([](BatchHeader& h) { h.first_sequence = 0; }));
    EXPECT_TRUE(refused([](BatchHeader& h) { h.first_sequence = UINT64_MAX; }));
    EXPECT_TRUE(refused([](BatchHeader& h) { h.event_count = 0; }));
    EXPECT_TRUE(refused([](BatchHeader& h) { h.event_count = 257; }));
    EXPECT_TRUE(refused([](BatchHeader& h) { h.epoch = 0; }));
    EXPECT_TRUE(refused([](BatchHeader& h) { h.previous = fixture::id<Hash>(1); }));
    EXPECT_TRUE(refused([](BatchHeader& h) { h.number = 2; })); // without a previous header
    EXPECT_TRUE(
        refused([](BatchHeader& h) { h.time_max.microseconds = h.time_min.microseconds - 1; }));
    // Claimed times are data: any value is accepted.
    EXPECT_FALSE(refused([](BatchHeader& h) { h.time_min.microseconds = INT64_MIN; }));
}

TEST(Merkle, EveryLeafOfEveryCountProves) {
    std::vector<Hash> leaves;
    for (std::uint8_t n = 0; n < 33; ++n) {
        leaves.push_back(fixture::id<Hash>(n));
        Hash root = merkle_root(leaves);
        for (std::uint32_t i = 0; i < leaves.size(); ++i) {
            InclusionProof proof = prove_inclusion(leaves, i);
            EXPECT_TRUE(verify_inclusion(proof, leaves[i], root));
            EXPECT_FALSE(verify_inclusion(proof, fixture::id<Hash>(0xfe), root));
            proof.index = (i + 1) % leaves.size();
            if (leaves.size() > 1) {
                EXPECT_FALSE(verify_inclusion(proof, leaves[i], root));
            }
        }
    }
}

TEST(Merkle, PromotedLeafIsNotMistakenForADuplicate) {
    std::vector<Hash> three{fixture::id<Hash>(1), fixture::id<Hash>(2), fixture::id<Hash>(3)};
    std::vector<Hash> four = three;
    four.push_back(three[2]);
    EXPECT_NE(merkle_root(three), merkle_root(four));
}

TEST(Merkle, WithheldAndErasedFormsKeepTheLeaf) {
    Salt salt = fixture::id<Salt>(1);
    Bytes dots, clear(20, std::byte{1}), sealed(30, std::byte{2});
    EventView whole;
    whole.form = EventForm::sealed;
    whole.salt = salt;
    whole.clear = clear;
    whole.sealed = sealed;
    whole.fields_root = fixture::id<Hash>(3);
    Hash leaf = leaf_hash(whole);

    EventView withheld = whole;
    withheld.form = EventForm::withheld;
    withheld.sealed = {};
    withheld.sealed_hash = tagged_hash("sealed", {sealed});
    EXPECT_EQ(leaf_hash(withheld), leaf);

    EventView erased;
    erased.form = EventForm::erased;
    erased.inner = inner_hash(whole);
    EXPECT_EQ(leaf_hash(erased), leaf);

    // The dots of an erased event are still committed to.
    Bytes forged = encode_dots({Dot{}});
    erased.dots = forged;
    EXPECT_NE(leaf_hash(erased), leaf);
}

} // namespace
} // namespace safar

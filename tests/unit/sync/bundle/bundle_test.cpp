// Bundles: what a session would carry, in a file.
#include "storage/event/bare.hpp"
#include "sync/bundle/bundle_contents.hpp"
#include "sync/bundle/bundle_writer.hpp"
#include "tests/unit/sync/bundle/frames.hpp"
#include "tests/unit/sync/session/harness.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace safar {
namespace {
using namespace testing;
using ::testing::HasSubstr;

class Bundles : public ::testing::Test {
protected:
    Federation net{{Federation::MemberSpec{"IOM", {"protection", "return"}},
                    Federation::MemberSpec{"FIA", {"return"}}}};

    wire::Hello hello() {
        wire::Hello out;
        out.network = net.authority->network();
        out.node = net["IOM"].id;
        out.epoch = 1;
        out.charter = net.authority->charter();
        return out;
    }
    // What IOM holds of `compartments`, as its node would write it.
    Bytes write(const std::vector<std::string>& compartments, const BundleMark& after,
                BundleMark& contained) {
        Bytes out;
        BundleWriter writer([&](ByteView piece) -> Result<> {
            out.insert(out.end(), piece.begin(), piece.end());
            return success();
        });
        EXPECT_TRUE(writer.hello(hello()).has_value());
        EXPECT_TRUE(writer.charter(1, as_bytes("[charter] one")).has_value());
        EXPECT_TRUE(writer.charter(2, as_bytes("[charter] two")).has_value());
        EXPECT_TRUE(writer.notice(as_bytes("a notice")).has_value());
        for (const std::string& name : compartments)
            EXPECT_TRUE(
                writer.compartment(net["IOM"].log(), name, /*bodies=*/true, after, contained)
                    .has_value());
        EXPECT_TRUE(writer.end().has_value());
        return out;
    }
    Bytes write(const std::vector<std::string>& compartments = {"return"}) {
        BundleMark contained;
        return write(compartments, {}, contained);
    }

    struct Got {
        BundleContents contents;
        std::vector<EncodedBatch> batches;
        std::optional<Error> error;
        bool whole = false;
        std::size_t memory_max = 0;
    };
    static Got read(ByteView bytes, std::size_t slice = 0) {
        Got got;
        BundleReader reader;
        if (slice == 0) slice = std::max<std::size_t>(1, bytes.size());
        while (!bytes.empty() && !got.error) {
            ByteView piece = bytes.first(std::min(slice, bytes.size()));
            bytes = bytes.subspan(piece.size());
            while (!piece.empty() && !got.error) {
                auto part = reader.next(piece);
                got.memory_max = std::max(got.memory_max, reader.memory());
                if (!part) {
                    got.error = part.error();
                } else if (part.value()) {
                    got.contents.add(*part.value());
                    if (auto* batch = std::get_if<BundleBatch>(&*part.value()))
                        got.batches.push_back(std::move(batch->batch));
                }
            }
        }
        got.whole = reader.whole();
        return got;
    }
    void ingest(const std::string& node, const std::vector<EncodedBatch>& batches) {
        for (const IngestOutcome& outcome : net[node].writable().ingest(batches)) {
            EXPECT_TRUE(outcome.result.has_value());
        }
    }
};

TEST_F(Bundles, WhatIsReadIsWhatWasWritten) {
    net["IOM"].append("return", 5);
    const Bytes bundle = write();
    const Got got = read(bundle);
    ASSERT_FALSE(got.error) << describe(*got.error);
    EXPECT_TRUE(got.whole);
    EXPECT_EQ(got.contents.hello->node, net["IOM"].id);
    EXPECT_EQ(got.contents.epochs, (std::vector<std::uint64_t>{1, 2}));
    EXPECT_EQ(got.contents.notices, 1u);
    ASSERT_EQ(got.contents.compartments.size(), 1u);
    EXPECT_EQ(got.contents.compartments[0].sum().batches, 5u);
    EXPECT_EQ(got.contents.compartments[0].sum().events, 5u);
    ingest("FIA", got.batches);
    EXPECT_EQ(net["FIA"].digest("return"), net["IOM"].digest("return"));
}

TEST_F(Bundles, AnySlicingGivesTheSameAndMemoryFollowsOneFrame) {
    net["IOM"].append("return", 3, 30'000);
    const Bytes bundle = write();
    for (std::size_t slice : {1u, 7u, 1000u, 65'536u}) {
        const Got got = read(bundle, slice);
        ASSERT_FALSE(got.error);
        EXPECT_TRUE(got.whole);
        EXPECT_EQ(got.batches.size(), 3u);
        EXPECT_LT(got.memory_max, 64u << 10);
    }
}

TEST_F(Bundles, SinceLastHoldsOnlyWhatIsNewAndFollowsWhatWentBefore) {
    net["IOM"].append("return", 3);
    BundleMark first, second;
    const Bytes whole = write({"return"}, {}, first);
    auto kept = decode_bundle_mark(encode_bundle_mark(first));
    ASSERT_TRUE(kept);
    EXPECT_EQ(kept.value(), first);
    net["IOM"].append("return", 2);
    const Got got = read(write({"return"}, kept.value(), second));
    EXPECT_EQ(got.batches.size(), 2u);
    EXPECT_EQ(second.begin()->second, 5u);
    // Alone it has a gap; after the first one it is all that is missing; again it changes nothing.
    const auto early = net["FIA"].writable().ingest(got.batches);
    EXPECT_EQ(early[0].result.error().code, ErrorCode::gap);
    ingest("FIA", read(whole).batches);
    ingest("FIA", got.batches);
    ingest("FIA", got.batches);
    EXPECT_EQ(net["FIA"].digest("return"), net["IOM"].digest("return"));
}

TEST_F(Bundles, HoldNothingOfACompartmentThatIsNotNamed) {
    net["IOM"].append("return", 1);
    net["IOM"].append("protection", 4);
    const Got got = read(write({"return"}));
    ASSERT_EQ(got.batches.size(), 1u);
    for (const EncodedBatch& batch : got.batches)
        EXPECT_EQ(net.authority->owner(decode_header(batch.header()).value().log.id)->compartment,
                  "return");
}

// For who observes: everything verifies, nothing is read, and all of it comes again once bodies may
// come.
TEST_F(Bundles, WithoutBodiesHeadersVerifyAndNothingCountsAsSent) {
    net["IOM"].append("return", 3);
    Bytes bundle;
    BundleWriter writer([&](ByteView piece) -> Result<> {
        bundle.insert(bundle.end(), piece.begin(), piece.end());
        return success();
    });
    BundleMark contained;
    ASSERT_TRUE(writer.hello(hello()).has_value());
    ASSERT_TRUE(writer.compartment(net["IOM"].log(), "return", /*bodies=*/false, {}, contained)
                    .has_value());
    ASSERT_TRUE(writer.end().has_value());
    EXPECT_TRUE(contained.empty());
    const Got got = read(bundle);
    ASSERT_FALSE(got.error) << describe(*got.error);
    EXPECT_TRUE(got.whole);
    ASSERT_EQ(got.batches.size(), 3u);
    for (const EncodedBatch& batch : got.batches) {
        const auto opened = open_batch(batch.bytes, LeafCheck::compute);
        ASSERT_TRUE(opened.has_value()) << describe(opened.error());
        EXPECT_FALSE(has_bodies(opened.value()));
    }
}

TEST_F(Bundles, WhatWasSentLastIsReadBackAndADamagedNoteIsRefused) {
    net["IOM"].append("return", 2);
    net["IOM"].append("protection", 1);
    BundleMark contained;
    write({"protection", "return"}, {}, contained);
    ASSERT_EQ(contained.size(), 2u);
    const Bytes note = encode_bundle_mark(contained);
    const auto read_back = decode_bundle_mark(note);
    ASSERT_TRUE(read_back.has_value());
    EXPECT_EQ(read_back.value(), contained);
    EXPECT_EQ(decode_bundle_mark(ByteView(note).first(note.size() - 1)).error().code,
              ErrorCode::storage_corrupt);
}

TEST_F(Bundles, CutAnywhereGivesWhatWasWholeAndSaysThatItIsCut) {
    net["IOM"].append("return", 3);
    const Bytes bundle = write();
    const auto all = frames(bundle);
    std::size_t before = 0;
    for (std::size_t size = 0; size < bundle.size(); ++size) {
        const Got got = read(ByteView(bundle).first(size));
        ASSERT_FALSE(got.error) << size << ": " << describe(*got.error);
        EXPECT_FALSE(got.whole) << size;
        ASSERT_TRUE(got.batches.size() == before || got.batches.size() == before + 1) << size;
        before = got.batches.size();
    }
    EXPECT_EQ(before, 3u);
    EXPECT_EQ(all.size(),
              9u); // hello, two epochs, a notice, a frontier, three batches, the goodbye
}

TEST_F(Bundles, AnErrorInPlaceOfTheGoodbyeIsNoWholeBundle) {
    Bytes out;
    BundleWriter writer([&](ByteView piece) -> Result<> {
        out.insert(out.end(), piece.begin(), piece.end());
        return success();
    });
    ASSERT_TRUE(writer.hello(hello()).has_value());
    writer.give_up(failure(ErrorCode::storage_corrupt, "a block is damaged"));
    const Got got = read(out);
    EXPECT_FALSE(got.error);
    EXPECT_FALSE(got.whole);
    EXPECT_THAT(got.contents.given_up, HasSubstr("a block is damaged"));
}

TEST_F(Bundles, AFullSinkEndsTheWriting) {
    net["IOM"].append("return", 20, 30'000);
    std::size_t pieces = 0;
    BundleWriter writer([&](ByteView) -> Result<> {
        if (++pieces < 3) return success();
        return failure(ErrorCode::storage_full, "no space");
    });
    BundleMark contained;
    ASSERT_TRUE(writer.hello(hello()).has_value());
    auto written = writer.compartment(net["IOM"].log(), "return", /*bodies=*/true, {}, contained);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, ErrorCode::storage_full);
    EXPECT_EQ(pieces, 3u);
    EXPECT_TRUE(contained.empty());
}

TEST_F(Bundles, AnotherFileIsKnownByItsFirstBytes) {
    for (std::string_view text :
         {"PK\x03\x04 a zip file, say", "nationality,date\nPakistan,2023-03-31\n"}) {
        const Got got = read(as_bytes(text), 3);
        ASSERT_TRUE(got.error);
        EXPECT_EQ(got.error->code, ErrorCode::malformed);
        EXPECT_THAT(got.error->detail, HasSubstr("no bundle"));
    }
    const Got other = read(frame(wire::Ping{7}));
    ASSERT_TRUE(other.error);
    EXPECT_THAT(other.error->detail, HasSubstr("no bundle"));
}

TEST_F(Bundles, FramesOutOfTheirOrderAreRefused) {
    net["IOM"].append("return", 2);
    net["IOM"].append("protection", 1);
    // 0 hello, 1 and 2 epochs, 3 notice, 4 frontier, 5 batch, 6 frontier, 7 and 8 batches, 9 bye
    const auto all = frames(write({"protection", "return"}));
    ASSERT_EQ(all.size(), 10u);
    const auto code = [](const std::vector<Bytes>& some) {
        const Got got = read(joined(some));
        return got.error ? got.error->code : ErrorCode::not_found;
    };
    EXPECT_EQ(code({all[0], all[0]}), ErrorCode::out_of_order);
    EXPECT_EQ(code({all[0], all[2], all[1]}), ErrorCode::out_of_order); // epochs ascend
    EXPECT_EQ(code({all[0], all[3], all[1]}), ErrorCode::out_of_order);
    EXPECT_EQ(code({all[0], all[4], all[3]}), ErrorCode::out_of_order);
    EXPECT_EQ(code({all[0], all[5]}), ErrorCode::out_of_order); // before any frontier
    EXPECT_EQ(code({all[0], all[4], all[7]}),
              ErrorCode::out_of_order); // of a log that was not stated
    EXPECT_EQ(code({all[0], all[6], all[4]}), ErrorCode::out_of_order); // compartments ascend
    EXPECT_EQ(code({all[0], all[6], all[6]}), ErrorCode::out_of_order);
    EXPECT_EQ(code({all[0], frame(wire::FrontierAsk{"return"})}), ErrorCode::out_of_order);
    EXPECT_EQ(code({all[0], all[9], all[9]}), ErrorCode::malformed); // after the end
    EXPECT_EQ(code({all[0], all[9]}), ErrorCode::not_found);         // fine
}

TEST_F(Bundles, ABatchOfAnotherNetworkIsRefused) {
    net["IOM"].append("return", 1);
    auto all = frames(write());
    wire::Hello other = hello();
    other.network.raw.fill(std::byte{9});
    all[0] = frame(other);
    const Got got = read(joined(all));
    ASSERT_TRUE(got.error);
    EXPECT_EQ(got.error->code, ErrorCode::wrong_network);
    EXPECT_TRUE(got.batches.empty());
}

TEST_F(Bundles, LaterFramesThatMayBeIgnoredAreAndOtherVersionsAreNot) {
    net["IOM"].append("return", 1);
    auto all = frames(write());
    Bytes later;
    ByteWriter writer(later);
    writer.integer(std::uint32_t{3});
    writer.integer(std::uint8_t{200});
    writer.integer(std::uint16_t{7});
    all.insert(all.begin() + 5, later);
    const Got got = read(joined(all));
    EXPECT_FALSE(got.error);
    EXPECT_TRUE(got.whole);
    wire::Hello next = hello();
    next.versions = {2, 3};
    const Got unknown = read(frame(next));
    ASSERT_TRUE(unknown.error);
    EXPECT_EQ(unknown.error->code, ErrorCode::unsupported_version);
}

TEST_F(Bundles, AFlippedByteNeverGetsMoreThroughThanTheLogRefuses) {
    net["IOM"].append("return", 2);
    const Bytes bundle = write();
    for (std::size_t at = 0; at < bundle.size(); ++at) {
        Bytes hurt = bundle;
        hurt[at] ^= std::byte{0x41};
        const Got got = read(hurt);
        ASSERT_LE(got.batches.size(), 2u);
        if (got.error || !got.whole) continue;
        ASSERT_EQ(got.batches.size(), 2u)
            << at; // where the frames stand, the batches are the log's to judge
    }
}

TEST_F(Bundles, AFrontierOfManyLogsComesInPartsAndStatesEachOnce) {
    Frontier held;
    for (std::uint32_t i = 0; i < wire::frontier_entries_max + 5; ++i) {
        FrontierEntry entry{{}, Head{1, 1, {}, 0, false}};
        for (std::size_t k = 0; k < 4; ++k)
            entry.log.id.raw[k] = static_cast<std::byte>(i >> (24 - 8 * k));
        entry.head.hash.raw.fill(std::byte{1});
        held.push_back(entry);
    }
    const Frontier first(held.begin(), held.begin() + wire::frontier_entries_max),
        rest(held.begin() + wire::frontier_entries_max, held.end());
    const Hash base = frontier_digest(first);
    const Got good =
        read(joined({frame(hello()), frame(wire::FrontierFull{"return", first}),
                     frame(wire::FrontierDelta{"return", base, rest}), frame(wire::Bye{})}));
    ASSERT_FALSE(good.error) << describe(*good.error);
    EXPECT_EQ(good.contents.compartments.at(0).logs.size(), held.size());
    const Got wrong = read(joined({frame(hello()), frame(wire::FrontierFull{"return", first}),
                                   frame(wire::FrontierDelta{"return", {}, rest})}));
    EXPECT_EQ(wrong.error->code, ErrorCode::out_of_order);
    const Got twice = read(joined({frame(hello()), frame(wire::FrontierFull{"return", first}),
                                   frame(wire::FrontierDelta{"return", base, {first[0]}})}));
    EXPECT_EQ(twice.error->code, ErrorCode::out_of_order);
}

} // namespace
} // namespace safar

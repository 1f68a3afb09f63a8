#include "storage/derive/event_source.hpp"
#include "storage/event/merkle.hpp"

#include <gtest/gtest.h>

namespace safar {
namespace {

TEST(HeldEvent, OneThatWasErasedSaysNothingAndStillReplaces) {
    Dot replaced;
    replaced.sequence = 7;
    const Bytes dots = encode_dots({replaced});
    OpenBatch batch;
    batch.header.first_sequence = 10;
    batch.events.resize(2);
    batch.events[1].form = EventForm::erased;
    batch.events[1].dots = dots;
    LogInfo log;
    log.agency = "IOM";

    EXPECT_FALSE(held_event(batch, log, 0)); // in clear, and there is nothing to decode
    const auto held = held_event(batch, log, 1);
    ASSERT_TRUE(held);
    EXPECT_TRUE(held->body_absent);
    EXPECT_TRUE(held->body.assertions.empty());
    EXPECT_EQ(held->replaces, std::vector{replaced});
    EXPECT_EQ(held->sequence, 11u);
    EXPECT_EQ(held->agency, "IOM");
    EXPECT_EQ(held->leaf, leaf_hash(batch.events[1]));
}

} // namespace
} // namespace safar

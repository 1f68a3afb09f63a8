// What the simulator found in governance, each as one case with the simulator's own parts.
#include "tests/sim/world.hpp"

#include <gtest/gtest.h>

namespace safar::sim {
namespace {

class Governed : public ::testing::Test {
protected:
    Governed()
        : founding(found(random, 2, 0, false)),
          core(0, founding.members[0], founding, 1, statistics) {
        EXPECT_TRUE(core.start());
    }
    LogName append() {
        EventDraft event;
        event.body.kind = 1;
        event.body.verb = "recorded";
        return core.append({"movement", {event}}).value().log;
    }
    std::string cut(const LogName& log, std::uint64_t batch) const {
        Amendment change;
        change.cuts = {{core.id, "movement", log.incarnation, batch, {}, {}}};
        return founding.sign(amend_charter(core.state(), change, {}).value(),
                             founding.first.charter.get());
    }
    Statistics statistics;
    Random random{1, "founding"};
    Founding founding;
    Core core;
};

TEST_F(Governed, WhatTheDiskRefusedWhenAnEpochCameIsMadeUpWithTheNextWrite) {
    const LogName log = append();
    for (int i = 0; i < 4; ++i) append();
    const std::string epoch = cut(log, 2);
    core.disk().rates.full = 1000;
    EXPECT_EQ(core.adopt_epoch(epoch).error().code, ErrorCode::storage_full);
    EXPECT_EQ(core.state().ruling().charter->epoch, 2u);
    EXPECT_EQ(core.log().head(log)->number, 5u);
    core.disk().rates.full = 0;
    ASSERT_TRUE(core.writable().put_setting("any", as_bytes("write")));
    EXPECT_EQ(core.log().head(log)->number, 2u);
}

TEST_F(Governed, AForkThatTheDiskRefusedIsTakenUpWithTheNextWrite) {
    const Member& other = founding.members[1];
    const Authority& charter = *core.log().authority();
    const LogName log{log_id(charter.network(), other.id, "movement"),
                      SeededEntropy(5).draw<Incarnation>()};
    const auto batch = [&](std::uint64_t seed) {
        BatchContext context;
        context.network = charter.network();
        context.log = log;
        context.epoch = 1;
        context.charter = founding.first.charter->identity;
        EventDraft event;
        event.body.kind = 1;
        event.body.verb = "recorded";
        SeededEntropy entropy(seed);
        std::size_t taken = 0;
        auto built = build_batch(context, other.signing, entropy, {&event, 1}, taken).value();
        Signature signature;
        std::memcpy(signature.raw.data(), built.encoded.bytes.data() + BatchHeader::encoded_bytes,
                    Signature::size);
        return std::pair(built.header, signature);
    };
    const auto [a, signed_a] = batch(1);
    const auto [b, signed_b] = batch(2);
    const Notice fork = make_fork_notice(
        make_evidence({log, 1}, encode_header(a), signed_a, encode_header(b), signed_b));

    core.disk().rates.full = 1000;
    EXPECT_EQ(core.adopt_notice(fork.bytes).error().code, ErrorCode::storage_full);
    EXPECT_TRUE(core.state().notices().contains(fork.hash));
    EXPECT_TRUE(core.log().forks().empty());
    core.disk().rates.full = 0;
    ASSERT_TRUE(core.writable().put_setting("any", as_bytes("write")));
    EXPECT_EQ(core.log().forks().size(), 1u);
    EXPECT_TRUE(core.log().head(log)->forked);
}

} // namespace
} // namespace safar::sim

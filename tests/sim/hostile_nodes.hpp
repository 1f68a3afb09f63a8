// What the rows of the catalogue share that show at several nodes: nodes of the simulator, joined
// by production sessions on lines that do not fail.
#pragma once

#include "storage/derive/index.hpp"
#include "tests/sim/hostile_row.hpp"
#include "tests/sim/network.hpp"

#include <set>

namespace safar::testing {

using sim::Core;

// The first in which these members only read in `movement` and all others write there.
inline sim::Founding founding_with(std::size_t nodes, std::size_t hostile,
                                   const std::set<std::size_t>& readers) {
    for (std::uint64_t seed = 1;; ++seed) {
        sim::Random random(seed, "founding");
        sim::Founding out = sim::found(random, nodes - hostile, hostile, false);
        const CharterCompartment& movement = *out.first.charter->compartment("movement");
        bool fits = true;
        for (std::size_t i = 0; i < nodes; ++i)
            fits = fits && movement.may_write(out.members[i].agency) == !readers.contains(i);
        if (fits) return out;
    }
}

class HostileNodes : public ::testing::Test {
protected:
    ~HostileNodes() override {
        time.clear();
        network.reset();
    }
    // Nodes that do not call each other yet; the `hostile` last ones may tamper.
    void begin(std::size_t nodes, const std::set<std::size_t>& readers = {},
               std::size_t hostile = 0) {
        founding = founding_with(nodes, hostile, readers);
        for (std::size_t i = 0; i < nodes; ++i) {
            cores.push_back(
                std::make_unique<Core>(i, founding.members[i], founding, i + 1, statistics));
            ASSERT_TRUE(cores[i]->start());
        }
        network = std::make_unique<sim::Network>(time, cores, statistics, 1);
        network->complain = [](const std::string& what) { ADD_FAILURE() << what; };
        network->takes_part = [](const Core& core) { return !core.member.hostile; };
        network->say = [](const std::string&) {};
        network->died = [](const Core& core) { ADD_FAILURE() << core.agency << " died"; };
        network->log_time = [](const Core&) { return NodeTime(1ms); };
    }
    void connect() {
        for (auto& core : cores) network->came_up(*core);
        run(10s);
    }
    void run(NodeTime length) { time.run(time.now + length); }

    LogName log_of(std::size_t author) const {
        return {log_id(network_id(), founding.members[author].id, "movement"), {{std::byte{7}}}};
    }
    NetworkId network_id() const { return cores[0]->log().authority()->network(); }
    BatchContext place(std::size_t author, std::uint64_t number = 1,
                       const Hash& previous = {}) const {
        BatchContext out;
        out.network = network_id();
        out.log = log_of(author);
        out.number = out.first_sequence = number;
        out.previous = previous;
        out.epoch = 1;
        out.charter = founding.first.charter->identity;
        return out;
    }
    const SigningKey& key(std::size_t author) const { return founding.members[author].signing; }
    BuiltBatch built(std::size_t author, const BatchContext& at, const EventDraft& event) const {
        SeededEntropy entropy(at.number);
        std::size_t taken = 0;
        return build_batch(at, key(author), entropy, std::span(&event, 1), taken).value();
    }
    static RecordId record(std::uint8_t number) {
        RecordId out;
        out.raw.fill(std::byte{number});
        return out;
    }
    static EventDraft said(std::uint8_t number, std::vector<Assertion> assertions) {
        EventDraft out;
        out.body.kind = 1;
        out.body.record = record(number);
        out.body.verb = "recorded";
        out.body.assertions = std::move(assertions);
        return out;
    }
    static EventDraft noted(std::uint8_t number) {
        return said(number, {{sim::field::note, Text{"a note"}}});
    }
    Result<> give(std::size_t to, const BuiltBatch& batch) {
        auto outcome = cores[to]->ingest(std::span(&batch.encoded, 1)).front();
        network->log_grew(*cores[to]);
        return outcome.result;
    }
    LogName append(std::size_t at, const EventDraft& event) {
        const LogName log = cores[at]->append({"movement", {event}}).value().log;
        network->log_grew(*cores[at]);
        return log;
    }
    Derived& derived(std::size_t at) {
        Derived* out = cores[at]->derived();
        SAFAR_ASSERT(out != nullptr);
        return *out;
    }
    // Why the event of that batch has no effect there; nullopt: it has one.
    std::optional<NoEffect> flag(std::size_t at, const LogName& log, std::uint64_t batch) {
        Log& held = cores[at]->writable();
        LogHandle handle = 1;
        while (held.name_of(handle).value() != log) ++handle;
        const auto why = held.derived().get(no_effect_key({handle, batch, 0})).value();
        return why ? std::optional(static_cast<NoEffect>(why->at(0))) : std::nullopt;
    }
    // The honest ones hold and say the same, are connected, and nobody was blamed.
    void expect_one_mind() {
        const Core& first = *cores[0];
        for (auto& core : cores) {
            if (core->member.hostile) continue;
            EXPECT_EQ(frontier_digest(core->log().frontier("movement")),
                      frontier_digest(first.log().frontier("movement")))
                << core->agency;
            EXPECT_EQ(derived(core->index).state_digest("movement", {}).value(),
                      derived(0).state_digest("movement", {}).value())
                << core->agency;
        }
        EXPECT_EQ(network->unsettled(), "");
        EXPECT_EQ(network->rest_ends(), NodeTime{0});
    }

    // What its author signed in a spelling that does not read: held and passed on as it came,
    // flagged, and without effect, at every node alike. What follows it in the log counts.
    struct Spelt {
        Bytes dots, clear;
        NoEffect why;
    };
    void expect_flagged_everywhere(const std::vector<Spelt>& all) {
        begin(3);
        network->wall(1, 2); // who hears of it from a relay only
        connect();
        std::vector<BuiltBatch> batches;
        const auto next = [&] {
            return place(2, batches.size() + 1, batches.empty() ? Hash{} : batches.back().hash);
        };
        for (const Spelt& each : all)
            batches.push_back(signed_as_is(next(), key(2), each.dots, each.clear));
        batches.push_back(built(2, next(), noted(2)));
        for (const BuiltBatch& each : batches) ASSERT_TRUE(give(2, each));
        run(10s);
        for (std::size_t at = 0; at < cores.size(); ++at) {
            SCOPED_TRACE(cores[at]->agency);
            const auto held = cores[at]->log().read_range(log_of(2), 1, 1u << 20).value();
            ASSERT_EQ(held.size(), batches.size());
            for (std::size_t i = 0; i < held.size(); ++i)
                EXPECT_EQ(held[i]->bytes, batches[i].encoded.bytes);
            EXPECT_EQ(derived(at).not_understood(), all.size());
            for (std::size_t i = 0; i < all.size(); ++i)
                EXPECT_EQ(flag(at, log_of(2), i + 1), all[i].why) << i;
            EXPECT_EQ(flag(at, log_of(2), batches.size()), std::nullopt);
            EXPECT_FALSE(derived(at).entry(record(1)).value().has_value());
            EXPECT_TRUE(derived(at).record(record(2)).has_value());
        }
        expect_one_mind();
    }
    Dot dot(std::uint64_t sequence) const {
        Dot out;
        out.log.id.raw.fill(std::byte{5});
        out.sequence = sequence;
        return out;
    }

    sim::Statistics statistics;
    sim::Timeline time;
    sim::Founding founding;
    std::vector<std::unique_ptr<Core>> cores;
    std::unique_ptr<sim::Network> network;
};

} // namespace safar::testing

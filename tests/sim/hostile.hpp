// Nodes that the charter lists and that play the catalogue of hostile peers (hostile.tsv) over
// sessions which else are true: they damage, repeat, withhold and invent what they send, and sign
// twice.
#pragma once

#include "tests/sim/network.hpp"

namespace safar::sim {

class Hostile final : public Tamper {
public:
    Hostile(std::uint64_t seed, std::uint64_t permille, Statistics& statistics)
        : random_(seed, "hostile"), entropy_(seed), permille_(permille), statistics_(statistics) {}

    Bytes tamper(const Core& from, const Core& to, Bytes bytes) override;

    std::uint64_t fork_permille = 0, statement_permille = 0; // of sends
    std::uint64_t loose_permille = 0; // of sends that end with the last batch of a log of its own
    bool quiet = false;

private:
    using Frames = std::vector<Bytes>;
    void play(const Core& from, Frames& out, Bytes frame);
    void play_on_batch(const Core& from, Frames& out, Bytes frame);
    void invent(const Core& from, Frames& out);
    // One history for peers with even numbers, another for those with odd ones.
    [[nodiscard]] Bytes two_faced(const Core& from, const Core& to);
    [[nodiscard]] BatchContext new_log(const Core& from);
    [[nodiscard]] std::optional<BatchContext> taken_place(const Core& from, std::uint64_t back);
    [[nodiscard]] std::optional<BatchContext> loose_place(const Core& from, ByteView frame);
    [[nodiscard]] Bytes forged(const Core& from, const BatchContext& place);
    void played(const char* row) { ++statistics_.hostile[row]; }

    Random random_;
    SeededEntropy entropy_;
    std::map<LogName, wire::Statement> said_; // what was said last to those with even numbers
    std::uint64_t statement_time_ = 4'000'000'000;
    std::uint64_t permille_;
    Statistics& statistics_;
};

} // namespace safar::sim

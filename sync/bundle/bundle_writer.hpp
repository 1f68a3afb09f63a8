// Writes a bundle (bundle_reader.hpp), piece by piece, in the order of its members below.
// Pure: where the pieces go is the caller's business.
//
// Memory: one piece (64 KiB and one frame) and the batches of one read (1 MiB).
#pragma once

#include "sync/bundle/bundle_mark.hpp"
#include "sync/wire/message.hpp"

#include <functional>

namespace safar {

class BundleWriter {
public:
    static constexpr std::size_t piece_bytes = 64u << 10;
    // Takes a piece; an error ends the bundle and comes back from the call that met it.
    using Sink = std::function<Result<>(ByteView piece)>;

    explicit BundleWriter(Sink sink) : sink_(std::move(sink)) {}

    [[nodiscard]] Result<> hello(const wire::Hello& hello);
    [[nodiscard]] Result<> charter(std::uint64_t epoch, ByteView document); // ascending
    [[nodiscard]] Result<> notice(ByteView notice);
    // What `log` holds of a compartment: its frontier, then of each log the batches after `after`,
    // up to that frontier. Adds what is in the bundle then to `contained`. Compartments ascend.
    // Errors: those of Log::read_range and of the sink.
    // `bodies`: else batches go without them.
    [[nodiscard]] Result<> compartment(const Log& log, const std::string& name, bool bodies,
                                       const BundleMark& after, BundleMark& contained);
    // The goodbye: without it a reader knows that the bundle is cut.
    [[nodiscard]] Result<> end();
    // Instead of the goodbye: why it is not whole. Errors of the sink are dropped.
    void give_up(const Error& error);

private:
    void frontier(const std::string& name, const Frontier& held);
    [[nodiscard]] Result<> batches(const Log& log, const FrontierEntry& entry, bool bodies,
                                   std::uint64_t after);
    [[nodiscard]] Result<> flush(std::size_t at_least);

    Sink sink_;
    Bytes piece_;
};

} // namespace safar

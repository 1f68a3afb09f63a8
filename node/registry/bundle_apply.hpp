// Takes a bundle in: epochs, notices and batches, each judged as if a peer had brought it.
#pragma once

#include "node/imports/import_reader.hpp"
#include "node/registry/registry.hpp"
#include "sync/bundle/bundle_reader.hpp"

namespace safar {

// Batches of one log that were not taken, for one reason.
struct BundleRefusal {
    ErrorCode reason;
    LogName log;
    std::string agency, compartment;      // "" where the charter does not know the log
    std::uint64_t first = 0, batches = 0; // the lowest number, and how many
    std::string detail;                   // of the first
};

struct BundleReport {
    static constexpr std::size_t refusals_max = 1000, conflicts_max = 20;

    wire::Hello hello;
    std::string
        agency; // of the node that made it, as its hello says; "" where the charter lists it not
    bool whole = false; // false: what was whole was taken; `problem` says where it ends or breaks
    std::string problem;
    std::optional<ErrorCode> damage; // it does not end early but breaks
    std::uint64_t epochs = 0, epochs_new = 0, notices = 0, notices_new = 0;
    std::vector<Error> charter_refused; // epochs and notices that were not taken
    std::uint64_t batches = 0, batches_new = 0, events_new = 0, batches_held = 0,
                  batches_refused = 0;
    std::vector<BundleRefusal> refused; // by reason and log; at most refusals_max
    std::uint64_t conflicts_before = 0, conflicts_after = 0;
    bool conflicts_told = true;          // false: too many stood before to say which are new
    std::vector<Conflict> conflicts_new; // at most conflicts_max
};

// Reads `source` to its end or to what can not be read; what came whole before is taken. Nothing is
// taken of a bundle of another network, and no batch of a compartment that this node may not hold.
// `dry_run`: judges all the same and stores nothing. Errors: malformed (this is no bundle),
// unsupported_version, wrong_network; storage_*, stopping and those of `source`: what was taken
// before stays, and applying it again takes the rest.
[[nodiscard]] Result<BundleReport> apply_bundle(Registry& registry, const ByteSource& source,
                                                bool dry_run);

} // namespace safar

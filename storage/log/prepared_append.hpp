// Appending has two halves. The costly one (encode, hash, pack) needs no place in a log and may run
// on any thread: prepare_append. The short one (chain, sign, sync) is Log::append_prepared, in the
// writer. Whoever appends in bulk prepares the next group while the last one is being synced.
#pragma once

#include "storage/event/batch.hpp"

#include <functional>
#include <optional>

namespace safar {

struct AppendRequest {
    std::string compartment;
    std::vector<EventDraft> drafts; // split into batches where they exceed one
};

// Requests of one compartment share batches, so that one signature pays for up to 256 events.
struct PreparedAppend {
    struct Part {
        std::string compartment;
        std::vector<PreparedBatch> batches;
    };
    struct Request {
        std::optional<Error> refused; // then it takes part in nothing below
        std::size_t part = 0;
        std::size_t first = 0; // of its events among those of the part
        std::size_t events = 0;
    };
    std::vector<Part> parts;
    std::vector<Request> requests; // one for each request, in order
    bool together =
        false; // all of it is written, or none: whatever refuses one request refuses all
};

// `run` is called with the number of independent pieces of work (batches). A request fails alone:
// invalid_argument (no events), limit_exceeded, non_canonical.
[[nodiscard]] PreparedAppend prepare_append(
    std::span<const AppendRequest> requests, Entropy& entropy,
    const std::function<void(std::size_t, const std::function<void(std::size_t)>&)>& run);

} // namespace safar
